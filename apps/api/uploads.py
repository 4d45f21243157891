"""Uploads over the API: files of any size, in parts, that go on where they broke off.

What is spoken is tus 1.0.0 with creation, creation-with-upload, termination, checksum and expiration, for which every language
has clients. A body goes to the disk as it comes, a megabyte at a time; what has come when it breaks off is kept. A request without
the header Tus-Resumable is taken to be of our version: so curl can upload, too.

Source:  https://tus.io/protocols/resumable-upload (1.0.0); docs/adr/0031.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from apps.api.entry import Caller, allowed
from apps.api.problems import documented, refused
from apps.api.tus import (
    EXTENSIONS,
    PART,
    VERSION,
    Named,
    Summed,
    Version,
    agreed,
    check_kind,
    checksum_in,
    has_body,
    metadata_of,
    name_in,
    told,
)
from infra.access.audit import AuditLog
from infra.access.scopes import allows
from infra.errors import KinofarmError
from infra.settings import Settings
from infra.uploads.appending import ALGORITHMS, Checksum
from infra.uploads.library import Uploads
from infra.uploads.records import Upload

PATH = "/uploads"
BLOCK = 1024 * 1024
"""Bytes that are gathered before they are written."""
STALL_SECONDS = 30
"""Without a byte, after which a request is over: a client that is gone without a word would bar his own next try."""

_LARGEST = 2**62
_STATUSES = {
    400: "A header is not understood",
    408: "No byte came for half a minute; what came is kept",
    412: "Another version of tus is spoken here",
    415: f"What is sent is not {PART}",
    423: "Another request is at work on this upload",
    460: "What came has not the announced checksum; nothing of it is kept",
    507: "The farm's disk has no room",
}
_BYTES = {"content": {PART: {"schema": {"type": "string", "format": "binary"}}}}
_HEADERS = {
    "Upload-Offset": "Bytes that have come: where the upload goes on.",
    "Upload-Length": "Bytes of the whole file.",
    "Upload-Metadata": "Its name.",
    "Upload-Expires": "When it is forgotten if it does not go on; none: it is whole.",
    "Location": "The upload's address.",
    "Tus-Resumable": "The version that is spoken.",
    "Tus-Version": "The version that is spoken.",
    "Tus-Extension": "What of tus is spoken.",
    "Tus-Max-Size": "Bytes of the largest file that is taken.",
    "Tus-Checksum-Algorithm": "The checksums that are understood.",
}


class TusRoute(APIRoute):
    """A route whose every answer says which tus is spoken."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            answer: Response
            try:
                answer = await handler(request)
            except KinofarmError as error:
                answer = await refused(request, error)
                if error.code == "UPLOAD-010":
                    answer.headers["Tus-Version"] = VERSION
            except ClientDisconnect:
                answer = Response(status_code=400)  # which nobody hears
            answer.headers["Tus-Resumable"] = VERSION
            return answer

        return answered


def router() -> APIRouter:
    """Return the routes of uploads."""
    made = APIRouter(route_class=TusRoute, tags=["upload"])
    one = f"{PATH}/{{upload}}"
    made.add_api_route(PATH, options, methods=["OPTIONS"], name="upload.options", status_code=204, response_class=Response,
                       responses=_answers(204, "What is spoken", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"))  # fmt: skip
    made.add_api_route(PATH, create, methods=["POST"], name="upload.create", status_code=201, response_model=Upload,
                       openapi_extra={"requestBody": _BYTES},
                       responses=_answers(201, "It is begun", "Location", "Upload-Offset", "Upload-Expires"))  # fmt: skip
    made.add_api_route(one, offset, methods=["HEAD"], name="upload.offset", status_code=200, response_class=Response,
                       responses=_answers(200, "Where it goes on", "Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires"))  # fmt: skip
    made.add_api_route(one, append, methods=["PATCH"], name="upload.append", status_code=204, response_class=Response,
                       openapi_extra={"requestBody": {**_BYTES, "required": True}},
                       responses=_answers(204, "It is kept", "Upload-Offset", "Upload-Expires"))  # fmt: skip
    made.add_api_route(one, delete, methods=["DELETE"], name="upload.delete", status_code=204, response_class=Response,
                       responses=_answers(204, "It is gone"))  # fmt: skip
    return made


async def options(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("submit", "upload.options"))],
    version: Version = VERSION,
) -> Response:
    """Say what of tus is spoken, and how large a file may be."""
    agreed(version)
    return Response(
        status_code=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(_library(request).most),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        },
    )


async def create(
    request: Request,
    response: Response,
    caller: Annotated[Caller, Depends(allowed("submit", "upload.create"))],
    length: Annotated[int, Header(alias="Upload-Length", ge=0, le=_LARGEST, description="Bytes of the file.")],
    metadata: Named = "",
    checksum: Summed = "",
    version: Version = VERSION,
) -> Upload:
    """Begin an upload; the request's body, if it has one, is its first part."""
    agreed(version)
    name, expected = name_in(metadata), checksum_in(checksum)
    begins = has_body(request)
    if begins:
        check_kind(request)
    library = _library(request)
    try:
        upload = await run_in_threadpool(library.begin, name, length, caller.name)
    except KinofarmError as error:
        await _note(request, caller, "upload.create", "", error.code)
        raise
    await _note(request, caller, "upload.create", str(upload.id), "ok")
    if begins and not upload.whole:
        try:
            upload = await _appended(request, upload.id, 0, expected)
        except KinofarmError as error:  # nobody has been told of it
            await run_in_threadpool(library.delete, upload.id)
            await _note(request, caller, "upload.append", str(upload.id), error.code)
            raise
    response.headers["Location"] = f"{request.url.path.rstrip('/')}/{upload.id}"
    response.headers.update(told(upload, _kept(request)))
    return upload


