"""A looker: one slot of a pool that looks media through, one after the other, until there has been none for a while.

Each file is a task of its own name. Which is next is the database's business; a recognition keeps each finished group of frames,
so whoever takes it up after a crash, or after a render came first, goes on behind the last one.

What it works with is imported by the run itself: ONNX Runtime starts threads, and the process that is forked for each run
must have none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.ended import tell_ends
from flows.lookers import Turn
from flows.running import unvisited
from infra import machine, services
from infra.errors import KinofarmError
from infra.events import AnalysisProgress, AnalysisStarted, emit
from infra.jobs.records import CPU_POOL, GPU_POOL
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.services import Services
from infra.settings import in_force

LOOK_SECONDS = 1.0
"""Between two looks whether there is an analysis; also between two looks at how far one is."""
TELL_SECONDS = 2.0
"""Shortest time between two progress events of an analysis."""
BEAT_SECONDS = 5.0
"""Between two signs of life, also while nothing is told: hashing a large file, or summing up a long film."""

logger = logging.getLogger("kinofarm.look")


class NotLookedThrough(Exception):  # noqa: N818 (one that was stopped or handed back is no error)
    """An analysis that was not brought to its end; carries how it is."""

    def __init__(self, row: AnalysisEntry) -> None:
        super().__init__(f"{row.error['code']} {row.error['message']}" if row.error else f"the analysis is {row.state}")
        self.row = row


@flow(name="look", flow_run_name="look {pool}", persist_result=False)
async def look(pool: str = CPU_POOL) -> int:
    """Look media through until none has waited for `worker.idle` seconds; returns how many were finished."""
    from flows.looking import Looker

    settings, finished = in_force(), 0
    with services.opened(settings) as container:
        here, store = machine.name(settings), container.get(AnalysisStore)
        if pool == GPU_POOL and not await asyncio.to_thread(store.runs_on_cuda, here):
            return 0  # another machine of the pool is to have this looker
        turn = Turn(container, pool, here)
        looker = Looker(container, pool, turn.is_over)
        idle_until = time.monotonic() + settings.worker.idle
        while time.monotonic() < idle_until and not await asyncio.to_thread(turn.is_over):
            row = await asyncio.to_thread(_claimed, store, pool, here)
            if row is None:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            ended = await _looked_through(row, container, looker.look_through)
            finished += ended is not None and ended.state == "done"
            idle_until = time.monotonic() + settings.worker.idle
    return finished


def _claimed(store: AnalysisStore, pool: str, here: str) -> AnalysisEntry | None:
    try:
        return store.claim(pool, here)
    except KinofarmError as away:
        logger.warning("no claim: %s", away)
        return None


async def _looked_through(
    row: AnalysisEntry, container: Services, work: Callable[[AnalysisEntry, Callable[[float], None]], AnalysisEntry]
) -> AnalysisEntry | None:
    """Look a file through as a task of its name, and tell how it went; None: nobody knows, it is taken up again."""
    name = f"analyse {Path(row.path).name}" + (f" with {row.model}" if row.model else "")
    emit(
        AnalysisStarted(analysis=row.id, path=row.path, model=row.model, machine=row.machine or "", attempt=row.starts)
    )
    try:
        ended = await look_through(name, unvisited(row), unvisited(container.get(AnalysisStore)), unvisited(work))
    except NotLookedThrough as attempt:
        ended = attempt.row
    except KinofarmError as away:  # the database stayed away, which is no fault of the file's
        logger.warning("%s was not brought to its end: %s", name, away)
        return None
    await asyncio.to_thread(tell_ends, container)
    return ended


@task(name="look through", task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False)
async def look_through(
    name: str,
    row: AnalysisEntry,
    store: AnalysisStore,
    work: Callable[[AnalysisEntry, Callable[[float], None]], AnalysisEntry],
) -> AnalysisEntry:
    """Look a file through, and bring its analysis to its end.

    Raises:  NotLookedThrough when it failed, was stopped or handed back; KinofarmError DB-00x.
    """
    far = 0.0

    def heard(share: float) -> None:
        nonlocal far
        far = share

    working = asyncio.create_task(asyncio.to_thread(work, row, heard))
    beaten, told_at, told = time.monotonic(), time.monotonic(), row.progress
    while not (await asyncio.wait([working], timeout=LOOK_SECONDS))[0]:
        now = time.monotonic()
        if far > told and now - told_at >= TELL_SECONDS:
            told_at, told = now, far
            emit(AnalysisProgress(analysis=row.id, path=row.path, model=row.model, done=round(far, 4)))
        if now - beaten >= BEAT_SECONDS:
            beaten = now
            with contextlib.suppress(KinofarmError):  # the database is away: the work itself waits for it
                await asyncio.to_thread(store.tell, row, far)
    ended = working.result()
    if ended.state != "done":
        raise NotLookedThrough(ended)
    return ended
