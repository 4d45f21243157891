"""A decoded frame as the analyses see it: its place, and one small copy that they all share.

The copy is BGR, at most 320 pixels on its longer side; its luma is made from it. Rotation and pixel aspect are left alone,
alpha is ignored: colours count as they are stored.

Source: libswscale through PyAV's VideoReformatter; averages of areas, so that fine patterns don't flicker.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any

import av.error
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from infra.errors import KinofarmError
from tasks.media.analysis.ranges import Place
from tasks.media.packets import words

LONGEST_SIDE = 320
LEAST_SIDE = 32
"""Pixels; what is narrower is stretched, since nothing can be measured on lines."""

Pixels = npt.NDArray[np.uint8]


class Shrinker:
    """Makes the small copies of one stream, all of one size, even where the film's own size changes.

    Args:  width, height: of the stream, in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.size = small_size(width, height)
        self._reformatter = VideoReformatter()

    def shrink(self, frame: Any) -> Pixels:
        """Return a frame's small copy: (height, width, 3), BGR.

        Raises:  KinofarmError MEDIA-032 for a pixel format that can't be converted.
        """
        width, height = self.size
        try:
            small = self._reformatter.reformat(
                frame, width, height, "bgr24", interpolation=Interpolation.AREA, threads=1
            )
            return small.to_ndarray()  # type: ignore[return-value]
        except (av.error.FFmpegError, ValueError) as error:
            raise KinofarmError("MEDIA-032", format=frame.format.name, reason=words(error)) from None


class Shot:
    """One frame.

    Args:
        frame: PyAV's, valid while the shot is looked at.
        place: its number and time.
    """

    def __init__(self, frame: Any, place: Place, shrinker: Shrinker) -> None:
        self.frame = frame
        self.place = place
        self._shrinker = shrinker

    @property
    def time(self) -> Fraction:
        """Seconds from the file's start."""
        return self.place.time

    @cached_property
    def colour(self) -> Pixels:
        """The small copy: (height, width, 3), BGR."""
        return self._shrinker.shrink(self.frame)

    @cached_property
    def luma(self) -> Pixels:
        """The small copy's luma: (height, width), 0 black to 255 white, whatever the film's own range."""
        return cv2.cvtColor(self.colour, cv2.COLOR_BGR2GRAY)  # type: ignore[return-value]

    @cached_property
    def histogram(self) -> npt.NDArray[np.float64]:
        """Pixels of each luma: (256,), summing up to those of `luma`."""
        return cv2.calcHist([self.luma], [0], None, [256], [0, 256]).ravel().astype(np.float64)


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of the small copy of a picture."""
    scale = min(Fraction(1), Fraction(LONGEST_SIDE, max(width, height)))
    return max(LEAST_SIDE, round(width * scale)), max(LEAST_SIDE, round(height * scale))
