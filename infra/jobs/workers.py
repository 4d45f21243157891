"""The workers of the farm: who renders, what each can do, how it is. Times are the database's.

A worker is alive while it is heard of; what a dead one held runs out with its leases. One that is draining or broken takes
no more chunks: the claim refuses it (`infra.jobs.ledger`), whatever its shards ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Engine, RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.jobs.states import WorkerState
from infra.values import Value

SILENT_SECONDS = 15
"""A worker that was not heard of for so long is taken for dead: three heartbeats."""

ALIVE = f"(state <> 'offline' AND heartbeat_at > now() - interval '{SILENT_SECONDS} seconds')"

_REGISTER = text(f"""
INSERT INTO workers AS known (name, instance, slots) VALUES (:name, :instance, :slots)
ON CONFLICT (name) DO UPDATE SET instance = :instance, slots = :slots, state = 'online', reason = '', failures = 0,
    encoders = CASE WHEN known.instance = :instance THEN known.encoders ELSE '[]' END,
    started_at = now(), heartbeat_at = now()
WHERE known.instance = :instance OR NOT (known.state <> 'offline'
    AND known.heartbeat_at > now() - interval '{SILENT_SECONDS} seconds')
RETURNING name
""").bindparams(bindparam("slots", type_=JSONB))  # noqa: S608 (our own constants)

_PROBED = text("""
UPDATE workers SET slots = :slots, encoders = :encoders, probe = :probe, probed_at = now(), probe_wanted = false
WHERE name = :name AND instance = :instance
""").bindparams(*(bindparam(name, type_=JSONB) for name in ("slots", "encoders", "probe")))

_BEAT = text("""
UPDATE workers SET heartbeat_at = now() WHERE name = :name AND instance = :instance RETURNING state, probe_wanted
""")
_WANT_PROBE = text("""
UPDATE workers SET probe_wanted = true WHERE state <> 'offline' AND (CAST(:name AS text) IS NULL OR name = :name)
""")
_TURN = text("""
UPDATE workers SET state = :state, reason = :reason, failures = CASE WHEN :state = 'online' THEN 0 ELSE failures END
WHERE name = :name AND instance = :instance
""")
_FAILED = text("""
UPDATE workers SET failures = failures + 1,
    state = CASE WHEN state = 'online' AND failures + 1 >= :most THEN 'broken' ELSE state END,
    reason = CASE WHEN state = 'online' AND failures + 1 >= :most THEN :reason ELSE reason END
WHERE name = :name RETURNING failures, state
""")
_SUCCEEDED = text("UPDATE workers SET failures = 0 WHERE name = :name AND failures > 0")
_ALL = text(f"SELECT workers.*, {ALIVE} AS alive FROM workers ORDER BY name")  # noqa: S608
_SLOTS = text(f"""
SELECT coalesce(sum((slots ->> :pool)::int), 0) FROM workers WHERE {ALIVE} AND state = 'online'
""")  # noqa: S608 (our own constants)
_FORGET = text(f"DELETE FROM workers WHERE NOT {ALIVE} AND heartbeat_at < now() - make_interval(secs => :seconds)")  # noqa: S608


class Worker(Value):
    """A worker as the farm knows it. slots: chunks at once by pool. encoders: on devices, those that work on it."""

    name: str
    instance: UUID
    state: WorkerState
    reason: str = Field(description="Why it is not online.")
    alive: bool = Field(description="It was heard of a moment ago.")
    slots: Mapping[str, int]
    encoders: tuple[str, ...]
    probe: Mapping[str, Any]
    failures: int
    started_at: datetime
    heartbeat_at: datetime
    probed_at: datetime | None
    probe_wanted: bool = Field(False, description="Somebody asked for new trials, and they have not been made yet.")

    @property
    def works(self) -> bool:
        """It takes chunks now."""
        return self.alive and self.state == "online"


class Pulse(Value):
    """What a worker is told when it beats: its state, and whether it is to find out anew what it can do."""

    state: WorkerState
    probe_wanted: bool


class WorkerStore:
    """The table of workers. Safe to use from any thread.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def register(self, name: str, instance: UUID, slots: Mapping[str, int]) -> None:
        """Enter a worker that starts, at once where it is the one that had the name before, as after a crash.

        Raises:  KinofarmError FARM-061 when a worker of that name is alive.
        """
        with transaction(self.engine) as connection:
            row = {"name": name, "instance": instance, "slots": dict(slots)}
            if connection.execute(_REGISTER, row).one_or_none() is None:
                raise KinofarmError("FARM-061", name=name)

    @surviving
    def probed(
        self, name: str, instance: UUID, slots: Mapping[str, int], encoders: tuple[str, ...], probe: Mapping[str, Any]
    ) -> None:
        """Note what a worker can do."""
        found = {"slots": dict(slots), "encoders": list(encoders), "probe": dict(probe)}
        with transaction(self.engine) as connection:
            connection.execute(_PROBED, {"name": name, "instance": instance, **found})

    @surviving
    def beat(self, name: str, instance: UUID) -> Pulse | None:
        """Say that a worker lives; returns how it is, None when the name is not (or no longer) its own."""
        with transaction(self.engine) as connection:
            row = connection.execute(_BEAT, {"name": name, "instance": instance}).mappings().one_or_none()
        return None if row is None else Pulse(**row)

    @surviving
    def want_probe(self, name: str | None = None) -> int:
        """Ask a worker, or all, to find out anew what it can do; return how many were asked."""
        with transaction(self.engine) as connection:
            return int(connection.execute(_WANT_PROBE, {"name": name}).rowcount)

    @surviving
    def turn(self, name: str, instance: UUID, state: WorkerState, reason: str = "") -> None:
        """Bring a worker to a state, with the reason that is shown for it."""
        values = {"name": name, "instance": instance, "state": state, "reason": reason}
        with transaction(self.engine) as connection:
            connection.execute(_TURN, values)

    @surviving
    def failed(self, name: str, reason: str, most: int) -> bool:
        """Count a chunk that failed by the worker's own fault; from the `most`-th in a row on it takes none.

        Returns: whether it is broken now.
        """
        with transaction(self.engine) as connection:
            row = connection.execute(_FAILED, {"name": name, "reason": reason, "most": most}).one_or_none()
        return row is not None and row.state == "broken"

    @surviving
    def succeeded(self, name: str) -> None:
        """A chunk came out: what failed before was no fault of the worker's."""
        with transaction(self.engine) as connection:
            connection.execute(_SUCCEEDED, {"name": name})

    @surviving
    def workers(self) -> tuple[Worker, ...]:
        """Return all workers that are known, by name."""
        with transaction(self.engine) as connection:
            return tuple(_worker(row) for row in connection.execute(_ALL).mappings())

    @surviving
    def slots(self, pool: str) -> int:
        """Return how many chunks of a pool the workers that take work render at once."""
        with transaction(self.engine) as connection:
            return int(connection.execute(_SLOTS, {"pool": pool}).scalar_one())

    @surviving
    def forget(self, seconds: float) -> int:
        """Forget the workers that were not heard of for so long; return how many."""
        with transaction(self.engine) as connection:
            return int(connection.execute(_FORGET, {"seconds": seconds}).rowcount)


def _worker(row: RowMapping) -> Worker:
    return Worker(**row)
