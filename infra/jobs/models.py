"""The tables of the ledger. Migrations in `migrations/versions` make them; a test finds no difference.

Times are `timestamptz` and always the database's clock: machines of a farm need not agree on the time.
State changes are checked by triggers against `state_changes` (see `infra.jobs.states`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.jobs.states import ARRIVAL_STATES, CHUNK_STATES, DELIVERY_STATES, JOB_STATES, WORKER_STATES

_TIME = DateTime(timezone=True)
_KEY = String(64)
WORDS = (
    r"to_tsvector('simple'::regconfig, translate((((project || ' '::text) || output) || ' '::text) || submitted_by, "
    r"'/\._-'::text, '     '::text))"
)
"""By which words a job is found: those of its paths and of its submitter's name."""


def one_of(column: str, allowed: tuple[str, ...]) -> str:
    """Return the condition that a column holds one of these words."""
    return f"{column} IN ({', '.join(repr(each) for each in allowed)})"


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: _TIME,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        str: Text,
    }


class StateChange(Base):
    """The state machines, as the triggers read them."""

    __tablename__ = "state_changes"

    machine: Mapped[str] = mapped_column(primary_key=True)
    from_state: Mapped[str] = mapped_column(primary_key=True)
    to_state: Mapped[str] = mapped_column(primary_key=True)


class JobRow(Base):
    """One render. run_id: of the Prefect flow run that carries it out; null until it was admitted."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(one_of("state", JOB_STATES), name="state"),
        Index("ix_jobs_newest", "accepted_at", "id"),
        Index("ix_jobs_state_newest", "state", "accepted_at", "id"),
        Index("ix_jobs_submitter_newest", "submitted_by", "accepted_at", "id"),
        Index("ix_jobs_words", text(WORDS), postgresql_using="gin"),
        Index(
            "ix_jobs_live",
            "priority",
            "accepted_at",
            postgresql_where=text("state NOT IN ('done', 'failed', 'cancelled')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID | None] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="accepted")
    project: Mapped[str]
    output: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    submitted_by: Mapped[str]
    priority: Mapped[int] = mapped_column(server_default="0")
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    traceparent: Mapped[str | None]
    warnings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    frames_done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    frames_total: Mapped[int] = mapped_column(BigInteger, server_default="0")
    progress: Mapped[float] = mapped_column(server_default="0")
    film_key: Mapped[str | None] = mapped_column(_KEY, index=True)
    restarts: Mapped[int] = mapped_column(server_default="0")
    accepted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class ChunkRow(Base):
    """A piece of work, once for all jobs that want it. `lease_token` grows with each claim and fences late finishers."""

    __tablename__ = "chunks"
    __table_args__ = (
        CheckConstraint(one_of("state", CHUNK_STATES), name="state"),
        CheckConstraint("kind IN ('picture', 'sound')", name="kind"),
        Index("ix_chunks_open", "pool", "key", postgresql_where=text("state IN ('ready', 'leased')")),
        Index("ix_chunks_leased", "key", postgresql_where=text("state = 'leased'")),
    )

    key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    kind: Mapped[str]
    pool: Mapped[str]
    needs: Mapped[str | None] = mapped_column(comment="the encoder on a device that it was planned with")
    state: Mapped[str] = mapped_column(server_default="ready")
    frames: Mapped[int] = mapped_column(BigInteger)
    frames_done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    work: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    lease_token: Mapped[int] = mapped_column(BigInteger, server_default="0")
    lease_expires: Mapped[datetime | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class JobChunkRow(Base):
    """The place of a chunk in a job's film; one chunk can stand at several places, in several jobs."""

    __tablename__ = "job_chunks"
    __table_args__ = (Index("ix_job_chunks_order", "job_id", text("kind DESC"), "index"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    chunk_key: Mapped[str] = mapped_column(_KEY, ForeignKey("chunks.key"), index=True)
    first_frame: Mapped[int] = mapped_column(BigInteger)
    frames: Mapped[int] = mapped_column(BigInteger)
    reused: Mapped[bool] = mapped_column(server_default=text("false"))


class AttemptRow(Base):
    """One try at a chunk, on behalf of one job."""

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint("outcome IN ('running', 'done', 'failed', 'lost', 'released')", name="outcome"),
        Index(None, "job_id", "outcome"),
        Index(None, "job_id", "started_at"),
    )

    chunk_key: Mapped[str] = mapped_column(_KEY, ForeignKey("chunks.key", ondelete="CASCADE"), primary_key=True)
    token: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    owner: Mapped[str]
    worker: Mapped[str] = mapped_column(server_default="")
    outcome: Mapped[str] = mapped_column(server_default="running")
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class OutputRow(Base):
    """A file that a job published."""

    __tablename__ = "outputs"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    location: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(_KEY)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class JoinProofRow(Base):
    """Two chunks whose join was once verified by decoding it; a trigger forgets it when either is made anew."""

    __tablename__ = "join_proofs"

    left_key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    right_key: Mapped[str] = mapped_column(_KEY, primary_key=True, index=True)
    proven_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WorkerRow(Base):
    """A machine that renders: what it can do, how it is, and when it was last heard of.

    encoders: on devices, those that encoded here. slots: chunks at once by pool. probe: what was found when, in full.
    failures: chunks in a row that failed on what is this machine's own fault.
    """

    __tablename__ = "workers"
    __table_args__ = (CheckConstraint(one_of("state", WORKER_STATES), name="state"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    instance: Mapped[UUID] = mapped_column(comment="of its home: a second worker of the same name is told apart")
    state: Mapped[str] = mapped_column(server_default="online")
    reason: Mapped[str] = mapped_column(server_default="")
    slots: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    encoders: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    probe: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    failures: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=func.now())
    probed_at: Mapped[datetime | None]
    probe_wanted: Mapped[bool] = mapped_column(server_default=text("false"))


class CacheEntryRow(Base):
    """An artefact in a cache and how it is used: eviction is an ORDER BY over these.

    place: which cache: the farm's own, or a machine's copies of what lies there.
    """

    __tablename__ = "cache_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('picture', 'sound', 'film', 'source', 'copy', 'view')", name="kind"),
        Index(None, "place", "last_used"),
    )

    place: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    kind: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(_KEY)
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used: Mapped[datetime] = mapped_column(server_default=func.now())
    uses: Mapped[int] = mapped_column(BigInteger, server_default="0")


