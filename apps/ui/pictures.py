"""What a job's page shows before the film is there: frames of finished chunks, and the finished part as a film.

/ui/jobs/{job}/frames/{place}.jpg       of the chunk at that place in the job's grid
/ui/jobs/{job}/so-far.mp4?chunks=N      the first N chunks; small, made once, kept for a while
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, Response

from apps.api.problems import problem
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.jobs.records import JobChunk
from infra.jobs.store import JobStore
from infra.services import Services
from infra.settings import Settings
from tasks.media.early import frame, plays, so_far

MOST_FRAMES = 300
"""Frames kept in memory, of some 50 kB each."""
MOST_FILMS = 6
MOST_BYTES = 2 * 10**9
"""Of a finished part: what is longer is not shown before the film is there."""
AT_ONCE = 2


class Pictures:
    """Makes them, a few at once, and keeps the last ones."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._jobs = services.get(JobStore)
        self._folder = Path(tempfile.mkdtemp(prefix="page-", dir=services.get(Settings).home.absolute() / "scratch"))
        self._frames: OrderedDict[str, bytes] = OrderedDict()
        self._films: OrderedDict[str, Path] = OrderedDict()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def frame(self, job: UUID, place: int) -> bytes | None:
        """Return a frame of the chunk at that place, as a JPEG file; None: it is not finished, or has no picture."""
        async with self._turn:
            return await asyncio.to_thread(self._frame, job, place)

    async def so_far(self, job: UUID, count: int) -> Path | None:
        """Return the file of the first `count` chunks; None: they are not all finished, or browsers don't play them."""
        async with self._turn:
            return await asyncio.to_thread(self._so_far, job, count)

    def close(self) -> None:
        """Remove what was kept."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _frame(self, job: UUID, place: int) -> bytes | None:
        chunks = self._jobs.chunks(job)
        chunk = chunks[place] if place < len(chunks) else None
        if chunk is None or chunk.kind != "picture" or chunk.state != "done":
            return None
        known = self._frames.get(chunk.key)
        if known is None:
            with self._at_hand([chunk]) as (file,):
                known = frame(file)
            while len(self._frames) >= MOST_FRAMES:
                self._frames.popitem(last=False)
            self._frames[chunk.key] = known
        return known

    def _so_far(self, job: UUID, count: int) -> Path | None:
        chunks = [chunk for chunk in self._jobs.chunks(job) if chunk.kind == "picture"][:count]
        results = [dict(chunk.result or {}) for chunk in chunks]
        if len(chunks) < count or not all(chunk.state == "done" and chunk.result for chunk in chunks):
            return None
        if sum(int(result["size"]) for result in results) > MOST_BYTES or not plays(results[0]):
            return None
        name = f"{job}-{count}.mp4"
        if name not in self._films:
            made, unfinished = self._folder / name, self._folder / f".{name}"
            with self._at_hand(chunks) as files:
                so_far(unfinished, list(zip(files, results, strict=True)))
            unfinished.replace(made)
            while len(self._films) >= MOST_FILMS:
                self._films.popitem(last=False)[1].unlink(missing_ok=True)
            self._films[name] = made
        return self._films[name]

    @contextlib.contextmanager
    def _at_hand(self, chunks: Sequence[JobChunk]) -> Iterator[list[Path]]:
        """The chunks' files, for as long as this block."""
        store = self._services.get_abstract(ChunkStore)
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            place = Path(folder)
            yield [store.get(each.key, place / f"{number}.mp4") for number, each in enumerate(chunks)]


def add_pictures(app: FastAPI, services: Services) -> Pictures:
    """Add the addresses of pictures to an app; who asks has a session (apps/ui/guard.py)."""
    pictures = Pictures(services)

    async def of_chunk(request: Request, job: UUID, place: int) -> Response:
        try:
            found = await pictures.frame(job, place) if 0 <= place < 10**6 else None
        except KinofarmError as error:
            return problem(error, request.url.path)
        if found is None:
            return Response(status_code=404)
        return Response(found, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    async def part(request: Request, job: UUID, chunks: int) -> Response:
        try:
            found = await pictures.so_far(job, chunks) if 0 < chunks < 10**6 else None
        except KinofarmError as error:
            return problem(error, request.url.path)
        if found is None:
            return Response(status_code=404)
        return FileResponse(found, media_type="video/mp4", headers={"Cache-Control": "private, no-cache"})

    app.add_api_route("/ui/jobs/{job}/frames/{place}.jpg", of_chunk, include_in_schema=False)
    app.add_api_route("/ui/jobs/{job}/so-far.mp4", part, include_in_schema=False)
    return pictures
