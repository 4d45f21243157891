"""A render that runs: its job in the ledger, what it tells the world, and how it ends.

Whatever happens in the story is brought to one of three ends, in our ledger and in Prefect alike: done, failed
with a code, or cancelled. Three things are left open on purpose: a flow that is told to go (a worker that stops) and a
database that is away, for the reconciler to bring back; and a job that is paused, until it is resumed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed
from prefect.utilities.annotations import quote

from flows.showing import Progress
from infra import services
from infra.errors import KinofarmError
from infra.events import JobAccepted, JobCancelled, JobEvent, JobFailed, JobProgress, emit
from infra.jobs.records import Job, Snapshot
from infra.jobs.states import JobState
from infra.jobs.store import JobStore
from infra.services import Services
from infra.settings import Settings, in_force
from infra.telemetry import about
from tasks.filesystem.scratch import scratch

logger = logging.getLogger("kinofarm.render")

T = TypeVar("T")

CANCELLED = "the job was cancelled"
TELL_SECONDS = 1.0
"""Shortest time between two progress events of a job."""


class Stopped(Exception):  # noqa: N818 (no error: somebody's wish)
    """Somebody asked for the job's end."""


class Rested(Exception):  # noqa: N818 (no error: somebody's wish)
    """The job is paused and nothing of it is in work: its place is for others until it is resumed."""


class ChunkFailed(Exception):  # noqa: N818 (it carries the error)
    """A chunk has failed for good; carries its error as `KinofarmError.as_dict()` gives it."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error['code']}  {error['message']}")
        self.error = dict(error)


def unvisited(value: T) -> T:
    """Hand a large value to a task as it is: Prefect would walk through all of it in search of futures."""
    return cast(T, quote(value))


@dataclass
class Running:
    """The job in hand. folder: scratch of its own."""

    id: UUID
    services: Services
    settings: Settings
    jobs: JobStore
    folder: Path
    progress: Progress
    _told: float = -1.0
    _told_at: float = 0.0

    async def advance(self, state: JobState) -> None:
        """Bring the job to `state` and tell its progress; an asked-for end comes first.

        Raises:  Stopped.
        """
        job = await asyncio.to_thread(self.jobs.advance, self.id, state)
        if job.cancel_requested:
            raise Stopped
        snapshot = await self.snapshot()
        self.tell(snapshot, at_once=True)
        await self.progress.show(snapshot.job.progress)

    async def snapshot(self) -> Snapshot:
        """Read where the job stands."""
        return await asyncio.to_thread(self.jobs.snapshot, self.id)

    def tell(self, snapshot: Snapshot, *, at_once: bool = False) -> None:
        """Emit the job's progress if it has grown, at most twice a second."""
        job, now = snapshot.job, time.monotonic()
        if job.progress <= self._told or (now - self._told_at < TELL_SECONDS and not at_once):
            return
        self._told, self._told_at = job.progress, now
        emit(JobProgress(job=self.id, done=job.progress, frames_done=job.frames_done, frames=job.frames_total))

    def emit(self, event: JobEvent) -> None:
        """Emit an event of this job."""
        emit(event)


async def carried_out(
    job_id: UUID, run_id: UUID, story: Callable[[Running], Awaitable[dict[str, Any]]], **asked: Any
) -> State[Any]:
    """Enter the job unless it is there, run the story as that job, and bring it to its end.

    Args:    run_id: of this flow run. story: what is to happen; returns the job's result. asked: what `JobStore.accept` takes.
    Returns: the state in which Prefect is to see the run. A job that has ended (the run was started again after its
             end) is left as it is.
    Raises:  KinofarmError DB-001 when the database stays away: the job is left open.
    """
    settings = in_force()
    with about(job=job_id), services.opened(settings) as container:
        jobs = container.get(JobStore)
        job = await asyncio.to_thread(_accepted, jobs, job_id, {**asked, "run": run_id})
        if job.id != job_id or job.run_id != run_id:  # its idempotency key was used before: that render is this one
            return Completed(message=f"the same render as job {job.id}")
        if job.ended:
            return Completed(message="the job was done before") if job.state == "done" else Cancelled(message=CANCELLED)
        with scratch(settings.home.absolute() / "scratch", f"job-{str(job_id)[:8]}") as folder:
            run = Running(job_id, container, settings, jobs, folder, Progress(job_id))
            run.emit(JobAccepted(job=job_id, project=job.project, output=job.output))
            try:
                if job.cancel_requested:
                    raise Stopped
                result = await story(run)
                said = f"published {job.output}" if job.output else "rendered into the cache"
                return Completed(data=result, message=said)
            except Stopped:
                return await _cancelled(run)
            except Rested:
                return Completed(name="Paused", message="the job is paused; this run goes on when it is resumed")
            except ChunkFailed as failed:
                return await _failed(run, failed.error)
            except KinofarmError as error:
                if error.code == "DB-001":
                    raise
                return await _failed(run, error.as_dict())
            except Exception as bug:
                logger.exception("the render ran into a bug")
                return await _failed(run, KinofarmError("FLOW-006", reason=type(bug).__name__).as_dict())


def _accepted(jobs: JobStore, job_id: UUID, asked: Mapping[str, Any]) -> Job:
    job = jobs.accept(job_id, **asked)
    return jobs.reopen(job_id) if job.state == "failed" and job.id == job_id and job.run_id == asked["run"] else job


async def _cancelled(run: Running) -> State[Any]:
    await asyncio.to_thread(run.jobs.cancel, run.id)
    await asyncio.to_thread(run.jobs.advance, run.id, "cancelled")
    run.emit(JobCancelled(job=run.id))
    return Cancelled(message=CANCELLED)


async def _failed(run: Running, error: Mapping[str, Any]) -> State[Any]:
    job = await asyncio.to_thread(run.jobs.fail, run.id, error)
    if job.state == "cancelled":
        return Cancelled(message=CANCELLED)
    run.emit(JobFailed(job=run.id, project=job.project, code=str(error["code"]), message=str(error["message"])))
    return Failed(message=f"{error['code']} {error['message']}")
