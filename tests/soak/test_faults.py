"""Rounds of faults: a farm of two machines renders, something is broken, and all ends well by itself.

KINOFARM_SOAK_ROUNDS says how many rounds there are (5), KINOFARM_SOAK_SEED where their dice begin (0): round N of a seed
does the same again. `make faults` and `make soak` run more of them.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text

from bench.results import FaultRow, FaultsRow, Results, now
from tests.acceptance import films
from tests.acceptance.counter import number
from tests.soak.audit import film_violations, times_to_notice, violations
from tests.soak.faults import FAULTS
from tests.soak.figures import kept
from tests.soak.site import FRAMES, Site, broken_in

ROUNDS = int(os.environ.get("KINOFARM_SOAK_ROUNDS", "5"))
SEED = int(os.environ.get("KINOFARM_SOAK_SEED", "0"))
NOTICED_SECONDS = 30.0


@dataclass
class Round:
    """What a round showed."""

    fault: str
    violations: int
    again: int
    lost: int
    ended_after: float
    noticed: float


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if sys.platform != "linux":
        pytest.skip("the S3 server and the machines need Linux")
    with broken_in(tmp_path_factory.mktemp("soak-s3")) as up:
        yield up


@pytest.fixture(scope="module")
def rounds() -> Iterator[list[Round]]:
    """What the rounds showed; at the end it becomes a row of the results."""
    found: list[Round] = []
    yield found
    if not found:
        return
    by_name = {name: [each for each in found if each.fault == name] for name in FAULTS}
    rows = [
        FaultRow(
            fault=name,
            rounds=len(same),
            violations=sum(each.violations for each in same),
            again=max(each.again for each in same),
            lost=sum(each.lost for each in same),
            slowest=max(each.ended_after for each in same),
        )
        for name, same in by_name.items()
        if same
    ]
    noticed = max(each.noticed for each in found)
    kept(
        Results(faults=(FaultsRow(seed=SEED, rounds=len(found), faults=tuple(rows), noticed=noticed, measured=now()),))
    )


def order() -> list[str]:
    """The faults of all rounds: each comes once, in an order of this seed, before one comes again."""
    dice, names = random.Random(SEED), []
    while len(names) < ROUNDS:
        names += dice.sample(sorted(FAULTS), len(FAULTS))
    return names[:ROUNDS]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("turn", "name"), list(enumerate(order())))
def test_round(site: Site, rounds: list[Round], turn: int, name: str) -> None:
    fault, dice = FAULTS[name], random.Random(f"{SEED} {turn}")
    if fault.apart and not site.machines[0].apart:
        pytest.skip("only root on Linux can give a machine a network, a disk and a clock of its own")
    began = site.now()
    job, film, first = site.submit()
    machine = site.at_work(job, dice.randint(0, 3), dice)
    time.sleep(dice.uniform(0, 0.5))
    at = site.now()
    fault.do(site, machine, dice)
    over = time.monotonic()
    ended = site.ended(job)
    if fault.may_fail and ended["state"] == "failed":
        assert ended["error"]["hint"], ended["error"]
        assert site.farm.run("retry", job).code == 0
        ended = site.ended(job)
    after = time.monotonic() - over
    assert ended["state"] == "done", f"{ended['error']}\n{site.story(job)}"
    noticed = max(times_to_notice(site.engine, at, [machine.name]), default=0.0) if fault.kills else 0.0
    assert noticed <= NOTICED_SECONDS
    assert [number(picture) for picture in films.frames(film)] == list(range(first, first + FRAMES))
    assert list(film_violations(film)) == []
    site.whole()
    site.at_rest()
    lost, wrong = site.lost(began), len(list(violations(site.engine)))
    print(
        f"round {turn}: {name} on {machine.name}; {lost} attempts lost, done {after:.0f} s after it, noticed {noticed:.0f} s"
    )
    rounds.append(Round(name, wrong, _again(site.engine), lost, after, noticed))


def _again(engine: Engine) -> int:
    """Finished chunks that were encoded again."""
    question = """SELECT count(*) FROM attempts late JOIN attempts done ON done.chunk_key = late.chunk_key
        WHERE done.outcome = 'done' AND late.started_at > done.ended_at"""
    with engine.connect() as connection:
        return int(connection.execute(text(question)).scalar_one())
