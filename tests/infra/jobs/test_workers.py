"""Workers: one of a name, heard of or not, taking work or not; and which chunk goes to which of them."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.ledger import Ledger
from infra.jobs.records import GPU_POOL
from infra.jobs.store import JobStore
from infra.jobs.workers import Pulse, WorkerStore
from tests.infra.jobs.farm import ERROR, RESULT, accepted, everything, name_of, picture, planned


@pytest.fixture
def workers(engine: Engine) -> WorkerStore:
    return WorkerStore(engine)


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine)


@pytest.fixture
def store(engine: Engine) -> JobStore:
    return JobStore(engine)


def joined(workers: WorkerStore, name: str, *encoders: str, **slots: int) -> UUID:
    instance, found = uuid4(), slots or {"cpu": 1}
    workers.register(name, instance, found)
    workers.probed(name, instance, found, encoders, {})
    return instance


def silence(engine: Engine, name: str) -> None:
    """Let a worker be silent for longer than it may."""
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE workers SET heartbeat_at = now() - interval '1 minute' WHERE name = :name"), {"name": name}
        )


def test_a_name_belongs_to_the_worker_that_lives(engine: Engine, workers: WorkerStore) -> None:
    first = joined(workers, "a", "h264_nvenc")
    with pytest.raises(KinofarmError, match="FARM-061"):
        workers.register("a", uuid4(), {"cpu": 1})
    workers.register("a", first, {"cpu": 1})  # after a crash, say: its own home
    silence(engine, "a")
    second = uuid4()
    workers.register("a", second, {"cpu": 2})
    assert workers.beat("a", first) is None
    assert workers.beat("a", second) == Pulse(state="online", probe_wanted=False)
    (found,) = workers.workers()
    assert (found.encoders, found.slots) == ((), {"cpu": 2})  # what the first could do says nothing of the second


def test_slots_are_those_of_workers_that_take_work(engine: Engine, workers: WorkerStore) -> None:
    joined(workers, "a", cpu=2)
    instance = joined(workers, "b", cpu=3, gpu=1)
    joined(workers, "c", cpu=5)
    assert (workers.slots("cpu"), workers.slots("gpu")) == (10, 1)
    silence(engine, "c")
    assert workers.slots("cpu") == 5
    workers.turn("b", instance, "draining")
    assert (workers.slots("cpu"), workers.slots("gpu")) == (2, 0)


@pytest.mark.parametrize("state", ["draining", "broken", "offline"])
def test_a_worker_that_takes_no_work_gets_none(
    workers: WorkerStore, ledger: Ledger, store: JobStore, state: str
) -> None:
    instance = joined(workers, "a")
    planned(store, ["x"])
    workers.turn("a", instance, state)  # type: ignore[arg-type]
    assert ledger.claim("a 1", worker="a") is None
    workers.turn("a", instance, "online")
    assert name_of(ledger.claim("a 1", worker="a")) == "x"


def test_failures_in_a_row_break_a_worker_and_a_success_between_them_does_not(workers: WorkerStore) -> None:
    instance = joined(workers, "a")
    assert [workers.failed("a", "disk full", 3) for _ in range(2)] == [False, False]
    workers.succeeded("a")
    assert [workers.failed("a", "disk full", 3) for _ in range(3)] == [False, False, True]
    (found,) = workers.workers()
    assert (found.state, found.reason, found.works) == ("broken", "disk full", False)
    workers.turn("a", instance, "online")
    (found,) = workers.workers()
    assert (found.failures, found.reason, found.works) == (0, "", True)


def test_a_chunk_for_a_device_goes_where_its_encoder_works(
    workers: WorkerStore, ledger: Ledger, store: JobStore
) -> None:
    for name, encoders in (("nvidia", ("h264_nvenc", "hevc_nvenc")), ("intel", ("h264_qsv",))):
        joined(workers, name, *encoders, gpu=1)
    job = accepted(store)
    chunk = picture("x", 0).model_copy(update={"pool": GPU_POOL, "needs": "hevc_nvenc"})
    store.plan(job.id, [chunk], everything)
    assert ledger.claim("intel 1", GPU_POOL, worker="intel") is None
    assert ledger.claim("stranger 1", GPU_POOL, worker="stranger") is None
    assert name_of(ledger.claim("nvidia 1", GPU_POOL, worker="nvidia")) == "x"


def test_a_chunk_that_failed_here_is_left_to_others_and_failing_on_three_it_has_failed(
    workers: WorkerStore, ledger: Ledger, store: JobStore
) -> None:
    for name in "abc":
        joined(workers, name)
    job = planned(store, ["x"])
    for name in "abc":
        for other in "abc"[: "abc".index(name)]:
            assert ledger.claim(f"{other} 1", worker=other) is None  # it has failed there
        claim = ledger.claim(f"{name} 1", worker=name)
        assert claim is not None
        assert ledger.fail(claim.key, claim.token, ERROR, retry=True)
    assert store.snapshot(job.id).failed
    assert [attempt.worker for attempt in store.attempts(job.id)] == ["a", "b", "c"]


def test_a_chunk_that_failed_on_the_only_worker_is_tried_there_again(
    engine: Engine, workers: WorkerStore, ledger: Ledger, store: JobStore
) -> None:
    joined(workers, "a")
    joined(workers, "b")
    planned(store, ["x"])
    claim = ledger.claim("a 1", worker="a")
    assert claim is not None
    assert ledger.fail(claim.key, claim.token, ERROR, retry=True)
    assert ledger.claim("a 1", worker="a") is None
    silence(engine, "b")
    assert name_of(ledger.claim("a 1", worker="a")) == "x"


def test_a_job_that_was_not_served_rises_until_it_is(engine: Engine, store: JobStore) -> None:
    ledger = Ledger(engine, point_seconds=1)
    low = planned(store, ["low0", "low1"], priority=0)
    planned(store, [f"high{number}" for number in range(4)], priority=10)
    assert name_of(ledger.claim("shard")) == "high0"
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE jobs SET accepted_at = now() - interval '12 seconds' WHERE id = :id"), {"id": low.id}
        )
    assert [name_of(ledger.claim("shard")) for _ in range(3)] == ["low0", "high1", "high2"]


def test_a_submitter_has_no_more_in_work_than_allowed(engine: Engine, store: JobStore) -> None:
    ledger = Ledger(engine, most_of_submitter=2)
    planned(store, ["a0", "a1", "a2"], submitted_by="ann", priority=90)
    planned(store, ["b0"], submitted_by="ben", priority=10)
    claims = [ledger.claim("shard") for _ in range(4)]
    assert [name_of(claim) for claim in claims] == ["a0", "a1", "b0", None]
    assert claims[0] is not None
    assert ledger.finish(claims[0].key, claims[0].token, RESULT)
    assert name_of(ledger.claim("shard")) == "a2"


def test_new_trials_are_asked_for_until_they_are_made(workers: WorkerStore) -> None:
    one, two = joined(workers, "one"), joined(workers, "two")
    assert workers.want_probe("one") == 1
    assert workers.beat("one", one) == Pulse(state="online", probe_wanted=True)
    assert workers.beat("two", two) == Pulse(state="online", probe_wanted=False)
    workers.probed("one", one, {"cpu": 1}, (), {})
    assert workers.beat("one", one) == Pulse(state="online", probe_wanted=False)
    workers.turn("two", two, "offline")
    assert workers.want_probe() == 1
