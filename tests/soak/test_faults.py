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

import pytest

from tests.acceptance import films
from tests.acceptance.counter import number
from tests.soak.audit import film_violations, times_to_notice
from tests.soak.faults import FAULTS
from tests.soak.site import FRAMES, Site, broken_in

ROUNDS = int(os.environ.get("KINOFARM_SOAK_ROUNDS", "5"))
SEED = int(os.environ.get("KINOFARM_SOAK_SEED", "0"))
NOTICED_SECONDS = 30.0
STALE_SECONDS = 3600


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if sys.platform != "linux":
        pytest.skip("the S3 server and the machines need Linux")
    with broken_in(tmp_path_factory.mktemp("soak-s3")) as up:
        yield up


def order() -> list[str]:
    """The faults of all rounds: each comes once, in an order of this seed, before one comes again."""
    dice, names = random.Random(SEED), []
    while len(names) < ROUNDS:
        names += dice.sample(sorted(FAULTS), len(FAULTS))
    return names[:ROUNDS]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("turn", "name"), list(enumerate(order())))
def test_round(site: Site, turn: int, name: str) -> None:
    fault, dice = FAULTS[name], random.Random(f"{SEED} {turn}")
    if fault.apart and not site.machines[0].apart:
        pytest.skip("only root on Linux can give a machine a network, a disk and a clock of its own")
    job, film, first = site.submit()
    site.until_in_work(job, dice.randint(0, 2))
    machine = dice.choice(site.machines)
    time.sleep(dice.uniform(0, 1))
    began, at = time.monotonic(), site.now()
    fault.do(site, machine, dice)
    over = time.monotonic()
    ended = site.ended(job)
    if fault.may_fail and ended["state"] == "failed":
        assert ended["error"]["hint"], ended["error"]
        assert site.farm.run("retry", job).code == 0
        ended = site.ended(job)
    assert ended["state"] == "done", site.story(job)
    print(f"round {turn}: {name} on {machine.name}; {over - began:.0f} s, done {time.monotonic() - over:.0f} s later")
    if fault.kills:
        noticed = times_to_notice(site.engine, at, [machine.name])
        assert all(seconds <= NOTICED_SECONDS for seconds in noticed), noticed
    assert [number(picture) for picture in films.frames(film)] == list(range(first, first + FRAMES))
    assert list(film_violations(film)) == []
    site.whole()
    site.at_rest()
