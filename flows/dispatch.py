"""Runs on their way: submit a render, make sure of shards; stop, pause, retry a job, give it another priority.

Used by the command line, the render flow and the reconciler alike; everything goes through Prefect's REST API, so that
nobody has to import Prefect for it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.jobs.admission import Admissions
from infra.jobs.ledger import Ledger
from infra.jobs.records import CPU_POOL, GPU_POOL, Job, Key, WantedChunk
from infra.jobs.states import NORMAL_PRIORITY
from infra.jobs.store import JobStore
from infra.jobs.workers import WorkerStore
from infra.prefect import renders_at_once
from infra.prefect_api import PrefectApi
from infra.services import Services, shares_sources
from infra.settings import Settings

RENDER = "render/render"
SHARDS: Mapping[str, str] = {CPU_POOL: "shard/cpu", GPU_POOL: "shard/gpu"}
"""The deployment of each pool's shards."""
SHARD = "shard"
NOT_STARTED = ("SCHEDULED", "PENDING")
ENDED = ("COMPLETED", "CRASHED", "FAILED")
"""States of a run that works no more; a job without an end is then to be started again, or it is paused."""

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
    """Take a render on; the same idempotency key means the same job.

    From here on it is in the ledger and will be rendered. Its run is started at once where there is a place for it, else by
    the keeper when its turn comes (`admit`).

    Args:    parameters: of the render flow. options: as the flow enters them. ready: entered at once, and shards
             started, so that the first chunks are in work while the render's own run still starts (it takes seconds,
             plans the same and finds it there).
    Raises:  KinofarmError FARM-023, JOB-004, DB-00x.
    """
    jobs = services.get(JobStore)
    job = jobs.accept(
        uuid4(),
        project=str(parameters["project"]),
        output=str(parameters["output"]),
        options=options,
        submitted_by=str(parameters.get("submitted_by", "")),
        priority=int(parameters.get("priority", NORMAL_PRIORITY)),
        idempotency_key=parameters.get("idempotency_key"),
        traceparent=parameters.get("traceparent"),
    )
    try:
        if ready and ready.missing and job.state == "accepted":
            _enter(services, job, ready)
        admit(services, only=job.id)
    except KinofarmError as away:
        if away.code == "FARM-023":  # there is no farm that could ever render it
            jobs.fail(job.id, away.as_dict())
            raise
        logger.warning("job %s is taken on, and begins later: %s", job.id, away)
        return job
    return jobs.job(job.id)


def _enter(services: Services, job: Job, ready: Ready) -> None:
    ensure_shards(services, ready.missing)
    if shares_sources(services.get(Settings)):
        return
    try:
        present = services.get(ChunkStore).present
        services.get(JobStore).plan(job.id, ready.chunks, present, film_key=ready.film_key, warnings=ready.warnings)
    except KinofarmError as late:  # its run was quicker and is past that, or it was cancelled
        logger.info("the plan of job %s was not entered from here: %s", job.id, late)


def admit(services: Services, only: UUID | None = None) -> int:
    """Start the runs of jobs that have none, as many as may be there at once; return how many.

    Started twice for one job, as after a crash, is one run: Prefect knows them by the job's id.

    Args:    only: this job, and only if no other waits: whoever submits to a busy farm does not wait for Prefect.
    Raises:  KinofarmError FARM-020, FARM-021, FARM-023, DB-00x.
    """
    settings, jobs = services.get(Settings), services.get(JobStore)
    started = 0
    queue = services.get(Admissions)
    waiting = queue.admissible(renders_at_once(settings), settings.fairness.point_seconds)
    if only is not None and [job.id for job in waiting] != [only]:
        return 0
    for job in waiting:
        try:
            tags = [f"job:{str(job.id)[:8]}", *([f"by:{job.submitted_by[:100]}"] if job.submitted_by else [])]
            run = services.get(PrefectApi).create_run(RENDER, _parameters(job), idempotency_key=str(job.id), tags=tags)
        except KinofarmError as refused:
            if refused.code != "FARM-022":
                raise
            jobs.fail(job.id, refused.as_dict())
            continue
        queue.admitted(job.id, run)
        started += 1
    return started


