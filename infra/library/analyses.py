"""Analyses of media: what is looked through for what, how far it is, what was found; each wish of a content once.

A wish is a hash of all that changes what comes out: which analyses or which model's content, the options, the recipe. While
an analysis goes on its finished groups of frames are kept: a run that begins again after a crash goes on behind the last one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.library.states import ANALYSIS_ENDED, AnalysisState
from infra.values import Value

LOST_SECONDS = 45.0
"""An analysis that tells nothing for so long has lost its run, or the run never came."""
STARTS = 3
"""Of its run, at most: one that crashes again and again is given up."""

_OPEN = "state IN ('waiting', 'running')"
_COLUMNS = (
    "id, content, wish, path, model, options, submitted_by, state, stop_requested, starts, progress, result, error, "
    "begun_at, ended_at"
)
_BEGIN = text(f"""
INSERT INTO analyses AS old (id, content, wish, path, model, options, submitted_by)
VALUES (:id, :content, :wish, :path, :model, CAST(:options AS jsonb), :submitted_by)
ON CONFLICT (content, wish) DO UPDATE SET path = excluded.path,
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
_START = text(f"""
UPDATE analyses SET state = 'running', starts = starts + 1, beat_at = now() WHERE id = :id AND {_OPEN}
RETURNING {_COLUMNS}
""")  # noqa: S608
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
_LOST = text(f"""
UPDATE analyses SET beat_at = now() WHERE {_OPEN} AND beat_at < now() - make_interval(secs => :seconds)
RETURNING {_COLUMNS}
""")  # noqa: S608
_FIND = text("""
SELECT finding.name, finding.seen_from, finding.seen_to, finding.best, finding.finding,
    analysis.id AS analysis, analysis.content, analysis.path, analysis.model
FROM findings finding JOIN analyses analysis ON analysis.id = finding.analysis
WHERE (CAST(:names AS text[]) IS NULL OR finding.name = ANY(CAST(:names AS text[])))
    AND (CAST(:content AS text) IS NULL OR analysis.content = :content)
    AND (CAST(:analysis AS uuid) IS NULL OR analysis.id = :analysis)
    AND (CAST(:model AS text) IS NULL OR analysis.model = :model)
    AND finding.best >= :best
    AND (CAST(:seen_from AS float8) IS NULL OR finding.seen_to > :seen_from)
    AND (CAST(:seen_to AS float8) IS NULL OR finding.seen_from < :seen_to)
    AND least(finding.seen_to, coalesce(:seen_to, finding.seen_to))
        - greatest(finding.seen_from, coalesce(:seen_from, finding.seen_from)) > :over
ORDER BY analysis.path, analysis.id, finding.seen_from, finding.number
LIMIT :limit
""")
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

    @property
    def ended(self) -> bool:
        return self.state in ANALYSIS_ENDED


class FindingEntered(Value):
    """Something found, as it is entered: its name, when it is seen, how sure it is, and all that is known of it."""

    name: str
    seen_from: float
    seen_to: float
    best: float = 1.0
    finding: Mapping[str, Any]


class Found(FindingEntered):
    """Something found, and where."""

    analysis: UUID
    content: str
    path: str
    model: str | None


class FindingsWanted(Value):
    """A question about findings: all that is given must hold."""

    names: tuple[str, ...] = ()
    content: str | None = None
    analysis: UUID | None = None
    model: str | None = None
    best: float = 0.0
    seen_from: float | None = None
    seen_to: float | None = None
    over: float = 0.0
    limit: int = 1000


class AnalysisStore:
    """The analyses of a farm.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def begin(
        self, content: str, wish: str, path: str, model: str | None, options: Mapping[str, Any], submitted_by: str
    ) -> AnalysisEntry:
        """Enter an analysis, or return the one of that wish; one that failed or was stopped is to go on."""
        given = {"id": uuid4(), "content": content, "wish": wish, "path": path, "model": model}
        given |= {"options": json.dumps(dict(options)), "submitted_by": submitted_by}
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

    @surviving
    def start(self, analysis: UUID) -> AnalysisEntry | None:
        """Begin to work on it; None: it has ended."""
        with transaction(self.engine) as connection:
            found = connection.execute(_START, {"id": analysis}).mappings().one_or_none()
        return None if found is None else AnalysisEntry.model_validate(dict(found))

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

    @surviving
    def lost(self) -> tuple[AnalysisEntry, ...]:
        """Return those whose run told nothing for long; who is told of one is the only one for a while."""
        with transaction(self.engine) as connection:
            rows = connection.execute(_LOST, {"seconds": LOST_SECONDS}).mappings()
            return tuple(AnalysisEntry.model_validate(dict(row)) for row in rows)

    @surviving
    def find(self, wanted: FindingsWanted) -> tuple[Found, ...]:
        """Return the findings that a question asks for, by file and time."""
        given = wanted.model_dump() | {"names": [name.lower() for name in wanted.names] or None}
        with transaction(self.engine) as connection:
            rows = connection.execute(_FIND, given).mappings()
            return tuple(Found.model_validate(dict(row)) for row in rows)

    def forget(self, days: int) -> int:
        """Forget those that failed or were stopped so many days ago; return how many. What was found stays."""
        return self._write((_FORGET, {"days": days}))

    @surviving
    def _write(self, *statements: tuple[Any, Mapping[str, Any]]) -> int:
        with transaction(self.engine) as connection:
            return max(connection.execute(statement, dict(given)).rowcount for statement, given in statements)


def in_order(found: Iterable[FindingEntered]) -> tuple[FindingEntered, ...]:
    """Return findings by when they are seen first."""
    return tuple(sorted(found, key=lambda one: (one.seen_from, one.seen_to, one.name)))
