"""Lookers are there while media wait to be looked through, on the machines that can; a render comes first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy
from sqlalchemy import Engine

from flows import lookers
from flows.lookers import Turn, ensure_lookers, heal, start_batch
from infra.container import Container, Registry
from infra.jobs.engine import alone, transaction
from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from infra.jobs.workers import WorkerStore
from infra.library.analyses import AnalysisStore
from infra.library.batches import STARTS, BatchStore
from infra.prefect_api import PrefectApi
from infra.services import Services
from infra.settings import Settings
from tests.fakes.prefect_server import FakePrefect
from tests.infra.jobs.farm import nothing, picture

HERE = uuid4()


@pytest.fixture
def prefect() -> FakePrefect:
    return FakePrefect()


@pytest.fixture
def services(engine: Engine, tmp_path: Path, prefect: FakePrefect) -> Iterator[Services]:
    table = Registry()
    table.register_value(Settings, Settings(home=tmp_path))
    table.register_value(sqlalchemy.Engine, engine)
    for store in (JobStore, Ledger, AnalysisStore, BatchStore, WorkerStore):
        table.register_value(store, store(engine))
    table.register_value(PrefectApi, prefect)
    with table, Container(table) as container:
        container.get(WorkerStore).register("here", HERE, {"cpu": 3, "gpu": 3})
        yield container


def _wait(services: Services, many: int, device: str = "cpu") -> None:
    for number in range(many):
        content = f"{device} {number}".ljust(64, "0")
        services.get(AnalysisStore).begin(content, "1" * 64, "/a.mov", "shapes", {"device": device}, "")


def _looking(prefect: FakePrefect, pool: str) -> int:
    return len(prefect.runs([pool], flow="look"))


def _chunks_wait(services: Services) -> UUID:
    jobs = services.get(JobStore)
    job = jobs.accept(uuid4(), project="/p/film.json", output="/p/film.mp4")
    jobs.plan(job.id, [picture(job.id, 0)], nothing)
    jobs.advance(job.id, "rendering")
    return job.id


def test_there_is_a_looker_for_each_that_waits_but_for_one_slot_that_is_left_to_renders(
    services: Services, prefect: FakePrefect
) -> None:
    assert ensure_lookers(services) == 0
    assert prefect.requests == 0, "nothing waits: nobody is asked"
    _wait(services, 1)
    assert (ensure_lookers(services), _looking(prefect, "cpu")) == (1, 1)
    assert ensure_lookers(services) == 0, "it is on its way"
    _wait(services, 5)
    prefect.add("RUNNING", pool="cpu")  # a shard is none
    assert (ensure_lookers(services), _looking(prefect, "cpu")) == (1, 2)


def test_a_single_slot_is_a_lookers_too(services: Services, prefect: FakePrefect) -> None:
    services.get(WorkerStore).probed("here", HERE, {"cpu": 1}, (), {})
    _wait(services, 3)
    assert (ensure_lookers(services), _looking(prefect, "cpu")) == (1, 1)
    services.get(WorkerStore).turn("here", HERE, "draining")
    prefect.found.clear()
    assert ensure_lookers(services) == 0, "no machine takes work"


def test_each_machine_with_cuda_has_one_looker(services: Services, prefect: FakePrefect) -> None:
    _wait(services, 4, "auto")
    workers = services.get(WorkerStore)
    workers.probed("here", HERE, {"cpu": 3, "gpu": 3}, (), {"cuda": ""})
    assert ensure_lookers(services) == 1
    assert (_looking(prefect, "gpu"), _looking(prefect, "cpu")) == (1, 0)


def test_no_looker_starts_while_a_render_waits_for_a_slot(services: Services, prefect: FakePrefect) -> None:
    _wait(services, 2)
    _chunks_wait(services)
    shard = prefect.add("SCHEDULED", pool="cpu", flow="shard")
    assert ensure_lookers(services) == 0
    prefect.add("RUNNING", shard, pool="cpu", flow="shard")
    assert ensure_lookers(services) == 2, "the shard has its slot"


def test_a_looker_makes_room_for_a_render_that_is_seen_waiting_twice(
    services: Services, prefect: FakePrefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookers, "TURN_SECONDS", 0.0)
    turn = Turn(services, "cpu", "here")
    assert not turn.is_over()
    _chunks_wait(services)
    assert not turn.is_over(), "no shard waits for a slot"
    prefect.add("PENDING", pool="cpu", flow="shard")
    assert not turn.is_over(), "it may have its slot in a moment"
    assert turn.is_over()
    prefect.found.clear()
    assert turn.is_over(), "and so it stays"


def test_a_looker_makes_room_when_its_machine_leaves(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = Turn(services, "cpu", "here")
    services.get(WorkerStore).turn("here", HERE, "draining")
    assert not turn.is_over(), "it is not asked at each frame"
    monkeypatch.setattr(lookers, "TURN_SECONDS", 0.0)
    assert Turn(services, "cpu", "here").is_over()
    assert not Turn(services, "cpu", "there").is_over(), "a machine that nobody knows is not leaving"


def test_the_run_of_a_batch_is_started_again_a_few_times(services: Services, prefect: FakePrefect) -> None:
    store = services.get(BatchStore)
    lost, stopped = (store.add(uuid4(), "/media", None, {}, "") for _ in range(2))
    for batch in (lost, stopped):
        start_batch(services, batch)
    store.start(stopped.id)
    store.stop(stopped.id)
    runs = {batch.id: store.get(batch.id).run_id for batch in (lost, stopped)}
    for _ in range(2):
        _lose(services)
        heal(services)
        assert prefect.asked == [], "they wait for their turn"
    prefect.add("RUNNING", runs[lost.id])
    prefect.add("CRASHED", runs[stopped.id])
    _lose(services)
    heal(services)
    assert prefect.asked == []
    assert store.get(stopped.id).state == "stopped"
    for start in range(2, STARTS + 1):
        prefect.add("CRASHED", runs[lost.id])  # before it had begun, the first time
        _lose(services)
        heal(services)
        heal(services)
        assert prefect.asked == [(runs[lost.id], "SCHEDULED")] * (start - 1), "the same run"
        started = store.start(lost.id)
        assert started is not None
        assert started.starts == start
    prefect.add("CRASHED", runs[lost.id])
    _lose(services)
    heal(services)
    ended = store.get(lost.id)
    assert (ended.state, ended.error and ended.error["code"]) == ("failed", "ANALYSIS-011")


def test_a_batch_whose_run_was_cancelled_or_is_not_known_any_more_does_not_wait_for_ever(
    services: Services, prefect: FakePrefect
) -> None:
    store = services.get(BatchStore)
    cancelled, unknown = (store.add(uuid4(), "/media", None, {}, "") for _ in range(2))
    for batch in (cancelled, unknown):
        start_batch(services, batch)
    run = store.get(cancelled.id).run_id
    assert run is not None
    prefect.add("CANCELLED", run)
    gone = store.get(unknown.id).run_id
    assert gone is not None
    del prefect.found[gone]
    _lose(services)
    heal(services)
    assert store.get(cancelled.id).state == "stopped"
    anew = store.get(unknown.id).run_id
    assert anew not in (None, gone)
    assert [run.id for run in prefect.runs(["orchestrator"], flow="analyse")] == [anew]


def test_what_waits_to_be_shared_and_is_in_no_batch_gets_one(services: Services, prefect: FakePrefect) -> None:
    analyses, batches = services.get(AnalysisStore), services.get(BatchStore)
    row = analyses.begin("1" * 64, "1" * 64, "/media/a.mov", None, {"what": "media"}, "anna", ready=False)
    heal(services)
    assert batches.newest(9) == (), "whoever entered it is about to begin one"
    with transaction(services.get(Engine)) as connection:
        connection.execute(sqlalchemy.text("UPDATE analyses SET begun_at = now() - interval '2 minutes'"))
    for _ in range(2):
        heal(services)
    (batch,) = batches.newest(9)
    assert (batch.path, batch.submitted_by, batch.entered) == ("/media/a.mov", "anna", 1)
    assert [one.id for one in analyses.unshared(batch.id, 9)] == [row.id]
    assert [run.id for run in prefect.runs(["orchestrator"], flow="analyse")] == [batch.run_id]


def test_two_that_count_at_once_start_no_more_lookers_than_one(services: Services, prefect: FakePrefect) -> None:
    _wait(services, 5)
    with alone(services.get(Engine), "lookers") as mine:
        assert mine
        assert ensure_lookers(services) == 0, "somebody else is about to"
    assert ensure_lookers(services) == 2


def _lose(services: Services) -> None:
    with transaction(services.get(Engine)) as connection:
        connection.execute(sqlalchemy.text("UPDATE analysis_batches SET beat_at = now() - interval '2 minutes'"))
