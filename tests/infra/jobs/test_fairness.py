"""Whose turn it is, simulated on the real ledger: ten jobs of two users and many more, with the time turned by hand."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from infra.jobs.ledger import Ledger
from infra.jobs.records import Claim
from infra.jobs.store import JobStore
from infra.jobs.waiting import Waiting
from infra.jobs.workers import WorkerStore
from tests.infra.jobs.farm import RESULT, accepted, nothing, picture

POINT_SECONDS = 30.0


@dataclass
class Play:
    """A farm with so many slots whose clock is turned by hand: chunks take a round each."""

    engine: Engine
    store: JobStore
    ledger: Ledger
    slots: int
    seconds: float
    now: float = 0.0

    def job(self, user: str, priority: int, chunks: int) -> UUID:
        job = accepted(self.store, submitted_by=user, priority=priority)
        self.store.plan(job.id, [picture((job.id, index), index) for index in range(chunks)], nothing)
        self.store.advance(job.id, "rendering")
        return job.id

    def round(self) -> list[Claim]:
        """Every slot takes a chunk and finishes it; then the time passes."""
        taken = [claim for claim in (self.ledger.claim(f"slot{slot}") for slot in range(self.slots)) if claim]
        for claim in taken:
            assert self.ledger.finish(claim.key, claim.token, RESULT)
        self._pass()
        return taken

    def _pass(self) -> None:
        self.now += self.seconds
        step = f"interval '{self.seconds} seconds'"
        with self.engine.begin() as connection:  # all that has happened is so much longer ago
            connection.execute(text(f"UPDATE jobs SET accepted_at = accepted_at - {step}"))
            connection.execute(text(f"UPDATE attempts SET started_at = started_at - {step}"))


@pytest.fixture
def play(engine: Engine) -> Callable[..., Play]:
    def made(slots: int = 2, seconds: float = 1.0, most_of_submitter: int = 0) -> Play:
        ledger = Ledger(engine, point_seconds=POINT_SECONDS, most_of_submitter=most_of_submitter)
        return Play(engine, JobStore(engine), ledger, slots, seconds)

    return made


def test_ten_jobs_of_two_users_are_served_by_priority(play: Callable[..., Play]) -> None:
    farm = play()
    wanted = {"ann": (90, 70, 55, 40, 10), "ben": (80, 60, 50, 30, 20)}
    order = [(user, priority) for user, priorities in wanted.items() for priority in priorities]
    random.Random(1).shuffle(order)
    jobs = {farm.job(user, priority, 2): priority for user, priority in order}
    served: list[int] = []
    while taken := farm.round():
        served += [jobs[claim.job] for claim in taken]
    assert len(served) == 20
    assert served == sorted(served, reverse=True)


def test_users_of_one_priority_share_the_slots_evenly_however_many_jobs_each_has(play: Callable[..., Play]) -> None:
    farm = play(slots=4)
    owner = {farm.job("many", 50, 20): "many" for _ in range(9)} | {farm.job("one", 50, 60): "one"}
    shares: Counter[str] = Counter()
    for _ in range(15):
        shares.update(owner[claim.job] for claim in farm.round())
    assert shares == {"many": 30, "one": 30}


@pytest.mark.parametrize("gap", [10, 50, 100])
def test_the_lowest_priority_waits_no_longer_than_its_points_take(play: Callable[..., Play], gap: int) -> None:
    """New jobs of a higher priority come for ever; one of the lowest is served once it has risen to them."""
    farm = play(slots=1, seconds=10.0)
    low = farm.job("low", 0, 1)
    came = 0
    while True:
        farm.job(f"user{came % 3}", gap, 1)
        came += 1
        if any(claim.job == low for claim in farm.round()):
            break
        assert farm.now <= (gap + 2) * POINT_SECONDS, "it starves"
    assert farm.now >= (gap - 2) * POINT_SECONDS, "its priority meant nothing"


def test_nobody_waits_for_ever_in_a_crowd(play: Callable[..., Play]) -> None:
    """Thirty jobs of five users with any priorities, more coming: each gets its first chunk in bounded time."""
    dice, farm = random.Random(7), play(slots=3, seconds=15.0)
    begun: dict[UUID, float] = {}
    came: dict[UUID, float] = {}
    for number in range(120):
        if number < 90:
            came[farm.job(f"user{dice.randrange(5)}", dice.choice((0, 20, 50, 80, 100)), dice.randint(1, 4))] = farm.now
        for claim in farm.round():
            begun.setdefault(claim.job, farm.now)
    while len(begun) < len(came):
        taken = farm.round()
        assert taken, "the ledger hands out nothing while jobs wait"
        for claim in taken:
            begun.setdefault(claim.job, farm.now)
    waits = [begun[job] - came[job] for job in came]
    assert max(waits) <= 102 * POINT_SECONDS


def test_a_limit_for_each_submitter_holds_and_leaves_slots_to_others(play: Callable[..., Play]) -> None:
    farm = play(slots=6, most_of_submitter=2)
    owner = {farm.job(user, 50, 30): user for user in ("ann", "ben")}
    claims = [claim for slot in range(6) if (claim := farm.ledger.claim(f"slot{slot}"))]
    assert Counter(owner[claim.job] for claim in claims) == {"ann": 2, "ben": 2}


def test_a_limit_of_a_pool_holds_and_the_job_says_so(engine: Engine) -> None:
    store, ledger = JobStore(engine), Ledger(engine, most_of_pool={"cpu": 2})
    WorkerStore(engine).register("here", uuid4(), {"cpu": 5})
    job = Play(engine, store, ledger, 1, 1.0).job("ann", 50, 5)
    claims = [claim for slot in range(5) if (claim := ledger.claim(f"slot{slot}"))]
    assert len(claims) == 2
    waits = Waiting(engine, most_of_pool={"cpu": 2}).reasons(job)
    assert [reason.code for reason in waits] == ["WAIT-008"]
    assert ledger.finish(claims[0].key, claims[0].token, RESULT)
    assert ledger.claim("slot9") is not None


def test_limits_hold_while_many_claim_at_once(engine: Engine) -> None:
    threads, ledger = 8, Ledger(engine, most_of_pool={"cpu": 1})
    job = Play(engine, JobStore(engine), ledger, 1, 1.0).job("ann", 50, 60)
    together = Barrier(threads)

    def claim(slot: int) -> Claim | None:
        together.wait(20)
        return ledger.claim(f"slot{slot}")

    with ThreadPoolExecutor(threads) as pool:
        for _ in range(30):
            claims = [found for found in pool.map(claim, range(threads)) if found]
            assert [found.job for found in claims] == [job]
            assert ledger.finish(claims[0].key, claims[0].token, RESULT)
