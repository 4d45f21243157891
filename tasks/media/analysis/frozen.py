"""Frozen pictures: where a film shows one picture for long; black that stands still is frozen, too.

Each frame is compared with the first of its range, so that a slow fade is none. What moves at one small place, as a mouse pointer
does, is seen by the greatest change.

Source: ffmpeg-filters(1), freezedetect, here on the small copy's luma.
"""

from __future__ import annotations

import cv2

from tasks.media.analysis.parts import Ending, Frames, Scope, moving_only
from tasks.media.analysis.ranges import FrameRanges, FrameSpans
from tasks.media.analysis.shot import Pixels, Shot


class Frozen(FrameRanges):
    """Where a film stands still."""


class FrozenCollector:
    """Compares frames with the one that the picture may have stopped at.

    Args:  scope: whose settings say what still stands still.
    """

    def __init__(self, scope: Scope) -> None:
        settings = scope.settings
        self._level, self._peak = settings.frozen_level * 255, settings.frozen_peak * 255
        self._spans = FrameSpans(settings.least_frozen)
        self._first: Pixels | None = None

    def look(self, shot: Shot) -> None:
        """Take in a frame."""
        if self._first is None or not self._stands_still(cv2.absdiff(shot.luma, self._first)):  # type: ignore[arg-type]
            self._spans.close(shot.place)
            self._first = shot.luma
        self._spans.hold(shot.place)

    def result(self, end: Ending) -> Frozen:
        """Return the frozen ranges."""
        return Frozen(**dict(self._spans.result(end.picture)))

    def _stands_still(self, change: Pixels) -> bool:
        return cv2.mean(change)[0] <= self._level and int(change.max()) <= self._peak


FROZEN = Frames(Frozen, FrozenCollector, moving_only)
