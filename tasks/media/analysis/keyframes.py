"""Key frames: where decoding can begin, read from packets."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from pydantic import Field

from infra.values import Exact, Value
from tasks.media.analysis.parts import Ending, Packets, Scope
from tasks.media.analysis.ranges import MOST_RANGES


class KeyFrame(Value):
    """One key frame."""

    frame: int
    time: Exact


class KeyFrames(Value):
    """The key frames of a picture."""

    places: tuple[KeyFrame, ...]
    count: int
    longest_gap: Exact = Field(description="Seconds from one to the next, from the start to the first, or to the end.")
    every_frame: bool = Field(description="Each frame is one: nothing refers to another.")
    truncated: bool = Field(False, description=f"Only the first {MOST_RANGES} are listed.")


class KeyFrameReader:
    """Reads the packets' times.

    Args:  scope: of which the container's start is asked.
    """

    def __init__(self, scope: Scope) -> None:
        self._origin = scope.facts.start
        self._still = scope.picture is not None and scope.picture.still

    def result(self, end: Ending) -> KeyFrames:
        """Return the key frames in the order in which they are shown."""
        timing = end.timing
        keys = timing.key_ticks()
        listed = keys[:MOST_RANGES]
        numbers = np.searchsorted(timing.ticks(), listed)
        return KeyFrames(
            places=tuple(
                KeyFrame(frame=int(number), time=int(ticks) * timing.time_base - self._origin)
                for number, ticks in zip(numbers, listed, strict=True)
            ),
            count=len(keys),
            longest_gap=Fraction(0) if self._still else timing.keyframe_gap(),
            every_frame=len(keys) == timing.packets,
            truncated=len(keys) > MOST_RANGES,
        )


KEY_FRAMES = Packets(KeyFrames, KeyFrameReader)
