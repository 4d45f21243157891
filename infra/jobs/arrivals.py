"""Files that arrived in watched folders: each state of a file's bytes becomes one job, whatever happens meanwhile.

A file is known by folder, name, size and time of change; one that was moved away after its job and comes again is a new
one. Its job is found by an idempotency key that is made of the arrival's id, so that it may be submitted again and again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from infra.jobs.engine import surviving, transaction
from infra.jobs.states import ArrivalState, JobState
from infra.values import Value

KEY_PREFIX = "watch-"

_ENTER = text("""
WITH seen AS (
    SELECT * FROM jsonb_to_recordset(CAST(:seen AS jsonb)) AS seen (id uuid, name text, size bigint, modified_ns bigint)
), known AS (
    SELECT DISTINCT ON (name, size, modified_ns) name, size, modified_ns, generation, moved
    FROM arrivals JOIN seen USING (name, size, modified_ns)
    WHERE arrivals.folder = :folder
    ORDER BY name, size, modified_ns, generation DESC
)
INSERT INTO arrivals (id, folder, name, size, modified_ns, generation)
SELECT seen.id, :folder, name, size, modified_ns, coalesce(known.generation + 1, 0)
FROM seen LEFT JOIN known USING (name, size, modified_ns)
WHERE known.generation IS NULL OR known.moved
ON CONFLICT DO NOTHING
""")

_REPLACE = text("""
UPDATE arrivals old SET state = 'replaced', updated_at = now()
FROM jsonb_to_recordset(CAST(:seen AS jsonb)) AS seen (name text, size bigint, modified_ns bigint)
WHERE old.folder = :folder AND old.name = seen.name AND old.state IN ('arrived', 'submitted')
    AND (old.size, old.modified_ns) <> (seen.size, seen.modified_ns)
""")
_OUTDATED = text("""
SELECT job.id FROM arrivals old JOIN jobs job ON job.idempotency_key = :prefix || old.id
WHERE old.folder = :folder AND old.state = 'replaced'
    AND job.state NOT IN ('done', 'failed', 'cancelled') AND NOT job.cancel_requested
""")

_ARRIVALS = """
SELECT arrival.*, job.id AS job, job.state AS job_state
FROM arrivals arrival LEFT JOIN jobs job ON job.idempotency_key = :prefix || arrival.id
"""
_OPEN = text(
    f"{_ARRIVALS} WHERE arrival.folder = :folder AND arrival.state IN ('arrived', 'submitted')"
    " ORDER BY arrival.modified_ns, arrival.name"
)
_RECENT = text(f"{_ARRIVALS} ORDER BY arrival.arrived_at DESC, arrival.name LIMIT :limit")

_TAKEN = text("""
SELECT EXISTS (SELECT FROM arrivals WHERE output = :output AND (folder, name) <> (:folder, :name))
""")
_SUBMITTED = text("""
UPDATE arrivals SET state = 'submitted', output = :output, error = NULL, updated_at = now()
WHERE id = :id AND state IN ('arrived', 'submitted')
""")
_REFUSED = text("""
UPDATE arrivals SET tries = tries + 1, error = :error, updated_at = now() WHERE id = :id AND state = 'arrived'
""").bindparams(bindparam("error", type_=JSONB))
_ENDED = text("""
UPDATE arrivals SET state = :state, error = :error, moved = :moved, updated_at = now()
WHERE id = :id AND state IN ('arrived', 'submitted')
""").bindparams(bindparam("error", type_=JSONB(none_as_null=True)))


class Sighting(Value):
    """A file as it was seen. name: below the folder, with slashes."""

    name: str
    size: int
    modified_ns: int


class Arrival(Value):
    """A file that became, or is to become, a job. job, job_state: None while there is none."""

    id: UUID
    folder: str
    name: str
    size: int
    modified_ns: int
    generation: int
    state: ArrivalState
    output: str | None
    error: Mapping[str, Any] | None
    tries: int
    moved: bool
    arrived_at: datetime
    updated_at: datetime
    job: UUID | None
    job_state: JobState | None

    @property
    def key(self) -> str:
        """The idempotency key of its job."""
        return f"{KEY_PREFIX}{self.id}"

    @property
    def sighting(self) -> Sighting:
        return Sighting(name=self.name, size=self.size, modified_ns=self.modified_ns)


class ArrivalStore:
    """The table of arrivals. Safe to use from any thread.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def enter(self, folder: str, seen: Sequence[Sighting]) -> None:
        """Enter files that are whole; knowing them already is fine. What they were before they changed is replaced."""
        rows = json.dumps([{"id": str(uuid4()), **each.model_dump()} for each in seen])
        with transaction(self.engine) as connection:
            connection.execute(_ENTER, {"folder": folder, "seen": rows})
            connection.execute(_REPLACE, {"folder": folder, "seen": rows})

    @surviving
    def outdated(self, folder: str) -> tuple[UUID, ...]:
        """Return the jobs that still render what files of a folder were before they changed."""
        with transaction(self.engine) as connection:
            return tuple(connection.execute(_OUTDATED, {"folder": folder, "prefix": KEY_PREFIX}).scalars())

    @surviving
    def open(self, folder: str) -> tuple[Arrival, ...]:
        """Return the arrivals of a folder that are not at their end, the oldest files first."""
        with transaction(self.engine) as connection:
            rows = connection.execute(_OPEN, {"folder": folder, "prefix": KEY_PREFIX}).mappings()
            return tuple(Arrival(**row) for row in rows)

    @surviving
    def recent(self, limit: int = 50) -> tuple[Arrival, ...]:
        """Return the newest arrivals of all folders, newest first."""
        with transaction(self.engine) as connection:
            rows = connection.execute(_RECENT, {"limit": limit, "prefix": KEY_PREFIX}).mappings()
            return tuple(Arrival(**row) for row in rows)

    @surviving
    def taken(self, arrival: Arrival, output: str) -> bool:
        """Whether another file's film goes to this place."""
        values = {"output": output, "folder": arrival.folder, "name": arrival.name}
        with transaction(self.engine) as connection:
            return bool(connection.execute(_TAKEN, values).scalar_one())

    @surviving
    def submitted(self, arrival: UUID, output: str) -> None:
        """Note that its job was submitted, and where its film goes."""
        with transaction(self.engine) as connection:
            connection.execute(_SUBMITTED, {"id": arrival, "output": output})

    @surviving
    def refused(self, arrival: UUID, error: Mapping[str, Any]) -> None:
        """Note why it can't be rendered yet."""
        with transaction(self.engine) as connection:
            connection.execute(_REFUSED, {"id": arrival, "error": dict(error)})

    @surviving
    def ended(
        self, arrival: UUID, state: ArrivalState, error: Mapping[str, Any] | None = None, *, moved: bool = False
    ) -> None:
        """Bring it to its end: done or failed, with the error; `moved`: its file is not in the folder any more."""
        values = {"id": arrival, "state": state, "error": None if error is None else dict(error), "moved": moved}
        with transaction(self.engine) as connection:
            connection.execute(_ENDED, values)
