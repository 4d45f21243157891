"""What the open pages show: one picture of the farm for all of them, kept up by events and read anew every few seconds.

The database tells. A chunk's new state changes the picture at once; everything else marks a job as changed, and
all jobs that changed are read together. So fifty pages cost the database what one costs, and while none is open, nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from apps.api.hub import ChunkChanged, ConnectionChanged, Hub
from apps.ui.parts.cells import Cell, cells, changed_cell
from flows.commands import farm
from infra.access.scopes import Scope
from infra.cache import commands as cache
from infra.cache.commands import CacheStats
from infra.commands import Call, Nothing
from infra.errors import KinofarmError
from infra.events import JobEvent
from infra.jobs.listing import JobList
from infra.jobs.records import Job
from infra.jobs.states import ENDED, JOB_STATES, WORKING
from infra.jobs.store import JobStore
from infra.jobs.waiting import Waiting
from infra.services import Services

TICK_SECONDS = 0.2
READ_SECONDS = 3.0
"""Everything that lives is read anew after so long, whatever events said."""
LOOK_SECONDS = 5.0
"""How often the farm's services are asked how they are."""
CHUNK_SECONDS = 1.0
"""The chunks of a job that is watched are read at most so often."""
WINDOW_SECONDS = 12.0
"""Over so long a time speeds are averaged."""
SHOWN_SECONDS = 2.0
"""For so long it is said that the database was away, however soon it was back: who looks shall have seen it."""
SAMPLES = 90
NEWEST = 12
MOST_LIVE = 500
IMPATIENT = 0.5
"""Seconds for which the database is waited for: the next look comes soon."""
LIVE = tuple(state for state in JOB_STATES if state not in ENDED)

logger = logging.getLogger("kinofarm.page")


@dataclass(frozen=True)
class Change:
    """What is different since the last one. chunks: by job, then by place in its grid; None: the whole grid."""

    farm: bool = False
    jobs: frozenset[UUID] = frozenset()
    new: bool = False
    chunks: Mapping[UUID, Mapping[int, Cell] | None] = field(default_factory=dict)


@dataclass
class Watched:
    """The chunks of a job that some page shows. places: of a chunk's key in the grid. heard: places that have changed by
    what was heard since the ledger was last asked: its answer may be older.
    """

    cells: list[Cell] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=dict)
    heard: set[int] = field(default_factory=set)
    waits: tuple[KinofarmError, ...] = ()
    asked_at: float = 0.0
    pages: int = 0
    read_at: float = 0.0
    stale: bool = True


