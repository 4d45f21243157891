"""The raster that a project's seconds and pixels fall on: whole frames, and fractions of the picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from infra.errors import KinofarmError
from tasks.compiler.model import MAX_FRAMES

LINES = 1080
"""Height of the frame whose pixels the model's text styles are measured in."""

_BROADCAST_WITHIN = Fraction(1, 10_000)
_NEARLY_BROADCAST = Fraction(1, 100)
_LARGEST_DENOMINATOR = 10_000
_MICROSECOND = 1e-6


@dataclass(frozen=True)
class Grid:
    """rate: frames a second. width, height: the pixels in which the project gives places and text sizes."""

    rate: Fraction
    width: int
    height: int

    def frames(self, seconds: Fraction, where: str) -> int:
        """Return a time in whole frames, rounded half to even.

        Raises:  FORMAT-045 when it lies beyond the longest film.
        """
        frame, _ = self._nearest(seconds)
        if frame > MAX_FRAMES:
            field = re.split(r"[.\]]", where)[-1] or where
            raise KinofarmError("FORMAT-045", where=where, field=field, frame=frame, limit=MAX_FRAMES)
        return frame

    def source_time(self, seconds: Fraction) -> Fraction:
        """Return a time in a source; one within a microsecond of a whole frame is that frame.

        Files that were written with six decimals mean 1/3 by 0.333333, and sampling floors.
        """
        frame, off = self._nearest(seconds)
        return frame / self.rate if 0 < abs(off) <= float(self.rate) * _MICROSECOND else seconds

    def _nearest(self, seconds: Fraction) -> tuple[int, float]:
        """Return the nearest frame, half to even, and how far off it is in frames.

        In integers, since Fraction's own arithmetic takes most of the time that a long project needs to load.
        """
        top = seconds.numerator * self.rate.numerator
        bottom = seconds.denominator * self.rate.denominator
        frame, rest = divmod(2 * top + bottom, 2 * bottom)
        if rest == 0 and frame % 2:
            frame -= 1
        return frame, (top - frame * bottom) / bottom

    def at_1080_lines(self, pixels: float) -> float:
        """Return a length in pixels of the project's frame as pixels of a frame 1080 lines high."""
        return pixels * LINES / self.height


def frame_rate(written: Fraction) -> Fraction:
    """Return the exact rate that a written number means: within 1e-4 of n·1000/1001 it is that fraction.

    A rate that needs a denominator above 10,000 is the nearest fraction that does not.
    """
    broadcast = _broadcast(written)
    if abs(written - broadcast) <= _BROADCAST_WITHIN:
        return broadcast
    return written.limit_denominator(_LARGEST_DENOMINATOR)


def nearly_broadcast(written: Fraction) -> Fraction | None:
    """Return the broadcast rate that a number such as 23.98 lies close to without meaning it, else None."""
    broadcast = _broadcast(written)
    near = _BROADCAST_WITHIN < abs(written - broadcast) <= _NEARLY_BROADCAST
    return broadcast if near and written.denominator != 1 else None


def _broadcast(written: Fraction) -> Fraction:
    return Fraction(round(written * 1001 / 1000) * 1000, 1001)
