"""The tables of the media library: what was found in files, and the scans of folders."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from infra.jobs.models import Base, one_of
from infra.library.states import SCAN_STATES


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
