"""A shard: one slot of a pool that renders chunks of any job, until there has been no work for a while.

Which chunk is next is the ledger's business (priority, fair share). Many small jobs share one warm shard, since a
flow run costs seconds to start and a claim a few milliseconds. A worker that stops its shard gets the chunk handed back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prefect import flow

from flows.breaker import OWN_FAULTS, learn
from flows.running import unvisited
from infra import machine, services
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.events import ChunkDone, ChunkFailed, ChunkStarted, emit
from infra.farm import FarmConnection
from infra.jobs.joins import JoinProofs
from infra.jobs.ledger import Ledger
from infra.jobs.notify import WORK, AsyncListener
from infra.jobs.records import CPU_POOL, Claim
from infra.jobs.workers import WorkerStore
from infra.sections import WorkerSettings
from infra.services import Ffmpeg, Services
from infra.settings import Settings, in_force
from tasks.compiler.claimed import Bench, Ended
from tasks.compiler.execute import Renderer
from tasks.compiler.steps import NotRendered, render_chunk
from tasks.filesystem.scratch import scratch
from tasks.media.shelf import Shelf

logger = logging.getLogger("kinofarm.shard")

LOOK_SECONDS = 2.0
"""Slow poll beside the notifications: a chunk that waits for its next attempt is announced by nobody."""


@flow(name="shard", flow_run_name="shard {pool}", persist_result=False)
async def shard(pool: str = CPU_POOL) -> int:
    """Render chunks until there has been none for `worker.idle` seconds; returns how many were finished."""
    settings, leaving, finished = in_force(), threading.Event(), 0
    with services.opened(settings) as container:
        bench, ledger = workbench(container), container.get(Ledger)
        url = container.get(FarmConnection).database_url.get_secret_value()
        place = Place(machine.name(settings), pool, container.get(WorkerStore), settings.worker)
        idle_until = time.monotonic() + settings.worker.idle
        try:
            async with AsyncListener(url, WORK, pool) as work:
                while time.monotonic() < idle_until:
                    claim = await asyncio.to_thread(_claimed, ledger, place)
                    if claim is None:
                        await work.wait(max(0.0, min(LOOK_SECONDS, idle_until - time.monotonic())))
                        continue
                    last = not settings.ffmpeg.threads and not await asyncio.to_thread(_waiting, ledger, pool)
                    ended = await _done(claim, _alone(bench) if last else bench, leaving)
                    await asyncio.to_thread(place.learn, ended)
                    finished += ended is not None and ended.outcome == "done"
                    idle_until = time.monotonic() + settings.worker.idle
        finally:
            leaving.set()  # a thread that still renders hands its chunk back
    return finished


def workbench(container: Services) -> Bench:
    """Return what a shard of this farm works with."""
    settings, ffmpeg = container.get(Settings), container.get(Ffmpeg)
    home = settings.home.absolute() / "scratch"

    def folder(key: str, token: int) -> AbstractContextManager[Path]:
        return scratch(home, f"{key[:12]}-{token}")

    return Bench(
        ledger=container.get(Ledger),
        shelf=Shelf(container.get(ChunkStore), container.get(CacheIndex), container.get(JoinProofs)),
        scratch=folder,
        renderer=Renderer(
            ffmpeg.path, ffmpeg.version, threads(settings), settings.ffmpeg.timeout, settings.ffmpeg.hang
        ),
        lease=settings.worker.lease,
    )


def threads(settings: Settings) -> int:
    """Return the threads that one ffmpeg may use: as set, else this machine's cores shared among its slots."""
    return settings.ffmpeg.threads or max(1, machine.cores() // machine.render_slots(settings.worker.slots))


def _alone(bench: Bench) -> Bench:
    """The bench for the last chunk that waited: soon its neighbours' cores stand idle, so it may use all of them."""
    threads = max(bench.renderer.threads, machine.cores())
    return replace(bench, renderer=replace(bench.renderer, threads=threads))


def _waiting(ledger: Ledger, pool: str) -> int:
    try:
        return ledger.waiting(pool)
    except KinofarmError as away:
        logger.warning("waiting chunks were not counted: %s", away)
        return 1


@dataclass
class Place:
    """Where a shard works, and what the farm is told of how that machine does."""

    machine: str
    pool: str
    workers: WorkerStore
    settings: WorkerSettings

    @property
    def owner(self) -> str:
        """Who holds what this shard claims."""
        return f"{self.machine} {os.getpid()}"

    def learn(self, ended: Ended | None) -> None:
        """Tell the farm of failures that are the machine's own, and that they are over."""
        if ended is None or ended.outcome not in ("done", "failed", "retried"):
            return
        own = ended.error is not None and ended.error["code"] in OWN_FAULTS
        fault = f"{ended.error['code']} {ended.error['message']}" if own and ended.error else None
        learn(self.workers, self.machine, self.settings.breaker, fault)


def _claimed(ledger: Ledger, place: Place) -> Claim | None:
    try:
        return ledger.claim(place.owner, place.pool, place.settings.lease, place.machine)
    except KinofarmError as away:
        logger.warning("no claim: %s", away)
        return None


async def _done(claim: Claim, bench: Bench, leaving: threading.Event) -> Ended | None:
    """Render a claimed chunk as a task of its own name, and tell how it went; None: nobody knows."""
    piece = "sound" if claim.kind == "sound" else f"chunk {claim.index:03}"
    name = f"render job-{str(claim.job)[:8]} {piece}"
    emit(ChunkStarted(job=claim.job, key=claim.key, index=claim.index, attempt=claim.attempt))
    try:
        ended = await render_chunk(name, unvisited(claim), unvisited(bench), unvisited(leaving))
    except NotRendered as attempt:
        ended = attempt.ended
    except KinofarmError as away:  # the database stayed away: the lease runs out, and the chunk is claimed again
        logger.warning("%s was not answered: %s", name, away)
        return None
    about: dict[str, Any] = {"job": claim.job, "key": claim.key, "index": claim.index, "attempt": claim.attempt}
    if ended.outcome == "done":
        emit(ChunkDone(**about, frames=claim.frames, seconds=round(ended.seconds, 3)))
    elif ended.error is not None:
        code, message = str(ended.error["code"]), str(ended.error["message"])
        emit(ChunkFailed(**about, code=code, message=message, retry=ended.outcome == "retried"))
    return ended
