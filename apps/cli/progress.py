"""Following a job to its end: a bar where somebody looks, plain lines elsewhere, all on standard error.

What is shown comes from the ledger, read when a notification says that the job has changed.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from apps.cli import console
from infra.errors import KinofarmError

if TYPE_CHECKING:
    from infra.jobs.records import Job, Snapshot
    from infra.services import Services

LOOK_SECONDS = 1.0
BREATH_SECONDS = 0.1
"""Between two looks, however many notifications come."""
STEP = 0.1
"""A plain line for every tenth of the job."""

STAGES = {
    "accepted": "waiting",
    "planned": "planned",
    "rendering": "rendering",
    "assembling": "assembling",
    "verifying": "verifying",
    "publishing": "publishing",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}


class JobFailed(Exception):  # noqa: N818 (it carries the error)
    """The job was taken on and failed; carries its error as `KinofarmError.as_dict()` gives it."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error.get('code')}  {error.get('message')}")
        self.error = error


class Teller(Protocol):
    """Shows a job's progress."""

    def show(self, snapshot: Snapshot) -> None: ...
    def close(self) -> None: ...


def followed(
    container: Services, job_id: UUID, *, every_chunk: bool = False, quiet: bool = False, timeout: float | None = None
) -> Job:
    """Follow a job until it has ended, or `timeout` seconds have passed, and return it.

    Raises:  JobFailed; KinofarmError CLI-008 when the job was cancelled (unless `quiet`).
    """
    from infra.farm import FarmConnection
    from infra.jobs.notify import JOBS, Listener
    from infra.jobs.store import JobStore

    jobs, url = container.get(JobStore), container.get(FarmConnection).database_url.get_secret_value()
    teller: Teller = Silence() if quiet else Bar() if sys.stderr.isatty() else Lines()
    deadline = None if timeout is None else time.monotonic() + timeout
    told: set[str] = set()
    try:
        with Listener(url, JOBS, str(job_id)) as changes:
            while True:
                snapshot = jobs.snapshot(job_id)
                teller.show(snapshot)
                if every_chunk:
                    _tell_chunks(jobs.chunks(job_id), told)
                if snapshot.job.ended or (deadline is not None and time.monotonic() > deadline):
                    break
                changes.wait(LOOK_SECONDS)
                time.sleep(BREATH_SECONDS)
    finally:
        teller.close()
    job = snapshot.job
    if job.state == "failed":
        raise JobFailed(dict(job.error or {}))
    if job.state == "cancelled" and not quiet:
        raise KinofarmError("CLI-008", job=str(job.id)[:8])
    return job


class Silence:
    """Shows nothing."""

    def show(self, snapshot: Snapshot) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


class Lines:
    """A line for every tenth of the job and for every stage."""

    def __init__(self) -> None:
        self._stage = ""
        self._step = -1

    def show(self, snapshot: Snapshot) -> None:
        """Print a line if there is something new."""
        job = snapshot.job
        step = int(job.progress / STEP + 1e-9)
        if job.state != self._stage or step > self._step:
            self._stage, self._step = job.state, max(step, self._step)
            frames = f", {job.frames_done} of {job.frames_total} frames" if job.frames_total else ""
            console.say(f"{job.progress:4.0%}  {STAGES[job.state]}{frames}")

    def close(self) -> None:
        """Nothing is left open."""


class Bar:
    """A progress bar with frames, speed and the time that is left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description:<11}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[frames]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task("waiting", total=1.0, frames="")
        self._bar.start()

    def show(self, snapshot: Snapshot) -> None:
        """Move the bar."""
        job = snapshot.job
        frames = f"{job.frames_done}/{job.frames_total}" if job.frames_total else ""
        self._bar.update(self._task, description=STAGES[job.state], completed=job.progress, frames=frames)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.stop()


def _tell_chunks(chunks: Any, told: set[str]) -> None:
    for chunk in chunks:
        name = "sound" if chunk.kind == "sound" else f"chunk {chunk.index:03}"
        if chunk.state in ("done", "failed") and name not in told:
            told.add(name)
            how = "reused" if chunk.reused else chunk.state
            console.say(f"      {name}  {how}  {chunk.key[:12]}")
