"""Commands that read the ledger: jobs, their chunks and outputs, machines, watched folders, webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from infra.commands import Call, Command, Name, Nothing, Text
from infra.errors import KinofarmError
from infra.jobs.arrivals import Arrival, ArrivalStore
from infra.jobs.deliveries import Delivery, DeliveryStore
from infra.jobs.listing import JobCounts, JobList, JobPage
from infra.jobs.records import Attempt, Job, JobChunk, Output
from infra.jobs.states import ChunkKind, ChunkState, JobState, WorkerState
from infra.jobs.store import JobStore
from infra.jobs.waiting import Waiting
from infra.jobs.workers import WorkerStore
from infra.settings import Settings
from infra.values import Value

JobName = Annotated[str, StringConstraints(min_length=1, max_length=36, pattern=r"^[^\x00]+$")]
Limit = Annotated[int, Field(ge=1, le=500)]


class OfJob(Value):
    """A job."""

    job: JobName = Field(description="Its id, or the first letters of it.")


class JobsWanted(Value):
    """Which jobs, and which page of them."""

    limit: Limit = Field(50, description="Most on a page.")
    state: tuple[JobState, ...] = Field((), max_length=9, description="In these states only; none: in any.")
    submitted_by: Text | None = Field(None, description="Of this submitter only.")
    q: Text = Field(
        "",
        description="Words of the project's path, the film's path or the submitter's name, each from its beginning; or the beginning of an id.",
    )
    since: AwareDatetime | None = Field(None, description="Accepted then or later.")
    until: AwareDatetime | None = Field(None, description="Accepted before.")
    after: Text | None = Field(None, description="The field `following` of the page before.")


class Reason(Value):
    """Why a job does not go on, or an error: what `KinofarmError.as_dict` gives."""

    code: str
    message: str
    hint: str
    where: str
    detail: str
    retry: bool


class JobDetails(Value):
    """A job, why it waits, and what it published."""

    job: Job
    waits: tuple[Reason, ...] = Field(description="The weightiest first; none: nothing holds it back.")
    outputs: tuple[Output, ...]


class ChunkShown(Value):
    """A chunk of a job."""

    key: str
    kind: ChunkKind
    index: int
    first_frame: int = Field(description="Its place on the timeline.")
    frames: int
    pool: str
    needs: str | None = Field(description="The encoder on a device that it was planned with.")
    state: ChunkState
    reused: bool
    frames_done: int
    attempts: int
    owner: str | None = Field(description="Who renders it now.")
    error: Mapping[str, Any] | None
    started_at: datetime | None
    ended_at: datetime | None


class Chunks(Value):
    """The chunks of a job: pictures by their place, then sound."""

    chunks: tuple[ChunkShown, ...]


class Attempts(Value):
    """Every try at a job's chunks, the oldest first."""

    attempts: tuple[Attempt, ...]


class Reasons(Value):
    """Why a job does not go on."""

    reasons: tuple[Reason, ...]


class MachineShown(Value):
    """A machine that renders."""

    name: str
    state: WorkerState
    reason: str
    alive: bool
    slots: Mapping[str, int]
    encoders: tuple[str, ...] = Field(description="On devices, those that encoded here.")
    probe: Mapping[str, Any] = Field(description="What was found when, in full.")
    failures: int
    started_at: datetime
    heartbeat_at: datetime
    probed_at: datetime | None


class Machines(Value):
    """The machines of the farm."""

    workers: tuple[MachineShown, ...]


class MachineNamed(Value):
    """A machine, or all."""

    name: Name | None = Field(None, description="Its name; none: all machines.")


class Asked(Value):
    """How many were asked."""

    asked: int


class Newest(Value):
    """How many, the newest first."""

    limit: Limit = Field(50, description="Most that are answered.")


class FolderWatched(Value):
    """A folder whose files become jobs."""

    folder: str
    output: str
    there: bool


class Arrivals(Value):
    """The watched folders, and the files that arrived in them."""

    folders: tuple[FolderWatched, ...]
    arrivals: tuple[Arrival, ...]


class DeliveriesWanted(Newest):
    """Which deliveries."""

    webhook: Text | None = Field(None, description="Of this webhook only.")


class Deliveries(Value):
    """What webhooks were told, and what is still to be told."""

    deliveries: tuple[Delivery, ...]


class OfDelivery(Value):
    """A delivery."""

    delivery: JobName = Field(description="Its id, or the first letters of it.")


