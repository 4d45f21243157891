"""Times of interchange files as exact seconds: OpenTimelineIO's are a float count at a float rate."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from infra.errors import KinofarmError
from tasks.compiler.imports.timeline_studio.fields import number
from tasks.compiler.imports.timeline_studio.grid import frame_rate

LONGEST = 10**7
"""Seconds: a hundred days. Timecodes and lengths beyond it are nonsense."""

_FILM_RATES = (Fraction(5), Fraction(240))
"""Rates outside of these count something else than frames: seconds (1), samples (48000), ticks."""


def rate_of(time: Any, where: str) -> Fraction:
    """Return the exact rate that a RationalTime counts in.

    Raises:  FORMAT-065 for a rate that is none.
    """
    rate = time.rate
    if not (isinstance(rate, int | float) and math.isfinite(rate) and 0.001 <= rate <= 1e9):
        raise KinofarmError("FORMAT-065", where=where, what=f"a rate of {rate}")
    return frame_rate(number(float(rate)))


def seconds(time: Any, where: str) -> Fraction:
    """Return a RationalTime in seconds, exact.

    Raises:  FORMAT-065 for what is no number or lies beyond a hundred days.
    """
    value = time.value
    if not (isinstance(value, int | float) and abs(value) < 1e15):  # NaN is not either
        raise KinofarmError("FORMAT-065", where=where, what=f"a time of {value}")
    found = number(float(value)) / rate_of(time, where)
    if abs(found) > LONGEST:
        raise KinofarmError("FORMAT-065", where=where, what=f"a time of {float(found):.0f} s")
    return found


def span(time_range: Any, where: str) -> tuple[Fraction, Fraction]:
    """Return start and length of a TimeRange in seconds.

    Raises:  FORMAT-065, also for a negative length.
    """
    start, length = seconds(time_range.start_time, where), seconds(time_range.duration, where)
    if length < 0:
        raise KinofarmError("FORMAT-065", where=where, what=f"a length of {float(length):.3f} s")
    return start, length


def counts_frames(rate: Fraction) -> bool:
    """Say whether a rate is one that a film can have, and no count of seconds or samples."""
    return _FILM_RATES[0] <= rate <= _FILM_RATES[1]
