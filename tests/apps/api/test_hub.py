"""The hub: what is told reaches everybody once and in order, and nobody waits for anybody."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from apps.api.hub import CHANGES_APART, ConnectionChanged, Ear, Hub, JobChanged, Told
from infra.events import JobAccepted, JobCancelled
from infra.farm import FarmConnection
from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from tests.infra.jobs.farm import planned

NOWHERE = "http://127.0.0.1:9/api"


def farm(database: str = "postgresql://nobody@127.0.0.1:9/none") -> FarmConnection:
    """A farm whose Prefect server is away."""
    return FarmConnection(
        home=Path("/nowhere"), database_url=SecretStr(database), api_url=NOWHERE, api_auth=None, state=None
    )


@contextlib.asynccontextmanager
async def listening(database: str) -> AsyncIterator[tuple[Hub, Ear]]:
    """A hub that hears that database, and an ear."""
    hub = Hub(farm(database))
    async with hub.running(), hub.ear() as ear:
        await heard(ear, lambda told: isinstance(told.event, ConnectionChanged) and told.event.database)
        yield hub, ear


async def heard(ear: Ear, wanted: object, seconds: float = 10) -> Told:
    """Wait for a message."""
    assert callable(wanted)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for told in await ear.next(0.5):
            if wanted(told):
                return told
    raise AssertionError("it was not told")


async def changes(ear: Ear, job: UUID, seconds: float) -> list[Told]:
    """All changes of a job that are told in so many seconds."""
    found: list[Told] = []
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        found += [told for told in await ear.next(left) if told.event == JobChanged(job=job)]
    return found


async def test_every_ear_is_told_all_in_order() -> None:
    hub, jobs = Hub(farm()), [uuid4() for _ in range(1200)]
    async with hub.ear() as one, hub.ear() as other:
        for job in jobs:
            hub.tell(JobCancelled(job=job))
        for ear in (one, other):
            found: list[Told] = []
            while told := await ear.next(0.01):
                assert len(told) <= 500
                found += told
            assert [each.event for each in found] == [JobCancelled(job=job) for job in jobs]
            assert [each.id for each in found] == [f"{hub.boot}-{number}" for number in range(1, 1201)]


async def test_an_ear_hears_nothing_of_what_was_before_and_waits_no_longer_than_asked() -> None:
    hub = Hub(farm())
    hub.tell(JobCancelled(job=uuid4()))
    async with hub.ear() as ear:
        began = time.monotonic()
        assert await ear.next(0.2) == ()
        assert 0.19 < time.monotonic() - began < 1


async def test_an_ear_of_one_job_hears_of_that_and_of_connections() -> None:
    hub, ours = Hub(farm()), uuid4()
    async with hub.ear(job=ours) as ear:
        for job in (uuid4(), ours, uuid4()):
            hub.tell(JobCancelled(job=job))
        hub.tell(ConnectionChanged(events=True, database=True))
        hub.tell(JobCancelled(job=uuid4()))
        assert [told.name for told in await ear.next(1)] == ["kinofarm.job.cancelled", "connection"]
        assert ear.position == f"{hub.boot}-5"


@pytest.mark.parametrize("many", [0, 1, 7, 8])
async def test_who_goes_on_within_the_ring_misses_nothing_and_hears_nothing_twice(many: int) -> None:
    hub = Hub(farm(), kept=8)
    for _ in range(20):
        hub.tell(JobCancelled(job=uuid4()))
    async with hub.ear(after=f"{hub.boot}-{20 - many}") as ear:
        told = await ear.next(0.05)
    assert [each.id for each in told] == [f"{hub.boot}-{number}" for number in range(21 - many, 21)]


@pytest.mark.parametrize("after", ["{boot}-11", "{boot}-21", "other-20", "{boot}-", "{boot}--1", "", "-", "{boot}-9" + "9" * 40, "{boot}-²"])  # fmt: skip
async def test_who_goes_on_after_what_is_not_in_the_ring_is_told_to_read_a_snapshot(after: str) -> None:
    hub = Hub(farm(), kept=8)
    for _ in range(20):
        hub.tell(JobCancelled(job=uuid4()))
    async with hub.ear(after=after.format(boot=hub.boot)) as ear:
        (reset,) = await ear.next(0.05)
        assert (reset.name, reset.event, reset.id) == ("reset", None, f"{hub.boot}-20")
        hub.tell(JobCancelled(job=uuid4()))
        assert [told.id for told in await ear.next(1)] == [f"{hub.boot}-21"]


async def test_a_slow_ear_is_told_that_it_missed_something_and_holds_nobody_up() -> None:
    hub = Hub(farm(), kept=100)
    async with hub.ear() as slow, hub.ear() as quick:
        got: list[Told] = []
        began = time.monotonic()
        for number in range(1000):
            hub.tell(JobAccepted(job=uuid4(), project=str(number), output="o"))
            if number % 50 == 0:
                got += await quick.next(1)
        got += await quick.next(1)
        assert time.monotonic() - began < 1
        assert [told.id for told in got] == [f"{hub.boot}-{number}" for number in range(1, 1001)]
        (reset,) = await slow.next(1)
        assert (reset.name, reset.id) == ("reset", f"{hub.boot}-1000")
        hub.tell(JobCancelled(job=uuid4()))
        assert [told.name for told in await slow.next(1)] == ["kinofarm.job.cancelled"]


async def test_an_ear_is_over_when_the_hub_ends_and_nobody_waits_any_longer() -> None:
    hub = Hub(farm())
    async with hub.running(), hub.ear() as ear:
        waiting = asyncio.create_task(ear.next(60))
        await asyncio.sleep(0.05)
        hub.end()
        await asyncio.wait_for(waiting, 2)
        assert ear.over
    async with hub.ear() as late:
        assert late.over
    assert hub.listeners == 0


async def test_changes_of_which_no_event_tells_are_heard_from_the_database(engine: Engine, database: str) -> None:
    store = JobStore(engine)
    job = planned(store, ["a"])
    async with listening(database) as (hub, ear):
        assert not hub.connected
        for change in (
            lambda: store.pause(job.id),
            lambda: store.prioritise(job.id, 70),
            lambda: store.pause(job.id, False),
        ):
            await asyncio.to_thread(change)
            await heard(ear, lambda told: told.event == JobChanged(job=job.id), 2)


async def test_many_changes_of_a_job_are_told_four_times_a_second_and_the_last_one_is_not_lost(
    engine: Engine, database: str
) -> None:
    store, ledger = JobStore(engine), Ledger(engine)
    jobs = [planned(store, ["a"]), planned(store, ["b"])]
    async with listening(database) as (_, ear):

        def busy() -> float:
            claims = [ledger.claim("shard"), ledger.claim("shard")]
            end = time.monotonic() + 2
            frames = 0
            while time.monotonic() < end:
                frames += 1
                for claim in claims:
                    assert claim is not None
                    ledger.beat(claim.key, claim.token, frames_done=min(frames, 49))
            return time.monotonic()

        working = asyncio.create_task(asyncio.to_thread(busy))
        told: dict[UUID, list[float]] = {job.id: [] for job in jobs}
        while not working.done() or time.monotonic() < working.result() + 0.5:
            for each in await ear.next(0.1):
                if isinstance(each.event, JobChanged):
                    told[each.event.job].append(time.monotonic())
        for times in told.values():
            assert 6 <= len(times) <= 11
            assert times[-1] > working.result() - CHANGES_APART


async def test_a_lost_database_is_told_and_so_is_its_return(engine: Engine, database: str) -> None:
    store = JobStore(engine)
    job = planned(store, ["a"])
    kill = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    async with listening(database) as (_, ear):
        with engine.begin() as connection:
            connection.execute(kill)
        await heard(ear, lambda told: told.event == ConnectionChanged(events=False, database=False))
        await heard(ear, lambda told: told.event == ConnectionChanged(events=False, database=True))
        await asyncio.to_thread(store.pause, job.id)
        await heard(ear, lambda told: told.event == JobChanged(job=job.id), 2)