class Live:
    """The picture. Everything but the reading happens in the event loop."""

    def __init__(self, services: Services, hub: Hub) -> None:
        self.services = services
        self.hub = hub
        self.status: farm.FarmStatus | None = None
        self.cache: CacheStats | None = None
        self.jobs: dict[UUID, Job] = {}
        self.newest: tuple[UUID, ...] = ()
        self.speeds: deque[float] = deque([0.0] * SAMPLES, maxlen=SAMPLES)
        self.database_away = False
        self._database_lost_at = -SHOWN_SECONDS
        self._troubles: tuple[str, ...] = ()
        self.read_at = 0.0
        """When the database last answered, in time.time()."""
        self._engine = services.get(Engine)
        waiting = services.get(Waiting)
        self._waiting = Waiting(
            self._engine,
            most_of_submitter=waiting.most_of_submitter,
            most_of_pool=waiting.most_of_pool,
            patience=IMPATIENT,
        )
        self._hearers: dict[int, Callable[[Change], None]] = {}
        self._watched: dict[UUID, Watched] = {}
        self._stale: set[UUID] = set()
        self._pending: dict[UUID, dict[int, Cell] | None] = {}
        self._past: dict[UUID, deque[tuple[float, float, int]]] = {}
        self._awake = asyncio.Event()
        self._read_next = self._look_next = self._sample_next = 0.0
        self._reader = ThreadPoolExecutor(1, "page-reader")
        self._looker = ThreadPoolExecutor(1, "page-looker")
        self._looking: asyncio.Future[Any] | None = None
        self._farm_changed = False

    def hear(self, told: Callable[[Change], None]) -> Callable[[], None]:
        """Have `told` called with every change; returns what ends that."""
        key = id(told)
        self._hearers[key] = told
        self._awake.set()

        def end() -> None:
            self._hearers.pop(key, None)

        return end

    def watch(self, job: UUID) -> Callable[[], None]:
        """Keep the chunks of a job up to date; returns what ends that."""
        watched = self._watched.setdefault(job, Watched())
        watched.pages += 1
        self._stale.add(job)

        def end() -> None:
            watched.pages -= 1
            if watched.pages <= 0 and self._watched.get(job) is watched:
                del self._watched[job]

        return end

    def chunks(self, job: UUID) -> list[Cell]:
        """Return the chunks of a job that is watched, as its grid shows them."""
        return self._watched[job].cells if job in self._watched else []

    def waits(self, job: UUID) -> tuple[KinofarmError, ...]:
        """Return why a job that is watched does not go on; nothing when it does."""
        return self._watched[job].waits if job in self._watched else ()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return what is away: database, prefect, cache, events."""
        lost = not self.hub.hears_database or time.monotonic() - self._database_lost_at < SHOWN_SECONDS
        found = ["database"] if self.database_away or lost else []
        if self.status is not None:
            found += [one.service for one in self.status.services if not one.ok and one.service not in found]
        if not found and not self.hub.connected:
            found.append("events")
        return tuple(found)

    def speed_of(self, job: Job) -> float:
        """Return how many frames of a job are finished a second, over the last seconds; 0.0: not known."""
        past = self._past.get(job.id)
        if job.state in ENDED or past is None or len(past) < 2 or past[-1][0] <= past[0][0]:
            return 0.0
        return (past[-1][2] - past[0][2]) / (past[-1][0] - past[0][0])

    def left_of(self, job: Job) -> float | None:
        """Return in how many seconds a job will be done, going on as in the last ones; None: not known."""
        past = self._past.get(job.id)
        if job.state not in WORKING or job.paused or past is None or len(past) < 2:
            return None
        (began, first, _), (now, last, _) = past[0], past[-1]
        return (1 - last) * (now - began) / (last - first) if last > first and now > began else None

    async def run(self) -> None:
        """Keep the picture until cancelled."""
        beside = [asyncio.create_task(work()) for work in (self._listen, self._tell_chunks)]
        try:
            while True:
                if not self._hearers:
                    self._awake.clear()
                    await self._awake.wait()
                    self._read_next = self._look_next = 0.0
                try:
                    await self._tick()
                except Exception:
                    logger.exception("the page's picture could not be kept up")
                await asyncio.sleep(TICK_SECONDS)
        finally:
            for task in beside:
                task.cancel()
            self._reader.shutdown(wait=False, cancel_futures=True)
            self._looker.shutdown(wait=False, cancel_futures=True)

    async def refresh(self) -> None:
        """Read everything now, for a page that opens while nothing was kept."""
        if not self._hearers or not self.read_at:
            with contextlib.suppress(KinofarmError):
                await self._in(self._reader, self._read_all)

    async def _listen(self) -> None:
        while not self.hub.ended:
            try:
                async with self.hub.ear() as ear:
                    while not ear.over:
                        for told in await ear.next(READ_SECONDS):
                            self._heard(told.name, told.event)
            except asyncio.CancelledError:
                raise
            except Exception:
                logger.warning("the page no longer hears events, and begins anew", exc_info=True)
                await asyncio.sleep(1)

    async def _tell_chunks(self) -> None:
        """Tell what was heard of chunks at once: to ask the ledger takes its time while the machine renders."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self._pending:
                chunks, self._pending = self._pending, {}
                self._tell(Change(chunks=chunks))

    def _heard(self, name: str, event: Any) -> None:
        if isinstance(event, ConnectionChanged) and not event.database:
            self._database_lost_at = time.monotonic()
        if name in ("reset", "connection"):
            self._read_next = 0.0
            self._farm_changed = True
            for each in self._watched.values():
                each.stale = True
            return
        if isinstance(event, ChunkChanged):
            if watched := self._watched.get(event.job):
                for place in watched.places.get(event.key, ()):
                    watched.heard.add(place)
                    self._set(event.job, place, changed_cell(watched.cells[place], event.state))
            return
        if isinstance(event, JobEvent):
            self._stale.add(event.job)
            if event.job in self._watched:
                self._watched[event.job].stale = True

    def _set(self, job: UUID, place: int, cell: Cell) -> None:
        watched = self._watched[job]
        if watched.cells[place] != cell:
            watched.cells[place] = cell
            patch = self._pending.setdefault(job, {})
            if patch is not None:
                patch[place] = cell

    async def _tick(self) -> None:
        now = time.monotonic()
        known = dict(self.jobs)
        try:
            if now >= self._read_next:
                self._read_next = now + READ_SECONDS
                self._stale.clear()
                await self._in(self._reader, self._read_all)
            elif self._stale:
                wanted, self._stale = self._stale, set()
                await self._in(self._reader, self._read_jobs, wanted)
            await self._read_chunks()
            await self._ask_why(now)
            self.database_away, self.read_at = False, time.time()
        except KinofarmError as error:
            self.database_away = True
            logger.info("the page waits for the database: %s", error)
        self._remember(now)
        self._look(now)
        changed = frozenset(job for job, found in self.jobs.items() if known.get(job) != found)
        farm_changed, self._farm_changed = self._farm_changed or self.troubles != self._troubles, False
        self._troubles = self.troubles
        if changed or farm_changed:
            self._tell(Change(farm_changed, changed, bool(changed - known.keys())))

    def _tell(self, change: Change) -> None:
        for hearer in tuple(self._hearers.values()):
            try:
                hearer(change)
            except Exception:
                logger.warning("a page could not show a change", exc_info=True)

    def _read_all(self) -> None:
        store = JobStore(self._engine, patience=IMPATIENT)
        newest = store.jobs(NEWEST)
        live = store.jobs(MOST_LIVE, LIVE)
        self.newest = tuple(job.id for job in newest)
        ended = {job.id for job in self.jobs.values() if not job.ended}  # those that still lived a moment ago
        others = (self._watched.keys() | ended) - {job.id for job in (*newest, *live)}
        found = JobList(self._engine, patience=IMPATIENT).these(others)
        self.jobs = {job.id: job for job in (*newest, *live, *found)}

    def _read_jobs(self, wanted: Iterable[UUID]) -> None:
        found = JobList(self._engine, patience=IMPATIENT).these(wanted)
        self.jobs = {**self.jobs, **{job.id: job for job in found}}
        fresh = tuple(job.id for job in found if job.id not in self.newest)
        newest = sorted({*self.newest, *fresh} & self.jobs.keys(), key=lambda job: self.jobs[job].accepted_at)
        self.newest = tuple(reversed(newest))[:NEWEST]

    async def _read_chunks(self) -> None:
        now = time.monotonic()
        for job, watched in list(self._watched.items()):
            known = self.jobs.get(job)
            ended = known is not None and known.ended
            due = watched.stale or (not ended and now - watched.read_at > 2 * CHUNK_SECONDS)
            if not due or (watched.read_at and now - watched.read_at < CHUNK_SECONDS):
                continue
            watched.stale, watched.read_at = False, now
            watched.heard.clear()
            store = JobStore(self._engine, patience=IMPATIENT)
            try:
                found = await self._in(self._reader, store.chunks, job)
            except KinofarmError:
                watched.stale = True
                raise
            shown = cells(found)
            if len(shown) != len(watched.cells):
                watched.cells = shown
                watched.places = {}
                for place, chunk in enumerate(found):
                    watched.places.setdefault(chunk.key, []).append(place)
                self._pending[job] = None
            else:
                for place, cell in enumerate(shown):
                    if place not in watched.heard:
                        self._set(job, place, cell)

    async def _ask_why(self, now: float) -> None:
        """Find out why the jobs that are watched wait, once for all pages."""
        for job, watched in list(self._watched.items()):
            known = self.jobs.get(job)
            if known is None or known.ended or now - watched.asked_at < READ_SECONDS:
                continue
            watched.asked_at = now
            found = await self._in(self._reader, self._waiting.reasons, job)
            if [error.as_dict() for error in found] != [error.as_dict() for error in watched.waits]:
                watched.waits = found
                self._pending.setdefault(job, {})

    def _remember(self, now: float) -> None:
        for job in self.jobs.values():
            if job.state in ENDED or job.paused or job.state == "accepted":
                self._past.pop(job.id, None)
                continue
            past = self._past.setdefault(job.id, deque(maxlen=200))
            if past and past[0][1:] == (
                job.progress,
                job.frames_done,
            ):  # nothing has come yet: the time until then says nothing
                past.clear()
            if not past or (past[-1][1], past[-1][2]) != (job.progress, job.frames_done) or now - past[-1][0] > 1:
                past.append((now, job.progress, job.frames_done))
            while len(past) > 2 and now - past[1][0] > WINDOW_SECONDS:
                past.popleft()
        for gone in self._past.keys() - self.jobs.keys():
            del self._past[gone]
        if now >= self._sample_next:
            self._sample_next = now + 2
            rendering = [job for job in self.jobs.values() if job.state == "rendering"]
            self.speeds.append(sum(self.speed_of(job) for job in rendering))
            self._farm_changed = True

    def _look(self, now: float) -> None:
        """Ask the services how they are, beside everything else: one that is away takes its time to answer."""
        if self._looking is not None and self._looking.done():
            done, self._looking = self._looking, None
            if not done.cancelled() and done.exception() is None:
                self.status, self.cache = done.result()
                self._farm_changed = True
        if self._looking is None and now >= self._look_next:
            self._look_next = now + LOOK_SECONDS
            self._looking = asyncio.ensure_future(self._in(self._looker, self._looked))

    def _looked(self) -> tuple[farm.FarmStatus, CacheStats | None]:
        scope: Scope = "read"
        call = Call(self.services, "page", scope)
        status = farm.status(call, Nothing())
        well = {one.service: one.ok for one in status.services}
        stats = cache.stats(call, Nothing()) if well.get("database") and well.get("cache") else self.cache
        return status, stats

    async def _in(self, executor: ThreadPoolExecutor, function: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(executor, function, *given)
