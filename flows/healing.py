"""Healing: bring back what a crash lost, and let our ledger and Prefect say the same.

Everything here may be done at any time, by several processes at once, again and again: each step looks at the two
stores and does what is missing. A round with nothing to heal costs three short statements and no request.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from flows.dispatch import ENDED, NOT_STARTED, SHARDS, admit, ensure_shards
from flows.ended import tell_ends
from flows.lookers import heal
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.events import JobFailed, emit
from infra.jobs.admission import Admissions
from infra.jobs.ledger import Ledger
from infra.jobs.records import Job
from infra.jobs.store import JobStore
from infra.library.scans import ScanStore
from infra.prefect import ORCHESTRATOR_POOL
from infra.prefect_api import PrefectApi, Run
from infra.services import Services
from infra.settings import Settings
from tasks.filesystem.scratch import sweep

RESTARTS = 5
"""How often a render is started again after a crash."""
GRACE = timedelta(seconds=2)
"""A run that ended so short ago may still be telling its job."""
UNSEEN = timedelta(seconds=60)
"""A job whose run Prefect does not know for this long has lost it."""
SWEEP_SECONDS = 10.0
"""Between two looks for what killed processes left in scratch."""
SCANS_SECONDS = 15.0
"""Between two looks for scans whose run is no more."""
ANALYSES_SECONDS = 5.0
"""Between two looks for analyses that wait, and for those that lost what worked on them."""
EVICT_SECONDS = 60.0
"""Between two looks at the size of the cache."""

logger = logging.getLogger("kinofarm.reconcile")

_done_at: dict[str, float] = {}


def reconcile_once(services: Services) -> None:
    """Heal what there is to heal now. An error in one step does not keep the others from being taken."""
    for step in (_expire, admit, _heal_jobs, _start_shards, _evict, _give_up_scans, _heal_analyses):
        try:
            step(services)
        except KinofarmError as error:
            logger.warning("%s has to wait: %s", step.__name__.strip("_"), error)


def _expire(services: Services) -> None:
    for key, state in services.get(Ledger).expire().items():
        logger.warning("the lease of chunk %s ran out: it is %s", key[:12], state)


def _heal_jobs(services: Services) -> None:
    live = services.get(Admissions).unended()
    if not live:
        return
    unfinished = {run.id: run for run in services.get(PrefectApi).runs([ORCHESTRATOR_POOL])}
    for job in live:
        if job.run_id is None:  # cancelled before its turn, by somebody who did not live to say that it is over
            services.get(JobStore).advance(job.id, "cancelled")
            continue
        run = unfinished.get(job.run_id) or services.get(PrefectApi).run(job.run_id)
        _heal(services, job, run)


def _heal(services: Services, job: Job, run: Run | None) -> None:
    jobs, now = services.get(JobStore), datetime.now(UTC)
    if run is None:
        if now - job.accepted_at > UNSEEN:
            _end(jobs, job, KinofarmError("FLOW-008"))
    elif run.state in ("CANCELLED", "CANCELLING"):
        if not jobs.cancel(job.id).ended and run.state == "CANCELLED":
            jobs.advance(job.id, "cancelled")
    elif run.state in NOT_STARTED:
        if job.cancel_requested and services.get(PrefectApi).set_state(run.id, "CANCELLED", message="cancelled"):
            jobs.advance(job.id, "cancelled")
    elif run.state in ENDED and now - run.since > GRACE and (job.cancel_requested or not job.paused):
        _restart(services, job, run)


def _restart(services: Services, job: Job, run: Run) -> None:
    """Start the same run again; its job, read anew, has to be open still."""
    jobs = services.get(JobStore)
    if jobs.job(job.id).ended:
        return
    if job.cancel_requested:
        jobs.advance(job.id, "cancelled")
        return
    times = jobs.count_restart(job.id)
    if times > RESTARTS:
        _end(jobs, job, KinofarmError("FLOW-007", times=times))
        return
    logger.warning("the run of job %s is %s: start %d of at most %d", job.id, run.state, times, RESTARTS)
    services.get(PrefectApi).set_state(
        run.id, "SCHEDULED", name="AwaitingRetry", message=f"start {times} after a crash", force=True
    )


def _end(jobs: JobStore, job: Job, error: KinofarmError) -> None:
    if job.cancel_requested:
        jobs.advance(job.id, "cancelled")
        return
    jobs.fail(job.id, error.as_dict())
    emit(JobFailed(job=job.id, project=job.project, code=error.code, message=error.message))


def _start_shards(services: Services) -> None:
    ledger = services.get(Ledger)
    if any(ledger.waiting(pool) for pool in SHARDS):
        ensure_shards(services)


def _evict(services: Services) -> None:
    if _is_due("evict", EVICT_SECONDS):
        services.get(CacheIndex).evict()


def _give_up_scans(services: Services) -> None:
    if _is_due("scans", SCANS_SECONDS) and (lost := services.get(ScanStore).give_up_lost()):
        logger.warning("%s scans lost their run", lost)


def _heal_analyses(services: Services) -> None:
    if _is_due("analyses", ANALYSES_SECONDS):
        heal(services)
        tell_ends(services)


def sweep_machine(services: Services) -> None:
    """Remove what killed processes left on this machine, and unfinished uploads of the farm.

    Raises:  KinofarmError CACHE-00x.
    """
    if _is_due("scratch", SWEEP_SECONDS):
        sweep(services.get(Settings).home.absolute() / "scratch", older=SWEEP_SECONDS)
    if _is_due("store", EVICT_SECONDS):
        services.get(ChunkStore).sweep()


def _is_due(what: str, seconds: float) -> bool:
    now = time.monotonic()
    if now - _done_at.get(what, float("-inf")) < seconds:
        return False
    _done_at[what] = now
    return True
