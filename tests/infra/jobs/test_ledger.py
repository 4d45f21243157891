"""The ledger: what a shard gets, in which order, and what happens to those that die."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Engine, text

from infra.jobs.ledger import Ledger
from infra.jobs.records import Beat, Claim
from infra.jobs.store import JobStore
from tests.infra.jobs.farm import ERROR, RESULT, accepted, everything, key_of, name_of, picture, planned, sound


@pytest.fixture
def store(engine: Engine) -> JobStore:
    return JobStore(engine)


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine)


def claimed(ledger: Ledger, owner: str = "shard", lease: float = 15) -> Claim:
    claim = ledger.claim(owner, lease=lease)
    assert claim is not None
    return claim


def test_nothing_to_claim_is_none(ledger: Ledger, store: JobStore) -> None:
    assert ledger.claim("shard") is None
    accepted(store)
    assert ledger.claim("shard") is None


def test_a_claim_says_what_to_do_and_for_whom(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a"], project="/p/film.json", traceparent="00-ab-cd-01")
    claim = claimed(ledger)
    assert claim == Claim(
        key=key_of("a"), token=1, kind="picture", pool="cpu", frames=50, work={"name": "a"}, attempt=1,
        job=job.id, index=0, project="/p/film.json", traceparent="00-ab-cd-01",
    )  # fmt: skip
    (attempt,) = store.attempts(job.id)
    assert (attempt.owner, attempt.outcome, attempt.token) == ("shard", "running", 1)


def test_a_chunk_is_claimed_from_its_own_pool_only(ledger: Ledger, store: JobStore) -> None:
    job = accepted(store)
    store.plan(job.id, [picture("a", 0).model_copy(update={"pool": "gpu"})], everything)
    assert ledger.claim("shard", "cpu") is None
    assert ledger.waiting("cpu") == 0
    assert ledger.waiting("gpu") == 1
    assert name_of(ledger.claim("shard", "gpu")) == "a"
    assert (ledger.waiting("gpu"), ledger.leased("gpu")) == (0, 1)


def test_sound_comes_first_then_the_order_of_the_film(ledger: Ledger, store: JobStore) -> None:
    job = accepted(store)
    store.plan(job.id, [picture("p1", 1), picture("p0", 0), sound("s")], everything)
    assert [name_of(ledger.claim("shard")) for _ in range(4)] == ["s", "p0", "p1", None]


def test_a_higher_priority_comes_first(ledger: Ledger, store: JobStore) -> None:
    planned(store, ["low0", "low1"])
    planned(store, ["high0", "high1"], priority=55)
    assert [name_of(ledger.claim("shard")) for _ in range(3)] == ["high0", "high1", "low0"]


def test_jobs_and_submitters_take_turns(ledger: Ledger, store: JobStore) -> None:
    planned(store, ["a0", "a1", "a2", "a3"], submitted_by="anna")
    planned(store, ["b0", "b1"], submitted_by="anna")
    planned(store, ["c0", "c1"], submitted_by="ben")
    names = [name_of(ledger.claim("shard")) for _ in range(6)]
    assert names == ["a0", "c0", "b0", "c1", "a1", "b1"]


def test_a_chunk_that_two_jobs_want_is_claimed_once_and_at_the_higher_priority(ledger: Ledger, store: JobStore) -> None:
    planned(store, ["early", "shared"])
    urgent = planned(store, ["shared"], priority=51)
    first = claimed(ledger)
    assert (name_of(first), first.job) == ("shared", urgent.id)
    assert [name_of(ledger.claim("shard")) for _ in range(2)] == ["early", None]


def test_a_beat_renews_and_reports(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a"])
    claim = claimed(ledger, lease=0.3)
    time.sleep(0.2)
    assert ledger.beat(claim.key, claim.token, lease=0.3, frames_done=20) == Beat(held=True, cancelled=False)
    time.sleep(0.2)
    assert ledger.claim("other") is None
    assert ledger.beat(claim.key, claim.token, frames_done=10).held
    assert store.snapshot(job.id).job.frames_done == 20
    ledger.beat(claim.key, claim.token, frames_done=9999)
    assert store.snapshot(job.id).job.frames_done == 50


def test_an_expired_lease_is_retaken_and_the_late_finisher_is_dropped(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a"])
    late = claimed(ledger, "dead", lease=0)
    new = claimed(ledger, "survivor")
    assert (new.token, new.attempt) == (2, 2)
    assert ledger.beat(late.key, late.token) == Beat(held=False, cancelled=False)
    assert not ledger.finish(late.key, late.token, {"late": True})
    assert not ledger.fail(late.key, late.token, ERROR, retry=False)
    assert not ledger.release(late.key, late.token)
    assert ledger.finish(new.key, new.token, RESULT)
    (chunk,) = store.chunks(job.id)
    assert (chunk.state, chunk.result, chunk.owner) == ("done", RESULT, "survivor")
    assert [each.outcome for each in store.attempts(job.id)] == ["lost", "done"]


def test_an_expired_lease_that_nobody_took_still_finishes(ledger: Ledger, store: JobStore) -> None:
    planned(store, ["a"])
    claim = claimed(ledger, lease=0)
    assert ledger.finish(claim.key, claim.token, RESULT)


def test_saying_twice_that_a_chunk_is_done_is_fine(ledger: Ledger, store: JobStore) -> None:
    planned(store, ["a"])
    claim = claimed(ledger)
    assert ledger.finish(claim.key, claim.token, RESULT)
    assert ledger.finish(claim.key, claim.token, RESULT)


def test_a_failure_that_a_retry_can_help_waits_its_delay_and_comes_back(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a"])
    claim = claimed(ledger)
    assert ledger.fail(claim.key, claim.token, ERROR, retry=True, delay=0.3)
    assert ledger.claim("shard") is None
    assert store.snapshot(job.id).states == {"ready": 1}
    time.sleep(0.35)
    assert claimed(ledger).attempt == 2


def test_the_last_attempt_fails_for_good(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a"])
    for _ in range(3):
        claim = claimed(ledger)
        assert ledger.fail(claim.key, claim.token, ERROR, retry=True)
    assert ledger.claim("shard") is None
    snapshot = store.snapshot(job.id)
    assert snapshot.failed
    assert snapshot.error == ERROR
    assert [each.outcome for each in store.attempts(job.id)] == ["failed"] * 3


def test_a_failure_that_no_retry_can_help_is_final(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a"])
    claim = claimed(ledger)
    assert ledger.fail(claim.key, claim.token, ERROR, retry=False)
    assert store.snapshot(job.id).states == {"failed": 1}


def test_a_released_chunk_does_not_count_the_attempt(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a"])
    for _ in range(5):
        claim = claimed(ledger)
        assert claim.attempt == 1
        assert ledger.release(claim.key, claim.token)
    assert {each.outcome for each in store.attempts(job.id)} == {"released"}


def test_expire_takes_back_lost_chunks_and_fails_them_at_the_cap(engine: Engine, store: JobStore) -> None:
    ledger = Ledger(engine, attempts=2)
    job = planned(store, ["a", "b"])
    held = claimed(ledger, "alive")
    gone = claimed(ledger, "gone", lease=0)
    assert ledger.expire() == {gone.key: "ready"}
    assert ledger.expire() == {}
    assert claimed(ledger, "gone", lease=0).key == gone.key
    assert ledger.claim("other") is None
    assert ledger.expire() == {gone.key: "failed"}
    error = store.snapshot(job.id).error
    assert error is not None
    assert error["code"] == "JOB-005"
    assert ledger.beat(held.key, held.token).held
    assert not ledger.finish(gone.key, 2, RESULT)


def test_a_cancelled_job_gives_up_its_chunks_and_its_shards_are_told(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a", "b"])
    claim = claimed(ledger)
    assert not store.cancelled(job.id)
    store.cancel(job.id)
    assert store.cancelled(job.id)
    assert ledger.claim("shard") is None
    assert ledger.beat(claim.key, claim.token) == Beat(held=True, cancelled=True)
    assert ledger.release(claim.key, claim.token)
    assert store.snapshot(job.id).states == {"cancelled": 2}


def test_what_another_job_wants_survives_a_cancel(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a", "b"])
    other = planned(store, ["b", "a"])
    claim = claimed(ledger)
    store.cancel(job.id)
    assert ledger.beat(claim.key, claim.token) == Beat(held=True, cancelled=False)
    assert store.snapshot(other.id).states == {"leased": 1, "ready": 1}
    store.cancel(other.id)
    assert ledger.beat(claim.key, claim.token).cancelled


def test_a_cancelled_chunk_is_ready_again_when_a_new_job_wants_it(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a"])
    store.cancel(job.id)
    assert ledger.waiting() == 0
    planned(store, ["a"])
    assert ledger.waiting() == 1
    assert claimed(ledger).attempt == 1


def test_a_paused_job_finishes_what_is_in_work_waits_and_goes_on(ledger: Ledger, store: JobStore) -> None:
    job = planned(store, ["a", "b"])
    claim = claimed(ledger)
    store.pause(job.id)
    assert not ledger.beat(claim.key, claim.token).cancelled  # what is in work is finished
    assert ledger.finish(claim.key, claim.token, RESULT)
    assert ledger.claim("shard") is None
    assert store.snapshot(job.id).states == {"done": 1, "ready": 1}
    store.pause(job.id, on=False)
    assert name_of(ledger.claim("shard")) == "b"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_claimers_at_once_never_share_a_chunk_and_finish_every_job(engine: Engine, data: st.DataObject) -> None:
    jobs = data.draw(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=6), min_size=1, max_size=6))
    dying = data.draw(st.sets(st.integers(0, 30), max_size=5))
    store, ledger = JobStore(engine), Ledger(engine, attempts=10)
    run = data.draw(st.uuids())
    ids = [planned(store, [(run, name) for name in names]).id for names in jobs]
    held: Counter[str] = Counter()
    encoded: Counter[str] = Counter()
    lock, order = Lock(), iter(range(10**6))

    def shard(name: str) -> None:
        idle = 0
        while idle < 15:
            with lock:
                number = next(order)
            claim = ledger.claim(name, lease=0.25)
            if claim is None:
                idle += 1
                time.sleep(0.03)
                continue
            idle = 0
            if number in dying:
                continue  # as if killed: no word any more
            with lock:
                held[claim.key] += 1
                assert held[claim.key] == 1, "two shards hold one chunk"
            assert ledger.beat(claim.key, claim.token, lease=5).held
            with lock:
                held[claim.key] -= 1
            if ledger.finish(claim.key, claim.token, {}):
                with lock:
                    encoded[claim.key] += 1

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(shard, f"shard-{number}") for number in range(4)]:
            done.result()
    for job_id in ids:
        assert store.snapshot(job_id).finished
    assert set(encoded.values()) == {1}


def test_twenty_jobs_that_share_chunks_encode_each_once(engine: Engine) -> None:
    store, ledger = JobStore(engine), Ledger(engine)
    names = [f"shared-{number}" for number in range(30)]

    def submit(number: int) -> Counter[str]:
        own = [*names[number % 7 :], f"own-{number}", *names[: number % 7]]
        planned(store, own)
        finished: Counter[str] = Counter()
        while (claim := ledger.claim(f"shard-{number}")) is not None:
            assert ledger.finish(claim.key, claim.token, RESULT)
            finished[claim.key] += 1
        return finished

    with ThreadPoolExecutor(8) as pool:
        finished = sum(pool.map(submit, range(20)), Counter[str]())
    assert len(finished) == 50
    assert set(finished.values()) == {1}
    snapshots = [store.snapshot(job.id) for job in store.jobs()]
    assert all(snapshot.finished for snapshot in snapshots)
    assert sum(snapshot.encoded for snapshot in snapshots) == 50
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM attempts")).scalar_one() == 50
