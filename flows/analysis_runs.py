"""The runs of analyses: started, and started again where one was lost. Nothing that works on media is imported here."""

from __future__ import annotations

import logging

from infra.errors import KinofarmError
from infra.library.analyses import STARTS, AnalysisEntry, AnalysisStore
from infra.prefect_api import PrefectApi
from infra.services import Services

ANALYSE = "analyse/analyse"
"""The deployment."""

logger = logging.getLogger("kinofarm.analysing")


def start_run(services: Services, row: AnalysisEntry) -> None:
    """Have a run of an analysis started; asked for twice it is one run.

    Raises:  KinofarmError FARM-02x.
    """
    key = f"{row.id}-{row.begun_at.timestamp():.0f}-{row.starts}"
    services.get(PrefectApi).create_run(ANALYSE, {"analysis": str(row.id)}, idempotency_key=key)


def heal(services: Services) -> None:
    """Start the runs anew of analyses that lost theirs, and give up those that crash again and again.

    Raises:  KinofarmError FARM-02x, DB-00x.
    """
    store = services.get(AnalysisStore)
    for row in store.lost():
        if row.stop_requested:
            store.end(row.id, "stopped")
        elif row.starts >= STARTS:
            store.end(row.id, "failed", KinofarmError("ANALYSIS-005", starts=row.starts).as_dict())
        else:
            if row.state == "running":
                logger.warning("the run of analysis %s is no more: it is started again", row.id)
            start_run(services, row)
