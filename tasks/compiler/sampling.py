"""Sampling: the frames of a clip's source at the timeline's rate, at its pace: forwards, backwards, along a ramp, standing still.

An output frame shows the last source frame whose timestamp has been reached (floor). A container's timestamps are rounded
to its time base, so a frame counts as reached half a tick early (docs/adr/0007).

Source: ffmpeg-filters(1): setpts, fps, reverse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from tasks.compiler.effects.row import Stream
from tasks.compiler.graph import DECODERS, Sources, concatenated
from tasks.compiler.model import Clip
from tasks.compiler.pace import forwards, ramped, source_time
from tasks.media.facts import MediaFacts, PictureFacts

TICKS = 10_000_000
"""Ticks a second in which source times are computed: fine against every container's time base."""

TURNED_AT_ONCE = 32
"""Frames of a clip that runs backwards which are held at once."""


@dataclass(frozen=True)
class Sampling:
    """A clip's picture, to be read from its file at `rate` frames a second."""

    sources: Sources
    rate: Fraction
    clip: Clip
    media: MediaFacts
    facts: PictureFacts

    def frames(self, start: int, frames: int) -> tuple[Stream, bool]:
        """The source from the timeline's frame `start` on; may end early, which the flag says.

        What stands still comes as its one picture. Past the end of its pictures a source shows the last one.
        """
        clip, facts = self.clip, self.facts
        if facts.still:
            stream = self._opened(Fraction(0), Fraction(0))
            return stream.filter("settb", str(1 / self.rate)), False
        if clip.freeze:
            stream, ends_early = self._forwards(0, 1)
            stream = stream.filter("tpad", stop_mode="clone", stop=1) if ends_early else stream
            return stream.filter("trim", end_frame=1), False
        first, last = forwards(clip, start - clip.start, start - clip.start + frames)
        return (self._backwards(first, last), False) if clip.reverse else self._forwards(first, frames)

    def _opened(self, seek: Fraction, keyframe_gap: Fraction) -> Stream:
        decoder = DECODERS.get((self.facts.codec, self.facts.alpha))
        media = self.media
        return self.sources.media_stream(media.sha256, self.facts.index, media.demuxer, seek, decoder, keyframe_gap)

    def _forwards(self, first: int, frames: int) -> tuple[Stream, bool]:
        """The clip's frames from `first` on, counted from its own first, in the order of the source."""
        clip, facts, rate = self.clip, self.facts, self.rate
        latest = max(facts.start, facts.end - facts.time_base)
        begins = min(source_time(clip, first, rate), latest)
        ends = begins + source_time(clip, first + frames, rate) - source_time(clip, first, rate)
        stream = self._opened(_seek(facts, begins), facts.keyframe_gap).filter("settb", f"1/{TICKS}")
        if ramped(clip):
            times = [source_time(clip, frame, rate) for frame in range(first, first + frames + 1)]
            reached = [moment for moment in times if moment <= latest] or [begins]
            stream = stream.filter("setpts", _ramp([self._zero(moment) for moment in reached], rate))
        else:
            zero = self._zero(begins)
            shifted = f"PTS-{zero}" if zero >= 0 else f"PTS+{-zero}"
            if clip.speed != 1:
                shifted = f"({shifted})*{clip.speed.denominator}/{clip.speed.numerator}"
            stream = stream.filter("setpts", shifted)
        stream = stream.filter("fps", fps=str(rate), round="up", start_time=0)
        return stream, ends > facts.end - facts.max_gap

    def _backwards(self, first: int, last: int) -> Stream:
        """The clip's frames [first, last) in the opposite order, turned round a few at a time: they wait in memory."""
        parts: list[Stream] = []
        for end in range(last, first, -TURNED_AT_ONCE):
            begin = max(first, end - TURNED_AT_ONCE)
            stream, ends_early = self._forwards(begin, end - begin)
            stream = stream.filter("tpad", stop_mode="clone", stop=-1) if ends_early else stream
            parts.append(stream.filter("trim", end_frame=end - begin).filter("reverse"))
        return concatenated(parts, self.rate).filter("fps", fps=str(self.rate))

    def _zero(self, moment: Fraction) -> int:
        """A second of the source in ticks of the file's clock.

        Upwards by a tick: a frame just half a tick late counts as reached wherever the chunk begins.
        """
        return math.ceil((self.media.start + moment + self.facts.time_base / 2) * TICKS) + 1


def prolonged(stream: Stream, rate: Fraction, still: bool, ends_early: bool) -> Stream:
    """A still's one picture for ever; the last picture of what ends early, likewise."""
    if still:
        return stream.filter("loop", loop=-1, size=1).filter("setpts", "N").filter("fps", fps=str(rate))
    return stream.filter("tpad", stop_mode="clone", stop=-1) if ends_early else stream


def _ramp(zeros: list[int], rate: Fraction) -> str:
    """setpts for a source whose tick `zeros[n]` belongs to frame n: straight between them, as a tree of comparisons."""
    frame = TICKS / rate
    if len(zeros) == 1:
        return f"PTS-({zeros[0]})"
    turns = (n for n in range(1, len(zeros) - 1) if zeros[n + 1] - zeros[n] != zeros[n] - zeros[n - 1])
    bends = [0, *turns, len(zeros) - 1]

    def piece(first: int, last: int) -> str:
        """The pieces [first, last) of the line between bends."""
        if last - first == 1:
            left, right = bends[first], bends[last]
            run = (right - left) * frame / (zeros[right] - zeros[left])
            offset = left * frame
            return f"{offset.numerator}/{offset.denominator}+(PTS-({zeros[left]}))*{run.numerator}/{run.denominator}"
        middle = (first + last) // 2
        return f"if(lt(PTS,{zeros[bends[middle]]}),{piece(first, middle)},{piece(middle, last)})"

    return piece(0, len(bends) - 1)


def _seek(facts: PictureFacts, begins: Fraction) -> Fraction:
    """A time of the file from which decoding is sure to meet the frame that shows at `begins`, and few before it.

    Where frames lie on a grid that frame is known, so that a clip that begins at a keyframe decodes nothing in vain.
    """
    if facts.on_grid and facts.rate and begins >= facts.start:
        shown = int((begins - facts.start) * facts.rate)
        return facts.start + shown / facts.rate + facts.time_base / 2
    return begins - facts.max_gap - facts.time_base
