"""Expression: a curve over a transition's time, written so that ffmpeg plays it frame by frame.

The values are worked out here, one for each frame, so that any easing and any movement costs ffmpeg a look-up.

Source: ffmpeg-utils(1), expression evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from tasks.subtitles.easing import Easing as Curve

KNOTS = 256
"""Values that one expression holds at most; between them, of a longer transition, a frame lies on a straight line."""


def by_time(curve: Curve, frames: int, rate: Fraction) -> str:
    """Write a curve over times 0 to 1 for a filter that knows the time `t` of the frame, which counts from 0.

    What filters call the number of the frame counts from 0 in some and from 1 in others.
    """
    return f"st(9,round(t*{rate}));{by_number(curve, frames, 'ld(9)')}"


def by_number(curve: Curve, frames: int, variable: str) -> str:
    """Write a curve over times 0 to 1 as an expression of the frame's number, 0 to `frames` (exclusive)."""
    knots = min(frames, KNOTS)
    values = [curve(knot / knots) for knot in range(knots + 1)]
    if frames <= KNOTS:
        return _looked_up([number(value) for value in values[:frames]], 0, variable)
    steps = frames / knots
    pieces = [
        number(low) if low == high else f"{number(low)}+{number(high - low)}*({variable}/{number(steps)}-{knot})"
        for knot, (low, high) in enumerate(pairwise(values))
    ]
    return _looked_up(pieces, 0, f"({variable}*{knots}/{frames})")


def number(value: float) -> str:
    """Write a number as ffmpeg reads it: six decimals, no exponent."""
    written = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def _looked_up(pieces: Sequence[str], first: int, variable: str) -> str:
    """The piece whose place, counted from `first`, the variable has reached: found by halving, equal ones as one."""
    if len(set(pieces)) == 1:
        return pieces[0]
    half = len(pieces) // 2
    before, after = _looked_up(pieces[:half], first, variable), _looked_up(pieces[half:], first + half, variable)
    return before if before == after else f"if(lt({variable},{first + half}),{before},{after})"
