"""Ways: the settings of which a sound effect is mixed while one of its parameters changes.

Between two neighbouring settings the sound of the effect is their mix, so they lie so close that this sounds as the setting
between them would.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from math import ceil, log

Way = Callable[[float, float, int], tuple[float, ...]]
"""Takes the lowest and the highest value that a parameter has, and how coarse it may be (1: as fine as it should); returns
the settings from the lowest to the highest, rising."""


def straight(*turns: float) -> Way:
    """For an effect whose samples change in a straight line with the parameter, but for bends at `turns`: exact."""

    def way(low: float, high: float, coarse: int) -> tuple[float, ...]:
        return _closed(low, high, turns[bisect_right(turns, low) : bisect_left(turns, high)])

    return way


def steps(width: float) -> Way:
    """Settings at most so far from each other."""

    def way(low: float, high: float, coarse: int) -> tuple[float, ...]:
        parts = max(1, ceil((high - low) / (width * coarse) - 1e-9))
        return _closed(low, high, tuple(low + (high - low) * part / parts for part in range(1, parts)))

    return way


def ratios(factor: float) -> Way:
    """Settings of which each is at most so many times the one before; for parameters above 0."""

    def way(low: float, high: float, coarse: int) -> tuple[float, ...]:
        parts = max(1, ceil(log(high / low) / (log(factor) * coarse) - 1e-9))
        return _closed(low, high, tuple(low * (high / low) ** (part / parts) for part in range(1, parts)))

    return way


def _closed(low: float, high: float, between: tuple[float, ...]) -> tuple[float, ...]:
    return (low,) if low == high else (low, *between, high)
