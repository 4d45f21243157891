"""Silence: where no channel of a sound rises above a level, to the sample.

Where the file has no samples nothing sounds either: before the sound begins, in gaps, and after it ends.

Source: ffmpeg-filters(1), silencedetect, whose measure it is.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from pydantic import Field

from tasks.media.analysis.parts import Ending, Scope, Sound
from tasks.media.analysis.ranges import TimeRanges, TimeSpans
from tasks.media.analysis.samples import SoundBlock


class Silence(TimeRanges):
    """Where a sound is silent, from the beginning of the file to its end."""

    level: float = Field(description="dBFS below which every channel lies.")


class SilenceCollector:
    """Follows the peaks of all channels.

    Args:  scope: whose settings give level and least length; the file is as long as its facts say.
    """

    def __init__(self, scope: Scope) -> None:
        self._level = scope.settings.silence_level
        self._limit = np.float32(10 ** (self._level / 20))
        self._least = scope.settings.least_silence
        self._spans = TimeSpans(self._least)
        self._heard, self._end = Fraction(0), scope.facts.duration

    def hear(self, block: SoundBlock) -> None:
        """Take in samples."""
        if block.start > self._heard:
            self._spans.hold(self._heard)
        loud = np.flatnonzero((np.abs(block.samples) >= self._limit).any(axis=0))
        if not loud.size:
            self._spans.hold(block.start)
        else:
            if loud[0] > 0:
                self._spans.hold(block.start)
            self._spans.close(block.at(int(loud[0])))
            for place in np.flatnonzero(np.diff(loud) >= max(2, int(self._least * block.rate))):
                self._spans.hold(block.at(int(loud[place]) + 1))
                self._spans.close(block.at(int(loud[place + 1])))
            if loud[-1] + 1 < block.samples.shape[1]:
                self._spans.hold(block.at(int(loud[-1]) + 1))
        self._heard = block.end

    def result(self, end: Ending) -> Silence:
        """Return the silent ranges."""
        if self._end > end.sound:
            self._spans.hold(end.sound)
        return Silence(level=self._level, **dict(self._spans.result(max(self._end, end.sound))))


SILENCE = Sound(Silence, SilenceCollector)
