"""Ends of analyses, batches and scans are told of, once each, whoever brought them about.

A run tells of its own at once; those that somebody stopped before they began, that were given up, or whose run died before it
could tell, are told of by the keeper in a few seconds. So no command waits for Prefect, and no listener for an end that came.
"""

from __future__ import annotations

import logging

from infra.errors import KinofarmError
from infra.events import AnalysisEnded, BatchEnded, ScanEnded, emit
from infra.library.analyses import AnalysisStore
from infra.library.batches import BatchStore
from infra.library.scans import ScanStore
from infra.services import Services

logger = logging.getLogger("kinofarm.ended")


def tell_ends(services: Services) -> None:
    """Tell of each end that was not told of yet; while the database is away, nothing is told."""
    try:
        analyses, batches = services.get(AnalysisStore).untold(), services.get(BatchStore).untold()
        scans = services.get(ScanStore).untold()
    except KinofarmError as away:
        logger.warning("ends are told of later: %s", away)
        return
    for row in analyses:
        emit(AnalysisEnded(analysis=row.id, path=row.path, model=row.model, state=row.state))
    for batch in batches:
        so_far = {"found": batch.found, "over": batch.over, "failed": batch.failed}
        emit(BatchEnded(batch=batch.id, path=batch.path, model=batch.model, state=batch.state, **so_far))
    for scan in scans:
        seen = {"found": scan.found, "done": scan.done, "known": scan.known, "broken": scan.broken}
        emit(ScanEnded(scan=scan.id, folder=scan.folder, state=scan.state, **seen))
