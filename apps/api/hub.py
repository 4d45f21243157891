"""The hub: what happens on the farm, told to any number of listeners of one API process without ever waiting for one.

    async with hub.ear() as ear:
        while not ear.over:
            for told in await ear.next(5):
                ...

Told is each event of the farm (`infra.events`), by its own name, and beside them

    job.changed   a job or one of its chunks has changed in the database: at most four times a second and job
    chunk.changed    a chunk of a job is in another state, told by the database: sooner and surer than Prefect's events
    connection    whether the Prefect server's events and the database are heard now; what was not, may be missed
    reset         something was missed, and can't be told any more: read a snapshot. It has no event.

Everything told stands in one ring of the last 10,000, numbered "<boot>-<number>"; an ear is a place in it. An ear that is
overtaken by the ring is told `reset` in place of what it missed, and so is one that asks to go on after a place that is not
in the ring (any more), or that another process gave.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from infra.event_stream import EventStream
from infra.events import Event, JobEvent, payload_of
from infra.farm import FarmConnection
from infra.jobs.notify import CHUNKS, JOBS, AsyncListener, Channel
from infra.jobs.states import ChunkState

KEPT = 10_000
"""Messages that the ring holds: minutes of a busy farm."""
AT_ONCE = 500
"""Most that one `next` hands over."""
CHANGES_APART = 0.25
"""Seconds between two `job.changed` of one job."""
RATE_SECONDS = 10
AWAKE_SECONDS = 30
RETRY_SECONDS = 1.0

logger = logging.getLogger("kinofarm.hub")


class JobChanged(JobEvent):
    """A job or one of its chunks has changed in the database."""

    name: ClassVar[str] = "job.changed"


class ChunkChanged(JobEvent):
    """A chunk of a job that has not ended is in another state. index: its first place among those of its kind."""

    name: ClassVar[str] = "chunk.changed"
    key: str
    index: int
    state: ChunkState

    @classmethod
    def read(cls, subject: str) -> ChunkChanged:
        """Read what the database tells on the channel CHUNKS."""
        job, key, index, state = subject.split(" ")
        return cls.model_validate({"job": job, "key": key, "index": index, "state": state})


class ConnectionChanged(Event):
    """Whether the events of the Prefect server and the changes in the database are heard now."""

    name: ClassVar[str] = "connection"
    events: bool
    database: bool


@dataclass(frozen=True)
class Told:
    """A message. id: to go on after. name: the event's, or "reset", which has none. at: when it happened."""

    id: str
    name: str
    at: datetime
    event: Event | None

    @cached_property
    def json(self) -> str:
        """The message as JSON, made once for all who are told: id, name, at, event (its fields, or null)."""
        event = None if self.event is None else payload_of(self.event)
        return json.dumps({"id": self.id, "name": self.name, "at": self.at.isoformat(), "event": event})


class Ear:
    """A listener's place in what is told; made by `Hub.ear`.

    over: the hub has ended, nothing will follow. position: id of the last message that was handed over or passed by.
    """

    def __init__(self, hub: Hub, job: UUID | None, after: str | None) -> None:
        self.over = hub.ended
        self._hub = hub
        self._job = job
        place = hub.newest if after is None else hub.place(after)
        self._missed = place is None
        self._place = hub.newest if place is None else place
        self._news = asyncio.Event()

    @property
    def position(self) -> str:
        return self._hub.id_of(self._place)

    async def next(self, timeout: float) -> tuple[Told, ...]:
        """Wait for at most `timeout` seconds for something to be told, and return it, at most 500 messages at once.

        Returns: none after the timeout, or when it is over.
        """
        deadline = time.monotonic() + timeout
        while not (found := self._taken()):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            if self.over:
                await asyncio.sleep(min(left, CHANGES_APART))  # who does not look at `over` shall not spin
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)
        return found

    def wake(self, told: Told) -> None:
        """Something was told."""
        if self._wants(told):
            self._news.set()

    def end(self) -> None:
        """Nothing will follow."""
        self.over = True
        self._news.set()

    def _taken(self) -> tuple[Told, ...]:
        self._news.clear()
        if self._missed or self._place < self._hub.oldest - 1:
            self._missed = False
            self._place = self._hub.newest
            return (Told(self.position, "reset", datetime.now(UTC), None),)
        found: list[Told] = []
        while self._place < self._hub.newest and len(found) < AT_ONCE:
            self._place += 1
            told = self._hub.at(self._place)
            if self._wants(told):
                found.append(told)
        return tuple(found)

    def _wants(self, told: Told) -> bool:
        return self._job is None or not isinstance(told.event, JobEvent) or told.event.job == self._job


