"""Why a job does not go on, out of what the ledger knows: paused, queued, no capable machine, back-off, quota, others first.

Source:  the claim's own conditions (`infra.jobs.ledger`): each of them that can hold a chunk back has its words here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.jobs.ledger import LIVE
from infra.jobs.records import Job
from infra.jobs.store import JobStore
from infra.jobs.workers import Worker, WorkerStore

_READY = text("""
SELECT chunk.pool, chunk.needs, count(*) AS chunks,
    count(*) FILTER (WHERE chunk.not_before > now()) AS later,
    ceil(extract(epoch FROM min(chunk.not_before) FILTER (WHERE chunk.not_before > now()) - now())) AS seconds,
    (array_agg(chunk.error ORDER BY chunk.not_before) FILTER (WHERE chunk.not_before > now()))[1] AS error
FROM (
    SELECT DISTINCT chunk.* FROM job_chunks link JOIN chunks chunk ON chunk.key = link.chunk_key
    WHERE link.job_id = :job AND chunk.state = 'ready'
) chunk
GROUP BY chunk.pool, chunk.needs ORDER BY chunk.pool DESC, chunk.needs
""")

_HELD = text(f"""
SELECT count(DISTINCT chunk.key) FILTER (WHERE job.submitted_by = :submitter) AS of_submitter,
    count(DISTINCT chunk.key) FILTER (WHERE link.job_id = :job) AS of_job,
    count(DISTINCT chunk.key) AS of_all
FROM chunks chunk JOIN job_chunks link ON link.chunk_key = chunk.key JOIN jobs job ON job.id = link.job_id
WHERE chunk.state = 'leased' AND chunk.lease_expires > now() AND {LIVE}
""")  # noqa: S608 (our own constants)

_IN_POOLS = text("""
SELECT pool, count(*) FROM chunks WHERE state = 'leased' AND lease_expires > now() GROUP BY pool
""")

_OTHERS = text(f"SELECT count(*) FROM jobs job WHERE {LIVE} AND job.id <> :job")  # noqa: S608

_STARTED = text("""
SELECT count(*) FROM jobs WHERE run_id IS NOT NULL AND NOT paused AND state NOT IN ('done', 'failed', 'cancelled')
""")


class Waiting:
    """Answers the question for one job after the other.

    Args:    most_of_submitter: chunks of one submitter at once; most_of_pool: of a pool; 0: any number.
    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        most_of_submitter: int = 0,
        most_of_pool: Mapping[str, int] | None = None,
        patience: float = 30,
    ) -> None:
        self.engine = engine
        self.most_of_pool = most_of_pool or {}
        self.most_of_submitter = most_of_submitter
        self.patience = patience

    @surviving
    def reasons(self, job_id: UUID) -> tuple[KinofarmError, ...]:
        """Return why a job does not go on as fast as it might, the weightiest first; nothing when it does.

        Raises:  KinofarmError JOB-002.
        """
        job = JobStore(self.engine).job(job_id)
        if job.ended or job.cancel_requested:
            return ()
        workers = WorkerStore(self.engine).workers()
        with transaction(self.engine) as connection:
            ready = connection.execute(_READY, {"job": job.id}).mappings().all()
            in_pools = dict(connection.execute(_IN_POOLS).tuples().all())
            held = connection.execute(_HELD, {"job": job.id, "submitter": job.submitted_by}).mappings().one()
            others = int(connection.execute(_OTHERS, {"job": job.id}).scalar_one())
            started = int(connection.execute(_STARTED).scalar_one())
        return tuple(self._why(job, workers, ready, held, others, started, in_pools))

    def _why(
        self,
        job: Job,
        workers: Sequence[Worker],
        ready: Sequence[Any],
        held: Any,
        others: int,
        started: int,
        in_pools: Mapping[str, int],
    ) -> Iterator[KinofarmError]:
        if job.paused:
            yield KinofarmError("WAIT-001")
        if job.run_id is None and started:
            yield KinofarmError("WAIT-002", renders=started)
        working = [worker for worker in workers if worker.works]
        if ready and not working:
            yield KinofarmError("WAIT-003", machines="; ".join(map(_how, workers)))
            return
        free = False
        for group in ready:
            able = [worker for worker in working if group["pool"] in worker.slots]
            if group["needs"] is not None:
                able = [worker for worker in able if group["needs"] in worker.encoders]
            if not able:
                said = "; ".join(_why_not(worker, group["needs"]) for worker in workers)
                encoder = group["needs"] or group["pool"]
                yield KinofarmError("WAIT-004", chunks=group["chunks"], encoder=encoder, machines=said)
                continue
            if group["later"]:
                error = group["error"] or {"code": "", "message": ""}
                told = f"{error['code']} {error['message']}".strip()
                yield KinofarmError("WAIT-005", chunks=group["later"], seconds=int(group["seconds"]), error=told)
            free = free or group["chunks"] > group["later"]
        if not free or job.paused:
            return
        if self.most_of_submitter and held["of_submitter"] >= self.most_of_submitter:
            yield KinofarmError("WAIT-006", submitter=job.submitted_by or "this user", held=held["of_submitter"])
        for pool in sorted({group["pool"] for group in ready}):
            if 0 < self.most_of_pool.get(pool, 0) <= in_pools.get(pool, 0):
                yield KinofarmError("WAIT-008", pool=pool, held=in_pools[pool])
        slots = sum(sum(worker.slots.values()) for worker in working)
        if not held["of_job"] and held["of_all"] >= slots and others:
            yield KinofarmError("WAIT-007", slots=slots, jobs=others)


def _how(worker: Worker) -> str:
    if not worker.alive:
        return f"{worker.name} is {'offline' if worker.state == 'offline' else 'lost'}"
    return f"{worker.name} is {worker.state}" + (f" ({worker.reason})" if worker.reason else "")


def _why_not(worker: Worker, encoder: str | None) -> str:
    if not worker.works:
        return _how(worker)
    tried = {trial["encoder"]: trial["reason"] for trial in worker.probe.get("encoders", ())}
    if encoder is None:
        return f"{worker.name} renders other work"
    return f"{worker.name}: {tried.get(encoder) or 'it was not tried yet'}"
