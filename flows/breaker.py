"""A machine's breaker: faults that are its own, and not those of what it works on. A few in a row, and it takes no more work."""

from __future__ import annotations

import logging

from infra.errors import KinofarmError
from infra.jobs.workers import WorkerStore

OWN_FAULTS = (
    *("FFMPEG-006", "FFMPEG-007", "FFMPEG-008", "FFMPEG-010", "FFMPEG-012"),  # no room for ffmpeg, or no ffmpeg
    *("FLOW-002", "FLOW-009"),  # another ffmpeg than the farm's; media that is not mounted
    *("CACHE-004", "CACHE-005", "CACHE-006", "PUBLISH-003", "PUBLISH-005", "ANALYSIS-017"),  # cache or disk
)

logger = logging.getLogger("kinofarm.breaker")


def learn(workers: WorkerStore, machine: str, most: int, fault: str | None) -> None:
    """Tell the farm of a fault that is a machine's own, None: that it is well, also after what another run there had counted.

    Args:    most: in a row, before it takes no more work. fault: code and message.
    """
    try:
        if fault is None:
            workers.succeeded(machine)
        elif workers.failed(machine, fault, most):
            logger.error("this machine takes no more work: %s", fault)
    except KinofarmError as away:
        logger.warning("the farm was not told how this machine does: %s", away)
