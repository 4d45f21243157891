"""Admission: the keeper gives waiting jobs their runs as soon as there is a place, within milliseconds of a job's end.

Taking a job on costs a row in the ledger; its run costs Prefect a second of work. So at most a few jobs have one at once,
and whose turn it is says the ledger, by priority and by how long they wait.
"""

from __future__ import annotations

import logging
import threading
import time

from flows.dispatch import admit
from infra.errors import KinofarmError
from infra.farm import FarmConnection
from infra.jobs.notify import JOBS, Listener
from infra.services import Services, opened
from infra.settings import Settings

LOOK_SECONDS = 3.0
"""Slow poll beside the notifications, which may be lost."""
BREATH_SECONDS = 0.05
"""Between two looks: a burst of notifications is one change."""

logger = logging.getLogger("kinofarm.admission")

_threads: list[threading.Thread] = []


def keep_admitting(services: Services) -> None:
    """See to it that a thread of this process admits jobs."""
    if not any(thread.is_alive() for thread in _threads):
        thread = threading.Thread(target=_admit, args=(services.get(Settings),), name="admission", daemon=True)
        _threads[:] = [thread]
        thread.start()


def _admit(settings: Settings) -> None:
    try:
        with opened(settings) as services:
            url = services.get(FarmConnection).database_url.get_secret_value()
            with Listener(url, JOBS) as changes:
                while True:
                    _admitted(services)
                    changes.wait(LOOK_SECONDS)
                    time.sleep(BREATH_SECONDS)
    except KinofarmError as away:  # the next round of the keeper begins anew
        logger.warning("jobs have to wait: %s", away)


def _admitted(services: Services) -> None:
    try:
        admit(services)
    except KinofarmError as away:
        logger.warning("jobs have to wait: %s", away)
        time.sleep(1)