class Hub:
    """Tells what happens on a farm. Everything but `running` is called in the loop in which it runs.

    Args:    kept: messages in the ring.
    """

    def __init__(self, farm: FarmConnection, *, kept: int = KEPT) -> None:
        self.boot = secrets.token_hex(4)
        self.newest = 0
        self.ended = False
        self.events = 0
        self.connected = False
        self._heard_channels: dict[Channel, bool] = {JOBS: False, CHUNKS: False}
        self._farm = farm
        self._ring: list[Told | None] = [None] * kept
        self._ears: set[Ear] = set()
        self._changed: dict[str, float] = {}
        self._times: deque[float] = deque(maxlen=kept)

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._ears)

    @property
    def hears_database(self) -> bool:
        """Whether the database's notifications are heard now."""
        return all(self._heard_channels.values())

    @property
    def rate(self) -> float:
        """Events of the farm a second, in the last ten seconds."""
        since = time.monotonic() - RATE_SECONDS
        return sum(each >= since for each in self._times) / RATE_SECONDS

    @property
    def oldest(self) -> int:
        """The number of the oldest message in the ring."""
        return max(1, self.newest - len(self._ring) + 1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen to the farm within this block; at its end every ear is over."""
        stream = EventStream(self._farm.api_url, self._farm.api_auth)
        url = self._farm.database_url.get_secret_value()
        tasks = [
            asyncio.create_task(_again(lambda: stream.listen(self._heard, self._stream_turned))),
            asyncio.create_task(_again(lambda: self._hear(url, JOBS, self._jobs_changed))),
            asyncio.create_task(_again(lambda: self._hear(url, CHUNKS, self._chunks_changed))),
        ]
        try:
            yield
        finally:
            self.end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def ear(self, *, job: UUID | None = None, after: str | None = None) -> AsyncIterator[Ear]:
        """Listen within this block.

        Args:    job: to what is told of this job only, and of the connections. after: id of the message to go on after;
                 None: after the newest.
        """
        ear = Ear(self, job, after)
        self._ears.add(ear)
        try:
            yield ear
        finally:
            self._ears.discard(ear)

    def standing(self, place: str) -> Told:
        """Return the message that says what is heard now, to go on after that place."""
        now = ConnectionChanged(events=self.connected, database=self.hears_database)
        return Told(place, now.name, datetime.now(UTC), now)

    def end(self) -> None:
        """Tell every ear that nothing will follow."""
        self.ended = True
        for ear in self._ears:
            ear.end()

    def tell(self, event: Event, at: datetime | None = None) -> None:
        """Tell all who listen of an event."""
        self.newest += 1
        told = Told(self.id_of(self.newest), event.name, at or datetime.now(UTC), event)
        self._ring[self.newest % len(self._ring)] = told
        for ear in self._ears:
            ear.wake(told)

    def at(self, number: int) -> Told:
        """Return a message that is in the ring."""
        told = self._ring[number % len(self._ring)]
        assert told is not None
        return told

    def id_of(self, number: int) -> str:
        return f"{self.boot}-{number}"

    def place(self, given: str) -> int | None:
        """Return the number of a message's id; None when what came after it is not in the ring."""
        boot, _, digits = given.partition("-")
        if boot != self.boot or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            return None
        number = int(digits)
        return number if self.oldest - 1 <= number <= self.newest else None

    def job_changed(self, job: str) -> None:
        """Tell of a job's change, now or as soon as may be after the last time."""
        now = time.monotonic()
        last = self._changed.get(job, -CHANGES_APART)
        if last > now:  # it will be told
            return
        due = self._changed[job] = max(now, last + CHANGES_APART)
        if due > now:
            asyncio.get_running_loop().call_later(due - now, self._tell_changed, job)
        else:
            self._tell_changed(job)
        if len(self._changed) > AT_ONCE:
            self._changed = {each: told for each, told in self._changed.items() if told > now - CHANGES_APART}

    def _tell_changed(self, job: str) -> None:
        if not self.ended:
            self.tell(JobChanged(job=UUID(job)))

    def _heard(self, at: datetime, event: Event) -> None:
        self.events += 1
        self._times.append(time.monotonic())
        self.tell(event, at)

    def _stream_turned(self, connected: bool) -> None:
        self.connected = connected
        self._tell_connection()

    def _tell_connection(self) -> None:
        if not self.ended:
            self.tell(ConnectionChanged(events=self.connected, database=self.hears_database))

    async def _hear(self, url: str, channel: Channel, tell: Callable[[tuple[str, ...]], None]) -> None:
        """Hear what the database tells; what is missed while it is away, `connection` makes everybody read."""
        async with AsyncListener(url, channel) as changes:
            while True:
                before = self.hears_database
                self._heard_channels[channel] = changes.connected
                if self.hears_database != before:
                    self._tell_connection()
                tell(await changes.heard(AWAKE_SECONDS) or ())

    def _jobs_changed(self, jobs: tuple[str, ...]) -> None:
        for job in sorted(set(jobs)):
            self.job_changed(job)

    def _chunks_changed(self, subjects: tuple[str, ...]) -> None:
        if not self.ended:
            for subject in subjects:
                self.tell(ChunkChanged.read(subject))


async def _again(work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Do it again and again: a bug in it must not leave everybody without news."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("the hub starts again to listen")
        await asyncio.sleep(RETRY_SECONDS)
