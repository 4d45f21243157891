"""Keyframes as values: what a number is at a frame, and what a list of them may not be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tasks.compiler.keyframes import Keyframe, require_in_order, still_from, value_at
from tasks.subtitles.easing import EASINGS


def keys(*pairs: tuple[int, float] | tuple[int, float, str]) -> tuple[Keyframe, ...]:
    return tuple(Keyframe(frame=p[0], value=p[1], easing=p[2] if len(p) > 2 else "linear") for p in pairs)


def test_before_the_first_and_after_the_last_the_value_stands() -> None:
    moving = keys((10, 1.0), (20, 3.0))
    assert [value_at(moving, frame) for frame in (0, 10, 15, 20, 99)] == [1.0, 1.0, 2.0, 3.0, 3.0]


def test_an_easing_leads_from_its_keyframe_to_the_next() -> None:
    moving = keys((0, 0.0, "ease-in-quad"), (10, 1.0, "ease-out-quad"), (20, 0.0))
    assert value_at(moving, 5) == pytest.approx(0.25)
    assert value_at(moving, 15) == pytest.approx(0.25)


def test_hold_keeps_the_value_until_the_next_keyframe() -> None:
    moving = keys((0, 2.0, "hold"), (10, 5.0))
    assert (value_at(moving, 9), value_at(moving, 10)) == (2.0, 5.0)


@pytest.mark.parametrize("name", sorted(EASINGS))
def test_every_easing_meets_its_keyframes(name: str) -> None:
    moving = keys((3, -1.0, name), (13, 4.0))
    assert value_at(moving, 3) == pytest.approx(-1.0)
    assert value_at(moving, 13) == pytest.approx(4.0)


def test_between_changes_the_value_is_the_same() -> None:
    moving = keys((5, 0.0), (8, 1.0, "hold"), (12, 1.0), (14, 2.0))
    frame, seen = 0, []
    while frame < 20:
        until = min(still_from(moving, frame), 20)
        assert {value_at(moving, at) for at in range(frame, until)} == {value_at(moving, frame)}
        seen.append(frame)
        frame = until
    assert len(seen) < 12


def test_frames_that_do_not_rise_are_refused() -> None:
    for wrong in (keys((5, 0.0), (5, 1.0)), keys((5, 0.0), (4, 1.0))):
        with pytest.raises(ValueError, match="must rise"):
            require_in_order(wrong)


def test_an_unknown_easing_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(ValidationError, match="ease-in-out-sine"):
        Keyframe(frame=0, value=1, easing="wobbly")
