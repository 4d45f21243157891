"""Connections: errors are ours, and a database that is away for a while costs time, not work."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs import engine as ledger_engine
from infra.jobs.ledger import Ledger
from infra.jobs.notify import JOBS, Listener
from infra.jobs.store import JobStore
from infra.postgres import EmbeddedPostgres
from tests.infra.jobs.farm import RESULT, planned


@pytest.fixture
def server(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(open_folder / "to-be-killed")  # its commits must last
    made.start()
    ledger_engine.upgrade(made.url)
    yield made
    made.stop()


def test_work_goes_on_after_the_database_was_killed_and_started_again(server: EmbeddedPostgres) -> None:
    engine = ledger_engine.create(server.url)
    store, ledger = JobStore(engine), Ledger(engine)
    job = planned(store, [f"chunk-{number}" for number in range(40)])
    finished: list[str] = []

    def shard() -> None:
        while (claim := ledger.claim("shard", lease=30)) is not None:
            ledger.beat(claim.key, claim.token, lease=30)
            if ledger.finish(claim.key, claim.token, RESULT):
                finished.append(claim.key)
            time.sleep(0.01)

    shards = [threading.Thread(target=shard) for _ in range(3)]
    with Listener(server.url, JOBS, str(job.id)) as changes:
        for each in shards:
            each.start()
        time.sleep(0.2)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        time.sleep(0.5)
        server.start()
        for each in shards:
            each.join(60)
        assert changes.wait(5)
        snapshot = store.snapshot(job.id)
        waiting = snapshot.total - snapshot.states["done"]  # claims whose answer the crash swallowed
        assert waiting <= 3
        assert len(set(finished)) == len(finished) == snapshot.states["done"]
    engine.dispose()


def test_a_database_that_stays_away_is_an_error_after_the_patience() -> None:
    engine = ledger_engine.create("postgresql://nobody:secret-word@127.0.0.1:1/none")
    started = time.monotonic()
    with pytest.raises(KinofarmError, match="DB-001") as away:
        JobStore(engine, patience=0.5).jobs()
    assert 0.4 < time.monotonic() - started < 3
    assert away.value.retry
    assert "secret-word" not in repr(away.value.as_dict())
    assert away.value.__cause__ is None


def test_a_refused_statement_is_an_error_at_once_and_shows_no_data(engine: Engine) -> None:
    with pytest.raises(KinofarmError, match="DB-002") as refused, ledger_engine.transaction(engine) as connection:
        connection.execute(text("SELECT :word FROM nowhere"), {"word": "private"})
    assert "nowhere" in refused.value.detail
    assert "private" not in repr(refused.value.as_dict())


def test_any_spelling_of_postgresql_gets_our_driver_and_nothing_else_is_taken() -> None:
    for url in ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"):
        assert ledger_engine.normalised(url).drivername == "postgresql+psycopg"
    for wrong in ("sqlite:///x", "no url", "mysql://u:p@h/d"):
        with pytest.raises(KinofarmError, match="DB-004") as refused:
            ledger_engine.normalised(wrong)
        assert wrong not in refused.value.message


def test_an_empty_database_is_not_taken_for_ours(engine: Engine, database: str) -> None:
    ledger_engine.require_current(engine)
    ledger_engine.downgrade(database, "base")
    with pytest.raises(KinofarmError, match="DB-003"):
        ledger_engine.require_current(engine)
