"""Scans of folders: what is to be looked into, how far it is, and whether it is to stop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.library.states import SCAN_ENDED, ScanState
from infra.values import Value

LOST_SECONDS = 60.0
"""A scan that tells nothing for so long has lost its run; one that waits may wait longer."""
WAITING_SECONDS = 3600.0

_OPEN = ", ".join(f"'{state}'" for state in ("waiting", "scanning"))
_COLUMNS = (
    "id, folder, options, submitted_by, state, stop_requested, found, done, known, broken, error, begun_at, ended_at"
)
_ADD = text(f"""
INSERT INTO scans (id, folder, options, submitted_by) VALUES (:id, :folder, CAST(:options AS jsonb), :submitted_by)
ON CONFLICT (id) DO NOTHING RETURNING {_COLUMNS}
""")  # noqa: S608 (our own constants)
_GET = text(f"SELECT {_COLUMNS} FROM scans WHERE id = :id")  # noqa: S608
_NEWEST = text(f"SELECT {_COLUMNS} FROM scans ORDER BY begun_at DESC, id LIMIT :limit")  # noqa: S608
_TELL = text(f"""
UPDATE scans SET state = 'scanning', found = :found, done = :done, known = :known, broken = :broken, beat_at = now()
WHERE id = :id AND state IN ({_OPEN}) RETURNING stop_requested
""")  # noqa: S608
_END = text(f"""
UPDATE scans SET state = :state, error = CAST(:error AS jsonb), ended_at = now()
WHERE id = :id AND state IN ({_OPEN})
""")  # noqa: S608
_STOP = text(f"""
UPDATE scans SET stop_requested = true, state = CASE state WHEN 'waiting' THEN 'stopped' ELSE state END,
    ended_at = CASE state WHEN 'waiting' THEN now() END
WHERE id = :id AND state IN ({_OPEN})
""")  # noqa: S608
_LOST = text("""
UPDATE scans SET state = 'failed', error = CAST(:error AS jsonb), ended_at = now()
WHERE (state = 'scanning' AND beat_at < now() - make_interval(secs => :lost))
    OR (state = 'waiting' AND begun_at < now() - make_interval(secs => :waiting))
""")
_UNTOLD = text(f"UPDATE scans SET told = true WHERE ended_at IS NOT NULL AND NOT told RETURNING {_COLUMNS}")  # noqa: S608
_FORGET = text("DELETE FROM scans WHERE ended_at < now() - make_interval(days => :days)")


class Scan(Value):
    """A scan. found: files. done: of them. known: of those, files that had not changed. broken: that gave an error.
    error: why it failed; of one that is done, how many proxies are lacking."""

    id: UUID
    folder: str
    options: Mapping[str, Any]
    submitted_by: str
    state: ScanState
    stop_requested: bool
    found: int
    done: int
    known: int
    broken: int
    error: Mapping[str, Any] | None
    begun_at: datetime
    ended_at: datetime | None

    @property
    def ended(self) -> bool:
        return self.state in SCAN_ENDED


class ScanStore:
    """The scans of a farm.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    def add(self, scan: UUID, folder: str, options: Mapping[str, Any], submitted_by: str) -> Scan:
        """Enter a scan; one that is entered already stays as it is."""
        given = {"id": scan, "folder": folder, "options": _json(options), "submitted_by": submitted_by}
        self._write(_ADD, given)
        return self.get(scan)

    @surviving
    def get(self, scan: UUID) -> Scan:
        """Return a scan.

        Raises:  KinofarmError LIBRARY-001.
        """
        with transaction(self.engine) as connection:
            found = connection.execute(_GET, {"id": scan}).mappings().one_or_none()
        if found is None:
            raise KinofarmError("LIBRARY-001", scan=str(scan))
        return Scan.model_validate(dict(found))

    @surviving
    def newest(self, limit: int) -> tuple[Scan, ...]:
        """Return the newest scans, the newest first."""
        with transaction(self.engine) as connection:
            rows = connection.execute(_NEWEST, {"limit": limit}).mappings()
            return tuple(Scan.model_validate(dict(row)) for row in rows)

    @surviving
    def tell(self, scan: UUID, found: int, done: int, known: int, broken: int) -> bool:
        """Say how far a scan is; return whether it is to go on."""
        given = {"id": scan, "found": found, "done": done, "known": known, "broken": broken}
        with transaction(self.engine) as connection:
            stop = connection.execute(_TELL, given).scalar_one_or_none()
        return stop is False

    def end(self, scan: UUID, state: ScanState, error: Mapping[str, Any] | None = None) -> None:
        """Bring a scan to its end; one that has ended stays as it is."""
        self._write(_END, {"id": scan, "state": state, "error": None if error is None else _json(error)})

    def stop(self, scan: UUID) -> Scan:
        """Have a scan stopped: one that waits at once, another when its run asks next.

        Raises:  KinofarmError LIBRARY-001.
        """
        self._write(_STOP, {"id": scan})
        return self.get(scan)

    def give_up_lost(self) -> int:
        """End the scans whose run is no more; return how many."""
        error = KinofarmError("LIBRARY-002").as_dict()
        return self._write(_LOST, {"error": _json(error), "lost": LOST_SECONDS, "waiting": WAITING_SECONDS})

    @surviving
    def untold(self) -> tuple[Scan, ...]:
        """Return those whose end nobody was told of, each once: whoever asks tells."""
        with transaction(self.engine) as connection:
            return tuple(Scan.model_validate(dict(row)) for row in connection.execute(_UNTOLD).mappings())

    def forget(self, days: int) -> int:
        """Forget the scans that ended so many days ago; return how many."""
        return self._write(_FORGET, {"days": days})

    @surviving
    def _write(self, statement: Any, given: Mapping[str, Any]) -> int:
        with transaction(self.engine) as connection:
            return connection.execute(statement, dict(given)).rowcount


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value))
