"""Commands that steer jobs: cancel, pause, resume, retry, reprioritise; one job, or many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from flows import dispatch
from infra.access.scopes import allows
from infra.commands import Call, Command
from infra.errors import KinofarmError
from infra.jobs.commands import JobName, OfJob, Reason
from infra.jobs.records import Job
from infra.jobs.states import HIGHEST_PRIORITY, LOWEST_PRIORITY
from infra.jobs.store import JobStore
from infra.services import Services
from infra.values import Value

MOST_AT_ONCE = 500

Deed = Literal["cancel", "pause", "resume", "retry"]
_DEEDS: Mapping[Deed, Callable[[Services, UUID], Job]] = {
    "cancel": dispatch.stop,
    "pause": dispatch.pause,
    "resume": partial(dispatch.pause, on=False),
    "retry": dispatch.retry,
}


class Prioritised(OfJob):
    """A job and its new priority."""

    priority: int = Field(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY, description="Higher is rendered first.")


class Batch(Value):
    """Jobs, and what is to be done with each."""

    jobs: tuple[JobName, ...] = Field(min_length=1, max_length=MOST_AT_ONCE, description="Their ids.")
    deed: Deed


class Done(Value):
    """What became of one of them: the job as it is now, or why it could not be done."""

    job: str
    now: Job | None
    error: Reason | None


class BatchDone(Value):
    """What became of each, in their order."""

    results: tuple[Done, ...]


def cancel(call: Call, given: OfJob) -> Job:
    """Cancel a job. What it had finished stays in the cache."""
    return _done(call, given.job, "cancel")


def pause(call: Call, given: OfJob) -> Job:
    """Pause a job: what is in work is finished, and nothing new is begun."""
    return _done(call, given.job, "pause")


def resume(call: Call, given: OfJob) -> Job:
    """Let a paused job go on."""
    return _done(call, given.job, "resume")


def retry(call: Call, given: OfJob) -> Job:
    """Run a failed job again; only what is missing is made."""
    return _done(call, given.job, "retry")


def reprioritise(call: Call, given: Prioritised) -> Job:
    """Give a job another priority, from its next chunk on."""
    found = steerable(call, given.job)
    return dispatch.reprioritise(call.services, found.id, given.priority)


def batch(call: Call, given: Batch) -> BatchDone:
    """Do the same with many jobs; one that can't be is told, and keeps no other from it."""
    results = []
    for name in given.jobs:
        now, error = None, None
        try:
            now = _done(call, name, given.deed)
        except KinofarmError as refused:
            if refused.code.startswith("DB-"):
                raise
            error = Reason(**refused.as_dict())
        results.append(Done(job=name, now=now, error=error))
    return BatchDone(results=tuple(results))


def steerable(call: Call, name: str) -> Job:
    """Return a job that this caller may steer: one of his own, or any with the scope `operate`.

    Raises:  KinofarmError JOB-002, JOB-003, ACCESS-007, DB-00x.
    """
    found = call.services.get(JobStore).job(name)
    if found.submitted_by != call.name and not allows(call.scope, "operate"):
        raise KinofarmError("ACCESS-007", job=str(found.id)[:8], owner=found.submitted_by, name=call.name)
    return found


def _done(call: Call, name: str, deed: Deed) -> Job:
    return _DEEDS[deed](call.services, steerable(call, name).id)


def _command(name: str, run: Callable[[Call, Any], Any], job: str, **more: Any) -> Command:
    return Command(
        f"job.{name}", run, f"POST /jobs/{{job}}/{name}", scope="submit", example={"job": job, **more}, kind="job"
    )


COMMANDS: tuple[Command, ...] = (
    _command("cancel", cancel, "a1777"),
    _command("pause", pause, "a2777"),
    _command("resume", resume, "a3777"),
    _command("retry", retry, "f0777"),
    _command("reprioritise", reprioritise, "a4777", priority=80),
    Command("job.batch", batch, "POST /job-batches", scope="submit", example={"jobs": ["a5777", "a6777"], "deed": "pause"}, kind="job"),
)  # fmt: skip
"""Of this module."""
