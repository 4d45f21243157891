"""The ledger of chunks: shards claim, beat and finish by lease; every call is one statement in one transaction.

A claim raises the chunk's `lease_token`; every later call names the token it was given, so that a shard that was
thought dead can't finish, fail or hand back what another has taken since (fencing). All times are the database's.

The claim walks the jobs in their turn, the chunks of each in their order, and stops at the first that it can lock.
Sorted subqueries and a locking one inside can't be flattened, so that is the plan whatever the statistics say:
each place that it passes costs one look-up by key.

The order of claims: priority of the job, raised by a point for each while that it was not served, so that nobody
starves; then the submitter with the fewest chunks in work, then the job with the fewest, then the oldest job; within a job
its sound first (the longest single piece), then by place in the film.

Who may claim: not a worker that is draining or broken; a chunk that was planned with an encoder on a device only where that
encoder works; and a chunk that failed on this worker not again, as long as another one that could do it has not tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import bindparam

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.jobs.records import Beat, Claim, Key
from infra.jobs.states import ChunkState
from infra.jobs.workers import ALIVE

POINT_SECONDS = 30.0
"""A job that was not served for so long rises by a point of priority."""

LIVE = "(job.state IN ('planned', 'rendering') AND NOT job.cancel_requested AND NOT job.paused)"
"""The job wants its chunks rendered now."""
INTERESTED = "(job.state NOT IN ('done', 'failed', 'cancelled') AND NOT job.cancel_requested)"
"""The job wants its chunks, now or later."""
_WANTED_BY = (
    "EXISTS (SELECT FROM job_chunks link JOIN jobs job ON job.id = link.job_id WHERE link.chunk_key = {key} AND {job})"
)

_FAILED_ON = """EXISTS (SELECT FROM attempts past WHERE past.chunk_key = chunk.key AND past.outcome = 'failed'
    AND past.worker = {worker} AND past.token > chunk.lease_token - chunk.attempts)"""
_FOR_ME = f"""
    (chunk.needs IS NULL OR EXISTS (SELECT FROM me WHERE jsonb_exists(me.encoders, chunk.needs)))
    AND (chunk.attempts = 0 OR NOT {_FAILED_ON.format(worker=":worker")} OR NOT EXISTS (
        SELECT FROM workers other
        WHERE other.name <> :worker AND {ALIVE} AND other.state = 'online' AND jsonb_exists(other.slots, chunk.pool)
            AND (chunk.needs IS NULL OR jsonb_exists(other.encoders, chunk.needs))
            AND NOT {_FAILED_ON.format(worker="other.name")}))
"""  # noqa: S608 (our own constants)

_CLAIMABLE = """
    (chunk.state = 'ready' OR (chunk.state = 'leased' AND chunk.lease_expires < now()))
    AND chunk.attempts < :cap AND (chunk.not_before IS NULL OR chunk.not_before <= now())
"""

_CLAIM = text(f"""
WITH me AS MATERIALIZED (
    SELECT state, encoders FROM workers WHERE name = :worker
), busy AS MATERIALIZED (
    SELECT link.job_id, count(DISTINCT link.chunk_key) AS held
    FROM chunks chunk JOIN job_chunks link ON link.chunk_key = chunk.key
    WHERE chunk.state = 'leased' AND chunk.lease_expires >= now()
    GROUP BY link.job_id
), turns AS MATERIALIZED (
    SELECT job.id,
        row_number() OVER (ORDER BY job.priority + job.points DESC, job.held_by_submitter, job.held, job.accepted_at,
            job.id) AS turn
    FROM (
        SELECT job.*, coalesce(busy.held, 0) AS held,
            sum(coalesce(busy.held, 0)) OVER (PARTITION BY job.submitted_by) AS held_by_submitter,
            floor(extract(epoch FROM now() - greatest(job.accepted_at, served.at)) / :point_seconds) AS points
        FROM jobs job LEFT JOIN busy ON busy.job_id = job.id
        LEFT JOIN LATERAL (
            SELECT started_at AS at FROM attempts WHERE attempts.job_id = job.id ORDER BY started_at DESC LIMIT 1
        ) served ON true
        WHERE {LIVE} AND NOT EXISTS (SELECT FROM me WHERE state <> 'online')
            AND (:most_of_pool = 0 OR :most_of_pool > (
                SELECT count(*) FROM chunks WHERE pool = :pool AND state = 'leased' AND lease_expires >= now()))
    ) job
    WHERE :most_of_submitter = 0 OR job.held_by_submitter < :most_of_submitter
), picked AS MATERIALIZED (
    SELECT chunk.key, link.index, turns.id AS job_id
    FROM (SELECT id FROM turns ORDER BY turn) turns
    CROSS JOIN LATERAL (
        SELECT chunk_key, index FROM job_chunks WHERE job_id = turns.id ORDER BY kind DESC, index
    ) link
    CROSS JOIN LATERAL (
        SELECT chunk.key FROM chunks chunk
        WHERE chunk.key = link.chunk_key AND chunk.pool = :pool AND {_CLAIMABLE} AND {_FOR_ME}
        FOR UPDATE SKIP LOCKED
    ) chunk
    LIMIT 1
), lost AS (
    UPDATE attempts SET outcome = 'lost', ended_at = now()
    FROM picked WHERE attempts.chunk_key = picked.key AND attempts.outcome = 'running'
), taken AS (
    UPDATE chunks SET state = 'leased', attempts = attempts + 1, frames_done = 0, error = NULL, not_before = NULL,
        lease_owner = :owner, lease_token = lease_token + 1, lease_expires = now() + make_interval(secs => :lease),
        started_at = now(), ended_at = NULL
    FROM picked WHERE chunks.key = picked.key
    RETURNING chunks.key, lease_token, kind, pool, frames, work, attempts, picked.job_id, picked.index
), noted AS (
    INSERT INTO attempts (chunk_key, token, job_id, owner, worker)
    SELECT key, lease_token, job_id, :owner, :worker FROM taken
)
SELECT taken.key, lease_token AS token, kind, pool, frames, work, attempts AS attempt, job_id AS job, index,
    job.project, job.traceparent
