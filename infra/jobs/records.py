"""What the ledger hands out: frozen values, nothing of the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from infra.jobs.states import ENDED, ChunkKind, ChunkState, JobState, Outcome
from infra.values import Value

CPU_POOL = "cpu"
GPU_POOL = "gpu"
"""The pools of work: what any machine can do, and what needs an encoder on a device."""

Key = str
"""64 hex digits: sha256 of what the work is (see the key of a Work document)."""


class Job(Value):
    """One render, as the store knows it."""

    id: UUID
    run_id: UUID | None = Field(
        None, description="Of the Prefect flow run that carries it out; None until it was admitted."
    )
    state: JobState
    project: str = Field(description="Path of the project file.")
    output: str = Field(description="Where the film goes: a path or an address of a target.")
    options: Mapping[str, Any] = Field(description="What the render was asked for beside that (preset, range, ...).")
    submitted_by: str
    priority: int = Field(description="Higher is claimed first.")
    idempotency_key: str | None
    traceparent: str | None
    warnings: tuple[Any, ...]
    error: Mapping[str, Any] | None = Field(description="KinofarmError.as_dict() of what failed it.")
    cancel_requested: bool
    paused: bool
    frames_done: int
    frames_total: int
    progress: float = Field(description="0 to 1 over everything from planning to publishing; never falls.")
    film_key: Key | None
    restarts: int = Field(description="How often its flow was started again after a crash or a failure.")
    accepted_at: datetime
    updated_at: datetime
    ended_at: datetime | None

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class WantedChunk(Value):
    """A piece of work that a job needs, at its place in the film.

    index: its order among the job's chunks of that kind. first_frame, frames: its place on the timeline, in frames
    of the timeline's rate (sound: 0 and 0). work: the Work document as JSON values.
    """

    key: Key = Field(pattern=r"^[0-9a-f]{64}$")
    kind: ChunkKind
    index: int = Field(ge=0)
    first_frame: int = Field(0, ge=0)
    frames: int = Field(ge=0)
    pool: str = CPU_POOL
    needs: str | None = Field(None, description="The encoder on a device that it was planned with.")
    work: Mapping[str, Any]


class JobChunk(Value):
    """A chunk as one job sees it."""

    key: Key
    kind: ChunkKind
    index: int
    first_frame: int
    frames: int
    pool: str
    needs: str | None
    state: ChunkState
    reused: bool = Field(description="It was finished and at hand when the job was planned.")
    frames_done: int
    attempts: int
    owner: str | None
    error: Mapping[str, Any] | None
    result: Mapping[str, Any] | None = Field(description="What the finished chunk's shard reported of it.")
    started_at: datetime | None
    ended_at: datetime | None


class Snapshot(Value):
    """All that a progress bar or the render flow needs of a job, read at one moment.

    total counts places in the film; encoded counts chunks that were encoded on this job's behalf; reused counts
    the finished rest: there before, made by another job meanwhile, or a repetition within the film.
    """

    job: Job
    states: Mapping[ChunkState, int]
    total: int
    reused: int
    encoded: int
    error: Mapping[str, Any] | None = Field(description="The job's error, else that of its first failed chunk.")

    @property
    def finished(self) -> bool:
        """Every chunk is done."""
        return self.states.get("done", 0) == self.total

    @property
    def failed(self) -> bool:
        """At least one chunk has failed for good."""
        return self.states.get("failed", 0) > 0

    @property
    def left(self) -> int:
        """Chunks that still have to be rendered."""
        return self.states.get("ready", 0) + self.states.get("leased", 0)


class Claim(Value):
    """A chunk that a shard holds. Later calls prove the holding by key and token.

    job, index: on whose behalf, and which chunk of it (for names and logs). attempt: counts from 1.
    """

    key: Key
    token: int
    kind: ChunkKind
    pool: str
    frames: int
    work: Mapping[str, Any]
    attempt: int
    job: UUID
    index: int
    project: str
    traceparent: str | None


class Beat(Value):
    """The answer to a heartbeat.

    held: the lease is still ours; if not, another shard may have the chunk: drop the work.
    cancelled: no job wants it any more (cancelled, failed): stop, and `release` it. A paused job's chunks go on.
    """

    held: bool
    cancelled: bool


class Attempt(Value):
    """One try at a chunk."""

    key: Key
    token: int
    job: UUID
    owner: str
    worker: str
    outcome: Outcome
    error: Mapping[str, Any] | None
    started_at: datetime
    ended_at: datetime | None


class Output(Value):
    """A file that a job published."""

    kind: str = Field(
        pattern=r"^(film|manifest|poster|contact_sheet|subtitles(\.[^:]+)?)(:.+)?$",
        description="What it is (of subtitles with what the file's name ends with: subtitles.srt); after a colon the name of the deliverable that it belongs to.",
    )
    location: str
    size: int
    sha256: str
    created_at: datetime | None = None
