"""Which frame a decoded one is, and when it is shown.

Units: frames from 0, exact seconds from the file's start.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tasks.media.analysis.parts import USUAL_RATE
from tasks.media.analysis.ranges import Place
from tasks.media.facts import PictureFacts


class FrameNumbers:
    """Tells which frame a decoded one is, and when it is shown.

    At a constant rate its time tells the number, so that frames lost to damage are not counted together; else the order does.

    Args:  origin: the container's first timestamp, in seconds of its own clock.
    """

    def __init__(self, origin: Fraction, picture: PictureFacts) -> None:
        self._origin, self._picture = origin, picture
        self._step = 1 / (picture.rate or USUAL_RATE)
        self._rate = picture.rate if picture.constant_rate else None
        self._last: Place | None = None
        self._shown = Fraction(0)

    def place(self, frame: Any) -> Place:
        """Return a frame's place; frames come in the order in which they are shown, and time never runs back."""
        last = self._last
        if frame.pts is None:
            at = self._picture.start if last is None else last.time + self._step
        else:
            at = frame.pts * self._picture.time_base - self._origin
            if last is not None and at < last.time:
                self._origin -= last.time + self._step - at
                at = last.time + self._step
        number = 0 if last is None else last.frame + 1
        if self._rate is not None:
            number = max(number, round((at - self._picture.start) * self._rate))
        self._last = Place(number, at)
        self._shown = (frame.duration or 0) * self._picture.time_base or self._step
        return self._last

    def end(self) -> Place:
        """Return the place after the last frame."""
        if self._last is None:
            return Place(0, self._picture.start)
        if self._picture.still:
            return Place(1, self._picture.start)
        if self._last.frame + 1 >= self._picture.frames:
            return Place(self._last.frame + 1, max(self._picture.end, self._last.time))
        return Place(self._last.frame + 1, self._last.time + self._shown)