FROM taken JOIN jobs job ON job.id = taken.job_id
""")  # noqa: S608 (our own constants)

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('kinofarm claims'))")
"""Under a limit claims follow each other: two that count at once would both find room for one."""

_BEAT = text(f"""
UPDATE chunks SET lease_expires = now() + make_interval(secs => :lease),
    frames_done = greatest(frames_done, least(CAST(:frames_done AS bigint), frames))
WHERE key = :key AND lease_token = :token AND state = 'leased'
RETURNING NOT {_WANTED_BY.format(key="chunks.key", job=INTERESTED)} AS cancelled
""")  # noqa: S608 (our own constants)

_FINISH = text("""
WITH finished AS (
    UPDATE chunks SET state = 'done', frames_done = frames, result = :result, error = NULL,
        lease_expires = NULL, ended_at = now()
    WHERE key = :key AND lease_token = :token AND state = 'leased'
    RETURNING key
), noted AS (
    UPDATE attempts SET outcome = 'done', ended_at = now() FROM finished
    WHERE attempts.chunk_key = finished.key AND attempts.token = :token
)
SELECT EXISTS (SELECT FROM finished) OR EXISTS (  -- said before, but the answer got lost
    SELECT FROM chunks WHERE key = :key AND lease_token = :token AND state = 'done')
""").bindparams(bindparam("result", type_=JSONB))

_FAIL = text("""
WITH failed AS (
    UPDATE chunks SET state = CASE WHEN :retry AND attempts < :cap THEN 'ready' ELSE 'failed' END,
        not_before = now() + make_interval(secs => :delay), frames_done = 0, error = :error,
        lease_owner = NULL, lease_expires = NULL, ended_at = now()
    WHERE key = :key AND lease_token = :token AND state = 'leased'
    RETURNING key
), noted AS (
    UPDATE attempts SET outcome = 'failed', error = :error, ended_at = now() FROM failed
    WHERE attempts.chunk_key = failed.key AND attempts.token = :token
)
SELECT EXISTS (SELECT FROM failed)
""").bindparams(bindparam("error", type_=JSONB))

_RELEASE = text(f"""
WITH released AS (
    UPDATE chunks SET
        state = CASE WHEN {_WANTED_BY.format(key="chunks.key", job=INTERESTED)} THEN 'ready' ELSE 'cancelled' END,
        attempts = attempts - 1, frames_done = 0, lease_owner = NULL, lease_expires = NULL, ended_at = now()
    WHERE key = :key AND lease_token = :token AND state = 'leased'
    RETURNING key
), noted AS (
    UPDATE attempts SET outcome = 'released', ended_at = now() FROM released
    WHERE attempts.chunk_key = released.key AND attempts.token = :token
)
SELECT EXISTS (SELECT FROM released)
""")  # noqa: S608 (our own constants)

_EXPIRE = text(f"""
WITH late AS MATERIALIZED (
    SELECT key FROM chunks chunk
    WHERE (state = 'leased' AND lease_expires < now()) OR (state = 'ready' AND attempts >= :cap)
    ORDER BY key FOR UPDATE SKIP LOCKED
), lost AS (
    UPDATE attempts SET outcome = 'lost', ended_at = now()
    FROM late WHERE attempts.chunk_key = late.key AND attempts.outcome = 'running'
)
UPDATE chunks SET
    state = CASE WHEN attempts >= :cap THEN 'failed'
        WHEN {_WANTED_BY.format(key="chunks.key", job=INTERESTED)} THEN 'ready' ELSE 'cancelled' END,
    error = CASE WHEN attempts >= :cap THEN coalesce(chunks.error, :error) END,
    frames_done = 0, lease_owner = NULL, lease_expires = NULL, ended_at = now()
