"""Easing: every name, its ends, and the values that its sources give."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tasks.compiler.easing import EASINGS, eased

HALF_WAY = {
    "linear": 0.5, "ease": 0.8024, "ease-in": 0.3154, "ease-out": 0.6846, "ease-in-out": 0.5,
    "ease-in-quad": 0.25, "ease-in-cubic": 0.125, "ease-in-quart": 0.0625, "ease-in-quint": 0.03125,
    "ease-in-sine": 0.2929, "ease-in-expo": 0.03125, "ease-in-circ": 0.13397, "ease-in-elastic": -0.015625,
    "ease-in-back": -0.0877, "ease-in-bounce": 0.234375,
}  # fmt: skip
"""Progress at half time: of CSS's curves as browsers compute it, of Penner's as easings.net tables it."""


@pytest.mark.parametrize("name", EASINGS)
def test_every_easing_begins_at_0_and_ends_at_1(name: str) -> None:
    assert [eased(name, time) for time in (-1, 0, 1, 2)] == [0, 0, 1, 1]
    assert eased(name, 1e-6) == pytest.approx(0, abs=2e-3)
    assert eased(name, 1 - 1e-6) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize(("name", "half_way"), HALF_WAY.items())
def test_an_easing_is_half_way_where_its_source_says(name: str, half_way: float) -> None:
    assert eased(name, 0.5) == pytest.approx(half_way, abs=2e-3)
    if name.startswith("ease-in-"):
        out = name.replace("ease-in-", "ease-out-")
        if out in EASINGS:
            assert eased(out, 0.5) == pytest.approx(1 - half_way, abs=2e-3)


def test_easings_rise_steadily_but_for_those_that_swing() -> None:
    for name in EASINGS:
        values = [eased(name, n / 200) for n in range(201)]
        rises = all(a <= b + 1e-9 for a, b in pairwise(values))
        assert rises == (not name.endswith(("elastic", "back", "bounce"))), name
        if name.endswith(("elastic", "back")):
            assert min(values) < 0 or max(values) > 1, name


def test_a_family_alone_means_the_way_in_which_it_is_known() -> None:
    assert EASINGS["quad"](0.25) == EASINGS["ease-in-out-quad"](0.25) == 0.125
    assert EASINGS["bounce"](0.25) == EASINGS["ease-out-bounce"](0.25) != EASINGS["ease-in-out-bounce"](0.25)
