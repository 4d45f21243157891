"""What can be seen of a job before it ends: a picture of each finished chunk, and a film of those from its beginning on.

Each is made once, however many ask for it at once, and kept: pictures in memory, films in the farm's scratch, within bounds.

    HOME/run/tmp/previews    the films; emptied at every start
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, BinaryIO, Generic, TypeVar

from anyio import CapacityLimiter, to_thread
from cachetools import LRUCache
from fastapi import APIRouter, Depends, Path as InPath, Query, Request, Response
from fastapi.responses import RedirectResponse

from apps.api.entry import Caller, allowed
from apps.api.problems import documented
from apps.api.ranges import file_answer
from apps.api.results import FILE_ANSWERS, MEDIA_TYPES
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.jobs.commands import JobName
from infra.jobs.joins import JoinProofs
from infra.jobs.records import Job, JobChunk
from infra.jobs.store import JobStore
from infra.services import Services
from infra.settings import Settings
from tasks.filesystem.scratch import scratch
from tasks.media.film import fetch_parts
from tasks.media.preview import beginning, first_picture, write_beginning
from tasks.media.proof import ChunkProof
from tasks.media.shelf import Shelf

WIDTH = 640
"""Pixels across of a picture, at most."""
AT_ONCE = 2
"""Previews that are made side by side: renders shall not notice."""
SECONDS = 30
"""Longest wait for one."""
PICTURE_BYTES = 64 * 2**20
FILM_BYTES = 4 * 2**30
"""Kept pictures, kept films; the least lately asked for go first."""
LONGEST_BYTES = 2**30
"""Of one film's chunks: of a longer film its first part is shown."""

JobInPath = Annotated[JobName, InPath(description="Its id, or the first letters of it.", examples=["d0"])]
T = TypeVar("T")

router = APIRouter(tags=["job"])


class Once(Generic[T]):
    """Makes each thing once, however many ask for it at once, and keeps it while there is room.

    Args:    kept: what was made, by key. All methods are called in one loop.
    """

    def __init__(self, kept: LRUCache[str, T]) -> None:
        self._kept = kept
        self._making: dict[str, asyncio.Task[T]] = {}
        self._limiter = CapacityLimiter(AT_ONCE)

    async def get(self, key: str, make: Callable[[], T]) -> T:
        """Return the thing of that key, made in a thread if it is not at hand.

        Raises:  KinofarmError RESULT-009 when that takes too long (it goes on, and is at hand later), and what `make` raises.
        """
        if key in self._kept:
            return self._kept[key]
        if key not in self._making:
            self._making[key] = asyncio.create_task(self._made(key, make))
        try:
            return await asyncio.wait_for(asyncio.shield(self._making[key]), SECONDS)
        except TimeoutError:
            raise KinofarmError("RESULT-009", seconds=SECONDS) from None

    def forget(self, key: str) -> None:
        """Make it anew when it is next asked for."""
        self._kept.pop(key, None)

    async def _made(self, key: str, make: Callable[[], T]) -> T:
        try:
            made = await to_thread.run_sync(make, limiter=self._limiter)
            with contextlib.suppress(ValueError):  # larger than all that may be kept
                self._kept[key] = made
            return made
        finally:
            del self._making[key]


class _Films(LRUCache[str, Path]):
    """Films by key, counted by their bytes; one that has to go is deleted. Who reads it has it open."""

    def popitem(self) -> tuple[str, Path]:
        key, path = super().popitem()
        path.unlink(missing_ok=True)
        return key, path


