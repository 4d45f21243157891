"""Batches: many media files that are looked through by one wish, each file an analysis of its own.

The same file in two batches of the same wish is one analysis. How far a batch is is read off its files' analyses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Engine, RowMapping, text

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.library.states import ANALYSIS_ENDED, AnalysisState
from infra.values import Value

LOST_SECONDS = 60.0
"""A batch that tells nothing for so long has lost its run, or the run never came."""
STARTS = 3
"""Of its run, at most."""

_OPEN = "state IN ('waiting', 'running')"
_ADD = text("""
INSERT INTO analysis_batches (id, path, model, options, recursive, sequences, submitted_by)
VALUES (:id, :path, :model, CAST(:options AS jsonb), :recursive, :sequences, :submitted_by) ON CONFLICT (id) DO NOTHING
""")
_WITH_FILES = """
SELECT batch.*, files.* FROM analysis_batches batch CROSS JOIN LATERAL (
    SELECT count(*) AS entered, count(*) FILTER (WHERE file.known) AS known,
        count(*) FILTER (WHERE analysis.state = 'done') AS done,
        count(*) FILTER (WHERE file.error ->> 'code' = 'MODEL-020') AS skipped,
        count(*) FILTER (WHERE analysis.state = 'failed' OR file.error ->> 'code' <> 'MODEL-020') AS failed,
        count(*) FILTER (WHERE analysis.state = 'stopped') AS stopped,
        coalesce(sum(CASE WHEN analysis.state IN ('waiting', 'running') THEN analysis.progress ELSE 1 END), 0) AS share
    FROM analysis_batch_files file LEFT JOIN analyses analysis ON analysis.id = file.analysis
    WHERE file.batch = batch.id
) files
"""
_GET = text(f"{_WITH_FILES} WHERE batch.id = :id")
_NEWEST = text(f"""
{_WITH_FILES} WHERE CAST(:path AS text) IS NULL OR batch.path = :path ORDER BY batch.begun_at DESC, batch.id LIMIT :limit
""")
_START = text(f"""
UPDATE analysis_batches SET state = 'running', starts = greatest(starts, 1), run_id = coalesce(:run, run_id),
    beat_at = now()
WHERE id = :id AND {_OPEN}
""")  # noqa: S608 (our own constants)
_STARTED_AGAIN = text(f"""
UPDATE analysis_batches SET starts = greatest(starts, 1) + 1 WHERE id = :id AND {_OPEN} RETURNING starts
""")  # noqa: S608
_OF_RUN = text("UPDATE analysis_batches SET run_id = :run WHERE id = :id")
_BEAT = text(f"UPDATE analysis_batches SET beat_at = now() WHERE id = :id AND {_OPEN} RETURNING stop_requested")  # noqa: S608
_FOUND = text("UPDATE analysis_batches SET found = :found WHERE id = :id")
_ENTER = text("""
INSERT INTO analysis_batch_files (batch, path, analysis, known, error)
VALUES (:id, :path, :analysis, :known, CAST(:error AS jsonb)) ON CONFLICT (batch, path) DO NOTHING
""")
_ENTERED = text("SELECT path FROM analysis_batch_files WHERE batch = :id")
_FAILURES = text("""
SELECT file.path, coalesce(file.error, analysis.error) AS error
FROM analysis_batch_files file LEFT JOIN analyses analysis ON analysis.id = file.analysis
WHERE file.batch = :id AND (file.error ->> 'code' <> 'MODEL-020' OR analysis.state = 'failed') ORDER BY file.path LIMIT :limit
""")
_END = text(f"""
UPDATE analysis_batches SET state = :state, error = CAST(:error AS jsonb), ended_at = now() WHERE id = :id AND {_OPEN}
""")  # noqa: S608
_STOP = text(f"""
UPDATE analysis_batches SET stop_requested = true, state = CASE state WHEN 'waiting' THEN 'stopped' ELSE state END,
    ended_at = CASE state WHEN 'waiting' THEN now() END
