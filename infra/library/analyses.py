"""Analyses of media: what is looked through for what, how far it is, what was found; each wish of a content once.

A wish is a hash of all that changes what comes out: which analyses or which model's content, the options, the recipe. While
an analysis goes on its finished groups of frames are kept: whoever takes it up after a crash goes on behind the last one.

Lookers take analyses up as shards do chunks, the oldest first. One that was to run on CUDA if it can goes to a machine on which
that works while there is any, else to processors; which it is to be is asked at that moment, so a machine that comes or goes
changes it. Who tells nothing for `LOST_SECONDS` has lost what it took up: from then on nothing that it says of it counts.
A machine that can't look a file through, or not now, refuses it: the others still may.
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
from infra.library.findings import FindingEntered
from infra.library.states import ANALYSIS_ENDED, AnalysisState
from infra.values import Value

LOST_SECONDS = 20.0
"""An analysis that tells nothing for so long has lost the looker that took it up."""
STARTS = 3
"""How often one is taken up at most: what crashes its looker again and again is given up."""

OPEN = "state IN ('waiting', 'running')"
_LOST = f"(state = 'running' AND beat_at < now() - interval '{LOST_SECONDS} seconds')"
_FREE = f"((state = 'waiting' AND ready OR {_LOST}) AND NOT stop_requested AND starts < {STARTS})"
_ON_CUDA = f"(jsonb_exists(slots, '{GPU_POOL}') AND probe ->> 'cuda' = '')"
_MACHINES_WITH_CUDA = f"(SELECT count(*) FROM workers WHERE {ALIVE} AND workers.state = 'online' AND {_ON_CUDA})"  # noqa: S608 (our own constants)
_DEVICE = "(CASE WHEN model IS NULL THEN 'cpu' ELSE coalesce(options ->> 'device', 'auto') END)"
_OF_POOL = f"""(CASE {_DEVICE} WHEN 'cuda' THEN '{GPU_POOL}' WHEN 'cpu' THEN '{CPU_POOL}'
    ELSE CASE WHEN {_MACHINES_WITH_CUDA} > 0 THEN '{GPU_POOL}' ELSE '{CPU_POOL}' END END)"""
_REFUSED = "coalesce(CAST(refusals ->> CAST({machine} AS text) AS timestamptz) > now(), false)"
_OF_ITS_POOL = f"""CASE {_OF_POOL} WHEN '{GPU_POOL}' THEN {_ON_CUDA} ELSE jsonb_exists(slots, '{CPU_POOL}') END"""
"""Whether a worker could take an analysis up, if it does not refuse it."""
_COLUMNS = (
    "id, content, wish, path, model, options, submitted_by, state, stop_requested, starts, progress, result, error, "
    "begun_at, ended_at, pool, machine"
)
_OVER = "old.state IN ('failed', 'stopped')"
_SETTLED = "old.state IN ('done', 'running')"
_BEGIN = text(f"""
INSERT INTO analyses AS old (id, content, wish, path, model, options, submitted_by, ready)
VALUES (:id, :content, :wish, :path, :model, CAST(:options AS jsonb), :submitted_by, :ready)
ON CONFLICT (content, wish) DO UPDATE SET path = excluded.path,
    model = CASE WHEN {_SETTLED} THEN old.model ELSE excluded.model END,
    options = CASE WHEN {_SETTLED} THEN old.options ELSE excluded.options END,
    asked_as = CASE WHEN excluded.model IS NULL OR excluded.model = ANY(old.asked_as) THEN old.asked_as
        ELSE array_append(old.asked_as, excluded.model) END,
    refusals = CASE WHEN {_SETTLED} THEN old.refusals ELSE '{{}}' END,
    ready = CASE WHEN {_OVER} THEN excluded.ready ELSE old.ready OR excluded.ready END,
    submitted_by = CASE WHEN {_OVER} THEN excluded.submitted_by ELSE old.submitted_by END,
    state = CASE WHEN {_OVER} THEN 'waiting' ELSE old.state END,
    starts = CASE WHEN {_OVER} THEN 0 ELSE old.starts END,
    error = CASE WHEN {_OVER} THEN NULL ELSE old.error END,
    ended_at = CASE WHEN {_OVER} THEN NULL ELSE old.ended_at END,
    begun_at = CASE WHEN {_OVER} THEN now() ELSE old.begun_at END,
    beat_at = CASE WHEN {_OVER} THEN now() ELSE old.beat_at END,
    told = old.told AND NOT {_OVER}, stop_requested = false
