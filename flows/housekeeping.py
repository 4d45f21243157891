"""Housekeeping: forget what is over for long, and keep the cache within its limits. Each night, and whenever it is asked for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from prefect import flow

from flows.commands.backups import forget_backups
from flows.commands.projects import PROJECTS
from infra import services
from infra.access.audit import AuditLog
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.jobs.deliveries import DeliveryStore
from infra.jobs.store import JobStore
from infra.jobs.workers import WorkerStore
from infra.library.analyses import AnalysisStore
from infra.library.batches import BatchStore
from infra.library.facts import FactsStore
from infra.library.scans import ScanStore
from infra.services import Services
from infra.settings import Settings, in_force
from infra.uploads.library import Uploads

HOUR_SECONDS = 3600.0
DAY_SECONDS = 24 * HOUR_SECONDS


@flow(name="housekeeping", persist_result=False)
async def housekeeping() -> dict[str, int]:
    """Forget jobs, deliveries, machines, scans and lines of the audit log that are over, old facts of media, uploads that do not go on, backups, and timelines that no
    job is of, for as long as the settings say; sweep and evict the cache.

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
        "media": container.get(FactsStore).forget(),
        "analyses": container.get(AnalysisStore).forget(kept.log_days),
        "batches": container.get(BatchStore).forget(kept.log_days),
        "scans": container.get(ScanStore).forget(kept.log_days),
        "audit": container.get(AuditLog).forget(kept.audit_days),
        "backups": forget_backups(settings),
        "timelines": forget_timelines(container.get(JobStore), settings.home.absolute() / PROJECTS),
    }
    container.get(Uploads).sweep()
    container.get(ChunkStore).sweep()
    container.get(CacheIndex).evict()
    return forgotten


def forget_timelines(jobs: JobStore, folder: Path) -> int:
    """Remove the timelines that were sent as they are and that no job is of; return how many.

    A young one stays: its job may be about to be entered.

    Raises:  KinofarmError DB-00x.
    """
    young = time.time() - DAY_SECONDS
    old = [place for place in folder.glob("*/*.json") if place.stat().st_mtime < young]
    needed = jobs.projects(str(place) for place in old)
    gone = [place for place in old if str(place) not in needed]
    for place in gone:
        place.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # the same timeline by another name is still there
            place.parent.rmdir()
    return len(gone)
