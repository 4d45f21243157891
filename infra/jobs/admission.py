"""Which jobs get a run, in which turn, and which of those that have one are to be looked after."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Engine, text

from infra.jobs.engine import surviving, transaction
from infra.jobs.records import Job

_ADMISSIBLE = text("""
SELECT * FROM jobs WHERE run_id IS NULL AND state NOT IN ('done', 'failed', 'cancelled')
    AND NOT cancel_requested AND NOT paused
ORDER BY priority + floor(extract(epoch FROM now() - accepted_at) / :point_seconds) DESC, accepted_at, id
LIMIT greatest(0, :most - (
    SELECT count(*) FROM jobs WHERE run_id IS NOT NULL AND NOT paused AND state NOT IN ('done', 'failed', 'cancelled')))
""")
_ADMITTED = text("UPDATE jobs SET run_id = :run, updated_at = now() WHERE id = :job AND run_id IS NULL")
_UNENDED = text("""
SELECT * FROM jobs WHERE state NOT IN ('done', 'failed', 'cancelled') AND (run_id IS NOT NULL OR cancel_requested)
ORDER BY accepted_at, id
""")


class Admissions:
    """The queue of jobs that wait for a run. Safe to use from any thread.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def admissible(self, most: int, point_seconds: float) -> tuple[Job, ...]:
        """Return the jobs that may be given a run now, in their turn: by priority, which rises while they wait.

        Args:    most: jobs that may have one at once. point_seconds: of waiting for a point of priority.
        """
        with transaction(self.engine) as connection:
            rows = connection.execute(_ADMISSIBLE, {"most": most, "point_seconds": point_seconds}).mappings()
            return tuple(Job(**row) for row in rows)

    @surviving
    def admitted(self, job_id: UUID, run: UUID) -> None:
        """Note which run carries a job out; one that has a run keeps it."""
        with transaction(self.engine) as connection:
            connection.execute(_ADMITTED, {"job": job_id, "run": run})

    @surviving
    def unended(self) -> tuple[Job, ...]:
        """Return the jobs that a crash may have left: those with a run, and those that somebody cancelled before theirs."""
        with transaction(self.engine) as connection:
            return tuple(Job(**row) for row in connection.execute(_UNENDED).mappings())