FROM late WHERE chunks.key = late.key
RETURNING chunks.key, chunks.state
""").bindparams(bindparam("error", type_=JSONB))  # noqa: S608 (our own constants)

_WAITING = text(f"""
SELECT count(*) FROM chunks chunk
WHERE chunk.pool = :pool AND {_CLAIMABLE} AND {_WANTED_BY.format(key="chunk.key", job=LIVE)}
""")  # noqa: S608 (our own constants)

_LEASED = text("SELECT count(*) FROM chunks WHERE pool = :pool AND state = 'leased' AND lease_expires >= now()")


class Ledger:
    """The shards' side of the chunk table. Safe to use from any thread.

    Args:    attempts: tries at one chunk before it fails for good. point_seconds: a job that was not served for so long
             rises by a point of priority. most_of_submitter: chunks of one submitter in work at once; 0: any number.
             most_of_pool: chunks of a pool in work at once, by its name; 0 or none: any number. patience: seconds during
             which a call is repeated while the database is away.
    Raises:  every method: KinofarmError DB-001 (still away after that), DB-002.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        attempts: int = 3,
        point_seconds: float = POINT_SECONDS,
        most_of_submitter: int = 0,
        most_of_pool: Mapping[str, int] | None = None,
        patience: float = 30,
    ) -> None:
        self.engine = engine
        self.most_of_pool = most_of_pool or {}
        self.attempts = attempts
        self.point_seconds = point_seconds
        self.most_of_submitter = most_of_submitter
        self.patience = patience

    @surviving
    def claim(self, owner: str, pool: str = "cpu", lease: float = 15, worker: str = "") -> Claim | None:
        """Take the next chunk of the pool for `owner` on `worker`, for `lease` seconds; None: there is nothing to do now."""
        values = {"owner": owner, "worker": worker, "pool": pool, "lease": lease, "cap": self.attempts}
        values |= {"point_seconds": self.point_seconds, "most_of_submitter": self.most_of_submitter}
        values |= {"most_of_pool": self.most_of_pool.get(pool, 0)}
        with transaction(self.engine) as connection:
            if self.most_of_submitter or values["most_of_pool"]:
                connection.execute(_ONE_AT_A_TIME)
            row = connection.execute(_CLAIM, values).one_or_none()
        return None if row is None else Claim(**row._mapping)

    @surviving
    def beat(self, key: Key, token: int, lease: float = 15, frames_done: int = 0) -> Beat:
        """Renew a lease by `lease` seconds from now and say how many frames are encoded."""
        values = {"key": key, "token": token, "lease": lease, "frames_done": frames_done}
        with transaction(self.engine) as connection:
            row = connection.execute(_BEAT, values).one_or_none()
        return Beat(held=row is not None, cancelled=row is not None and row.cancelled)

    @surviving
    def finish(self, key: Key, token: int, result: Mapping[str, Any]) -> bool:
        """Report a chunk as done; its artefact must lie in the store by now. Saying it twice is fine.

        Args:    result: what assembling needs of it (frames counted, extradata, size, sha256, ...), as JSON values.
        Returns: False when the lease was lost: drop the work.
        """
        return self._said(_FINISH, key=key, token=token, result=dict(result))

    @surviving
    def fail(self, key: Key, token: int, error: Mapping[str, Any], *, retry: bool, delay: float = 0) -> bool:
        """Report a failure; the chunk is tried again after `delay` seconds if a retry can help and attempts are left.

        Args:    error: KinofarmError.as_dict().
        Returns: False when the lease was lost.
        """
        values = {"error": dict(error), "retry": retry, "delay": delay, "cap": self.attempts}
        return self._said(_FAIL, key=key, token=token, **values)

    @surviving
    def release(self, key: Key, token: int) -> bool:
        """Hand a chunk back without counting the attempt: to whoever wants it, else it is cancelled.

        Returns: False when the lease was lost.
        """
        return self._said(_RELEASE, key=key, token=token)

    @surviving
    def expire(self) -> Mapping[Key, ChunkState]:
        """Take back the chunks whose leases ran out (for the reconciler); return what they became.

        One at its last attempt has failed (JOB-005); one that nobody wants is cancelled; the others are ready.
        """
        error = KinofarmError("JOB-005", attempts=self.attempts).as_dict()
        with transaction(self.engine) as connection:
            rows = connection.execute(_EXPIRE, {"cap": self.attempts, "error": error}).all()
        return {row.key: row.state for row in rows}

    @surviving
    def waiting(self, pool: str = "cpu") -> int:
        """Count the chunks that a shard of this pool could claim at once."""
        with transaction(self.engine) as connection:
            return int(connection.execute(_WAITING, {"pool": pool, "cap": self.attempts}).scalar_one())

    @surviving
    def leased(self, pool: str = "cpu") -> int:
        """Count the chunks of this pool that shards hold now."""
        with transaction(self.engine) as connection:
            return int(connection.execute(_LEASED, {"pool": pool}).scalar_one())

    def _said(self, statement: Any, **values: Any) -> bool:
        with transaction(self.engine) as connection:
            return bool(connection.execute(statement, values).scalar_one())
