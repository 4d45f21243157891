"""The tables of the media library: what was found in files, scans of folders, analyses, models and what they found."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from infra.jobs.models import Base, one_of
from infra.library.states import ANALYSIS_STATES, SCAN_STATES

_DIGEST = String(64)


class MediaFactsRow(Base):
    """What a probe found in a file, or why it found nothing; valid while size, modification time and inode stay as they are."""

    __tablename__ = "media_facts"
    __table_args__ = (
        CheckConstraint("(facts IS NULL) <> (error IS NULL)", name="facts_or_error"),
        Index("ix_media_facts_folder", "path", postgresql_ops={"path": "text_pattern_ops"}),
        Index("ix_media_facts_probed_at", "probed_at"),
    )

    path: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    modified_ns: Mapped[int] = mapped_column(BigInteger)
    inode: Mapped[str] = mapped_column(comment="device:inode; inodes may exceed a signed 64-bit number")
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="as KinofarmError.as_dict, where it has none"
    )
    probed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ScanRow(Base):
    """A scan of a folder."""

    __tablename__ = "scans"
    __table_args__ = (
        CheckConstraint(one_of("state", SCAN_STATES), name="state"),
        Index("ix_scans_begun_at", "begun_at"),
        Index("ix_scans_untold", "ended_at", postgresql_where=text("ended_at IS NOT NULL AND NOT told")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    folder: Mapped[str]
    options: Mapped[dict[str, Any]]
    submitted_by: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="waiting")
    stop_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    found: Mapped[int] = mapped_column(server_default="0", comment="files")
    done: Mapped[int] = mapped_column(server_default="0", comment="files that were looked into, or were known")
    known: Mapped[int] = mapped_column(server_default="0", comment="files that did not have to be looked into")
    broken: Mapped[int] = mapped_column(server_default="0", comment="files with an error in place of facts")
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    beat_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="when its run last told how far it is")
    ended_at: Mapped[datetime | None]
    told: Mapped[bool] = mapped_column(server_default=text("false"), comment="its end was told of")


class VisionModelRow(Base):
    """A model that recognises things in pictures; its file lies in the farm's home under its hash."""

    __tablename__ = "vision_models"

    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(_DIGEST)
    size: Mapped[int] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any]]
    added_by: Mapped[str] = mapped_column(server_default="")
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AnalysisRow(Base):
    """A content that is looked through, for what is wished; the same wish of the same content is one row for good."""

    __tablename__ = "analyses"
    __table_args__ = (
        CheckConstraint(one_of("state", ANALYSIS_STATES), name="state"),
        UniqueConstraint("content", "wish", name="uq_analyses_content_wish"),
        Index("ix_analyses_begun_at", "begun_at"),
        Index("ix_analyses_turn", "begun_at", "id", postgresql_where=text("state IN ('waiting', 'running')")),
        Index("ix_analyses_untold", "ended_at", postgresql_where=text("ended_at IS NOT NULL AND NOT told")),
        Index("ix_analyses_open", "beat_at", postgresql_where=text("state IN ('waiting', 'running')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    content: Mapped[str] = mapped_column(_DIGEST)
    wish: Mapped[str] = mapped_column(_DIGEST, comment="hash of what is wished, the model's content and the recipe")
    path: Mapped[str] = mapped_column(comment="where the content lay when it was asked for")
    model: Mapped[str | None] = mapped_column(comment="of vision_models; null: the media's own analyses")
    options: Mapped[dict[str, Any]]
    submitted_by: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="waiting")
    stop_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    starts: Mapped[int] = mapped_column(server_default="0", comment="of its run, with those after a crash")
    progress: Mapped[float] = mapped_column(server_default="0", comment="0 to 1")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    beat_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="when its run last told how far it is")
    ended_at: Mapped[datetime | None]
    ready: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="its media are where machines can read them"
    )
    pool: Mapped[str | None] = mapped_column(comment="in which it was taken up last")
    machine: Mapped[str | None] = mapped_column(comment="that took it up last")
    refusals: Mapped[dict[str, Any]] = mapped_column(
        server_default="{}", comment="until when a machine, by its name, does not take it up; infinity: it can't"
    )
    asked_as: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default="{}", comment="other names of its model by which it was asked for"
    )
    told: Mapped[bool] = mapped_column(server_default=text("false"), comment="its end was told of")


class AnalysisBatchRow(Base):
    """Many media files that are looked through by one wish."""

    __tablename__ = "analysis_batches"
    __table_args__ = (
        CheckConstraint(one_of("state", ANALYSIS_STATES), name="state"),
        Index("ix_analysis_batches_begun_at", "begun_at"),
        Index("ix_analysis_batches_untold", "ended_at", postgresql_where=text("ended_at IS NOT NULL AND NOT told")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(comment="a folder, or a file")
    model: Mapped[str | None] = mapped_column(comment="of vision_models; null: the media's own analyses")
    options: Mapped[dict[str, Any]] = mapped_column(comment="what is wished of each file")
    recursive: Mapped[bool] = mapped_column(server_default=text("true"))
    sequences: Mapped[bool] = mapped_column(server_default=text("true"), comment="numbered pictures are one")
    submitted_by: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="waiting")
    stop_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    starts: Mapped[int] = mapped_column(server_default="0", comment="of its run")
    found: Mapped[int] = mapped_column(server_default="0", comment="files")
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    beat_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="when its run last told how far it is")
    ended_at: Mapped[datetime | None]
    run_id: Mapped[UUID | None] = mapped_column(comment="its flow run in Prefect")
    told: Mapped[bool] = mapped_column(server_default=text("false"), comment="its end was told of")


class AnalysisBatchFileRow(Base):
    """A file of a batch, and the analysis that it wishes for; other batches may wish for the same one."""

    __tablename__ = "analysis_batch_files"
    __table_args__ = (
        CheckConstraint("(analysis IS NULL) <> (error IS NULL)", name="analysis_or_error"),
        Index("ix_analysis_batch_files_analysis", "analysis"),
    )

    batch: Mapped[UUID] = mapped_column(ForeignKey("analysis_batches.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    analysis: Mapped[UUID | None] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    known: Mapped[bool] = mapped_column(server_default=text("false"), comment="it was done before")
    error: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="why the file can't be looked through"
    )


class AnalysisGroupRow(Base):
    """A finished group of frames of an analysis that goes on: after a crash it begins behind the last one."""

    __tablename__ = "analysis_groups"

    analysis: Mapped[UUID] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    found: Mapped[dict[str, Any]]


class FindingRow(Base):
    """Something that is seen or heard in a content for a while: a thing of a class, a scene, silence."""

    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_name", "name", "best"),)

    analysis: Mapped[UUID] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(comment="the class, in lower case; or scene, silence, black, frozen")
    seen_from: Mapped[float] = mapped_column(comment="seconds")
    seen_to: Mapped[float] = mapped_column(comment="seconds; half-open")
    best: Mapped[float] = mapped_column(comment="highest score; 1 where nothing is scored")
    finding: Mapped[dict[str, Any]]
