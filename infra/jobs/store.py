"""The jobs: accepted, planned, advanced, ended; and what is known of each at any moment.

Every method is one transaction. Rows are locked in one order everywhere (the job, then chunks by key), so that
twenty jobs that plan the same chunks at once neither wait in a circle nor make one chunk twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from infra.errors import KinofarmError
from infra.jobs.arrivals import KEY_PREFIX
from infra.jobs.engine import surviving, transaction
from infra.jobs.ledger import INTERESTED
from infra.jobs.models import AttemptRow, ChunkRow, JobChunkRow, JobRow, JobSourceRow, OutputRow
from infra.jobs.planning import Present, at_hand, enter
from infra.jobs.records import Attempt, Job, JobChunk, Key, Output, Snapshot, WantedChunk
from infra.jobs.states import ENDED, JOB_STATES, NORMAL_PRIORITY, PHASES, WORKING, JobState

_DROP_UNWANTED = text(f"""
WITH mine AS MATERIALIZED (
    SELECT chunk.key FROM chunks chunk
    WHERE chunk.state = 'ready' AND chunk.key IN (SELECT chunk_key FROM job_chunks WHERE job_id = :job)
    ORDER BY chunk.key FOR UPDATE
)
UPDATE chunks SET state = 'cancelled', ended_at = now() FROM mine
WHERE chunks.key = mine.key AND NOT EXISTS (
    SELECT FROM job_chunks link JOIN jobs job ON job.id = link.job_id
    WHERE link.chunk_key = mine.key AND job.id <> :job AND {INTERESTED})
""")  # noqa: S608 (our own constants)

_TALLY = text("""
SELECT chunk.state, count(*) AS places, sum(link.frames) AS frames,
    sum(CASE WHEN chunk.state = 'done' THEN link.frames ELSE least(chunk.frames_done, link.frames) END) AS frames_done,
    (array_agg(chunk.error ORDER BY link.kind, link.index) FILTER (WHERE chunk.error IS NOT NULL))[1] AS error,
    count(DISTINCT chunk.key) FILTER (WHERE chunk.state = 'done' AND EXISTS (
        SELECT FROM attempts WHERE attempts.chunk_key = chunk.key AND attempts.job_id = :job
            AND attempts.outcome = 'done')) AS encoded
FROM job_chunks link JOIN chunks chunk ON chunk.key = link.chunk_key
WHERE link.job_id = :job
GROUP BY chunk.state
""")


_FORGET = text("""
DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled') AND ended_at < now() - make_interval(days => :days)
    AND NOT EXISTS (
        SELECT FROM arrivals WHERE :prefix || arrivals.id = jobs.idempotency_key AND arrivals.state = 'submitted')
""")
_FORGET_CHUNKS = text("""
DELETE FROM chunks WHERE state <> 'leased'
    AND NOT EXISTS (SELECT FROM job_chunks WHERE chunk_key = chunks.key)
    AND NOT EXISTS (SELECT FROM cache_entries WHERE cache_entries.key = chunks.key)