WHERE id = :id AND {_OPEN}
""")  # noqa: S608
_STOP_ANALYSES = text(f"""
UPDATE analyses SET stop_requested = true, state = CASE state WHEN 'waiting' THEN 'stopped' ELSE state END,
    ended_at = CASE state WHEN 'waiting' THEN now() END
WHERE {_OPEN} AND id IN (SELECT analysis FROM analysis_batch_files WHERE batch = :id)
    AND submitted_by = (SELECT submitted_by FROM analysis_batches WHERE id = :id)
    AND NOT EXISTS (
        SELECT FROM analysis_batch_files file JOIN analysis_batches batch ON batch.id = file.batch
        WHERE file.analysis = analyses.id AND batch.id <> :id AND batch.{_OPEN} AND NOT batch.stop_requested)
""")  # noqa: S608
_LOST = text(f"""
UPDATE analysis_batches SET beat_at = now()
WHERE {_OPEN} AND beat_at < now() - make_interval(secs => :seconds) RETURNING id
""")  # noqa: S608
_UNTOLD = text("UPDATE analysis_batches SET told = true WHERE ended_at IS NOT NULL AND NOT told RETURNING id")
_FORGET = text("DELETE FROM analysis_batches WHERE ended_at < now() - make_interval(days => :days)")


class Batch(Value):
    """A batch. found: files. entered: of them. known: looked through before. done, failed, stopped: of those entered.
    skipped: sounds, where a model looks for things in pictures."""

    id: UUID
    path: str = Field(description="A folder, or a file.")
    model: str | None = Field(description="That recognises things; null: the media's own analyses.")
    options: Mapping[str, Any]
    recursive: bool
    sequences: bool
    submitted_by: str
    state: AnalysisState
    stop_requested: bool
    starts: int
    run_id: UUID | None = Field(description="Its run in Prefect; null: it has none yet.")
    found: int
    entered: int
    known: int
    skipped: int
    done: int
    failed: int
    stopped: int
    share: float = Field(description="Files that are over, and shares of those that are looked through now.")
    error: Mapping[str, Any] | None
    begun_at: datetime
    ended_at: datetime | None

    @property
    def ended(self) -> bool:
        return self.state in ANALYSIS_ENDED

    @property
    def over(self) -> int:
        """Files that nobody looks through any more."""
        return self.done + self.failed + self.stopped + self.skipped

    @property
    def progress(self) -> float:
        """How far it is, 0 to 1."""
        return min(1.0, self.share / max(1, self.found, self.entered))


class BatchFailure(Value):
    """A file of a batch that was not looked through, and why."""

    path: str
    error: Mapping[str, Any]


class BatchStore:
    """The batches of a farm.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    def add(
        self,
        batch: UUID,
        path: str,
        model: str | None,
        options: Mapping[str, Any],
        submitted_by: str,
        *,
        recursive: bool = True,
        sequences: bool = True,
    ) -> Batch:
        """Enter a batch; one that is entered already stays as it is."""
        given = {"id": batch, "path": path, "model": model, "options": json.dumps(dict(options))}
        self._write(_ADD, given | {"recursive": recursive, "sequences": sequences, "submitted_by": submitted_by})
        return self.get(batch)

    @surviving
    def get(self, batch: UUID) -> Batch:
        """Return a batch.

        Raises:  KinofarmError ANALYSIS-010.
        """
        with transaction(self.engine) as connection:
            found = connection.execute(_GET, {"id": batch}).mappings().one_or_none()
        if found is None:
            raise KinofarmError("ANALYSIS-010", batch=str(batch))
        return _batch(found)

    @surviving
    def newest(self, limit: int, path: str | None = None) -> tuple[Batch, ...]:
        """Return the newest batches, of one folder or file if it is given, the newest first."""
        with transaction(self.engine) as connection:
            rows = connection.execute(_NEWEST, {"limit": limit, "path": path}).mappings()
            return tuple(_batch(row) for row in rows)

    def start(self, batch: UUID, run: UUID | None = None) -> Batch | None:
        """Begin to work on it, or go on with it; None: it has ended.

        Args:    run: in Prefect, that does so.
        """
        return self.get(batch) if self._write(_START, {"id": batch, "run": run}) else None

    def has_run(self, batch: UUID, run: UUID) -> None:
        """Note the run that will work on it."""
        self._write(_OF_RUN, {"id": batch, "run": run})

    @surviving
    def started_again(self, batch: UUID) -> int:
        """Count that its run is started again; return how often it was started with that, 0: it has ended."""
        with transaction(self.engine) as connection:
            return connection.execute(_STARTED_AGAIN, {"id": batch}).scalar_one_or_none() or 0

    @surviving
    def beat(self, batch: UUID) -> bool:
        """Say that its run lives; return whether it is to go on."""
        with transaction(self.engine) as connection:
            stop = connection.execute(_BEAT, {"id": batch}).scalar_one_or_none()
        return stop is False

    def tell_found(self, batch: UUID, files: int) -> None:
        """Say how many files it has."""
        self._write(_FOUND, {"id": batch, "found": files})

    @surviving
    def entered(self, batch: UUID) -> frozenset[str]:
        """Return the paths of the files that are entered."""
        with transaction(self.engine) as connection:
            return frozenset(connection.execute(_ENTERED, {"id": batch}).scalars())

    def enter(
        self,
        batch: UUID,
        path: str,
        analysis: UUID | None,
        *,
        known: bool = False,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Enter a file: its analysis, or why there is none."""
        told = None if error is None else json.dumps(dict(error))
        self._write(_ENTER, {"id": batch, "path": path, "analysis": analysis, "known": known, "error": told})

    @surviving
    def failures(self, batch: UUID, limit: int) -> tuple[BatchFailure, ...]:
        """Return the first files, by path, that were not looked through because of an error."""
        with transaction(self.engine) as connection:
            rows = connection.execute(_FAILURES, {"id": batch, "limit": limit}).mappings()
            return tuple(BatchFailure.model_validate(dict(row)) for row in rows)

    def end(self, batch: UUID, state: AnalysisState, error: Mapping[str, Any] | None = None) -> None:
        """Bring it to its end; one that has ended stays as it is."""
        told = None if error is None else json.dumps(dict(error))
        self._write(_END, {"id": batch, "state": state, "error": told})

    def stop(self, batch: UUID) -> Batch:
        """Have it stopped, with those of its analyses that were begun for whoever began it and that no other batch wants.

        Raises:  KinofarmError ANALYSIS-010.
        """
        self._write(_STOP, {"id": batch})
        self.stop_analyses(batch)
        return self.get(batch)

    def stop_analyses(self, batch: UUID) -> None:
        """Have the analyses of a batch that is to stop stopped."""
        self._write(_STOP_ANALYSES, {"id": batch})

    @surviving
    def untold(self) -> tuple[Batch, ...]:
        """Return those whose end nobody was told of, each once: whoever asks tells."""
        with transaction(self.engine) as connection:
            ended = connection.execute(_UNTOLD).scalars().all()
        return tuple(self.get(batch) for batch in ended)

    @surviving
    def lost(self) -> tuple[Batch, ...]:
        """Return those whose run told nothing for long; who is told of one is the only one for a while."""
        with transaction(self.engine) as connection:
            found = tuple(connection.execute(_LOST, {"seconds": LOST_SECONDS}).scalars())
        return tuple(self.get(batch) for batch in found)

    def forget(self, days: int) -> int:
        """Forget those that ended so many days ago; return how many. Their analyses stay."""
        return self._write(_FORGET, {"days": days})

    @surviving
    def _write(self, statement: Any, given: Mapping[str, Any]) -> int:
        with transaction(self.engine) as connection:
            return connection.execute(statement, dict(given)).rowcount


def _batch(row: RowMapping) -> Batch:
    return Batch.model_validate({name: row[name] for name in Batch.model_fields})
