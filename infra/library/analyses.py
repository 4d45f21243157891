"""Analyses of media: what is looked through for what, how far it is, what was found; each wish of a content once.

A wish is a hash of all that changes what comes out: which analyses or which model's content, the options, the recipe. While
an analysis goes on its finished groups of frames are kept: whoever takes it up after a crash goes on behind the last one.

Lookers take analyses up as shards do chunks, the oldest first. One that was to run on CUDA if it can goes to a machine on which
that works while there is any, else to processors; which it is to be is asked at that moment, so a machine that comes or goes
changes it. Who tells nothing for `LOST_SECONDS` has lost what it took up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.jobs.records import CPU_POOL, GPU_POOL
from infra.jobs.workers import ALIVE
from infra.library.findings import FIND, FindingEntered, FindingsWanted, Found
from infra.library.states import ANALYSIS_ENDED, AnalysisState
from infra.values import Value

LOST_SECONDS = 20.0
"""An analysis that tells nothing for so long has lost the looker that took it up."""
STARTS = 3
"""How often one is taken up at most: what crashes its looker again and again is given up."""

_OPEN = "state IN ('waiting', 'running')"
_LOST = f"(state = 'running' AND beat_at < now() - interval '{LOST_SECONDS} seconds')"
_FREE = f"((state = 'waiting' AND ready OR {_LOST}) AND NOT stop_requested AND starts < {STARTS})"
_ON_CUDA = f"""(SELECT count(*) FROM workers
    WHERE {ALIVE} AND workers.state = 'online' AND jsonb_exists(slots, '{GPU_POOL}') AND probe ->> 'cuda' = '')"""  # noqa: S608 (our own constants)
_DEVICE = "(CASE WHEN model IS NULL THEN 'cpu' ELSE coalesce(options ->> 'device', 'auto') END)"
_OF_POOL = f"""(CASE {_DEVICE} WHEN 'cuda' THEN '{GPU_POOL}' WHEN 'cpu' THEN '{CPU_POOL}'
    ELSE CASE WHEN {_ON_CUDA} > 0 THEN '{GPU_POOL}' ELSE '{CPU_POOL}' END END)"""
_COLUMNS = (
    "id, content, wish, path, model, options, submitted_by, state, stop_requested, starts, progress, result, error, "
    "begun_at, ended_at, pool, machine"
)
_BEGIN = text(f"""
INSERT INTO analyses AS old (id, content, wish, path, model, options, submitted_by, ready)
VALUES (:id, :content, :wish, :path, :model, CAST(:options AS jsonb), :submitted_by, :ready)
ON CONFLICT (content, wish) DO UPDATE SET path = excluded.path,
    ready = CASE WHEN old.state IN ('failed', 'stopped') THEN excluded.ready ELSE old.ready OR excluded.ready END,
    state = CASE WHEN old.state IN ('failed', 'stopped') THEN 'waiting' ELSE old.state END,
    starts = CASE WHEN old.state IN ('failed', 'stopped') THEN 0 ELSE old.starts END,
    error = CASE WHEN old.state IN ('failed', 'stopped') THEN NULL ELSE old.error END,
    ended_at = CASE WHEN old.state IN ('failed', 'stopped') THEN NULL ELSE old.ended_at END,
    begun_at = CASE WHEN old.state IN ('failed', 'stopped') THEN now() ELSE old.begun_at END,
    beat_at = CASE WHEN old.state IN ('failed', 'stopped') THEN now() ELSE old.beat_at END,
    stop_requested = CASE WHEN old.state IN ('failed', 'stopped') THEN false ELSE old.stop_requested END
