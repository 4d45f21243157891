"""Whoever asks whether the farm can be reached, and however often, it is looked at now and then only."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from apps.api.health import Looked


def test_however_many_ask_at_once_one_looks() -> None:
    looks: list[int] = []

    def look() -> bool:
        looks.append(1)
        time.sleep(0.1)
        return True

    looked = Looked(look, seconds=60)
    with ThreadPoolExecutor(50) as at_once:
        assert all(at_once.map(lambda _: looked.ok(), range(200)))
    assert len(looks) == 1


def test_what_has_changed_is_seen_at_the_next_look() -> None:
    answers = iter([True, False])
    looked = Looked(lambda: next(answers), seconds=0.05)
    assert looked.ok()
    assert looked.ok()
    time.sleep(0.06)
    assert not looked.ok()
