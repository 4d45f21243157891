"""Easings: where they begin and end, and the values that their sources give."""

from __future__ import annotations

import pytest

from tasks.subtitles.easing import EASINGS, FAMILIES, cubic_bezier, eased


@pytest.mark.parametrize("name", EASINGS)
def test_every_easing_begins_at_nought_and_ends_at_one(name: str) -> None:
    assert eased(name, 0) == 0
    assert eased(name, 1) == pytest.approx(1, abs=1e-12)
    assert eased(name, -3) == 0
    assert eased(name, 4) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "time", "progress"),
    [
        ("linear", 0.3, 0.3),
        ("ease", 0.5, 0.8024),  # CSS's curves by WebKit's UnitBezier
        ("ease-in", 0.5, 0.3154),
        ("ease-out", 0.5, 0.6846),
        ("ease-in-out", 0.25, 0.1292),
        ("ease-in-quad", 0.5, 0.25),
        ("ease-out-cubic", 0.5, 0.875),
        ("ease-in-out-quart", 0.25, 0.03125),
        ("ease-in-quint", 0.5, 0.03125),
        ("ease-out-sine", 0.5, 0.7071),
        ("ease-in-expo", 0.5, 0.03125),
        ("ease-in-circ", 0.5, 0.1340),
        ("ease-out-elastic", 0.5, 1.015625),
        ("ease-in-back", 0.5, -0.0877),
        ("ease-out-bounce", 0.5, 0.765625),
        ("ease-out-bounce", 1 / 2.75, 1.0),
    ],
)
def test_an_easing_has_its_source_s_values(name: str, time: float, progress: float) -> None:
    assert eased(name, time) == pytest.approx(progress, abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_out_is_in_backwards_and_in_out_is_both(family: str) -> None:
    for step in range(21):
        time = step / 20
        assert eased(f"ease-out-{family}", time) == pytest.approx(1 - eased(f"ease-in-{family}", 1 - time))
        halved = eased(f"ease-in-{family}", 2 * time) / 2 if time <= 0.5 else None
        if halved is not None:
            assert eased(f"ease-in-out-{family}", time) == pytest.approx(halved)


def test_no_two_of_the_shapes_are_alike() -> None:
    bare = {name: easing for name, easing in EASINGS.items() if name not in FAMILIES}
    curves = {tuple(round(easing(step / 16), 6) for step in range(17)) for easing in bare.values()}
    assert len(curves) == len(bare)


def test_a_straight_bezier_is_even() -> None:
    even = cubic_bezier(1 / 3, 1 / 3, 2 / 3, 2 / 3)
    assert [even(step / 8) for step in range(9)] == pytest.approx([step / 8 for step in range(9)])
