"""Swell: a gain that changes over time, as a signal by which sounds are multiplied.

It is worked out a thousand times a second on straight lines from frame to frame, and the resampler draws a smooth curve
through that: it has no steps that could be heard, however quickly it changes.

Units: samples of the film and frames of the timeline. Source: ffmpeg-filters(1): aeval, aresample, amultiply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, inf

from tasks.compiler.effects.row import Stream
from tasks.compiler.graph import joined

WORKED_OUT = 1_000
"""Times a second that the gain is worked out."""

LEAD = 1
"""Seconds that it is worked out before the sound and after it: the resampler needs a run-up, and this is whole in any rate."""


STRAIGHT = 5e-4
"""By how much a gain may pass beside its value at a frame, so that a curve needs fewer lines; where it rests it is exact."""


@dataclass(frozen=True)
class Clock:
    """Where a stream of sound lies among the frames from which keyframes count.

    begins: the frame, and part of it, at which its first sample lies; negative before the first frame.
    """

    begins: Fraction
    samples: int
    sample_rate: int
    rate: Fraction

    @property
    def frames(self) -> range:
        """The frames between which all of it lies: the first at or before its first sample, the last at or after its end."""
        ends = self.begins + self.samples * self.rate / self.sample_rate
        return range(floor(self.begins), ceil(ends) + 1)


def swelled(stream: Stream, gains: Sequence[float], clock: Clock, generate: Callable[..., Stream]) -> Stream:
    """Multiply a sound by a gain.

    Args:    gains: at each of `clock.frames`. generate: a generator's stream.
    """
    line = generate("anullsrc", channel_layout="mono", sample_rate=WORKED_OUT)
    seconds = 2 * LEAD + Fraction(clock.samples, clock.sample_rate)
    line = line.filter("atrim", end_sample=ceil(seconds * WORKED_OUT))
    line = line.filter("aeval", _shape(gains, clock), channel_layout="same").filter("aresample", clock.sample_rate)
    first = LEAD * clock.sample_rate
    line = line.filter("atrim", start_sample=first, end_sample=first + clock.samples).filter("asetpts", "PTS-STARTPTS")
    return joined("amultiply", [stream, line.filter("pan", args="stereo|c0=c0|c1=c0")])


def bends(gains: Sequence[float]) -> Iterator[int]:
    """The frames between which straight lines are near enough: each reaches as far as it can without leaving one behind."""
    yield 0
    begins, last = 0, len(gains) - 1
    while begins < last:
        end, low, high = begins + 1, -inf, inf
        rests = gains[end] == gains[begins]
        while end < last and (gains[end + 1] == gains[end]) == rests:
            slope, way = (gains[end] - gains[begins]) / (end - begins), STRAIGHT / (end - begins)
            low, high = max(low, slope - way), min(high, slope + way)
            if not low <= (gains[end + 1] - gains[begins]) / (end + 1 - begins) <= high:
                break
            end += 1
        yield end
        begins = end


def _shape(gains: Sequence[float], clock: Clock) -> str:
    """The gain as an expression: a tree of comparisons whose leaves are the lines between bends."""
    edges = list(bends(gains))
    places = [float((clock.frames[bend] - clock.begins) / clock.rate + LEAD) for bend in edges]

    def piece(left: int, right: int) -> str:
        if right - left == 1:
            a, b = edges[left], edges[right]
            if gains[a] == gains[b]:
                return f"{gains[a]:.7g}"
            slope = (gains[b] - gains[a]) / (b - a) * float(clock.rate)
            return f"{gains[a]:.7g}+(t-{places[left]:.6f})*({slope:.7g})"
        middle = (left + right) // 2
        return f"if(lt(t,{places[middle]:.6f}),{piece(left, middle)},{piece(middle, right)})"

    return piece(0, len(edges) - 1)