""")


class JobStore:
    """The jobs of the farm. Safe to use from any thread.

    Args:    patience: seconds during which a call is repeated while the database is away.
    Raises:  every method: KinofarmError DB-001 (still away after that), DB-002; those that take a job: JOB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def accept(
        self,
        job_id: UUID,
        *,
        project: str,
        output: str,
        options: Mapping[str, Any] | None = None,
        submitted_by: str = "",
        priority: int = NORMAL_PRIORITY,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
        run: UUID | None = None,
    ) -> Job:
        """Enter a job, or return the one that is there: by its id, else by its idempotency key.

        Args:    run: the flow run that carries it out, unless it has one.
        Raises:  KinofarmError JOB-004 when another render has that idempotency key.
        """
        row = {
            "id": job_id,
            "run_id": run,
            "project": project,
            "output": output,
            "options": dict(options or {}),
            "submitted_by": submitted_by,
            "priority": priority,
            "idempotency_key": idempotency_key,
            "traceparent": traceparent,
        }
        with transaction(self.engine) as connection:
            connection.execute(insert(JobRow).values(row).on_conflict_do_nothing())
            mine = select(JobRow.__table__).where(JobRow.id == job_id)
            found = connection.execute(mine).mappings().one_or_none()
            if found is None:
                same = select(JobRow.__table__).where(JobRow.idempotency_key == idempotency_key)
                found = connection.execute(same).mappings().one()
                if any(found[name] != row[name] for name in ("project", "output", "options")):
                    raise KinofarmError("JOB-004", key=idempotency_key, job=found["id"], project=found["project"])
            elif run is not None and found["run_id"] is None:
                connection.execute(_touch(job_id).values(run_id=run))
                return _read(connection, job_id)
        return _job(found)

    @surviving
    def plan(
        self,
        job_id: UUID,
        chunks: Sequence[WantedChunk],
        present: Present,
        *,
        film_key: Key | None = None,
        warnings: Sequence[Any] = (),
    ) -> tuple[Key, ...]:
        """Enter what a job needs and bring it to the state planned; may be done again, as after a crash.

        What happens to each chunk stands in `infra.jobs.planning`.

        Args:    chunks: in any order; a key may stand at several places. present: the store's `present`.
        Returns: the keys that are not done, in the order of `chunks`, each once.
        Raises:  KinofarmError JOB-001 when the job has ended.
        """
        with transaction(self.engine) as connection:
            known = at_hand(connection, chunks, present)
        with transaction(self.engine) as connection:
            _locked(connection, job_id)
            missing = enter(connection, job_id, chunks, present, known)
            frames = sum(chunk.frames for chunk in chunks)
            facts = {"film_key": film_key, "warnings": list(warnings), "frames_total": frames, "error": None}
            connection.execute(_to("planned", job_id).values(facts))
        return missing

    @surviving
    def needs(self, job_id: UUID, sources: Iterable[Key]) -> None:
        """Note which sources a job's chunks read, by content: the cache keeps them until the job has ended."""
        rows = [{"job_id": job_id, "sha256": sha256} for sha256 in sorted(set(sources))]
        if rows:
            with transaction(self.engine) as connection:
                connection.execute(insert(JobSourceRow).values(rows).on_conflict_do_nothing())

    @surviving
    def advance(self, job_id: UUID, state: JobState) -> Job:
        """Bring a job to `state`; nothing happens when it is there. For failures use `fail`.

        Raises:  KinofarmError JOB-001 when the state machine has no such change.
        """
        with transaction(self.engine) as connection:
            if _locked(connection, job_id)["state"] != state:
                connection.execute(_to(state, job_id))
                if state in ENDED:
                    connection.execute(_DROP_UNWANTED, {"job": job_id})
            return _read(connection, job_id)

    @surviving
    def fail(self, job_id: UUID, error: Mapping[str, Any]) -> Job:
        """End a job as failed, with KinofarmError.as_dict() as its error; one that has ended stays as it is."""
        with transaction(self.engine) as connection:
            if _locked(connection, job_id)["state"] not in ENDED:
                connection.execute(_to("failed", job_id).values(error=dict(error)))
                connection.execute(_DROP_UNWANTED, {"job": job_id})
            return _read(connection, job_id)

    @surviving
    def cancel(self, job_id: UUID) -> Job:
        """Ask for a job's end. Its flow sees the flag and brings it to cancelled; one that has ended stays as it is.

        Chunks that no other job wants are cancelled at once; those in work are told by their next heartbeat.
        """
        with transaction(self.engine) as connection:
            if _locked(connection, job_id)["state"] not in ENDED:
                connection.execute(_touch(job_id).values(cancel_requested=True))
                connection.execute(_DROP_UNWANTED, {"job": job_id})
            return _read(connection, job_id)

    @surviving
    def cancelled(self, job_id: UUID) -> bool:
        """Whether somebody asked for the job's end."""
        return self._job(job_id).cancel_requested

    @surviving
    def pause(self, job_id: UUID, on: bool = True) -> Job:
        """Hand out no more of a job's chunks (those in work are finished), or go on with them.

        Raises:  KinofarmError JOB-006 when the job has ended.
        """
        return self._changed(job_id, paused=on)

    @surviving
    def prioritise(self, job_id: UUID, priority: int) -> Job:
        """Give a job another priority, from its next chunk on.

        Raises:  KinofarmError JOB-006 when the job has ended.
        """
        return self._changed(job_id, priority=priority)

    @surviving
    def reopen(self, job_id: UUID) -> Job:
        """Bring a failed job back to accepted, to be run again; nothing happens to one that has not ended.

        Raises:  KinofarmError JOB-001 for a job that is done or cancelled.
        """
        with transaction(self.engine) as connection:
            if _locked(connection, job_id)["state"] in ENDED:
                fresh = {"error": None, "cancel_requested": False, "ended_at": None, "restarts": 0}
                connection.execute(_to("accepted", job_id).values(fresh))
            return _read(connection, job_id)

    @surviving
    def count_restart(self, job_id: UUID) -> int:
        """Count one more start of the job's flow by the reconciler; return how many there were, this one included."""
        with transaction(self.engine) as connection:
            _locked(connection, job_id)
            counted = _touch(job_id).values(restarts=JobRow.restarts + 1).returning(JobRow.restarts)
            return int(connection.execute(counted).scalar_one())

    @surviving
    def snapshot(self, job_id: UUID) -> Snapshot:
        """Read everything about a job's progress at one moment. Frames done and progress never fall."""
        with transaction(self.engine) as connection:
            tally = connection.execute(_TALLY, {"job": job_id}).mappings().all()
            job = _read(connection, job_id)
            frames_done = max(job.frames_done, sum(int(row["frames_done"]) for row in tally))
            progress = max(job.progress, _progress(job, frames_done))
            if (frames_done, progress) != (job.frames_done, job.progress):
                higher = {
                    "frames_done": func.greatest(JobRow.frames_done, frames_done),
                    "progress": func.greatest(JobRow.progress, progress),
                }
                connection.execute(update(JobRow).where(JobRow.id == job_id).values(higher))
                job = _read(connection, job_id)
        states = {row["state"]: int(row["places"]) for row in tally}
        encoded = sum(int(row["encoded"]) for row in tally)
        errors = {row["state"]: row["error"] for row in tally}
        return Snapshot(
            job=job,
            states=states,
            total=sum(states.values()),
            reused=states.get("done", 0) - encoded,
            encoded=encoded,
            error=job.error or errors.get("failed"),
        )

    @surviving
    def jobs(self, limit: int = 50, states: Iterable[JobState] = JOB_STATES) -> tuple[Job, ...]:
        """Return the newest jobs in these states, newest first."""
        query = select(JobRow.__table__).where(JobRow.state.in_(list(states)))
        with transaction(self.engine) as connection:
            rows = connection.execute(query.order_by(JobRow.accepted_at.desc(), JobRow.id).limit(limit)).mappings()
            return tuple(_job(row) for row in rows)

    @surviving
    def job_of_key(self, idempotency_key: str) -> Job | None:
        """Return the job of an idempotency key; None: there is none."""
        query = select(JobRow.__table__).where(JobRow.idempotency_key == idempotency_key)
        with transaction(self.engine) as connection:
            found = connection.execute(query).mappings().one_or_none()
        return None if found is None else _job(found)

    @surviving
    def job(self, name: UUID | str) -> Job:
        """Return a job by its id, or by the beginning of its id if that is unique.

        Raises:  KinofarmError JOB-002 (none), JOB-003 (several).
        """
        if isinstance(name, UUID):
            return self._job(name)
        start = name.strip().lower()
        if not start or not set(start) <= set("0123456789abcdef-"):
            raise KinofarmError("JOB-002", job=name)
        as_text = func.cast(JobRow.id, JobRow.project.type)
        with transaction(self.engine) as connection:
            rows = connection.execute(select(JobRow.__table__).where(as_text.startswith(start))).mappings().all()
        if len(rows) != 1:
            raise KinofarmError("JOB-003" if rows else "JOB-002", job=name, count=len(rows))
        return _job(rows[0])

    @surviving
    def projects(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of these project files that jobs are of."""
        query = select(JobRow.project).where(JobRow.project.in_(list(paths))).distinct()
        with transaction(self.engine) as connection:
            return frozenset(connection.execute(query).scalars())

    @surviving
    def chunks(self, job_id: UUID) -> tuple[JobChunk, ...]:
        """Return a job's chunks: picture by place, then sound."""
        link, chunk = JobChunkRow, ChunkRow
        query = (
            select(
                chunk.key, link.kind, link.index, link.first_frame, link.frames, link.reused, chunk.pool, chunk.needs, chunk.state,
                chunk.frames_done, chunk.attempts, chunk.lease_owner.label("owner"), chunk.error, chunk.result,
                chunk.started_at, chunk.ended_at,
            )
            .join(chunk, chunk.key == link.chunk_key)
            .where(link.job_id == job_id)
            .order_by(link.kind, link.index)
        )  # fmt: skip
        with transaction(self.engine) as connection:
            return tuple(JobChunk(**row) for row in connection.execute(query).mappings())

    @surviving
    def attempts(self, job_id: UUID) -> tuple[Attempt, ...]:
        """Return every try at the job's chunks, also those on behalf of other jobs, oldest first."""
        row = AttemptRow
        mine = select(JobChunkRow.chunk_key).where(JobChunkRow.job_id == job_id)
        query = select(
            row.chunk_key.label("key"), row.token, row.job_id.label("job"), row.owner, row.worker, row.outcome, row.error,
            row.started_at, row.ended_at,
        ).where(row.chunk_key.in_(mine)).order_by(row.started_at, row.token)  # fmt: skip
        with transaction(self.engine) as connection:
            return tuple(Attempt(**found) for found in connection.execute(query).mappings())

    @surviving
    def record_output(self, job_id: UUID, output: Output) -> None:
        """Note a file that the job published; the newest of each kind counts."""
        row = output.model_dump(exclude={"created_at"})
        with transaction(self.engine) as connection:
            added = insert(OutputRow).values(job_id=job_id, **row)
            newest = row | {"created_at": func.now()}
            connection.execute(added.on_conflict_do_update(index_elements=["job_id", "kind"], set_=newest))

    @surviving
    def outputs(self, job_id: UUID) -> tuple[Output, ...]:
        """Return the files that the job published."""
        row = OutputRow
        query = select(row.kind, row.location, row.size, row.sha256, row.created_at).where(row.job_id == job_id)
        with transaction(self.engine) as connection:
            return tuple(Output(**found) for found in connection.execute(query.order_by(row.kind)).mappings())

    @surviving
    def forget(self, days: int) -> int:
        """Forget jobs that ended so many days ago, and chunks that nothing speaks of any more; return how many jobs.

        A job whose file in a watched folder is still to be moved away stays.
        """
        with transaction(self.engine) as connection:
            forgotten = int(connection.execute(_FORGET, {"days": days, "prefix": KEY_PREFIX}).rowcount)
            connection.execute(_FORGET_CHUNKS)
        return forgotten

    def _changed(self, job_id: UUID, **values: Any) -> Job:
        with transaction(self.engine) as connection:
            if (state := _locked(connection, job_id)["state"]) in ENDED:
                raise KinofarmError("JOB-006", job=str(job_id)[:8], state=state)
            connection.execute(_touch(job_id).values(**values))
            return _read(connection, job_id)

    def _job(self, job_id: UUID) -> Job:
        with transaction(self.engine) as connection:
            return _read(connection, job_id)


def _read(connection: Connection, job_id: UUID) -> Job:
    row = connection.execute(select(JobRow.__table__).where(JobRow.id == job_id)).mappings().one_or_none()
    if row is None:
        raise KinofarmError("JOB-002", job=job_id)
    return _job(row)


def _locked(connection: Connection, job_id: UUID) -> RowMapping:
    query = select(JobRow.__table__).where(JobRow.id == job_id).with_for_update(key_share=True)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise KinofarmError("JOB-002", job=job_id)
    return row


def _job(row: RowMapping) -> Job:
    return Job(**row)


def _touch(job_id: UUID) -> Any:
    return update(JobRow).where(JobRow.id == job_id).values(updated_at=func.now())


def _to(state: JobState, job_id: UUID) -> Any:
    changed = _touch(job_id).values(state=state)
    return changed.values(ended_at=func.now()) if state in ENDED else changed


def _progress(job: Job, frames_done: int) -> float:
    if job.state not in PHASES:
        return job.progress
    start, end = PHASES[job.state]
    share = frames_done / job.frames_total if job.state in WORKING and job.frames_total else 0.0
    return start + (end - start) * min(1.0, share)