class Previews:
    """The previews of an API process.

    Raises:  every method: KinofarmError RESULT-009, RESULT-011, DB-00x, CACHE-00x, VERIFY-00x.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._home = services.get(Settings).home.absolute()
        self._folder = self._home / "run" / "tmp" / "previews"
        self._pictures = Once[bytes](LRUCache(PICTURE_BYTES, getsizeof=len))
        self._films = Once[Path](_Films(FILM_BYTES, getsizeof=lambda path: path.stat().st_size))

    @property
    def _shelf(self) -> Shelf:
        get = self._services.get
        return Shelf(get(ChunkStore), get(CacheIndex), get(JoinProofs))

    def empty(self) -> None:
        """Remove what an API process left that was killed."""
        shutil.rmtree(self._folder, ignore_errors=True)

    async def picture(self, job: Job, chunk: JobChunk) -> bytes:
        """Return a picture of a finished chunk, a JPEG."""
        return await self._pictures.get(chunk.key, lambda: self._taken(job, chunk))

    async def film(self, job: Job, chunks: tuple[JobChunk, ...]) -> tuple[str, BinaryIO, Path]:
        """Return a film of these chunks: what tells it from others, itself, open, and its path."""
        key = hashlib.sha256("".join(chunk.key for chunk in chunks).encode()).hexdigest()
        path = await self._films.get(key, lambda: self._joined(job, key, chunks))
        try:
            return key, path.open("rb", buffering=0), path
        except FileNotFoundError:  # somebody removed it; or the next film has just pushed it out
            self._films.forget(key)
            raise KinofarmError("RESULT-009", seconds=SECONDS) from None

    def _taken(self, job: Job, chunk: JobChunk) -> bytes:
        with scratch(self._home / "scratch", "preview") as folder:
            proof = ChunkProof.model_validate(chunk.result)
            file = self._shelf.fetch(chunk.key, folder / "chunk", proof.size, proof.sha256)
            if file is None:
                raise KinofarmError("RESULT-011", job=str(job.id))
            return first_picture(file, WIDTH)

    def _joined(self, job: Job, key: str, chunks: tuple[JobChunk, ...]) -> Path:
        with scratch(self._home / "scratch", "preview") as folder:
            try:
                made = write_beginning(fetch_parts(chunks, self._shelf, folder).chunks, folder)
            except KinofarmError as error:
                if error.code != "CACHE-002":
                    raise
                raise KinofarmError("RESULT-011", job=str(job.id)) from None
            self._folder.mkdir(parents=True, exist_ok=True)
            return made.replace(self._folder / f"{key}{made.suffix}")


@router.get(
    "/jobs/{job}/chunks/{index}/frame",
    name="job.frame",
    operation_id="job_frame",
    summary="See the first picture of a finished chunk.",
    response_class=Response,
    responses={
        **documented(),
        200: {"description": "A JPEG", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "The picture is the one that the client has (If-None-Match)"},
    },
)
async def frame(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("read", "job.frame"))],
    job: JobInPath,
    index: Annotated[int, InPath(ge=0, le=10**9, description="The chunk's, among those of pictures.", examples=[0])],
) -> Response:
    """See the first picture of a finished chunk, at most 640 pixels wide.

    Needs the scope `read`.
    """
    found, chunks = await to_thread.run_sync(_chunks, request, job)
    chunk = next((each for each in chunks if each.kind == "picture" and each.index == index), None)
    if chunk is None:
        raise KinofarmError("RESULT-010", job=str(found.id), index=index)
    if chunk.state != "done":
        raise KinofarmError("RESULT-007", job=str(found.id), index=index)
    headers = {"ETag": f'"{chunk.key}"', "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    previews: Previews = request.app.state.previews
    return Response(await previews.picture(found, chunk), headers=headers, media_type="image/jpeg")


@router.get(
    "/jobs/{job}/partial",
    name="job.partial",
    operation_id="job_partial",
    summary="Play what is finished of a job's film from its beginning on.",
    response_class=Response,
    responses={**FILE_ANSWERS, 307: {"description": "The film of so many chunks is at the address in Location"}},
)
async def partial(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("read", "job.partial"))],
    job: JobInPath,
    chunks: Annotated[
        int | None, Query(ge=1, le=10**9, description="Of so many chunks; none: of those that are finished now.")
    ] = None,
) -> Response:
    """Play what is finished of a job's film from its beginning on, without sound; nothing is encoded for it.

    A film of so many chunks never changes, so that a player may read it in ranges: without `chunks` it is sent there.

    Needs the scope `read`.
    """
    found, all_chunks = await to_thread.run_sync(_chunks, request, job)
    finished = _shown(beginning(all_chunks))
    if not finished or (chunks is not None and len(finished) < chunks):
        raise KinofarmError("RESULT-008", job=str(found.id), finished=len(finished), wanted=chunks or 1)
    if chunks is None:
        there = f"partial?chunks={len(finished)}"  # from here, whatever prefix a proxy adds
        return RedirectResponse(there, 307, {"Cache-Control": "no-store"})
    previews: Previews = request.app.state.previews
    tag, film, path = await previews.film(found, finished[:chunks])
    return file_answer(
        request,
        film,
        size=os.fstat(film.fileno()).st_size,
        tag=tag,
        modified=max(chunk.ended_at for chunk in finished[:chunks] if chunk.ended_at),
        media_type=MEDIA_TYPES[path.suffix],
        headers={"Cache-Control": "private, no-cache"},
    )


def _chunks(request: Request, job: str) -> tuple[Job, tuple[JobChunk, ...]]:
    """Return a job and its chunks.

    Raises:  KinofarmError JOB-002, JOB-003, DB-00x.
    """
    store: JobStore = request.app.state.services.get(JobStore)
    found = store.job(job)
    return found, store.chunks(found.id)


def _shown(chunks: tuple[JobChunk, ...]) -> tuple[JobChunk, ...]:
    """Those of the chunks that a film is made of: as many as are not too large together."""
    total = 0
    for number, chunk in enumerate(chunks):
        total += int((chunk.result or {}).get("size", 0))
        if total > LONGEST_BYTES and number:
            return chunks[:number]
    return chunks
