"""What the farm tells the world: typed events over Prefect's event stream.

Events wake up, the database tells: an event may be lost (a burst, a restart of the server), so nothing depends on one.
Whoever shows state reads a snapshot, applies events and reads again now and then. Emitting never blocks and never fails
the work that it tells of.

Resources:  `kinofarm.job.<job id>`, `kinofarm.chunk.<chunk key>`, `kinofarm.file.<arrival id>`, `kinofarm.scan.<scan id>`,
`kinofarm.analysis.<analysis id>`, `kinofarm.batch.<batch id>`; a chunk's event names its
job as related resource.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar, Literal
from uuid import UUID

from infra.values import Value

logger = logging.getLogger("kinofarm.events")


class Event(Value):
    """Something that happened. resource: what it happened to. related: what that belongs to."""

    name: ClassVar[str]

    @property
    def resource(self) -> dict[str, str]:
        raise NotImplementedError

    @property
    def related(self) -> list[dict[str, str]]:
        return []


class JobEvent(Event):
    """Something that happened to a job."""

    job: UUID

    @property
    def resource(self) -> dict[str, str]:
        return {"prefect.resource.id": f"kinofarm.job.{self.job}", "prefect.resource.name": f"job {str(self.job)[:8]}"}


class JobAccepted(JobEvent):
    name: ClassVar[str] = "kinofarm.job.accepted"
    project: str
    output: str


class JobPlanned(JobEvent):
    name: ClassVar[str] = "kinofarm.job.planned"
    frames: int
    chunks: int
    reused: int


class JobProgress(JobEvent):
    """Done is a share of the whole job in 0..1: encoding, assembly and upload, weighted in frames; it never falls."""

    name: ClassVar[str] = "kinofarm.job.progress"
    done: float
    frames_done: int
    frames: int


class JobVerified(JobEvent):
    name: ClassVar[str] = "kinofarm.job.verified"
    frames: int


class JobPublished(JobEvent):
    name: ClassVar[str] = "kinofarm.job.published"
    film: str
    manifest: str


class JobFailed(JobEvent):
    name: ClassVar[str] = "kinofarm.job.failed"
    project: str
    code: str
    message: str


class JobCancelled(JobEvent):
    name: ClassVar[str] = "kinofarm.job.cancelled"


class ChunkEvent(JobEvent):
    """Something that happened to a chunk; `key` is its content key."""

    key: str
    index: int

    @property
    def resource(self) -> dict[str, str]:
        return {"prefect.resource.id": f"kinofarm.chunk.{self.key}", "prefect.resource.name": f"chunk {self.index:03}"}

    @property
    def related(self) -> list[dict[str, str]]:
        job = {"prefect.resource.id": f"kinofarm.job.{self.job}", "prefect.resource.role": "kinofarm-job"}
        return [job]


class ChunkStarted(ChunkEvent):
    name: ClassVar[str] = "kinofarm.chunk.started"
    attempt: int


class ChunkReused(ChunkEvent):
    name: ClassVar[str] = "kinofarm.chunk.reused"


class ChunkDone(ChunkEvent):
    name: ClassVar[str] = "kinofarm.chunk.done"
    attempt: int
    frames: int
    seconds: float


class ChunkFailed(ChunkEvent):
    name: ClassVar[str] = "kinofarm.chunk.failed"
    attempt: int
    code: str
    message: str
    retry: bool


class FileArrived(Event):
    """A file in a watched folder is whole and can be rendered; the event has all parameters of the render flow.

    start: "event" when a deployment's trigger is to start the render, "run" when the watcher does so itself.
    """

    name: ClassVar[str] = "kinofarm.file.arrived"
    arrival: UUID
    folder: str
    file: str
    start: Literal["run", "event"]
    project: str
    output: str
    preset: str | None
    priority: int
    submitted_by: str
    idempotency_key: str

    @property
    def resource(self) -> dict[str, str]:
        return {
            "prefect.resource.id": f"kinofarm.file.{self.arrival}",
            "prefect.resource.name": self.file,
            "kinofarm.start": self.start,
        }


class ScanEnded(Event):
    """A folder of media was scanned, as far as it came: files found, done, known before, and with an error."""

    name: ClassVar[str] = "kinofarm.scan.ended"
    scan: UUID
    folder: str
    state: str
    found: int
    done: int
    known: int
    broken: int

    @property
    def resource(self) -> dict[str, str]:
        return {"prefect.resource.id": f"kinofarm.scan.{self.scan}", "prefect.resource.name": self.folder}


class AnalysisEvent(Event):
    """Something that happened to the analysis of a media file; model is null for the media's own analyses."""

    analysis: UUID
    path: str
    model: str | None

    @property
    def resource(self) -> dict[str, str]:
        return {"prefect.resource.id": f"kinofarm.analysis.{self.analysis}", "prefect.resource.name": self.path}


class AnalysisStarted(AnalysisEvent):
    name: ClassVar[str] = "kinofarm.analysis.started"
    machine: str
    attempt: int


class AnalysisProgress(AnalysisEvent):
    """Done is a share of the film in 0..1."""

    name: ClassVar[str] = "kinofarm.analysis.progress"
    done: float


class AnalysisEnded(AnalysisEvent):
    name: ClassVar[str] = "kinofarm.analysis.ended"
    state: str


class BatchEvent(Event):
    """Something that happened to a batch: files found, those that are over, and of them those with an error."""

    batch: UUID
    path: str
    model: str | None
    found: int
    over: int
    failed: int

    @property
    def resource(self) -> dict[str, str]:
        return {"prefect.resource.id": f"kinofarm.batch.{self.batch}", "prefect.resource.name": self.path}


class BatchProgress(BatchEvent):
    """Done is a share of all its files in 0..1."""

    name: ClassVar[str] = "kinofarm.batch.progress"
    done: float


class BatchEnded(BatchEvent):
    name: ClassVar[str] = "kinofarm.batch.ended"
    state: str


EVENTS: dict[str, type[Event]] = {
    event.name: event
    for event in (
        JobAccepted,
        JobPlanned,
        JobProgress,
        JobVerified,
        JobPublished,
        JobFailed,
        JobCancelled,
        ChunkStarted,
        ChunkReused,
        ChunkDone,
        ChunkFailed,
        FileArrived,
        ScanEnded,
        AnalysisStarted,
        AnalysisProgress,
        AnalysisEnded,
        BatchProgress,
        BatchEnded,
    )
}
"""Every event of the farm by its name."""


def emit(event: Event) -> None:
    """Hand the event to Prefect's background sender and return at once; a failure is logged and forgotten.

    Where no server is set nobody hears: Prefect would start one of its own for it.
    """
    try:
        from prefect.events import emit_event
        from prefect.settings import get_current_settings

        if get_current_settings().api.url is None:
            return
        emit_event(event.name, resource=event.resource, related=event.related, payload=payload_of(event))
    except Exception:
        logger.warning("the event %s was lost", event.name, exc_info=True)


def payload_of(event: Event) -> dict[str, Any]:
    """Return the event's fields as JSON values, the job's id included."""
    return event.model_dump(mode="json")


def event_from(name: str, payload: dict[str, Any]) -> Event | None:
    """Return the typed event of a Prefect event's name and payload; None for an event that is not the farm's."""
    known = EVENTS.get(name)
    return known.model_validate(payload) if known else None
