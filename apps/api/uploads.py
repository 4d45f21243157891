"""Uploads over the API: files of any size, in parts, that go on where they broke off.

What is spoken is tus 1.0.0 with creation, creation-with-upload, termination, checksum and expiration, for which every language
has clients. A body goes to the disk as it comes, a megabyte at a time; what has come when it breaks off is kept. A request without
the header Tus-Resumable is taken to be of our version: so curl can upload, too.

Source:  https://tus.io/protocols/resumable-upload (1.0.0); docs/adr/0031.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from email.utils import format_datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from apps.api.entry import Caller, allowed
from apps.api.problems import documented, refused
from infra.access.audit import AuditLog
from infra.access.scopes import allows
from infra.errors import KinofarmError
from infra.settings import Settings
from infra.uploads.appending import ALGORITHMS, Checksum
from infra.uploads.library import Uploads
from infra.uploads.records import Upload

PATH = "/uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
PART = "application/offset+octet-stream"
"""Content-Type of what belongs to an upload."""
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

Named = Annotated[
    str | None,
    Header(alias="Upload-Metadata", description="`filename` and the file's name in base64.", max_length=8192),
]
Summed = Annotated[
    str | None,
    Header(
        alias="Upload-Checksum",
        description=f"Of this request's bytes: {' or '.join(ALGORITHMS)}, and the digest in base64.",
    ),
]
Version = Annotated[str | None, Header(alias="Tus-Resumable", description=f"{VERSION}, or nothing.")]


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
    request: Request, caller: Annotated[Caller, Depends(allowed("submit", "upload.options"))], version: Version = None
) -> Response:
    """Say what of tus is spoken, and how large a file may be."""
    _agreed(version)
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
    metadata: Named = None,
    checksum: Summed = None,
    version: Version = None,
) -> Upload:
    """Begin an upload; the request's body, if it has one, is its first part."""
    _agreed(version)
    name, expected = _name(metadata), _checksum(checksum)
    begins = _has_body(request)
    if begins:
        _check_kind(request)
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
    response.headers.update(_state(request, upload))
    return upload


async def offset(
    request: Request,
    upload: UUID,
    caller: Annotated[Caller, Depends(allowed("submit", "upload.offset"))],
    version: Version = None,
) -> Response:
    """Say where an upload goes on."""
    _agreed(version)
    found = await run_in_threadpool(_library(request).get, upload)
    named = base64.b64encode(found.name.encode()).decode()
    more = {"Upload-Length": str(found.size), "Upload-Metadata": f"filename {named}", "Cache-Control": "no-store"}
    return Response(headers={**_state(request, found), **more})


async def append(
    request: Request,
    upload: UUID,
    caller: Annotated[Caller, Depends(allowed("submit", "upload.append"))],
    at: Annotated[int, Header(alias="Upload-Offset", ge=0, le=_LARGEST, description="Where the body belongs.")],
    checksum: Summed = None,
    version: Version = None,
) -> Response:
    """Go on with an upload. With its last byte it is whole: its content is hashed before the answer comes."""
    _agreed(version)
    _check_kind(request)
    expected = _checksum(checksum)
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
    return Response(status_code=204, headers=_state(request, found))


async def delete(
    request: Request,
    upload: UUID,
    caller: Annotated[Caller, Depends(allowed("submit", "upload.delete"))],
    version: Version = None,
) -> Response:
    """Delete an upload, whole or not, that no job reads."""
    _agreed(version)
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


def _state(request: Request, upload: Upload) -> dict[str, str]:
    """The headers that say how far an upload is."""
    headers = {"Upload-Offset": str(upload.received)}
    if not upload.whole:
        kept = timedelta(hours=request.app.state.services.get(Settings).housekeeping.upload_hours)
        headers["Upload-Expires"] = format_datetime(upload.updated_at + kept, usegmt=True)
    return headers


def _agreed(version: str | None) -> None:
    if version not in (None, VERSION):
        raise KinofarmError("UPLOAD-010", version=VERSION, asked=version)


def _check_owner(caller: Caller, upload: Upload) -> None:
    if upload.submitted_by != caller.name and not allows(caller.scope, "operate"):
        raise KinofarmError("UPLOAD-013", upload=str(upload.id), owner=upload.submitted_by, name=caller.name)


def _has_body(request: Request) -> bool:
    return "Transfer-Encoding" in request.headers or request.headers.get("Content-Length", "0") != "0"


def _check_kind(request: Request) -> None:
    kind = request.headers.get("Content-Type", "")
    if kind.partition(";")[0].strip().lower() != PART:
        raise KinofarmError("UPLOAD-011", kind=kind)


def _name(metadata: str | None) -> str:
    """The file's name in Upload-Metadata; empty: it has none.

    Raises:  KinofarmError UPLOAD-009.
    """
    found = {}
    for pair in (metadata or "").split(","):
        key, _, value = pair.strip().partition(" ")
        found[key] = _decoded("Upload-Metadata", value.strip())
    return (found.get("filename") or found.get("name") or b"").decode(errors="replace")


def _checksum(text: str | None) -> Checksum | None:
    """Raises:  KinofarmError UPLOAD-009."""
    if text is None:
        return None
    algorithm, _, value = text.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise KinofarmError("UPLOAD-009", header="Upload-Checksum", reason=f"it names none of {', '.join(ALGORITHMS)}")
    digest = _decoded("Upload-Checksum", value.strip())
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise KinofarmError("UPLOAD-009", header="Upload-Checksum", reason="its digest has another length")
    return Checksum(algorithm, digest)


def _decoded(header: str, value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise KinofarmError("UPLOAD-009", header=header, reason="what it says is not in base64") from None


def _answers(status: int, words: str, *headers: str) -> dict[int | str, dict[str, Any]]:
    """What a route may answer, as OpenAPI describes it."""
    shown = {
        name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in (*headers, "Tus-Resumable")
    }
    return {status: {"description": words, "headers": shown}, **documented(_STATUSES)}