def _parameters(job: Job) -> dict[str, Any]:
    """The parameters of the render flow for a job."""
    given = {name: value for name, value in job.options.items() if value is not None}
    about = {"project": job.project, "output": job.output, "priority": job.priority, "submitted_by": job.submitted_by}
    keys = {"idempotency_key": job.idempotency_key, "traceparent": job.traceparent}
    return given | about | {name: value for name, value in keys.items() if value} | {"job": str(job.id)}


def ensure_shards(services: Services, expected: int = 0) -> int:
    """Start shards until each pool has one for each chunk that waits, or for each slot of its workers; return how many.

    Args:    expected: chunks for any machine that wait beside those in the ledger.
    """
    api, ledger, workers, started = services.get(PrefectApi), services.get(Ledger), services.get(WorkerStore), 0
    for pool, deployment in SHARDS.items():
        chunks = ledger.waiting(pool) + ledger.leased(pool) + (expected if pool == CPU_POOL else 0)
        wanted = min(chunks, workers.slots(pool)) if chunks else 0
        missing = wanted - len(api.runs([pool], flow=SHARD)) if wanted else 0
        for _ in range(missing):
            api.create_run(deployment, {"pool": pool})
        started += max(0, missing)
    return started


def stop(services: Services, job_id: UUID) -> Job:
    """Ask for a job's end; one whose run has not started yet ends at once.

    Raises:  KinofarmError JOB-002, DB-00x.
    """
    jobs, api = services.get(JobStore), services.get(PrefectApi)
    job = jobs.cancel(job_id)
    if job.ended:
        return job
    if job.run_id is None:
        return jobs.advance(job_id, "cancelled")
    try:
        run = api.run(job.run_id)
        if (
            run is None
            or (job.paused and run.state in ENDED)
            or (run.state in NOT_STARTED and api.set_state(job.run_id, "CANCELLED", message="by kinofarm cancel"))
        ):
            return jobs.advance(job_id, "cancelled")
    except KinofarmError as away:  # the flag is set: its flow, or the reconciler, ends it
        logger.warning("the run of job %s was not asked: %s", job_id, away)
    return job


def retry(services: Services, job_id: UUID) -> Job:
    """Run a failed job again: what was finished is kept, what is missing is made, with fresh attempts.

    Raises:  KinofarmError JOB-002, JOB-007, FARM-02x, DB-00x.
    """
    jobs, api = services.get(JobStore), services.get(PrefectApi)
    job = jobs.job(job_id)
    if job.state != "failed":
        raise KinofarmError("JOB-007", job=str(job_id)[:8], state=job.state)
    opened = jobs.reopen(job_id)
    if opened.run_id is not None:
        api.set_state(opened.run_id, "SCHEDULED", name="AwaitingRetry", message="by kinofarm retry", force=True)
    return opened


def pause(services: Services, job_id: UUID, on: bool = True) -> Job:
    """Hand out no more of a job's chunks, while those in work are finished; or go on with them.

    Raises:  KinofarmError JOB-002, JOB-006, DB-00x.
    """
    job = services.get(JobStore).pause(job_id, on)
    if not on:
        _wake(services, job)
        shards_soon(services)
    return job


def _wake(services: Services, job: Job) -> None:
    """Start the run of a job again that rested while it was paused."""
    api = services.get(PrefectApi)
    try:
        run = None if job.run_id is None else api.run(job.run_id)
        if run is not None and run.state in ENDED:
            api.set_state(run.id, "SCHEDULED", name="AwaitingRetry", message="by kinofarm resume", force=True)
    except KinofarmError as away:  # the reconciler starts it
        logger.warning("the run of job %s was not started again: %s", job.id, away)


def reprioritise(services: Services, job_id: UUID, priority: int) -> Job:
    """Give a job another priority, from its next chunk on.

    Raises:  KinofarmError JOB-002, JOB-006, DB-00x.
    """
    return services.get(JobStore).prioritise(job_id, priority)


def shards_soon(services: Services) -> None:
    """Make sure of shards; where that can't be done now, the keeper does it in a few seconds."""
    try:
        ensure_shards(services)
    except KinofarmError as away:
        logger.warning("no shards could be started: %s", away)