RETURNING {_COLUMNS}
""")  # noqa: S608 (our own constants)
_GET = text(f"SELECT {_COLUMNS} FROM analyses WHERE id = :id")  # noqa: S608
_NEWEST = text(f"""
SELECT {_COLUMNS} FROM analyses WHERE CAST(:content AS text) IS NULL OR content = :content
ORDER BY begun_at DESC, id LIMIT :limit
""")  # noqa: S608
_CLAIM = text(f"""
UPDATE analyses SET state = 'running', starts = starts + 1, beat_at = now(), pool = :pool, machine = :machine
WHERE id = (
    SELECT id FROM analyses WHERE {_FREE} AND {_OF_POOL} = :pool
        AND NOT EXISTS (SELECT FROM workers WHERE name = :machine AND workers.state <> 'online')
    ORDER BY begun_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING {_COLUMNS}
""")  # noqa: S608
_READY = text("UPDATE analyses SET ready = true WHERE id = :id")
_HAND_BACK = text("""
UPDATE analyses SET state = 'waiting', starts = greatest(0, starts - 1)
WHERE id = :id AND state = 'running' AND starts = :starts
""")
_COUNTS = text(f"""
SELECT {_OF_POOL} AS pool, count(*) AS free FROM analyses WHERE {_FREE} GROUP BY 1
""")  # noqa: S608
_TAKEN = text(f"SELECT pool, count(*) AS taken FROM analyses WHERE state = 'running' AND NOT {_LOST} GROUP BY pool")  # noqa: S608
_MACHINES_ON_CUDA = text(f"SELECT {_ON_CUDA}")
_TELL = text(f"""
UPDATE analyses SET progress = greatest(progress, :progress), beat_at = now() WHERE id = :id AND {_OPEN}
RETURNING stop_requested
""")  # noqa: S608
_KEEP = text("""
INSERT INTO analysis_groups (analysis, number, found) VALUES (:id, :number, CAST(:found AS jsonb))
ON CONFLICT (analysis, number) DO NOTHING
""")
_GROUPS = text("SELECT found FROM analysis_groups WHERE analysis = :id ORDER BY number")
_FORGET_GROUPS = text("DELETE FROM analysis_groups WHERE analysis = :id")
_FOUND = text("""
INSERT INTO findings (analysis, number, name, seen_from, seen_to, best, finding)
SELECT :id, number, lower(name), seen_from, seen_to, best, finding
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS row (number int, name text, seen_from float8, seen_to float8, best float8, finding jsonb)
""")
_DONE = text(f"""
UPDATE analyses SET state = 'done', progress = 1, result = CAST(:result AS jsonb), ended_at = now()
WHERE id = :id AND {_OPEN} RETURNING id
""")  # noqa: S608
_END = text(f"""
UPDATE analyses SET state = :state, error = CAST(:error AS jsonb), ended_at = now() WHERE id = :id AND {_OPEN}
""")  # noqa: S608
_STOP = text(f"""
UPDATE analyses SET stop_requested = true, state = CASE state WHEN 'waiting' THEN 'stopped' ELSE state END,
    ended_at = CASE state WHEN 'waiting' THEN now() END
WHERE id = :id AND {_OPEN}
""")  # noqa: S608
_GIVE_UP = text(f"""
UPDATE analyses SET state = CASE WHEN stop_requested THEN 'stopped' ELSE 'failed' END,
    error = CASE WHEN stop_requested THEN NULL ELSE CAST(:error AS jsonb) END, ended_at = now()
WHERE {_LOST} AND (stop_requested OR starts >= {STARTS})
""")  # noqa: S608
_FORGET = text(
    "DELETE FROM analyses WHERE state IN ('failed', 'stopped') AND ended_at < now() - make_interval(days => :days)"
)


class AnalysisEntry(Value):
    """An analysis of a content. progress: 0 to 1. result: what was found as a whole, once it is done."""

    id: UUID
    content: str = Field(description="sha256 of the media file.")
    wish: str
    path: str
    model: str | None = Field(description="That recognises things; null: the media's own analyses.")
    options: Mapping[str, Any]
    submitted_by: str
    state: AnalysisState
    stop_requested: bool
    starts: int
    progress: float
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    begun_at: datetime
    ended_at: datetime | None
    pool: str | None = Field(None, description="In which it was taken up last.")
    machine: str | None = Field(None, description="That took it up last.")

    @property
    def ended(self) -> bool:
        return self.state in ANALYSIS_ENDED


class OpenAnalyses(Value):
    """How many analyses of a pool wait, and how many are in work."""

    free: int = 0
    taken: int = 0


class AnalysisStore:
    """The analyses of a farm.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def begin(
        self,
        content: str,
        wish: str,
        path: str,
        model: str | None,
        options: Mapping[str, Any],
        submitted_by: str,
        ready: bool = True,
    ) -> AnalysisEntry:
        """Enter an analysis, or return the one of that wish; one that failed or was stopped is to go on.

        Args:    ready: False: nobody takes it up before `make_ready`, as its media are not where all machines can read them.
        """
        given = {"id": uuid4(), "content": content, "wish": wish, "path": path, "model": model}
        given |= {"options": json.dumps(dict(options)), "submitted_by": submitted_by, "ready": ready}
        with transaction(self.engine) as connection:
            return AnalysisEntry.model_validate(dict(connection.execute(_BEGIN, given).mappings().one()))

    @surviving
    def get(self, analysis: UUID) -> AnalysisEntry:
        """Return an analysis.

        Raises:  KinofarmError ANALYSIS-001.
        """
        with transaction(self.engine) as connection:
            found = connection.execute(_GET, {"id": analysis}).mappings().one_or_none()
        if found is None:
            raise KinofarmError("ANALYSIS-001", analysis=str(analysis))
        return AnalysisEntry.model_validate(dict(found))

    @surviving
    def newest(self, limit: int, content: str | None = None) -> tuple[AnalysisEntry, ...]:
        """Return the newest analyses, of one content if it is given, the newest first."""
        with transaction(self.engine) as connection:
            rows = connection.execute(_NEWEST, {"limit": limit, "content": content}).mappings()
            return tuple(AnalysisEntry.model_validate(dict(row)) for row in rows)

    def make_ready(self, analysis: UUID) -> None:
        """Let it be taken up."""
        self._write((_READY, {"id": analysis}))

    @surviving
    def claim(self, pool: str, machine: str) -> AnalysisEntry | None:
        """Take up the oldest analysis of a pool that waits, or has lost its looker; None: there is none for this machine."""
        with transaction(self.engine) as connection:
            found = connection.execute(_CLAIM, {"pool": pool, "machine": machine}).mappings().one_or_none()
        return None if found is None else AnalysisEntry.model_validate(dict(found))

    def hand_back(self, claimed: AnalysisEntry) -> None:
        """Let others take it up, from where it is; nothing changes where another has taken it up meanwhile.

        Args:    claimed: as `claim` returned it.
        """
        self._write((_HAND_BACK, {"id": claimed.id, "starts": claimed.starts}))

    @surviving
    def open(self) -> Mapping[str, OpenAnalyses]:
        """Return how many are open, by pool; pools without any are not in it."""
        with transaction(self.engine) as connection:
            free = {row.pool: row.free for row in connection.execute(_COUNTS)}
            taken = {row.pool: row.taken for row in connection.execute(_TAKEN)}
        return {
            pool: OpenAnalyses(free=free.get(pool, 0), taken=taken.get(pool, 0)) for pool in free.keys() | taken.keys()
        }

    @surviving
    def machines_on_cuda(self) -> int:
        """Return on how many machines that take work recognition can run on CUDA."""
        with transaction(self.engine) as connection:
            return int(connection.execute(_MACHINES_ON_CUDA).scalar_one())

    @surviving
    def tell(self, analysis: UUID, progress: float) -> bool:
        """Say how far it is; return whether it is to go on."""
        with transaction(self.engine) as connection:
            stop = connection.execute(_TELL, {"id": analysis, "progress": progress}).scalar_one_or_none()
        return stop is False

    def keep(self, analysis: UUID, number: int, found: Mapping[str, Any]) -> None:
        """Keep a finished group of frames; one that is kept already stays."""
        self._write((_KEEP, {"id": analysis, "number": number, "found": json.dumps(dict(found))}))

    @surviving
    def groups(self, analysis: UUID) -> tuple[Mapping[str, Any], ...]:
        """Return the groups that were finished, in their order."""
        with transaction(self.engine) as connection:
            return tuple(connection.execute(_GROUPS, {"id": analysis}).scalars())

    def finish(self, analysis: UUID, result: Mapping[str, Any], found: Sequence[FindingEntered]) -> bool:
        """Enter what was found, and bring it to its end; return whether this did it. Its groups are forgotten."""
        rows = [{"number": number, **one.model_dump(mode="json")} for number, one in enumerate(found)]
        return self._finished(analysis, json.dumps(dict(result)), json.dumps(rows))

    @surviving
    def _finished(self, analysis: UUID, result: str, rows: str) -> bool:
        with transaction(self.engine) as connection:
            if connection.execute(_DONE, {"id": analysis, "result": result}).one_or_none() is None:
                return False
            connection.execute(_FOUND, {"id": analysis, "rows": rows})
            connection.execute(_FORGET_GROUPS, {"id": analysis})
        return True

    def end(self, analysis: UUID, state: AnalysisState, error: Mapping[str, Any] | None = None) -> None:
        """Bring it to another end; one that has ended stays as it is, and groups stay for who goes on with it."""
        told = None if error is None else json.dumps(dict(error))
        self._write((_END, {"id": analysis, "state": state, "error": told}))

    def stop(self, analysis: UUID) -> AnalysisEntry:
        """Have it stopped: one that waits at once, another when its run asks next.

        Raises:  KinofarmError ANALYSIS-001.
        """
        self._write((_STOP, {"id": analysis}))
        return self.get(analysis)

    def give_up(self) -> int:
        """End those whose looker is lost and that are not to be taken up again; return how many."""
        return self._write((_GIVE_UP, {"error": json.dumps(KinofarmError("ANALYSIS-005", starts=STARTS).as_dict())}))

    @surviving
    def find(self, wanted: FindingsWanted) -> tuple[Found, ...]:
        """Return the findings that a question asks for, by file and time."""
        given = wanted.model_dump() | {"names": [name.lower() for name in wanted.names] or None}
        with transaction(self.engine) as connection:
            rows = connection.execute(FIND, given).mappings()
            return tuple(Found.model_validate(dict(row)) for row in rows)

    def forget(self, days: int) -> int:
        """Forget those that failed or were stopped so many days ago; return how many. What was found stays."""
        return self._write((_FORGET, {"days": days}))

    @surviving
    def _write(self, *statements: tuple[Any, Mapping[str, Any]]) -> int:
        with transaction(self.engine) as connection:
            return max(connection.execute(statement, dict(given)).rowcount for statement, given in statements)