def list_jobs(call: Call, given: JobsWanted) -> JobPage:
    """List jobs, the newest first, page by page."""
    return call.services.get(JobList).page(
        given.limit,
        states=given.state,
        submitted_by=given.submitted_by,
        words=given.q,
        since=given.since,
        until=given.until,
        after=given.after,
    )


def count_jobs(call: Call, given: Nothing) -> JobCounts:
    """Count the jobs at hand, and those that ended in the last 24 hours."""
    return call.services.get(JobList).counts()


def show_job(call: Call, given: OfJob) -> JobDetails:
    """Show a job: its state, why it waits, what it published, what went wrong."""
    store = call.services.get(JobStore)
    found = store.job(given.job)
    return JobDetails(job=found, waits=_reasons(call, found), outputs=store.outputs(found.id))


def explain_job(call: Call, given: OfJob) -> Reasons:
    """Say why a job does not go on as fast as it might."""
    return Reasons(reasons=_reasons(call, call.services.get(JobStore).job(given.job)))


def chunks_of_job(call: Call, given: OfJob) -> Chunks:
    """List a job's chunks with their state, what was reused, and who renders them."""
    store = call.services.get(JobStore)
    return Chunks(chunks=tuple(map(_chunk, store.chunks(store.job(given.job).id))))


def attempts_of_job(call: Call, given: OfJob) -> Attempts:
    """List every try at a job's chunks: where, how it ended, with what error."""
    store = call.services.get(JobStore)
    return Attempts(attempts=store.attempts(store.job(given.job).id))


def list_workers(call: Call, given: Nothing) -> Machines:
    """List the machines that render: what each can do, and why not, where it can't."""
    found = call.services.get(WorkerStore).workers()
    hidden = {"instance", "probe_wanted"}
    return Machines(workers=tuple(MachineShown(**each.model_dump(exclude=hidden)) for each in found))


def reprobe_workers(call: Call, given: MachineNamed) -> Asked:
    """Have a machine, or all, find out anew what it can do."""
    return Asked(asked=call.services.get(WorkerStore).want_probe(given.name))


def list_arrivals(call: Call, given: Newest) -> Arrivals:
    """List the watched folders, and the files that arrived in them with what became of each."""
    folders = tuple(
        FolderWatched(
            folder=str(each.folder.absolute()), output=str(each.output.absolute()), there=each.folder.is_dir()
        )
        for each in call.services.get(Settings).watch.folders
    )
    return Arrivals(folders=folders, arrivals=call.services.get(ArrivalStore).recent(given.limit))


def list_deliveries(call: Call, given: DeliveriesWanted) -> Deliveries:
    """List what webhooks were told, and what is still to be told."""
    return Deliveries(deliveries=call.services.get(DeliveryStore).recent(given.limit, given.webhook))


def redeliver(call: Call, given: OfDelivery) -> Delivery:
    """Tell a webhook once more, whatever became of it before."""
    return call.services.get(DeliveryStore).again(given.delivery)


def _reasons(call: Call, job: Job) -> tuple[Reason, ...]:
    return tuple(map(_reason, call.services.get(Waiting).reasons(job.id)))


def _reason(error: KinofarmError) -> Reason:
    return Reason(**error.as_dict())


def _chunk(chunk: JobChunk) -> ChunkShown:
    return ChunkShown(**chunk.model_dump(exclude={"result"}))


COMMANDS: tuple[Command, ...] = (
    Command("job.list", list_jobs, "GET /jobs", scope="read", example={"state": ["failed"], "limit": 10}),
    Command("job.count", count_jobs, "GET /job-counts", scope="read"),
    Command("job.show", show_job, "GET /jobs/{job}", scope="read", example={"job": "d0777"}),
    Command("job.explain", explain_job, "GET /jobs/{job}/waits", scope="read", example={"job": "a0777"}),
    Command("job.chunks", chunks_of_job, "GET /jobs/{job}/chunks", scope="read", example={"job": "d0777"}),
    Command("job.attempts", attempts_of_job, "GET /jobs/{job}/attempts", scope="read", example={"job": "d0777"}),
    Command("worker.list", list_workers, "GET /workers", scope="read"),
    Command("worker.reprobe", reprobe_workers, "POST /workers/reprobe", scope="operate", example={"name": "render-1"}),
    Command("watch.list", list_arrivals, "GET /arrivals", scope="read", example={"limit": 10}),
    Command("webhook.list", list_deliveries, "GET /deliveries", scope="read", example={"limit": 10}),
    Command("webhook.redeliver", redeliver, "POST /deliveries/{delivery}/again", scope="operate", example={"delivery": "de77"}),
)  # fmt: skip
"""Of this module."""
