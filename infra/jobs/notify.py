"""Waiting for changes: PostgreSQL tells those who listen, within milliseconds, that a job or the work has changed.

A notification wakes up, and informs at most of a chunk's state: whoever is woken reads a snapshot. None is kept while nobody listens, so
look once after starting to listen, and again every few seconds. After a lost connection the first wait that has it
back says that something may have changed.

    with Listener(url, JOBS, str(job.id)) as changes:
        while not (snapshot := store.snapshot(job.id)).finished:
            changes.wait(2)
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any, Literal

import psycopg
from psycopg import sql

from infra.jobs.engine import CONNECT_SECONDS, normalised

Channel = Literal["kinofarm_job", "kinofarm_chunk", "kinofarm_work"]
JOBS: Channel = "kinofarm_job"
"""A job or one of its chunks has changed; the subject is the job's id."""
CHUNKS: Channel = "kinofarm_chunk"
"""A chunk of a job that has not ended is in another state; the subject is "JOB KEY INDEX STATE", once for each such job."""
WORK: Channel = "kinofarm_work"
"""Chunks became ready; the subject is their pool."""

RECONNECT_SECONDS = 0.5


class Listener:
    """Listens on a connection of its own, for threads that may wait. Not to be shared by threads.

    Args:    subject: what to be woken for (a job's id, a pool); None: everything on the channel.
    """

    def __init__(self, url: str, channel: Channel, subject: str | None = None) -> None:
        self._url = _plain(url)
        self._channel = channel
        self._subject = subject
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Listener:
        self._connect(CONNECT_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self, timeout: float) -> bool:
        """Wait for at most `timeout` seconds; return whether something may have changed."""
        deadline = time.monotonic() + timeout
        if self._connection is None:
            if self._connect(timeout):
                return True
            time.sleep(max(0.0, min(RECONNECT_SECONDS, deadline - time.monotonic())))
            return False
        try:
            while (left := deadline - time.monotonic()) > 0:
                heard = {notice.payload for notice in self._connection.notifies(timeout=left, stop_after=1)}
                heard |= {notice.payload for notice in self._connection.notifies(timeout=0)}
                if heard and (self._subject is None or self._subject in heard):
                    return True
        except psycopg.Error:
            self.close()
            return True
        return False

    def close(self) -> None:
        """Stop listening."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self, seconds: float) -> bool:
        try:
            self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=max(2, int(seconds)))
            self._connection.execute(_listen(self._channel))
        except psycopg.Error:
            self.close()
        return self._connection is not None


class AsyncListener:
    """The same for coroutines."""

    def __init__(self, url: str, channel: Channel, subject: str | None = None) -> None:
        self._url = _plain(url)
        self._channel = channel
        self._subject = subject
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def __aenter__(self) -> AsyncListener:
        await self._connect(CONNECT_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        """Whether the connection is there, as far as is known."""
        return self._connection is not None

    async def wait(self, timeout: float) -> bool:
        """Wait for at most `timeout` seconds; return whether something may have changed."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            heard = await self.heard(left)
            if heard is None or (heard and (self._subject is None or self._subject in heard)):
                return True
        return False

    async def heard(self, timeout: float) -> tuple[str, ...] | None:
        """Wait for at most `timeout` seconds; return the subjects of what came on the channel, in order, as often as they came.

        Returns: empty when nothing was heard; None when the connection was just lost, or is just back: anything may have changed.
        """
        if self._connection is None:
            deadline = time.monotonic() + timeout
            if await self._connect(timeout):
                return None
            await asyncio.sleep(max(0.0, min(RECONNECT_SECONDS, deadline - time.monotonic())))
            return ()
        try:
            heard = [notice.payload async for notice in self._connection.notifies(timeout=timeout, stop_after=1)]
            heard += [notice.payload async for notice in self._connection.notifies(timeout=0)]
        except psycopg.Error:
            await self.close()
            return None
        return tuple(heard)

    async def close(self) -> None:
        """Stop listening."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _connect(self, seconds: float) -> bool:
        try:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=max(2, int(seconds))
            )
            await self._connection.execute(_listen(self._channel))
        except psycopg.Error:
            await self.close()
        return self._connection is not None


def _plain(url: str) -> str:
    return normalised(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _listen(channel: Channel) -> sql.Composed:
    return sql.SQL("LISTEN {}").format(sql.Identifier(channel))
