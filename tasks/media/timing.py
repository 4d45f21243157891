"""When the frames of a stream stand: collected packet by packet, asked afterwards.

Units: ticks of the stream's time base inside, exact seconds of the container's own clock outside.
"""

from __future__ import annotations

from array import array
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

_USUAL_RATES = tuple(
    Fraction(n * 1000, d) for n in (12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120, 144, 240) for d in (1000, 1001)
)
"""Rates tried where a container's own estimate is rounded (Matroska counts in milliseconds)."""

_NEAR = Fraction(1, 500)


class Timing:
    """The timestamps of one stream.

    Args:  time_base: seconds per tick.
    """

    def __init__(self, time_base: Fraction) -> None:
        self.time_base = time_base
        self._at = array("q")
        self._keys = array("q")
        self._end: int | None = None
        self._sorted = True

    def add(self, packet: Any) -> None:
        """Take in a packet that will be shown; what an edit list cuts off and what is never shown counts nothing."""
        at = packet.pts if packet.pts is not None else packet.dts
        if packet.is_discard or _is_hidden(packet):
            return
        if at is None:
            at = self._end if self._end is not None else 0
        skipped, dropped = _trimmed(packet)
        end = at + max(packet.duration or 0, 0) - dropped
        at += skipped
        self._sorted = self._sorted and (not self._at or self._at[-1] <= at)
        self._at.append(at)
        if packet.is_keyframe:
            self._keys.append(at)
        self._end = end if self._end is None else max(self._end, end)

    @property
    def packets(self) -> int:
        """Packets taken in."""
        return len(self._at)

    @property
    def start(self) -> Fraction:
        """The first timestamp, in seconds."""
        return self._ordered()[0] * self.time_base if self._at else Fraction(0)

    @property
    def end(self) -> Fraction:
        """The end of the last packet, as its duration says, in seconds."""
        return max(self._end or 0, self._ordered()[-1]) * self.time_base if self._at else Fraction(0)

    def ticks(self) -> npt.NDArray[np.int64]:
        """All timestamps in order, in ticks."""
        return np.array(self._ordered(), np.int64)

    def key_ticks(self) -> npt.NDArray[np.int64]:
        """The timestamps of the keyframes in order, in ticks."""
        return np.sort(np.array(self._keys, np.int64))

    def max_gap(self) -> Fraction:
        """The longest time between two neighbouring timestamps, in seconds; 0 for fewer than two."""
        at = self._ordered()
        return max((b - a for a, b in pairwise(at)), default=0) * self.time_base

    def keyframe_gap(self) -> Fraction:
        """The longest time from one keyframe to the next, or to the end, in seconds."""
        if not self._at:
            return Fraction(0)
        at = self._ordered()
        stops = np.concatenate([[at[0]], self.key_ticks(), [max(self._end or 0, at[-1])]])
        return int(np.diff(stops).max()) * self.time_base

    def constant_rate(self, estimates: tuple[Fraction | None, ...]) -> Fraction | None:
        """Return the rate at which every frame lies within a tick of k/rate from the first, or None.

        Args:  estimates: rates that the container suggests, the likeliest first.
        """
        likely = [rate for rate in estimates if rate]
        # The usual rates go first: over a short clip a container's rounded estimate fits as well as the true rate.
        usual = [(abs(rate / likely[0] - 1), rate) for rate in _USUAL_RATES] if likely else []
        near = [rate for distance, rate in sorted(usual) if distance < _NEAR]
        return next((rate for rate in (*near, *likely) if self._runs_at(rate)), None)

    def is_on_grid(self, rate: Fraction) -> bool:
        """Does every frame lie within half a tick of k/rate from the first: as near as rounding allows?"""
        return self._runs_at(rate, Fraction(1, 2))

    def _runs_at(self, rate: Fraction, ticks: Fraction = Fraction(1)) -> bool:
        at = self._ordered()
        step = self.time_base * rate
        up, down, first = step.numerator, step.denominator, at[0]
        near = up * ticks
        return all(abs((tick - first) * up - k * down) <= near for k, tick in enumerate(at))

    def _ordered(self) -> array[int]:
        if not self._sorted:
            self._at = array("q", np.sort(np.array(self._at, np.int64)).tobytes())
            self._sorted = True
        return self._at


def _is_hidden(packet: Any) -> bool:
    """Say whether a packet shows nothing: VP8 keeps its reference-only frames in packets of their own."""
    if packet.stream is None:  # of numbered pictures
        return False
    context = packet.stream.codec_context
    return context.codec.canonical_name == "vp8" and packet.size > 0 and not memoryview(packet)[0] & 0x10


def _trimmed(packet: Any) -> tuple[int, int]:
    """Return the ticks that a decoder drops from a sound packet's begin and end (priming and padding)."""
    if packet.stream is None or packet.stream.type != "audio" or not packet.has_sidedata("skip_samples"):
        return 0, 0
    data = bytes(packet.get_sidedata("skip_samples"))
    sample = Fraction(1, packet.stream.codec_context.sample_rate) / packet.stream.time_base
    begin, end = (int.from_bytes(data[at : at + 4], "little") for at in (0, 4))
    return int(begin * sample), int(end * sample)
