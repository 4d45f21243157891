"""Ranges of time in which something holds, collected while the film goes by; bounded in count.

Units: frames from 0, exact seconds from the file's start; half-open.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from pydantic import Field

from infra.values import Exact, Value

MOST_RANGES = 10_000
"""Ranges that are kept of one kind; what comes after is counted only."""


class Place(NamedTuple):
    """Where a frame stands: its number and its time."""

    frame: int
    time: Fraction


START = Place(0, Fraction(0))


class FrameRange(Value):
    """Frames from the first to the one after the last, and their times."""

    in_frame: int
    out_frame: int
    start: Exact
    end: Exact


class TimeRange(Value):
    """Seconds of sound."""

    start: Exact
    end: Exact


class FrameRanges(Value):
    """Where something holds in a picture."""

    ranges: tuple[FrameRange, ...] = ()
    count: int = Field(0, description="How many there are.")
    total: Exact = Field(Fraction(0), description="Seconds of all together.")
    truncated: bool = Field(False, description=f"Only the first {MOST_RANGES} are listed.")


class TimeRanges(Value):
    """Where something holds in a sound."""

    ranges: tuple[TimeRange, ...] = ()
    count: int = Field(0, description="How many there are.")
    total: Exact = Field(Fraction(0), description="Seconds of all together.")
    truncated: bool = Field(False, description=f"Only the first {MOST_RANGES} are listed.")


class FrameSpans:
    """Collects ranges of frames, one after another.

    Args:  least: seconds that one must last.
    """

    def __init__(self, least: Fraction) -> None:
        self._least = least
        self._since: Place | None = None
        self._kept: list[FrameRange] = []
        self._count, self._total = 0, Fraction(0)

    def hold(self, place: Place) -> None:
        """It holds at this frame: a range begins here unless one is open."""
        if self._since is None:
            self._since = place

    def close(self, place: Place) -> None:
        """It holds no longer from this frame on."""
        since, self._since = self._since, None
        if since is None or place.frame <= since.frame or place.time - since.time < self._least:
            return
        self._count += 1
        self._total += place.time - since.time
        if len(self._kept) < MOST_RANGES:
            self._kept.append(FrameRange(in_frame=since.frame, out_frame=place.frame, start=since.time, end=place.time))

    def result(self, end: Place) -> FrameRanges:
        """Return what was found; an open range lasts to the end."""
        self.close(end)
        return FrameRanges(
            ranges=tuple(self._kept), count=self._count, total=self._total, truncated=self._count > len(self._kept)
        )


class TimeSpans:
    """Collects ranges of time, one after another.

    Args:  least: seconds that one must last.
    """

    def __init__(self, least: Fraction) -> None:
        self._least = least
        self._since: Fraction | None = None
        self._kept: list[TimeRange] = []
        self._count, self._total = 0, Fraction(0)

    def hold(self, time: Fraction) -> None:
        """It holds from here on: a range begins here unless one is open."""
        if self._since is None:
            self._since = time

    def close(self, time: Fraction) -> None:
        """It holds no longer."""
        since, self._since = self._since, None
        if since is None or time - since < self._least:
            return
        self._count += 1
        self._total += time - since
        if len(self._kept) < MOST_RANGES:
            self._kept.append(TimeRange(start=since, end=time))

    def result(self, end: Fraction) -> TimeRanges:
        """Return what was found; an open range lasts to the end."""
        self.close(end)
        return TimeRanges(
            ranges=tuple(self._kept), count=self._count, total=self._total, truncated=self._count > len(self._kept)
        )