async def offset(
    request: Request,
    upload: UUID,
    caller: Annotated[Caller, Depends(allowed("submit", "upload.offset"))],
    version: Version = VERSION,
) -> Response:
    """Say where an upload goes on."""
    agreed(version)
    found = await run_in_threadpool(_library(request).get, upload)
    more = {"Upload-Length": str(found.size), "Upload-Metadata": metadata_of(found), "Cache-Control": "no-store"}
    return Response(headers={**told(found, _kept(request)), **more})


async def append(
    request: Request,
    upload: UUID,
    caller: Annotated[Caller, Depends(allowed("submit", "upload.append"))],
    at: Annotated[int, Header(alias="Upload-Offset", ge=0, le=_LARGEST, description="Where the body belongs.")],
    checksum: Summed = "",
    version: Version = VERSION,
) -> Response:
    """Go on with an upload. With its last byte it is whole: its content is hashed before the answer comes."""
    agreed(version)
    check_kind(request)
    expected = checksum_in(checksum)
    try:
        found = await run_in_threadpool(_library(request).get, upload)
        _check_owner(caller, found)
        if not (found.whole and at == found.size):
            found = await _appended(request, upload, at, expected)
            if found.whole:
                await _note(request, caller, "upload.append", str(upload), "ok")
    except KinofarmError as error:
        await _note(request, caller, "upload.append", str(upload), error.code)
        raise
    return Response(status_code=204, headers=told(found, _kept(request)))


async def delete(
    request: Request,
    upload: UUID,
    caller: Annotated[Caller, Depends(allowed("submit", "upload.delete"))],
    version: Version = VERSION,
) -> Response:
    """Delete an upload, whole or not, that no job reads."""
    agreed(version)
    library = _library(request)
    try:
        _check_owner(caller, await run_in_threadpool(library.get, upload))
        await run_in_threadpool(library.delete, upload)
    except KinofarmError as error:
        await _note(request, caller, "upload.delete", str(upload), error.code)
        raise
    await _note(request, caller, "upload.delete", str(upload), "ok")
    return Response(status_code=204)


async def _appended(request: Request, upload: UUID, at: int, checksum: Checksum | None) -> Upload:
    """Append a request's body to an upload, and keep what came when it breaks off.

    Raises:  KinofarmError UPLOAD-00x, UPLOAD-012, DB-00x; ClientDisconnect.
    """
    appending = await run_in_threadpool(_library(request).open, upload, at)
    try:
        announced = request.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > appending.upload.size - at:
            raise KinofarmError("UPLOAD-008", size=appending.upload.size)
        if checksum is not None:
            appending.expect(checksum)
        try:
            async for block in _blocks(request):
                await run_in_threadpool(appending.write, block)
        except (ClientDisconnect, KinofarmError):
            await run_in_threadpool(appending.break_off)
            raise
        return await run_in_threadpool(appending.keep)
    finally:
        await run_in_threadpool(appending.close)


async def _blocks(request: Request) -> AsyncIterator[bytearray]:
    """Yield a request's body in blocks; what came before it broke off is yielded, too.

    Raises:  ClientDisconnect; KinofarmError UPLOAD-012.
    """
    block, more = bytearray(), True
    while more:
        broken: Exception | None = None
        try:
            async with asyncio.timeout(STALL_SECONDS):
                message = await request.receive()
            if message["type"] == "http.disconnect":
                broken = ClientDisconnect()
        except TimeoutError:
            broken = KinofarmError("UPLOAD-012", seconds=STALL_SECONDS)
        if broken is None:
            block += message.get("body", b"")
            more = message.get("more_body", False)
        if block and (broken or not more or len(block) >= BLOCK):
            yield block
            block = bytearray()
        if broken:
            raise broken


def _library(request: Request) -> Uploads:
    found: Uploads = request.app.state.services.get(Uploads)
    return found


async def _note(request: Request, caller: Caller, deed: str, upload: str, outcome: str) -> None:
    log: AuditLog = request.app.state.services.get(AuditLog)
    await run_in_threadpool(log.note, caller.name, caller.door, deed, upload, outcome, caller.address)


def _kept(request: Request) -> timedelta:
    return timedelta(hours=request.app.state.services.get(Settings).housekeeping.upload_hours)


def _check_owner(caller: Caller, upload: Upload) -> None:
    if upload.submitted_by != caller.name and not allows(caller.scope, "operate"):
        raise KinofarmError("UPLOAD-013", upload=str(upload.id), owner=upload.submitted_by, name=caller.name)


def _answers(status: int, words: str, *headers: str) -> dict[int | str, dict[str, Any]]:
    """What a route may answer, as OpenAPI describes it."""
    shown = {
        name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in (*headers, "Tus-Resumable")
    }
    return {status: {"description": words, "headers": shown}, **documented(_STATUSES)}
