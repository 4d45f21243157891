"""Runs on their way: submit a render, make sure of shards, stop a job.

Used by the command line, the render flow and the reconciler alike; everything goes through Prefect's REST API, so that
nobody has to import Prefect for it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.jobs.ledger import Ledger
from infra.jobs.records import Job, Key, WantedChunk
from infra.jobs.store import JobStore
from infra.prefect import CPU_POOL, slots
from infra.prefect_api import PrefectApi
from infra.services import Services
from infra.settings import Settings

RENDER = "render/render"
SHARDS: Mapping[str, str] = {CPU_POOL: "shard/cpu"}
"""The deployment of each pool's shards."""
NOT_STARTED = ("SCHEDULED", "PENDING")

logger = logging.getLogger("kinofarm.dispatch")


@dataclass(frozen=True)
class Ready:
    """A plan that was made before its run: what it wants, the film's key, warnings, the pieces that the cache lacks."""

    chunks: tuple[WantedChunk, ...]
    film_key: Key
    warnings: tuple[Mapping[str, Any], ...]
    missing: int


def submit(
    services: Services, parameters: Mapping[str, Any], options: Mapping[str, Any], ready: Ready | None = None
) -> Job:
    """Start a render and enter its job; the same idempotency key means the same job.

    Args:    parameters: of the render flow. options: as the flow enters them. ready: entered at once, and shards
             started, so that the first chunks are in work while the render's own run still starts (it takes seconds,
             plans the same and finds it there).
    Raises:  KinofarmError FARM-02x, JOB-004, DB-00x.
    """
    api, jobs = services.get(PrefectApi), services.get(JobStore)
    if ready and ready.missing:
        ensure_shards(services, ready.missing)
    run = api.create_run(RENDER, parameters, idempotency_key=parameters.get("idempotency_key"))
    job = jobs.accept(
        run,
        project=str(parameters["project"]),
        output=str(parameters["output"]),
        options=options,
        submitted_by=str(parameters.get("submitted_by", "")),
        priority=int(parameters.get("priority", 0)),
        idempotency_key=parameters.get("idempotency_key"),
        traceparent=parameters.get("traceparent"),
    )
    if ready and ready.missing and job.state == "accepted":
        try:
            present = services.get(ChunkStore).present
            jobs.plan(job.id, ready.chunks, present, film_key=ready.film_key, warnings=ready.warnings)
        except KinofarmError as late:  # its run was quicker and is past that, or it was cancelled
            logger.info("the plan of job %s was not entered from here: %s", job.id, late)
    return job


def ensure_shards(services: Services, expected: int = 0, pool: str = CPU_POOL) -> int:
    """Start shards until there is one for each chunk that waits, or for each slot of the pool; return how many.

    Args:    expected: chunks that wait beside those in the ledger.
    """
    api, ledger, settings = services.get(PrefectApi), services.get(Ledger), services.get(Settings)
    wanted = min(ledger.waiting(pool) + ledger.leased(pool) + expected, slots(settings.worker.slots))
    missing = wanted - len(api.runs([pool])) if wanted else 0
    for _ in range(missing):
        api.create_run(SHARDS[pool], {"pool": pool})
    return max(0, missing)


def stop(services: Services, job_id: UUID) -> Job:
    """Ask for a job's end; one whose run has not started yet ends at once.

    Raises:  KinofarmError JOB-002, DB-00x.
    """
    jobs, api = services.get(JobStore), services.get(PrefectApi)
    job = jobs.cancel(job_id)
    if job.ended:
        return job
    try:
        run = api.run(job_id)
        if run is None or (
            run.state in NOT_STARTED and api.set_state(job_id, "CANCELLED", message="by kinofarm cancel")
        ):
            return jobs.advance(job_id, "cancelled")
    except KinofarmError as away:  # the flag is set: its flow, or the reconciler, ends it
        logger.warning("the run of job %s was not asked: %s", job_id, away)
    return job
