"""Waiting for changes: woken at once by what concerns the listener, and by nothing else."""

from __future__ import annotations

import asyncio
import threading
import time

from sqlalchemy import Engine, text

from infra.jobs.ledger import Ledger
from infra.jobs.notify import JOBS, WORK, AsyncListener, Listener
from infra.jobs.store import JobStore
from tests.infra.jobs.farm import RESULT, planned


def test_a_change_of_the_job_or_of_its_chunks_wakes(engine: Engine, database: str) -> None:
    store, ledger = JobStore(engine), Ledger(engine)
    job = planned(store, ["a"])
    other = planned(store, ["b"], priority=-1)
    with Listener(database, JOBS, str(job.id)) as changes:
        assert not changes.wait(0.1)
        claim = ledger.claim("shard")
        assert claim is not None
        assert changes.wait(5)
        ledger.beat(claim.key, claim.token, frames_done=10)
        assert changes.wait(5)
        ledger.finish(claim.key, claim.token, RESULT)
        assert changes.wait(5)
        store.cancel(other.id)
        assert not changes.wait(0.2)
        store.advance(job.id, "rendering")
        assert changes.wait(5)


def test_reading_a_snapshot_wakes_nobody(engine: Engine, database: str) -> None:
    store, ledger = JobStore(engine), Ledger(engine)
    job = planned(store, ["a"])
    claim = ledger.claim("shard")
    assert claim is not None
    ledger.finish(claim.key, claim.token, RESULT)
    with Listener(database, JOBS, str(job.id)) as changes:
        assert store.snapshot(job.id).job.frames_done == 50
        assert not changes.wait(0.2)


def test_new_work_wakes_the_shards_of_its_pool(engine: Engine, database: str) -> None:
    store = JobStore(engine)
    with Listener(database, WORK, "cpu") as cpu, Listener(database, WORK, "gpu") as gpu:
        planned(store, ["a"])
        assert cpu.wait(5)
        assert not gpu.wait(0.1)


def test_a_waiter_is_woken_within_milliseconds(engine: Engine, database: str) -> None:
    store = JobStore(engine)
    job = planned(store, ["a"])
    told: list[float] = []

    def tell() -> None:
        time.sleep(0.3)
        store.advance(job.id, "rendering")
        told.append(time.monotonic())

    with Listener(database, JOBS, str(job.id)) as changes:
        teller = threading.Thread(target=tell)
        teller.start()
        assert changes.wait(10)
        woken = time.monotonic()
        teller.join()
    assert woken - told[0] < 0.5


async def test_a_coroutine_is_woken_too_and_can_be_cancelled(engine: Engine, database: str) -> None:
    store = JobStore(engine)
    job = planned(store, ["a"])
    async with AsyncListener(database, JOBS, str(job.id)) as changes:
        assert not await changes.wait(0.1)
        waiting = asyncio.create_task(changes.wait(10))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(store.cancel, job.id)
        assert await waiting
    async with AsyncListener(database, JOBS) as changes:
        waiting = asyncio.create_task(changes.wait(60))
        await asyncio.sleep(0.1)
        waiting.cancel()
        done, _ = await asyncio.wait([waiting], timeout=5)
        assert done


async def test_a_lost_connection_says_that_something_may_have_changed(engine: Engine, database: str) -> None:
    kill = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    with Listener(database, JOBS, "x") as changes:
        async with AsyncListener(database, JOBS, "x") as later:
            with engine.begin() as connection:
                assert len(connection.execute(kill).all()) == 2
            assert changes.wait(5)  # lost
            assert changes.wait(5)  # back
            assert not changes.wait(0.1)
            assert await later.wait(5)
            assert await later.wait(5)
            assert not await later.wait(0.1)


def test_a_database_that_is_away_is_waited_for_not_raised() -> None:
    with Listener("postgresql://nobody@127.0.0.1:1/none", JOBS) as changes:
        started = time.monotonic()
        assert not changes.wait(0.2)
        assert time.monotonic() - started < 2
