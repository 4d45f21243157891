"""What a job published, as bytes: films, manifests, posters; with ranges, so that a browser plays and seeks.

A file is served from where it was published, while it is there as it was. A film that is not is served from the cache: from a
bucket by an address that is valid for minutes, to which the client is sent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Path as InPath, Query, Request, Response
from fastapi.responses import RedirectResponse

from apps.api.entry import Caller, allowed
from apps.api.problems import Problem, documented
from apps.api.ranges import disposition, file_answer
from infra.cache.layered import LayeredStore
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.jobs.commands import JobName
from infra.jobs.published import opened_output, output_of
from infra.jobs.records import Job, Output
from infra.jobs.store import JobStore
from infra.services import Services
from infra.settings import Settings
from tasks.filesystem.scratch import scratch

ADDRESS_SECONDS = 900
"""For which an address in a bucket is valid: long enough to begin, and a player asks anew."""

MEDIA_TYPES: Mapping[str, str] = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/matroska",
    ".webm": "video/webm",
    ".avi": "video/vnd.avi",
    ".gif": "image/gif",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".srt": "application/x-subrip; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".ass": "text/x-ssa; charset=utf-8",
}
"""By what a published file's name ends with; anything else is bytes."""
BYTES = "application/octet-stream"

router = APIRouter(tags=["job"])

_FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    **documented(),
    200: {"description": "The file", "content": {"*/*": _FILE}},
    206: {"description": "The ranges that were asked for", "content": {"*/*": _FILE, "multipart/byteranges": _FILE}},
    304: {"description": "The file is the one that the client has (If-None-Match, If-Modified-Since)"},
    307: {"description": "The file lies at the address in Location, for some minutes"},
    410: {"description": "The file is not there any more, or another one lies in its place", "model": Problem},
    416: {"description": "The file has none of these bytes", "model": Problem},
}
"""The answers of routes that serve files."""


@router.get(
    "/jobs/{job}/outputs/{kind}",
    name="job.download",
    operation_id="job_download",
    summary="Download what a job published, or play it.",
    response_class=Response,
    responses=FILE_ANSWERS,
)
@router.head(
    "/jobs/{job}/outputs/{kind}",
    name="job.download.head",
    operation_id="job_download_head",
    summary="Look how large a published file is.",
    response_class=Response,
    responses=FILE_ANSWERS,
)
def download(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("read", "job.download"))],
    job: Annotated[JobName, InPath(description="Its id, or the first letters of it.", examples=["d0"])],
    kind: Annotated[
        str,
        InPath(
            description="film, manifest, poster, subtitles.srt; of a further film its name after a colon: `film:square`.",
            max_length=300,
            examples=["film"],
        ),
    ],
    download: Annotated[bool, Query(description="As a file to save rather than one to show.")] = False,
) -> Response:
    """Download what a job published, or play it: with ranges, ETag (its sha256) and Last-Modified.

    Needs the scope `read`.
    """
    services: Services = request.app.state.services
    store = services.get(JobStore)
    found = store.job(job)
    output = output_of(found, store.outputs(found.id), kind)
    name = Path(output.location).name
    media_type = MEDIA_TYPES.get(Path(name).suffix.lower(), BYTES)
    shown = {"Content-Disposition": disposition(name, attachment=download), "Cache-Control": "private, no-cache"}
    gone: KinofarmError | None = None
    try:
        file: BinaryIO | None = opened_output(output)
    except KinofarmError as error:
        if error.code == "RESULT-005" or kind != "film" or found.film_key is None:
            raise
        file, gone = None, error
    if gone is not None:
        address = _address(services, found, output, shown["Content-Disposition"], media_type)
        if address is not None and request.method != "HEAD":
            return RedirectResponse(address, 307, {"Cache-Control": "no-store"})
        file = Path(os.devnull).open("rb") if address is not None else _cached(services, found, output)  # noqa: SIM115
        if file is None:
            raise gone
    assert file is not None
    return file_answer(
        request,
        file,
        size=output.size,
        tag=output.sha256,
        modified=output.created_at or datetime.now(UTC),
        media_type=media_type,
        headers=shown,
    )


def _address(services: Services, job: Job, output: Output, shown: str, media_type: str) -> str | None:
    """Return where a film lies in the farm's bucket; None: it is not there, or there is no bucket."""
    store = services.get(ChunkStore)
    if not isinstance(store, LayeredStore) or job.film_key is None:
        return None
    from infra.cache.s3 import S3Store

    far = store.far
    if not isinstance(far, S3Store) or not far.holds(job.film_key, output.sha256):
        return None
    return far.address(job.film_key, output.sha256, ADDRESS_SECONDS, shown, media_type)


def _cached(services: Services, job: Job, output: Output) -> BinaryIO | None:
    """Open a film in the cache; None: it is not there as it was published."""
    assert job.film_key is not None
    with scratch(services.get(Settings).home.absolute() / "scratch", "result") as folder:
        try:
            path = services.get(ChunkStore).get(
                job.film_key, folder / "film", size=output.size, sha256=output.sha256, compare=False
            )
        except KinofarmError as error:
            if error.code in ("CACHE-002", "CACHE-003"):
                return None
            raise
        return path.open("rb", buffering=0)