class CachePlaceRow(Base):
    """What a cache holds in all; a trigger keeps it equal to the sums over its entries."""

    __tablename__ = "cache_places"

    place: Mapped[str] = mapped_column(primary_key=True)
    entries: Mapped[int] = mapped_column(BigInteger, server_default="0")
    bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")


class CachePinRow(Base):
    """An artefact that somebody reads now: it is not evicted until they let go, or the time is over."""

    __tablename__ = "cache_pins"

    place: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    holder: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class JobSourceRow(Base):
    """A file that a job's chunks read (media, fonts), by content: the farm's cache keeps it while the job lives."""

    __tablename__ = "job_sources"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[str] = mapped_column(_KEY, primary_key=True, index=True)


class ArrivalRow(Base):
    """A file that was dropped into a watched folder and stopped growing, in one state of its bytes: it becomes one job.

    generation: counts files of the same name, size and time, each after the one before was moved away.
    """

    __tablename__ = "arrivals"
    __table_args__ = (
        CheckConstraint(one_of("state", ARRIVAL_STATES), name="state"),
        UniqueConstraint("folder", "name", "size", "modified_ns", "generation"),
        Index("ix_arrivals_open", "folder", postgresql_where=text("state IN ('arrived', 'submitted')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    folder: Mapped[str]
    name: Mapped[str] = mapped_column(comment="below the folder")
    size: Mapped[int] = mapped_column(BigInteger)
    modified_ns: Mapped[int] = mapped_column(BigInteger)
    generation: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(server_default="arrived")
    output: Mapped[str | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    tries: Mapped[int] = mapped_column(server_default="0")
    moved: Mapped[bool] = mapped_column(server_default=text("false"))
    arrived_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NewsRow(Base):
    """That a job was accepted or has ended, until the webhooks that are to be told have their deliveries.

    A trigger on the jobs writes it in the transaction that changes the job, so that none is lost.
    """

    __tablename__ = "news"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    event: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class DeliveryRow(Base):
    """What a webhook is told: the log of deliveries, and those that are still to be made."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(one_of("state", DELIVERY_STATES), name="state"),
        Index("ix_deliveries_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
        Index(None, "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook: Mapped[str]
    event: Mapped[str]
    job_id: Mapped[UUID] = mapped_column(comment="no reference: the log outlives the job")
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[int | None] = mapped_column(comment="of the last answer, HTTP")
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
