"""Lists of jobs: filtered, searched, page by page; each page costs the same, however far down it is.

A page begins after a cursor (the last job's time and id), never at an offset. Words are looked up in an index of the
words of the project's and the output's path and of the submitter's name; the last letters of a word may be missing.

Source:  PostgreSQL, full text search: to_tsquery with prefixes, GIN indexes; keyset pagination.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Engine, bindparam, func, literal, literal_column, select, text, tuple_

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.jobs.models import WORDS, JobRow
from infra.jobs.records import Job
from infra.jobs.states import ENDED, JOB_STATES, ChunkState, JobState
from infra.values import Value

_WORD = re.compile(r"\w+")
_ID = re.compile(r"[0-9a-f]{4,8}(-[0-9a-f-]{0,27})?")

_COUNTS = text(
    "SELECT state, count(*) AS jobs FROM jobs WHERE state NOT IN ('done', 'failed', 'cancelled') GROUP BY state"
)
_TODAY = text("""
SELECT state, count(*) AS jobs, coalesce(sum(frames_total), 0) AS frames FROM jobs
WHERE state IN ('done', 'failed', 'cancelled') AND accepted_at > now() - interval '7 days'
    AND ended_at > now() - interval '24 hours'
GROUP BY state
""")
_OPEN = text(
    "SELECT pool, state, count(*) AS chunks FROM chunks WHERE state IN ('ready', 'leased') GROUP BY pool, state"
)


class JobPage(Value):
    """A page of jobs, the newest first."""

    jobs: tuple[Job, ...]
    following: str | None = Field(description="The cursor of the page after this one; null: this is the last.")


class JobCounts(Value):
    """How many jobs there are."""

    live: dict[JobState, int] = Field(description="Of those that have not ended, by state.")
    last_day: dict[JobState, int] = Field(description="Of those that ended in the last 24 hours, by state.")
    frames_last_day: int = Field(description="Of the films that were finished in the last 24 hours.")


class JobList:
    """Answers lists of jobs.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def page(
        self,
        limit: int = 50,
        *,
        states: Iterable[JobState] = (),
        submitted_by: str | None = None,
        words: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
    ) -> JobPage:
        """Return a page of jobs, the newest first.

        Args:    states: of these only; none: of any. words: all of which must be there, each from its beginning; or the
                 beginning of a job's id. since, until: when they were accepted, [since, until). after: a page's cursor.
        Raises:  KinofarmError JOB-008 for a cursor that no page has given.
        """
        wanted = tuple(states)
        conditions: list[ColumnElement[bool]] = []
        if wanted and set(wanted) != set(JOB_STATES):
            conditions.append(JobRow.state.in_(wanted) if len(wanted) > 1 else JobRow.state == wanted[0])
        if submitted_by is not None:
            conditions.append(JobRow.submitted_by == submitted_by)
        if since is not None:
            conditions.append(JobRow.accepted_at >= since)
        if until is not None:
            conditions.append(JobRow.accepted_at < until)
        if words.strip():
            conditions.append(_found_by(words))
        if after is not None:
            conditions.append(tuple_(JobRow.accepted_at, JobRow.id) < tuple_(*map(literal, _place(after))))
        query = select(JobRow.__table__).where(*conditions)
        query = query.order_by(JobRow.accepted_at.desc(), JobRow.id.desc()).limit(limit + 1)
        with transaction(self.engine) as connection:
            rows = connection.execute(query).mappings().all()
        jobs = tuple(Job(**row) for row in rows[:limit])
        return JobPage(jobs=jobs, following=_cursor(jobs[-1]) if len(rows) > limit else None)

    @surviving
    def these(self, jobs: Iterable[UUID]) -> tuple[Job, ...]:
        """Return the jobs with these ids, in no order; what is not there is left out."""
        wanted = list(jobs)
        if not wanted:
            return ()
        with transaction(self.engine) as connection:
            rows = connection.execute(select(JobRow.__table__).where(JobRow.id.in_(wanted))).mappings()
            return tuple(Job(**row) for row in rows)

    @surviving
    def counts(self) -> JobCounts:
        """Count the jobs: those at hand, and those that ended in the last 24 hours (and were accepted this week)."""
        with transaction(self.engine) as connection:
            live = {row["state"]: row["jobs"] for row in connection.execute(_COUNTS).mappings()}
            ended = {row["state"]: row for row in connection.execute(_TODAY).mappings()}
        done = ended.get("done")
        return JobCounts(
            live=live,
            last_day={state: ended[state]["jobs"] if state in ended else 0 for state in ENDED},
            frames_last_day=int(done["frames"]) if done else 0,
        )

    @surviving
    def open_chunks(self) -> dict[tuple[str, ChunkState], int]:
        """Count the chunks in work and those that wait, by pool and state."""
        with transaction(self.engine) as connection:
            return {(row["pool"], row["state"]): row["chunks"] for row in connection.execute(_OPEN).mappings()}


def _found_by(words: str) -> ColumnElement[bool]:
    """The condition that a job has all these words, or an id that begins like this."""
    start = words.strip().lower()
    if _ID.fullmatch(start):
        first, last = (UUID(start.replace("-", "").ljust(32, fill)) for fill in "0f")
        by_id: ColumnElement[bool] = JobRow.id.between(first, last)
        return by_id | _has_words(words)
    return _has_words(words)


def _has_words(words: str) -> ColumnElement[bool]:
    found = [word for part in _WORD.findall(words.lower()) for word in part.split("_") if word]
    if not found:  # nothing but signs: no job has that
        return literal_column("false")
    query = " & ".join(f"{word}:*" for word in found)
    asked = func.to_tsquery(text("'simple'::regconfig"), bindparam(None, query))
    return literal_column(WORDS).op("@@")(asked)


def _cursor(job: Job) -> str:
    place = json.dumps([job.accepted_at.isoformat(), str(job.id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, UUID]:
    try:
        when, job = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        found = datetime.fromisoformat(when), UUID(job)
        if found[0].tzinfo is None:
            raise ValueError
        return found
    except (binascii.Error, ValueError, TypeError, AttributeError):
        raise KinofarmError("JOB-008") from None
