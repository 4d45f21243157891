"""Housekeeping: forget what is over for long, and keep the cache within its limits. Each night, and whenever it is asked for."""

from __future__ import annotations

import asyncio

from prefect import flow

from infra import services
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.jobs.deliveries import DeliveryStore
from infra.jobs.store import JobStore
from infra.jobs.workers import WorkerStore
from infra.services import Services
from infra.settings import Settings, in_force
from infra.uploads.library import Uploads

HOUR_SECONDS = 3600.0
DAY_SECONDS = 24 * HOUR_SECONDS


@flow(name="housekeeping", persist_result=False)
async def housekeeping() -> dict[str, int]:
    """Forget jobs, deliveries and machines that are over, and uploads that do not go on, for as long as the settings say; sweep
    and evict the cache.

    Returns how many of each were forgotten. Films that were published, and uploads that are whole, stay where they are.
    """
    with services.opened(in_force()) as container:
        return await asyncio.to_thread(clean, container)


def clean(container: Services) -> dict[str, int]:
    """Do it once.

    Raises:  KinofarmError DB-00x, CACHE-00x.
    """
    settings = container.get(Settings)
    kept = settings.housekeeping
    forgotten = {
        "jobs": container.get(JobStore).forget(kept.job_days),
        "deliveries": container.get(DeliveryStore).forget(kept.log_days),
        "workers": container.get(WorkerStore).forget(kept.worker_days * DAY_SECONDS),
        "uploads": container.get(Uploads).forget(kept.upload_hours * HOUR_SECONDS),
    }
    container.get(Uploads).sweep()
    container.get(ChunkStore).sweep()
    container.get(CacheIndex).evict()
    return forgotten
