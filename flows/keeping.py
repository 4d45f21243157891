"""What a machine's keeper process does every few seconds."""

from __future__ import annotations

import logging

from flows.healing import reconcile_once
from flows.station import tick
from flows.telling import tell
from infra.errors import KinofarmError
from infra.services import Services

logger = logging.getLogger("kinofarm.keeping")


def keep_farm(services: Services) -> None:
    """On the machine that runs the farm: keep its own station, heal what a crash lost anywhere, tell the webhooks."""
    keep_worker(services)
    reconcile_once(services)
    try:
        tell(services)
    except KinofarmError as away:
        logger.warning("webhooks have to wait: %s", away)


def keep_worker(services: Services) -> None:
    """On a machine that renders for a farm elsewhere: keep its station."""
    try:
        tick(services)
    except KinofarmError as away:
        logger.warning("the farm was not told of this machine: %s", away)
