"""Swell: a clip's volume that follows keyframes.

Units: samples of the film and frames of the timeline. Source: ffmpeg-filters(1), volume.
"""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.effects.row import Stream
from tasks.compiler.keyframes import Keyframes, value_at
from tasks.compiler.model import bounds

STEP = 64
"""Samples that share one volume while it moves: 1.3 ms, below what is heard as a step."""


def swelled(stream: Stream, keys: Keyframes, first: int, last: int, rate: Fraction) -> Stream:
    """Let a sound that lasts over the clip's frames [first, last) follow the keyframes, straight from frame to frame."""
    low, high = bounds("volume")
    values = [min(high, max(low, value_at(keys, frame))) for frame in range(first, last + 1)]
    turns = (n for n in range(1, len(values) - 1) if abs(values[n + 1] - 2 * values[n] + values[n - 1]) > 1e-9)
    bends = [0, *turns, len(values) - 1]

    def piece(left: int, right: int) -> str:
        """The line between bends, as a tree of comparisons; t is in seconds from the sound's start."""
        if right - left == 1:
            a, b = bends[left], bends[right]
            slope = (values[b] - values[a]) / (b - a) * float(rate)
            return f"{values[a]:.9g}+(t-{float(a / rate):.9f})*({slope:.9g})"
        middle = (left + right) // 2
        return f"if(lt(t,{float(bends[middle] / rate):.9f}),{piece(left, middle)},{piece(middle, right)})"

    shape = piece(0, len(bends) - 1) if len(values) > 1 else f"{values[0]:.9g}"
    return stream.filter("asetnsamples", n=STEP, p=0).filter("volume", shape, eval="frame", precision="float")
