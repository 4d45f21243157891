"""Reading finished films back, with PyAV and numpy alone: nothing of the compiler takes part in judging it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float64]
"""Height × width × 3, sRGB values 0 to 255."""

KR_KB = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114)}
"""Luma coefficients. Source: ITU-R BT.709, BT.601."""


def frames(film: Path) -> Iterator[Any]:
    """Yield the decoded frames of a film's picture."""
    with av.open(str(film)) as file:
        file.streams.video[0].thread_type = "AUTO"
        yield from file.decode(video=0)


def count(film: Path) -> int:
    """Count the frames by decoding them all."""
    return sum(1 for _ in frames(film))


def frame(film: Path, number: int) -> Pixels:
    """The frame with that number as the farm delivers it: BT.709, limited range."""
    for place, found in enumerate(frames(film)):
        if place == number:
            return rgb(found, "bt709", full=False)
    raise AssertionError(f"{film.name} has no frame {number}")


def rgb(picture: Any, matrix: str, *, full: bool) -> Pixels:
    """Convert a decoded 4:2:0 picture of 8 or 10 bits to RGB by the formulas of the recommendations."""
    depth = 10 if "10" in picture.format.name else 8
    luma, blue, red = (_plane(plane, depth) for plane in picture.planes[:3])
    height, width = luma.shape
    chroma = [np.repeat(np.repeat(plane, 2, axis=0), 2, axis=1)[:height, :width] for plane in (blue, red)]
    unit = 2 ** (depth - 8)
    low, luma_span, chroma_span = (0, 255 * unit, 255 * unit) if full else (16 * unit, 219 * unit, 224 * unit)
    y = (luma - low) / luma_span
    cb, cr = ((plane - 128 * unit) / chroma_span for plane in chroma)
    kr, kb = KR_KB[matrix]
    r = y + 2 * (1 - kr) * cr
    b = y + 2 * (1 - kb) * cb
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return np.asarray(np.clip(np.stack([r, g, b], axis=-1) * 255, 0, 255))


def luma(picture: Any) -> NDArray[np.float64]:
    """The luma plane of a decoded picture of 8 bits."""
    return plane_of(picture, 0)


def plane_of(picture: Any, number: int) -> NDArray[np.float64]:
    """A plane of a decoded picture of 8 bits."""
    return _plane(picture.planes[number], 8)


def sound(film: Path) -> tuple[NDArray[np.float64], int, Fraction]:
    """Decode a film's sound: samples × channels at float, the sample rate, and the time of the first sample."""
    parts: list[NDArray[np.float64]] = []
    with av.open(str(film)) as file:
        stream = file.streams.audio[0]
        first: Fraction | None = None
        rate = int(stream.rate)
        for found in file.decode(audio=0):
            if first is None:
                first = (found.pts or 0) * Fraction(found.time_base or 0)
            parts.append(np.asarray(found.to_ndarray(), dtype=np.float64).T)
    assert first is not None
    return np.concatenate(parts), rate, first


def sound_length(film: Path) -> int:
    """Samples per channel, by the sound track's own duration."""
    with av.open(str(film)) as file:
        stream = file.streams.audio[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return int(Fraction(stream.duration) * stream.time_base * stream.rate)


def likeness(a: Pixels, b: Pixels) -> float:
    """Structural similarity of two pictures' luma over 8x8 blocks, 0 to 1. Source: Wang et al. 2004."""
    one, two = (np.asarray(picture @ np.array([0.2126, 0.7152, 0.0722])) for picture in (a, b))
    height, width = (side // 8 * 8 for side in one.shape)
    blocks = [
        plane[:height, :width].reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2).reshape(-1, 64)
        for plane in (one, two)
    ]
    means = [block.mean(axis=1) for block in blocks]
    deviations = [block - mean[:, None] for block, mean in zip(blocks, means, strict=True)]
    variances = [(part**2).mean(axis=1) for part in deviations]
    together = (deviations[0] * deviations[1]).mean(axis=1)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = ((2 * means[0] * means[1] + c1) * (2 * together + c2)) / (
        (means[0] ** 2 + means[1] ** 2 + c1) * (variances[0] + variances[1] + c2)
    )
    return float(found.mean())


def _plane(plane: Any, depth: int) -> NDArray[np.float64]:
    kind = np.dtype(np.uint16) if depth > 8 else np.dtype(np.uint8)
    rows = np.frombuffer(plane, dtype=kind).reshape(plane.height, plane.line_size // kind.itemsize)
    return rows[:, : plane.width].astype(np.float64)
