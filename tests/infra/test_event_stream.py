"""The stream of the farm's events: what happens is heard once, and again after the server was away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from infra.event_stream import EventStream
from infra.events import Event, JobCancelled, JobVerified, payload_of
from tests.infra.conftest import RunningFarm

pytestmark = pytest.mark.timeout(240)


class Heard:
    """What a stream told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.turns: list[bool] = []

    def tell(self, at: datetime, event: Event) -> None:
        assert abs((datetime.now(UTC) - at).total_seconds()) < 120
        self.events.append(event)


@contextlib.asynccontextmanager
async def listening(stream: EventStream) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(stream.listen(heard.tell, heard.turns.append))
    try:
        yield heard
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert not stream.connected


async def until(true: Callable[[], Any], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def send(farm: RunningFarm, name: str, payload: dict[str, Any]) -> None:
    """Have the server take an event, as anybody's program can."""
    connection = farm.connection
    assert connection.api_auth is not None
    user, _, password = connection.api_auth.get_secret_value().partition(":")
    event = {"event": name, "resource": {"prefect.resource.id": f"kinofarm.job.{uuid4()}"}, "payload": payload}
    event |= {"id": str(uuid4()), "occurred": datetime.now(UTC).isoformat()}
    async with httpx.AsyncClient(auth=(user, password)) as client:
        (await client.post(f"{connection.api_url}/events", json=[event])).raise_for_status()


async def test_events_are_heard_once_and_in_order_also_after_the_server_was_killed(running_farm: RunningFarm) -> None:
    connection = running_farm.connection
    first, later = [JobCancelled(job=uuid4()) for _ in range(20)], JobVerified(job=uuid4(), frames=7)
    async with listening(EventStream(connection.api_url, connection.api_auth)) as heard:
        await until(lambda: heard.turns == [True])
        for event in first:
            await send(running_farm, event.name, payload_of(event))
        await until(lambda: len(heard.events) >= len(first))
        os.kill(running_farm.pid("the Prefect server"), signal.SIGKILL)
        await until(lambda: heard.turns == [True, False], 10)
        await until(lambda: heard.turns == [True, False, True], 90)
        await send(running_farm, later.name, payload_of(later))
        await until(lambda: later in heard.events)
        assert heard.events == [*first, later]


async def test_what_is_not_the_farm_s_or_not_understood_is_passed_over(running_farm: RunningFarm) -> None:
    connection, good = running_farm.connection, JobCancelled(job=uuid4())
    async with listening(EventStream(connection.api_url, connection.api_auth)) as heard:
        await until(lambda: heard.turns == [True])
        await send(running_farm, "kinofarm.job.cancelled", {"job": "no id", "more": 1})
        await send(running_farm, "kinofarm.of.another.version", {})
        await send(running_farm, "somebody.else", payload_of(good))
        await send(running_farm, good.name, payload_of(good))
        await until(lambda: good in heard.events)
        assert heard.turns == [True]


async def test_a_wrong_password_hears_nothing_and_is_not_logged(
    running_farm: RunningFarm, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secret = SecretStr("kinofarm:not-the-password")
    async with listening(EventStream(running_farm.connection.api_url, secret)) as heard:
        await asyncio.sleep(3)
        assert heard.turns == []
    assert "no events from the Prefect server" in caplog.text
    assert not [
        record for record in caplog.records if record.name.startswith("kinofarm") and "not-the" in record.getMessage()
    ]
