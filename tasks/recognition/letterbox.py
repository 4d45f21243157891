"""How a picture is laid into a model's input: turned as a player turns it, scaled as a whole, grey around it; and the way back.

Units: displayed pixels outside (pixel aspect and rotation applied), pixels of the model's input inside; edges lie on whole numbers.
Source:  Ultralytics' LetterBox, whose sizes, place and grey these are, so that a model sees what it was trained on.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray
from pydantic import Field

from infra.values import Exact, Value
from tasks.media.facts import PictureFacts

GREY = 114
"""Of 255, around the picture."""

_PLANES = (2, 0, 1)
"""Where red, green and blue lie among swscale's planes (gbrp)."""

_SCALED_FIRST = frozenset({"yuv420p", "yuvj420p"})
"""Pixel formats whose colours swscale changes with vectors, where the size stays."""

_UNIT = np.float32(1 / 255)


class Letterbox(Value):
    """Where a picture lies in a model's input."""

    source_width: Exact = Field(description="Of the picture as displayed.")
    source_height: Exact
    width: int = Field(description="Of the picture in the input.")
    height: int
    left: int
    top: int
    rotation: int = Field(0, description="Degrees clockwise by which it is turned.")
    flipped: bool = Field(False, description="Mirrored left to right before it is turned.")

    def to_source(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return boxes (n, 4) in displayed pixels, cut at the picture's edges."""
        across, down = float(self.source_width), float(self.source_height)
        scale = np.array((across / self.width, down / self.height) * 2)
        moved = (boxes - np.array((self.left, self.top) * 2)) * scale
        cut: NDArray[np.float32] = np.clip(moved, 0, np.array((across, down) * 2)).astype(np.float32)
        return cut

    def to_input(self, box: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a box of displayed pixels in pixels of the model's input: the way back of `to_source`."""
        scale = np.array((self.width / float(self.source_width), self.height / float(self.source_height)) * 2)
        moved: NDArray[np.float32] = (box * scale + np.array((self.left, self.top) * 2)).astype(np.float32)
        return moved

    def points_to_source(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return points (..., 3) of x, y and how sure, 0 to 1, in displayed pixels; outside the picture by its own size at most."""
        across, down = float(self.source_width), float(self.source_height)
        moved = points.copy()
        moved[..., 0] = np.clip((points[..., 0] - self.left) * (across / self.width), -across, 2 * across)
        moved[..., 1] = np.clip((points[..., 1] - self.top) * (down / self.height), -down, 2 * down)
        moved[..., 2] = np.clip(points[..., 2], 0, 1)
        return moved


def letterbox(picture: PictureFacts, width: int, height: int) -> Letterbox:
    """Return how a film's picture is laid into an input of that size."""
    across, down = picture.display_size
    scale = min(Fraction(width) / across, Fraction(height) / down)
    inner = max(1, round(across * scale)), max(1, round(down * scale))
    return Letterbox(
        source_width=across,
        source_height=down,
        width=inner[0],
        height=inner[1],
        left=(width - inner[0]) // 2,
        top=(height - inner[1]) // 2,
        rotation=picture.rotation,
        flipped=picture.flipped,
    )


class Layer:
    """Lays decoded frames into the buffers of a model's input: swscale scales each once, and each number is written once.

    What most films are decoded to is scaled as it is and then made red, green and blue: swscale does both with vectors of the
    processor. In one step it does the second number by number, which takes more than twice as long.

    Args:    laid: where they lie; around it the buffers are grey already (`grey`).
    """

    def __init__(self, laid: Letterbox) -> None:
        self._laid = laid
        self._first_scaler, self._scaler = VideoReformatter(), VideoReformatter()
        turned = laid.rotation in (90, 270)
        self._size = (laid.height, laid.width) if turned else (laid.width, laid.height)

    def lay(self, frame: av.VideoFrame, into: NDArray[Any]) -> None:
        """Write a frame into (3, height, width): red, green and blue from 0 to 1."""
        laid = self._laid
        width, height = self._size
        if frame.format.name in _SCALED_FIRST:
            frame = self._first_scaler.reformat(
                frame, width=width, height=height, interpolation=Interpolation.BILINEAR, threads=1
            )
        small = self._scaler.reformat(
            frame, width=width, height=height, format="gbrp", interpolation=Interpolation.BILINEAR, threads=1
        )
        planes = small.planes
        for colour, place in enumerate(_PLANES):
            plane = planes[place]
            seen = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:height, :width]
            if laid.flipped:
                seen = seen[:, ::-1]
            if laid.rotation:
                seen = np.rot90(seen, -laid.rotation // 90)
            target = into[colour, laid.top : laid.top + laid.height, laid.left : laid.left + laid.width]
            np.multiply(seen, _UNIT, out=target, casting="same_kind")


def grey(pictures: NDArray[Any]) -> None:
    """Fill a whole buffer with the grey that stays around the pictures."""
    pictures.fill(GREY / 255)
