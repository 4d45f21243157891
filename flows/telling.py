"""Telling webhooks: what the keeper does with the news of jobs. Requests are made in a thread beside it."""

from __future__ import annotations

import logging
import threading
import time

import httpx

from infra import webhooks
from infra.errors import KinofarmError
from infra.jobs.deliveries import Delivery, DeliveryStore
from infra.sections import Webhook
from infra.services import Services, opened
from infra.settings import Settings

logger = logging.getLogger("kinofarm.telling")

_sending: list[threading.Thread] = []


def tell(services: Services) -> None:
    """Make deliveries of the news, and see that those that are due are made.

    Raises:  KinofarmError DB-00x.
    """
    settings = services.get(Settings)
    hooks = {hook.name: hook for hook in settings.notify.webhooks}
    services.get(DeliveryStore).spread({name: hook.events for name, hook in hooks.items()})
    if hooks and not any(thread.is_alive() for thread in _sending):
        _sending[:] = [threading.Thread(target=_send, args=(settings,), name="webhooks", daemon=True)]
        _sending[0].start()


def _send(settings: Settings) -> None:
    try:
        with opened(settings) as services:
            deliver(services)
    except KinofarmError as away:
        logger.warning("webhooks have to wait: %s", away)


def deliver(services: Services) -> int:
    """Make the deliveries that are due now; return how many arrived.

    Raises:  KinofarmError DB-00x.
    """
    hooks = {hook.name: hook for hook in services.get(Settings).notify.webhooks}
    store, arrived = services.get(DeliveryStore), 0
    with webhooks.client() as client:
        while taken := store.take(list(hooks)):
            for delivery in taken:
                arrived += _made(client, store, hooks[delivery.webhook], delivery)
    return arrived


def _made(client: httpx.Client, store: DeliveryStore, hook: Webhook, delivery: Delivery) -> bool:
    secret = hook.secret.get_secret_value() if hook.secret else None
    try:
        now = int(time.time())
        status = webhooks.send(client, hook.url.get_secret_value(), secret, str(delivery.id), now, delivery.payload)
    except KinofarmError as refused:
        logger.warning("webhook %s, try %d: %s", hook.name, delivery.attempts, refused)
        store.failed(delivery.id, refused.params.get("status"), str(refused.params.get("reason", refused)))
        return False
    store.delivered(delivery.id, status)
    return True
