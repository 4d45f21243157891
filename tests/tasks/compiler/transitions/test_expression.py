"""Expressions: a curve as ffmpeg plays it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tasks.compiler.transitions.expression import by_number, by_time, number


def played(expression: str, frame: int) -> float:
    """What ffmpeg would work out for a frame: an expression of N made of numbers, lt() and if()."""
    words: dict[str, Any] = {"when": lambda asked, yes, no: yes if asked else no, "lt": lambda a, b: a < b, "N": frame}
    return float(eval(expression.replace("if(", "when("), {"__builtins__": {}}, words))  # noqa: S307  # of our own making


@pytest.mark.parametrize("frames", [1, 2, 3, 25, 255, 256])
def test_every_frame_of_a_transition_has_the_curve_s_own_value(frames: int) -> None:
    expression = by_number(lambda time: 100 * time * time, frames, "N")
    for frame in range(frames):
        assert played(expression, frame) == pytest.approx(100 * (frame / frames) ** 2, abs=1e-5)


def test_a_long_transition_follows_its_curve_between_the_values() -> None:
    expression = by_number(lambda time: 100 * time * time, 90_000, "N")
    assert len(expression) < 20_000
    for frame in (0, 1, 351, 352, 12_345, 89_999):
        assert played(expression, frame) == pytest.approx(100 * (frame / 90_000) ** 2, abs=1e-3)


def test_what_does_not_change_is_written_once() -> None:
    assert by_number(lambda _: 0.5, 100, "N") == "0.5"
    assert by_number(lambda time: 0 if time < 0.5 else 1, 100, "N") == "if(lt(N,50),0,1)"
    assert by_time(lambda _: 2, 8, Fraction(30_000, 1001)) == "st(9,round(t*30000/1001));2"


def test_numbers_have_no_exponent_and_no_negative_nothing() -> None:
    assert [number(value) for value in (1e-9, -1e-9, 0.1, -2.5, 1e6)] == ["0", "0", "0.1", "-2.5", "1000000"]
