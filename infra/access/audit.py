"""The audit log: who changed what through which door, and who was not let."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field
from sqlalchemy import Engine, text

from infra.jobs.engine import surviving, transaction
from infra.values import Value

Door = Literal["api", "page", "cli"]

_NOTE = text("""
INSERT INTO audit (who, door, address, command, subject, outcome)
VALUES (:who, :door, :address, :command, :subject, :outcome)
""")
_RECENT = text("""
SELECT * FROM audit WHERE (CAST(:before AS bigint) IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit
""")


class Deed(Value):
    """What somebody did, or was not allowed to do."""

    id: int
    at: datetime
    who: str = Field(description="The token's name; on the command line the user's.")
    door: Door
    address: str = Field(description="From which it came.")
    command: str
    subject: str = Field(description="What it was done to, such as a job's id.")
    outcome: str = Field(description="ok, or the code of the error.")


class AuditLog:
    """What was done on a farm.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def note(self, who: str, door: Door, command: str, subject: str, outcome: str, address: str = "") -> None:
        """Write a line."""
        row = {"who": who, "door": door, "address": address, "command": command, "subject": subject[:500]}
        with transaction(self.engine) as connection:
            connection.execute(_NOTE, row | {"outcome": outcome})

    @surviving
    def recent(self, limit: int, before: int | None = None) -> tuple[Deed, ...]:
        """Return the newest lines, the newest first. before: only those with a lower id."""
        with transaction(self.engine) as connection:
            rows = connection.execute(_RECENT, {"limit": limit, "before": before}).mappings()
            return tuple(Deed(**row) for row in rows)

    @surviving
    def forget(self, days: int) -> int:
        """Forget what was done more than so many days ago; return how many lines."""
        with transaction(self.engine) as connection:
            gone = text("DELETE FROM audit WHERE at < now() - make_interval(days => :days)")
            return int(connection.execute(gone, {"days": days}).rowcount)
