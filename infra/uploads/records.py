"""What is known of an upload, and its rows in the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import Field
from sqlalchemy import Connection, Engine, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from infra.access.models import UploadRow
from infra.jobs.engine import surviving, transaction
from infra.jobs.states import ENDED, JOB_STATES
from infra.values import Value


class Upload(Value):
    """A file that is being uploaded, or that was."""

    id: UUID
    name: str = Field(description="As it was given, made safe: no folders, no control characters, 200 bytes at most.")
    size: int = Field(description="In bytes, as it was announced.")
    received: int = Field(description="Bytes that have arrived and are kept: where the upload goes on.")
    whole: bool = Field(description="All of it is here: it can be used, as media (upload://ID) or as a project.")
    sha256: str | None = Field(description="Of the whole file, 64 hex digits; none until it is whole.")
    submitted_by: str = Field(description="The name of the token with which it was begun.")
    created_at: datetime
    updated_at: datetime = Field(description="When the last bytes came.")


_COLUMNS = (
    *(UploadRow.id, UploadRow.name, UploadRow.size, UploadRow.received, UploadRow.sha256),
    *(UploadRow.submitted_by, UploadRow.created_at, UploadRow.updated_at),
    UploadRow.sha256.is_not(None).label("whole"),
)
_NEEDED = text("""
SELECT EXISTS (SELECT FROM jobs WHERE state = ANY(:live) AND starts_with(project, :folder))
    OR EXISTS (SELECT FROM chunks WHERE state IN ('ready', 'leased') AND position(:folder IN work::text) > 0)
""")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('kinofarm upload ' || :sha256, 0))")
"""One at a time may link or remove the object of a content."""


class UploadRecords:
    """The rows of uploads.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def add(self, upload: UUID, name: str, size: int, who: str) -> Upload:
        """Enter an upload of which nothing has arrived; entering it again changes nothing."""
        row = insert(UploadRow).values(id=upload, name=name, size=size, submitted_by=who)
        with transaction(self.engine) as connection:
            connection.execute(row.on_conflict_do_nothing())
            return Upload(**connection.execute(select(*_COLUMNS).where(UploadRow.id == upload)).mappings().one())

    @surviving
    def get(self, upload: UUID) -> Upload | None:
        """Return an upload; None when there is none."""
        with transaction(self.engine) as connection:
            found = connection.execute(select(*_COLUMNS).where(UploadRow.id == upload)).mappings().one_or_none()
        return None if found is None else Upload(**found)

    @surviving
    def newest(self, limit: int) -> tuple[Upload, ...]:
        """Return the newest uploads, the newest first."""
        query = select(*_COLUMNS).order_by(UploadRow.created_at.desc(), UploadRow.id).limit(limit)
        with transaction(self.engine) as connection:
            return tuple(Upload(**row) for row in connection.execute(query).mappings())

    @surviving
    def received(self, upload: UUID, size: int) -> None:
        """Write down how many bytes of an upload are on the disk."""
        row = update(UploadRow).where(UploadRow.id == upload, UploadRow.sha256.is_(None))
        with transaction(self.engine) as connection:
            connection.execute(row.values(received=size, updated_at=func.now()))

    @surviving
    def remove(self, upload: UUID) -> None:
        """Remove a row."""
        with transaction(self.engine) as connection:
            connection.execute(delete(UploadRow).where(UploadRow.id == upload))

    @surviving
    def idle(self, seconds: float) -> tuple[UUID, ...]:
        """Return the uploads that are not whole, and of which no byte came for so long."""
        since = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        query = select(UploadRow.id).where(UploadRow.sha256.is_(None), UploadRow.updated_at < since)
        with transaction(self.engine) as connection:
            return tuple(connection.execute(query).scalars())

    @surviving
    def known(self, uploads: Iterable[UUID]) -> dict[UUID, bool]:
        """Return those of the uploads that there are, with whether they are whole."""
        query = select(UploadRow.id, UploadRow.sha256.is_not(None)).where(UploadRow.id.in_(tuple(uploads)))
        with transaction(self.engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    @surviving
    def used(self, contents: Iterable[str]) -> frozenset[str]:
        """Return those contents (sha256) that an upload has."""
        query = select(UploadRow.sha256).where(UploadRow.sha256.in_(tuple(contents)))
        with transaction(self.engine) as connection:
            return frozenset(found for found in connection.execute(query).scalars() if found)

    @surviving
    def needed(self, folder: str) -> bool:
        """Whether a job that has not ended is of a project in this folder, or a chunk that is not made reads a file in it."""
        live = [state for state in JOB_STATES if state not in ENDED]
        with transaction(self.engine) as connection:
            return bool(connection.execute(_NEEDED, {"folder": folder, "live": live}).scalar_one())


def locked(connection: Connection, sha256: str) -> None:
    """Let nobody else link or remove the object of this content until the transaction ends."""
    connection.execute(_LOCK, {"sha256": sha256})


def is_used(connection: Connection, sha256: str) -> bool:
    """Whether an upload has this content."""
    return connection.execute(select(UploadRow.id).where(UploadRow.sha256 == sha256).limit(1)).first() is not None


def finished(connection: Connection, upload: UUID, sha256: str) -> bool:
    """Write down that an upload is whole; False when it was deleted meanwhile."""
    row = update(UploadRow).where(UploadRow.id == upload).values(sha256=sha256, received=UploadRow.size)
    return bool(connection.execute(row.values(updated_at=func.now())).rowcount)
