"""Black: where next to all pixels of a picture are black.

Source: ffmpeg-filters(1), blackdetect, whose measure it is, here on the small copy's luma.
"""

from __future__ import annotations

from fractions import Fraction

from tasks.media.analysis.parts import Ending, Frames, Scope
from tasks.media.analysis.ranges import FrameRanges, FrameSpans
from tasks.media.analysis.shot import Shot


class Black(FrameRanges):
    """Where a film is black."""


class BlackCollector:
    """Counts black pixels.

    Args:  scope: whose settings say what is black; a single image has no length to be too short.
    """

    def __init__(self, scope: Scope) -> None:
        settings = scope.settings
        still = scope.picture is not None and scope.picture.still
        self._levels = int(settings.black_level * 255) + 1
        self._share = settings.black_share
        self._spans = FrameSpans(Fraction(0) if still else settings.least_black)

    def look(self, shot: Shot) -> None:
        """Take in a frame."""
        if shot.histogram[: self._levels].sum() >= self._share * shot.luma.size:
            self._spans.hold(shot.place)
        else:
            self._spans.close(shot.place)

    def result(self, end: Ending) -> Black:
        """Return the black ranges."""
        return Black(**dict(self._spans.result(end.picture)))


BLACK = Frames(Black, BlackCollector)
