"""What a machine's keeper process does every few seconds."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flows.admission import keep_admitting
from flows.healing import reconcile_once, sweep_machine
from flows.station import tick
from flows.telling import tell
from infra.errors import KinofarmError
from infra.services import Services

logger = logging.getLogger("kinofarm.keeping")


def keep_farm(services: Services) -> None:
    """On the machine that runs the farm: keep its own station, admit jobs, heal what a crash lost, tell the webhooks."""
    keep_admitting(services)
    keep_worker(services)
    reconcile_once(services)
    _tried(tell, services, "webhooks have to wait")


def keep_worker(services: Services) -> None:
    """On a machine that renders for a farm elsewhere: keep its station, and remove what was left on it."""
    _tried(tick, services, "the farm was not told of this machine")
    _tried(sweep_machine, services, "what was left here stays for now")


def _tried(step: Callable[[Services], None], services: Services, otherwise: str) -> None:
    """Do it; an error keeps nothing else from being done."""
    try:
        step(services)
    except KinofarmError as error:
        logger.warning("%s: %s", otherwise, error)
