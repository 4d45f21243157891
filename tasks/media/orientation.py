"""Which way up: how a player turns a picture before it shows it.

A turn is (degrees clockwise, mirrored): mirrored left to right first, if at all, then turned clockwise.

Source: ISO/IEC 14496-12 (the matrix of a track), libavutil/display.h; Exif 2.32, tag Orientation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from av.sidedata.sidedata import Type
from PIL import ExifTags, Image

Degrees = Literal[0, 90, 180, 270]


class Turn(NamedTuple):
    """How a picture is shown."""

    degrees: Degrees = 0
    mirrored: bool = False


_EXIF: Mapping[int, Turn] = {
    1: Turn(), 2: Turn(0, True), 3: Turn(180), 4: Turn(180, True),
    5: Turn(270, True), 6: Turn(90), 7: Turn(90, True), 8: Turn(270),
}  # fmt: skip


def turn_of(frame: Any) -> Turn:
    """Read a decoded frame's display matrix: 3x3 of 16.16 fixed point; (a b; c d) in its upper left maps (x, y) to
    (a*x + c*y, b*x + d*y), with y downwards.
    """
    try:
        side = frame.side_data.get(Type.DISPLAYMATRIX)
    except ValueError:  # PyAV cannot list side data of a kind that it doesn't know yet, such as Exif
        return _nearest(-frame.rotation)
    if side is None:
        return Turn()
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(side), dtype="=i4", count=5))
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    if abs(b) > abs(a):
        return Turn(90 if b > 0 else 270, mirrored)
    return Turn(180 if a < 0 else 0, mirrored)


def turn_of_still(path: Path) -> Turn | None:
    """Read a still's Exif orientation, as cameras write it; None where there is none."""
    try:
        with Image.open(path, formats=("JPEG", "PNG", "TIFF", "WEBP")) as image:
            return _EXIF.get(image.getexif().get(ExifTags.Base.Orientation, 0))
    except (OSError, ValueError, SyntaxError, TypeError, ArithmeticError, Image.DecompressionBombError):
        return None  # the pixels were decoded by another library: a still without readable Exif is upright


def _nearest(degrees: float) -> Turn:
    known: tuple[Degrees, ...] = (0, 90, 180, 270)
    return Turn(known[round(degrees / 90) % 4])
