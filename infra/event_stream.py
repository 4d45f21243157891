"""The farm's events as they happen, from the Prefect server: one subscription after the other, for ever.

An event may be lost, come late, or after one that happened later: `infra.events` says how to live with that. After a lost
connection the server tells the last minute again; what was heard before is not told twice.

Source:  Prefect's event subscriber (prefect.events.clients), one connection of it at a time: its own reconnecting tells nobody
         that the server is away.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import pydantic
from cachetools import TTLCache
from pydantic import SecretStr

from infra.events import Event, event_from

PREFIX = "kinofarm."
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0
"""Seconds between two tries to connect; they double from the first to the longest, and vary by a fifth."""
REMEMBERED_SECONDS = 300
REMEMBERED = 50_000
"""Events that are known again: more than the server tells anew after a lost connection."""

Tell = Callable[[datetime, Event], None]
Turn = Callable[[bool], None]

logger = logging.getLogger("kinofarm.events")


class EventStream:
    """A subscription to the events of a farm.

    Args:    api_url: of the Prefect server. auth: its "user:password"; None: it asks for none.
    """

    def __init__(self, api_url: str, auth: SecretStr | None) -> None:
        self.connected = False
        self._api_url = api_url
        self._auth = auth
        self._heard: TTLCache[UUID, None] = TTLCache(REMEMBERED, REMEMBERED_SECONDS)

    async def listen(self, tell: Tell, turned: Turn) -> NoReturn:
        """Hand every event of the farm to `tell`, with when it happened, until this is cancelled; both must return at once.

        Args:    turned: is called with whether the connection is there, whenever that changes.
        """
        await asyncio.to_thread(importlib.import_module, "prefect.events.clients")  # takes a second
        pause = FIRST_PAUSE
        while True:
            try:
                async with self._subscriber() as subscriber:
                    self._turn(True, turned)
                    pause = FIRST_PAUSE
                    async for event in subscriber:
                        self._hand_on(event, tell)
            except Exception as error:  # whatever it is, the server may be back the next time
                level = logging.INFO if self.connected else logging.DEBUG
                logger.log(level, "no events from the Prefect server for now: %s", type(error).__name__)
            finally:
                self._turn(False, turned)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _turn(self, connected: bool, turned: Turn) -> None:
        if connected != self.connected:
            self.connected = connected
            turned(connected)

    @asynccontextmanager
    async def _subscriber(self) -> AsyncIterator[Any]:
        """One connection, made with what we were given: nothing of the environment's settings is needed."""
        from prefect.events.clients import PrefectEventSubscriber
        from prefect.events.filters import EventFilter, EventNameFilter
        from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

        given = {PREFECT_API_URL: self._api_url}
        if self._auth is not None:
            given[PREFECT_API_AUTH_STRING] = self._auth.get_secret_value()
        with temporary_settings(updates=given):
            wanted = EventFilter(event=EventNameFilter(prefix=[PREFIX]))
            async with PrefectEventSubscriber(self._api_url, wanted, reconnection_attempts=0) as subscriber:
                yield subscriber

    def _hand_on(self, event: Any, tell: Tell) -> None:
        if event.id in self._heard:
            return
        self._heard[event.id] = None
        try:
            known = event_from(event.event, event.payload)
        except pydantic.ValidationError:  # of another version of the farm
            logger.warning("an event %s is not understood", event.event)
            return
        if known is not None:
            tell(event.occurred, known)
