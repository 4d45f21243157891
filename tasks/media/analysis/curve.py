"""A value over time, in equal steps; bounded in length however long the film is.

Units: seconds from the file's start.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

import numpy as np
from pydantic import Field

from infra.values import Exact, Value

MOST_POINTS = 2_000
"""Points of a curve; where more would come, two neighbours become one and the step twice as long."""

DIGITS = 4
"""Decimals that are kept."""

ROUNDING = 1e-6
"""Seconds by which a float may miss the time that it stands for: places on a curve need no more."""


class Curve(Value):
    """One value for each step of time from the file's start on."""

    step: Exact = Field(description="Seconds that a point stands for: the first for [0, step).")
    merged: Literal["mean", "max"] = Field(description="What a point is of the values in its step.")
    values: tuple[float | None, ...] = Field(description="None: nothing was measured in that step.")


class CurveMaker:
    """Collects a curve.

    Args:
        step: seconds between the values that will come, about; the least step.
        duration: seconds that are expected; it may become longer.
        merged: how the values of one step become one.
        slack: seconds by which a time may have been rounded down.
    """

    def __init__(
        self,
        step: Fraction,
        duration: Fraction,
        merged: Literal["mean", "max"] = "mean",
        slack: Fraction = Fraction(0),
    ) -> None:
        self._slack = float(slack) + ROUNDING
        self._merged: Literal["mean", "max"] = merged
        self._step = max(step, duration / MOST_POINTS, Fraction(1, 1_000))
        self._seconds = float(self._step)
        self._counts = np.zeros(MOST_POINTS, np.int64)
        self._values = np.zeros(MOST_POINTS) if merged == "mean" else np.full(MOST_POINTS, -np.inf)
        self._length = 0

    def add(self, time: Fraction, value: float) -> None:
        """Take in a value; what is no number counts nothing."""
        if not math.isfinite(value):
            return
        at = float(time) + self._slack
        while (place := max(0, int(at / self._seconds))) >= MOST_POINTS:
            self._halve()
        self._counts[place] += 1
        if self._merged == "mean":
            self._values[place] += value
        else:
            self._values[place] = max(self._values[place], value)
        self._length = max(self._length, place + 1)

    def result(self) -> Curve:
        """Return the curve up to its last value."""
        counts, values = self._counts[: self._length], self._values[: self._length]
        if self._merged == "mean":
            values = values / np.maximum(counts, 1)
        shown = (round(float(value), DIGITS) if count else None for count, value in zip(counts, values, strict=True))
        return Curve(step=self._step, merged=self._merged, values=tuple(shown))

    def _halve(self) -> None:
        half = MOST_POINTS // 2
        counts, values = self._counts.reshape(half, 2), self._values.reshape(half, 2)
        rest = 0.0 if self._merged == "mean" else -np.inf
        together = values.sum(axis=1) if self._merged == "mean" else values.max(axis=1)
        self._counts = np.concatenate([counts.sum(axis=1), np.zeros(half, np.int64)])
        self._values = np.concatenate([together, np.full(half, rest)])
        self._step *= 2
        self._seconds *= 2
        self._length = (self._length + 1) // 2
