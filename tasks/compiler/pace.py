"""Pace: which second of its source a clip shows at a frame, at a constant speed, along a ramp, backwards or standing still.

Under a ramp each frame takes the source on by its own speed: frame n shows the sum of the speeds before it. A clip that
runs backwards shows the frames that it would show forwards in the opposite order.

Units: frames of the timeline counted from the clip's first, negative in its handle; seconds of the file, exact.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import accumulate

from tasks.compiler.keyframes import Keyframes, value_at
from tasks.compiler.model import Clip

FINEST = 1_000_000
"""Speeds of a ramp are taken in parts of this."""


def ramped(clip: Clip) -> bool:
    """Does the clip's speed change?"""
    return "speed" in clip.keyframes and not clip.freeze


def source_time(clip: Clip, frame: int, rate: Fraction) -> Fraction:
    """Return the second of the file that the clip, played forwards, shows at a frame."""
    if clip.freeze:
        return clip.source_start
    if not ramped(clip):
        return clip.source_start + frame / rate * clip.speed
    reached = _reached(clip.keyframes["speed"], clip.end - clip.start)
    last = len(reached) - 1
    if frame <= 0:
        taken = frame * reached[1]
    elif frame > last:
        taken = reached[last] + (frame - last) * (reached[last] - reached[last - 1])
    else:
        taken = reached[frame]
    return clip.source_start + Fraction(taken, FINEST) / rate


def forwards(clip: Clip, start: int, end: int) -> tuple[int, int]:
    """Return the frames that a clip would show forwards where it shows [start, end), both counted from its first."""
    if not clip.reverse:
        return start, end
    length = clip.end - clip.start
    return length - end, length - start


def handles(clip: Clip, rate: Fraction, duration: Fraction) -> tuple[Fraction, Fraction]:
    """Return how many frames a source of that many seconds has before a clip's in point and after its out point.

    They are negative where the clip itself has fewer than it shows.
    """
    if clip.freeze:
        return Fraction(ENDLESS), Fraction(ENDLESS)
    length = clip.end - clip.start
    starts, ends = source_time(clip, 0, rate), source_time(clip, length, rate)
    head = starts / (starts - source_time(clip, -1, rate))
    tail = (duration - ends) / (source_time(clip, length + 1, rate) - ends)
    return (tail, head) if clip.reverse else (head, tail)


ENDLESS = 10**9
"""Frames that what stands still has beyond its ends."""


@lru_cache(maxsize=64)
def _reached(keys: Keyframes, frames: int) -> tuple[int, ...]:
    """How far the source has come before each frame and after the last, in frames of source in parts of FINEST."""
    speeds = (max(FINEST // 100, round(value_at(keys, frame) * FINEST)) for frame in range(frames))
    return tuple(accumulate(speeds, initial=0))
