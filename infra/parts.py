"""A part of a farm that is kept alive: started again, after a pause that grows, whenever it has ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from infra.errors import KinofarmError

HEALTHY_SECONDS = 30
"""A part that lived this long may end and start again at once."""
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0

logger = logging.getLogger("kinofarm.parts")


class Server(Protocol):
    """What can be watched: a `Daemon`, or the embedded PostgreSQL."""

    def start(self) -> None: ...

    def alive(self) -> bool: ...

    @property
    def pid(self) -> int | None: ...


@dataclass
class Part:
    """A server, how it is ended in good order, and what its watcher remembers."""

    name: str
    server: Server
    stop: Callable[[], None]
    restarts: int = 0
    _started: float = 0.0
    _pause: float = 0.0
    _due: float | None = None

    def start(self) -> None:
        """Start it.

        Raises:  what the server's start raises.
        """
        self._started = time.monotonic()
        self.server.start()

    def revive(self, now: float) -> bool:
        """Start it again if it has ended and its pause is over; return whether it was started."""
        if self.server.alive():
            return False
        if self._due is None:
            lived = now - self._started
            self._pause = FIRST_PAUSE if lived > HEALTHY_SECONDS else min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
            self._due = now + self._pause
            logger.warning("%s has ended; it is started again in %.2f s", self.name, self._pause)
        if now < self._due:
            return False
        self._due = None
        self.restarts += 1
        try:
            self.start()
        except KinofarmError as error:
            logger.error("%s: %s  %s", self.name, error, error.detail)
            return False
        return True