RETURNING {_COLUMNS}
""")  # noqa: S608 (our own constants)
_GET = text(f"SELECT {_COLUMNS} FROM analyses WHERE id = :id")  # noqa: S608
_NEWEST = text(f"""
SELECT {_COLUMNS} FROM analyses WHERE CAST(:content AS text) IS NULL OR content = :content
ORDER BY begun_at DESC, id LIMIT :limit
""")  # noqa: S608
CLAIM = text(f"""
UPDATE analyses SET state = 'running', starts = starts + 1, beat_at = now(), pool = :pool, machine = :machine,
    error = NULL
WHERE id = (
    SELECT id FROM analyses WHERE {OPEN} AND {_FREE} AND {_OF_POOL} = :pool
        AND NOT {_REFUSED.format(machine=":machine")}
        AND NOT EXISTS (SELECT FROM workers WHERE name = :machine AND workers.state <> 'online')
        AND (CAST(:pool AS text) <> '{GPU_POOL}' OR EXISTS (SELECT FROM workers WHERE name = :machine AND {_ON_CUDA}))
    ORDER BY begun_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING {_COLUMNS}
""")  # noqa: S608
_READY = text("UPDATE analyses SET ready = true, error = NULL WHERE id = :id AND state = 'waiting'")
_UNSHARED = text(f"""
SELECT {", ".join("analyses." + name for name in _COLUMNS.split(", "))} FROM analyses
JOIN analysis_batch_files file ON file.analysis = analyses.id AND file.batch = :batch
WHERE analyses.state = 'waiting' AND NOT ready ORDER BY analyses.begun_at, analyses.id LIMIT :limit
""")  # noqa: S608
_OWN = "id = :id AND state = 'running' AND starts = :starts"
"""Whoever took it up that often still has it."""
_WAITING_AGAIN = """state = CASE WHEN stop_requested THEN 'stopped' ELSE 'waiting' END,
    ended_at = CASE WHEN stop_requested THEN now() END"""
_HAND_BACK = text(f"""
UPDATE analyses SET {_WAITING_AGAIN}, starts = starts - 1 WHERE {_OWN} RETURNING id
""")  # noqa: S608
_REFUSE = text(f"""
UPDATE analyses SET {_WAITING_AGAIN}, starts = starts - 1, error = CAST(:error AS jsonb),
    refusals = refusals || jsonb_build_object(CAST(:machine AS text), CASE
        WHEN CAST(:seconds AS float8) IS NULL THEN 'infinity'::timestamptz
        ELSE now() + make_interval(secs => CAST(:seconds AS float8)) END)
WHERE {_OWN} RETURNING id
""")  # noqa: S608
_SHARE_AGAIN = text(f"""
UPDATE analyses SET ready = false, error = CAST(:error AS jsonb),
    state = CASE WHEN stop_requested THEN 'stopped' WHEN starts >= {STARTS} THEN 'failed' ELSE 'waiting' END,
    ended_at = CASE WHEN stop_requested OR starts >= {STARTS} THEN now() END
WHERE {_OWN} RETURNING id
""")  # noqa: S608
_COUNTS = text(f"""
SELECT {_OF_POOL} AS pool, count(*) AS free FROM analyses WHERE {OPEN} AND {_FREE}
    AND (refusals = '{{}}' OR EXISTS (SELECT FROM workers WHERE {ALIVE} AND workers.state = 'online'
        AND NOT {_REFUSED.format(machine="workers.name")})) GROUP BY 1
""")  # noqa: S608
_TAKEN = text(f"SELECT pool, count(*) AS taken FROM analyses WHERE state = 'running' AND NOT {_LOST} GROUP BY pool")  # noqa: S608
_COUNT_CUDA = text(f"SELECT {_MACHINES_WITH_CUDA}")
_CUDA_HERE = text(f"SELECT EXISTS (SELECT FROM workers WHERE name = :machine AND {_ON_CUDA})")  # noqa: S608
_TELL = text(f"""
UPDATE analyses SET progress = greatest(progress, :progress), beat_at = now() WHERE {_OWN} RETURNING stop_requested
""")  # noqa: S608
_KEEP = text(f"""
INSERT INTO analysis_groups (analysis, number, found)
SELECT id, :number, CAST(:found AS jsonb) FROM analyses WHERE {_OWN}
ON CONFLICT (analysis, number) DO NOTHING
""")  # noqa: S608
_GROUPS = text("SELECT found FROM analysis_groups WHERE analysis = :id ORDER BY number")
_FORGET_GROUPS = text("DELETE FROM analysis_groups WHERE analysis = :id")
_FOUND = text("""
INSERT INTO findings (analysis, number, name, seen_from, seen_to, best, finding)
SELECT :id, number, lower(name), seen_from, seen_to, best, finding
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS row (number int, name text, seen_from float8, seen_to float8, best float8, finding jsonb)
""")
_DONE = text(f"""
UPDATE analyses SET state = 'done', progress = 1, result = CAST(:result AS jsonb), error = NULL, ended_at = now()
WHERE {_OWN} RETURNING id
""")  # noqa: S608
_FAIL = text(f"""
UPDATE analyses SET state = 'failed', error = CAST(:error AS jsonb), ended_at = now() WHERE {_OWN} RETURNING id
""")  # noqa: S608
_NOT_SHARED = text("""
UPDATE analyses SET error = CAST(:error AS jsonb), state = CASE WHEN :over THEN 'failed' ELSE state END,
    ended_at = CASE WHEN :over THEN now() END
WHERE id = :id AND state = 'waiting' AND NOT ready RETURNING id
""")
_STOP = text(f"""
UPDATE analyses SET stop_requested = true, state = CASE state WHEN 'waiting' THEN 'stopped' ELSE state END,
    ended_at = CASE state WHEN 'waiting' THEN now() END
WHERE id = :id AND {OPEN}
""")  # noqa: S608
_GIVE_UP = text(f"""
UPDATE analyses SET state = CASE WHEN stop_requested THEN 'stopped' ELSE 'failed' END, ended_at = now(),
    error = CASE WHEN stop_requested THEN NULL WHEN state = 'running' THEN CAST(:error AS jsonb) ELSE error END
WHERE {OPEN} AND ({_LOST} AND (stop_requested OR starts >= {STARTS})
    OR state = 'waiting' AND ready AND refusals <> '{{}}'
        AND EXISTS (SELECT FROM workers WHERE {ALIVE} AND {_OF_ITS_POOL})
        AND NOT EXISTS (SELECT FROM workers WHERE {ALIVE} AND {_OF_ITS_POOL}
            AND coalesce(refusals ->> workers.name, '') <> 'infinity'))
RETURNING {_COLUMNS}
""")  # noqa: S608
_UNWANTED = text(f"""
SELECT {_COLUMNS} FROM analyses WHERE state = 'waiting' AND NOT ready AND begun_at < now() - make_interval(secs => :seconds)
    AND NOT EXISTS (SELECT FROM analysis_batch_files file JOIN analysis_batches batch ON batch.id = file.batch
        WHERE file.analysis = analyses.id AND batch.{OPEN})
ORDER BY begun_at, id LIMIT :limit
""")  # noqa: S608
_UNTOLD = text(f"UPDATE analyses SET told = true WHERE ended_at IS NOT NULL AND NOT told RETURNING {_COLUMNS}")  # noqa: S608
_FORGET = text(
    "DELETE FROM analyses WHERE state IN ('failed', 'stopped') AND ended_at < now() - make_interval(days => :days)"
)


NOTHING: Mapping[str, Any] = {}


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
        """Enter an analysis, or return the one of that wish; one that failed, was stopped or is to be is to go on.

        How it is to be worked on is as was said last, until it is taken up.

        Args:    ready: False: nobody takes it up before `make_ready`, as its media are not where all machines can read them.
        """
        given = {"id": uuid4(), "content": content, "wish": wish, "path": path, "model": model}
        given |= {"options": json.dumps(dict(options)), "submitted_by": submitted_by, "ready": ready}
        return self._rows(_BEGIN, given)[0]

    @surviving
    def get(self, analysis: UUID) -> AnalysisEntry:
        """Return an analysis.

        Raises:  KinofarmError ANALYSIS-001.
        """
        found = self._rows(_GET, {"id": analysis})
        if not found:
            raise KinofarmError("ANALYSIS-001", analysis=str(analysis))
        return found[0]

    @surviving
    def newest(self, limit: int, content: str | None = None) -> tuple[AnalysisEntry, ...]:
        """Return the newest analyses, of one content if it is given, the newest first."""
        return self._rows(_NEWEST, {"limit": limit, "content": content})

    def make_ready(self, analysis: UUID) -> None:
        """Let it be taken up."""
        self._write((_READY, {"id": analysis}))

    @surviving
    def unshared(self, batch: UUID, limit: int) -> tuple[AnalysisEntry, ...]:
        """Return the first of a batch's analyses that wait for their media to be where all machines can read them."""
        return self._rows(_UNSHARED, {"batch": batch, "limit": limit})

    @surviving
    def unwanted(self, seconds: float, limit: int) -> tuple[AnalysisEntry, ...]:
        """Return those that have waited so long for their media to be shared, and that no batch will share."""
        return self._rows(_UNWANTED, {"seconds": seconds, "limit": limit})

    @surviving
    def claim(self, pool: str, machine: str) -> AnalysisEntry | None:
        """Take up the oldest analysis of a pool that waits, or has lost its looker; None: there is none for this machine.

        What `claim` returned is what the methods that work on it are given: they do nothing once another has it.
        """
        found = self._rows(CLAIM, {"pool": pool, "machine": machine})
        return found[0] if found else None

    def hand_back(self, claimed: AnalysisEntry) -> bool:
        """Let others take it up, from where it is, or let it be stopped if that was asked for; return whether this did it."""
        return self._ended(_HAND_BACK, claimed)

    def refuse(self, claimed: AnalysisEntry, error: Mapping[str, Any], seconds: float | None = None) -> bool:
        """Let other machines take it up, as the one that has it can't; return whether this did it.

        Args:    seconds: for how long it can't; None: for good.
        """
        return self._ended(
            _REFUSE, claimed, {"error": json.dumps(dict(error)), "machine": claimed.machine, "seconds": seconds}
        )

    def share_again(self, claimed: AnalysisEntry, error: Mapping[str, Any]) -> bool:
        """Let it wait until what it reads is shared anew, as that is not in the cache any more; return whether this did it."""
        return self._ended(_SHARE_AGAIN, claimed, {"error": json.dumps(dict(error))})

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
            return int(connection.execute(_COUNT_CUDA).scalar_one())

    @surviving
    def runs_on_cuda(self, machine: str) -> bool:
        """Whether recognition can run on CUDA on this machine."""
        with transaction(self.engine) as connection:
            return bool(connection.execute(_CUDA_HERE, {"machine": machine}).scalar_one())

    @surviving
    def tell(self, claimed: AnalysisEntry, progress: float) -> bool:
        """Say how far it is; return whether it is to go on."""
        given = {"id": claimed.id, "starts": claimed.starts, "progress": progress}
        with transaction(self.engine) as connection:
            stop = connection.execute(_TELL, given).scalar_one_or_none()
        return stop is False

    def keep(self, claimed: AnalysisEntry, number: int, found: Mapping[str, Any]) -> None:
        """Keep a finished group of frames; one that is kept already stays."""
        given = {"id": claimed.id, "starts": claimed.starts, "number": number, "found": json.dumps(dict(found))}
        self._write((_KEEP, given))

    @surviving
    def groups(self, analysis: UUID) -> tuple[Mapping[str, Any], ...]:
        """Return the groups that were finished, in their order."""
        with transaction(self.engine) as connection:
            return tuple(connection.execute(_GROUPS, {"id": analysis}).scalars())

    def finish(self, claimed: AnalysisEntry, result: Mapping[str, Any], found: Sequence[FindingEntered]) -> bool:
        """Enter what was found, and bring it to its end; return whether this did it. Its groups are forgotten."""
        rows = [{"number": number, **one.model_dump(mode="json")} for number, one in enumerate(found)]
        return self._finished(claimed, json.dumps(dict(result)), json.dumps(rows))

    @surviving
    def _finished(self, claimed: AnalysisEntry, result: str, rows: str) -> bool:
        given = {"id": claimed.id, "starts": claimed.starts, "result": result}
        with transaction(self.engine) as connection:
            if connection.execute(_DONE, given).one_or_none() is None:
                return False
            connection.execute(_FOUND, {"id": claimed.id, "rows": rows})
            connection.execute(_FORGET_GROUPS, {"id": claimed.id})
        return True

    def fail(self, claimed: AnalysisEntry, error: Mapping[str, Any]) -> bool:
        """Say that it can't be done; return whether this did it. Groups stay for who asks again."""
        return self._ended(_FAIL, claimed, {"error": json.dumps(dict(error))})

    def not_shared(self, analysis: UUID, error: Mapping[str, Any], *, over: bool) -> bool:
        """Say why its media could not be put where all machines can read them; return whether this was entered.

        Args:    over: it has failed; else it still waits.
        """
        return bool(self._write((_NOT_SHARED, {"id": analysis, "error": json.dumps(dict(error)), "over": over})))

    def stop(self, analysis: UUID) -> AnalysisEntry:
        """Have it stopped: one that waits at once, another when its run asks next.

        Raises:  KinofarmError ANALYSIS-001.
        """
        self._write((_STOP, {"id": analysis}))
        return self.get(analysis)

    @surviving
    def give_up(self) -> tuple[AnalysisEntry, ...]:
        """End those whose looker is lost and that are not to be taken up again, and those that each machine refuses; return them."""
        return self._rows(_GIVE_UP, {"error": json.dumps(KinofarmError("ANALYSIS-005", starts=STARTS).as_dict())})

    @surviving
    def untold(self) -> tuple[AnalysisEntry, ...]:
        """Return those whose end nobody was told of, each once: whoever asks tells."""
        return self._rows(_UNTOLD, {})

    def forget(self, days: int) -> int:
        """Forget those that failed or were stopped so many days ago; return how many. What was found stays."""
        return self._write((_FORGET, {"days": days}))

    @surviving
    def _ended(self, statement: Any, claimed: AnalysisEntry, more: Mapping[str, Any] = NOTHING) -> bool:
        """Carry a statement out for whoever has it; return whether that still is so."""
        with transaction(self.engine) as connection:
            given = {"id": claimed.id, "starts": claimed.starts, **more}
            return connection.execute(statement, given).one_or_none() is not None

    def _rows(self, statement: Any, given: Mapping[str, Any]) -> tuple[AnalysisEntry, ...]:
        with transaction(self.engine) as connection:
            rows = connection.execute(statement, dict(given)).mappings()
            return tuple(AnalysisEntry.model_validate(dict(row)) for row in rows)

    @surviving
    def _write(self, *statements: tuple[Any, Mapping[str, Any]]) -> int:
        with transaction(self.engine) as connection:
            return max(connection.execute(statement, dict(given)).rowcount for statement, given in statements)
