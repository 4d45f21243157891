"""Shapes drawn on busy grounds, with the box of each known: what the tiny detector learns from, and what films of it show.

Units: pixels whose edges lie on whole numbers; boxes are (left, top, right, bottom).
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

KINDS = ("circle", "square", "triangle", "star")
"""The classes, in the order of the model's numbers."""

Box = tuple[float, float, float, float]
Picture = NDArray[np.uint8]

_CORNERS = {"square": 4, "triangle": 3}
_FINE = 2
"""Everything is drawn this much larger and scaled down, so that edges are smooth."""

_LEAST_CONTRAST = 75
"""Distance between the colour of a shape and that of the ground under it."""


class Shape(NamedTuple):
    """One shape: a number into KINDS, its centre, its radius, degrees by which it is turned, and its colour."""

    kind: int
    x: float
    y: float
    radius: float
    angle: float
    colour: tuple[int, int, int]


class Scene(NamedTuple):
    """One picture with what is in it."""

    picture: Picture
    kinds: tuple[int, ...]
    boxes: tuple[Box, ...]


def outline(shape: Shape) -> list[tuple[float, float]]:
    """Return the corners of a shape; a circle has many."""
    name = KINDS[shape.kind]
    radii = [shape.radius, shape.radius * 0.42] * 5 if name == "star" else [shape.radius] * _CORNERS.get(name, 72)
    turn = math.radians(shape.angle)
    steps = ((radius, turn + math.tau * place / len(radii)) for place, radius in enumerate(radii))
    return [(shape.x + radius * math.cos(at), shape.y + radius * math.sin(at)) for radius, at in steps]


def box(shape: Shape) -> Box:
    """Return the box around a shape."""
    across, down = zip(*outline(shape), strict=True)
    return min(across), min(down), max(across), max(down)


def draw(ground: Image.Image, shapes: Sequence[Shape]) -> Picture:
    """Draw shapes on a ground, the later ones above, and return the picture as (height, width, 3)."""
    width, height = ground.size
    fine = ground.resize((width * _FINE, height * _FINE), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(fine)
    for shape in shapes:
        pen.polygon([(x * _FINE - 0.5, y * _FINE - 0.5) for x, y in outline(shape)], fill=shape.colour)
    return np.asarray(fine.resize((width, height), Image.Resampling.BOX))


def ground(random: Generator, width: int, height: int) -> Image.Image:
    """Return a ground: a gradient with blots, lines and noise on it."""
    first, last = random.integers(0, 256, (2, 3))
    turn = random.uniform(0, math.tau)
    down, across = np.mgrid[0:height, 0:width]
    along = across / width * math.cos(turn) + down / height * math.sin(turn)
    along = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    picture = Image.fromarray((first + along[..., None] * (last - first)).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(random.integers(0, 5)):
        x, y, reach = random.uniform(0, width), random.uniform(0, height), random.uniform(4, 0.4 * height)
        colour = tuple(int(part) for part in random.integers(0, 256, 3))
        pen.ellipse((x - reach, y - reach * 0.4, x + reach, y + reach * 0.4), fill=colour)
    picture = picture.filter(ImageFilter.GaussianBlur(height / 16))
    pen = ImageDraw.Draw(picture)
    for _ in range(random.integers(0, 8)):
        ends = random.uniform(0, 1, 4) * (width, height, width, height)
        colour = tuple(int(part) for part in random.integers(0, 256, 3))
        pen.line([float(end) for end in ends], fill=colour, width=int(random.integers(1, 4)))
    strength = random.uniform(0, 18) if random.random() < 0.6 else 0
    noisy = np.asarray(picture) + random.normal(0, 1, (height, width, 3)) * strength
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def scenes(random: Generator, width: int, height: int, count: int, radii: tuple[float, float]) -> Iterator[Scene]:
    """Yield pictures of shapes that move over one ground, as H.264 or JPEG leaves them.

    Args:    radii: smallest and largest radius of a shape.
    """
    back = ground(random, width, height)
    shapes = _placed(random, back, radii)
    steps = random.normal(0, 2.0, (len(shapes), 2))
    spins = random.normal(0, 4.0, len(shapes))
    pictures, shown = [], []
    for _ in range(count):
        pictures.append(draw(back, shapes))
        shown.append(_seen(shapes, width, height))
        shapes = [
            shape._replace(x=shape.x + dx, y=shape.y + dy, angle=shape.angle + spin)
            for shape, (dx, dy), spin in zip(shapes, steps, spins, strict=True)
        ]
    squeezed = (
        through_film(pictures, int(random.integers(18, 36)))
        if random.random() < 0.5
        else _through_jpeg(pictures, random)
    )
    for picture, (kinds, boxes) in zip(squeezed, shown, strict=True):
        yield Scene(picture, kinds, boxes)


def through_film(pictures: Sequence[Picture], quality: int) -> list[Picture]:
    """Return pictures as H.264 leaves them, at a constant rate factor."""
    file = io.BytesIO()
    write_film(file, pictures, quality)
    file.seek(0)
    with av.open(file) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def write_film(
    file: io.BytesIO | str, pictures: Sequence[Picture] | Iterator[Picture], quality: int, rate: int = 25
) -> None:
    """Write pictures as a film in an MP4: H.264, 4:2:0."""
    with av.open(file, "w", format="mp4") as container:
        stream = None
        for picture in pictures:
            if stream is None:
                stream = container.add_stream(
                    "libx264", rate=Fraction(rate), options={"crf": str(quality), "preset": "ultrafast"}
                )
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.thread_count = 1
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode(None))


def _through_jpeg(pictures: Sequence[Picture], random: Generator) -> Iterator[Picture]:
    for picture in pictures:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=int(random.integers(35, 96)))
        yield np.asarray(Image.open(file))


def _placed(random: Generator, back: Image.Image, radii: tuple[float, float]) -> list[Shape]:
    width, height = back.size
    shapes: list[Shape] = []
    for _ in range(random.integers(0, 7)):
        radius = float(np.exp(random.uniform(*np.log(radii))))
        x, y = random.uniform(radius * 0.8, width - radius * 0.8), random.uniform(radius * 0.8, height - radius * 0.8)
        if any(math.hypot(x - other.x, y - other.y) < (radius + other.radius) * 0.9 for other in shapes):
            continue
        under = np.asarray(back)[
            int(max(0, y - radius)) : int(y + radius) + 1, int(max(0, x - radius)) : int(x + radius) + 1
        ]
        colour = random.integers(0, 256, 3)
        while np.abs(colour - under.mean((0, 1))).max() < _LEAST_CONTRAST:
            colour = random.integers(0, 256, 3)
        red, green, blue = (int(part) for part in colour)
        shapes.append(Shape(int(random.integers(len(KINDS))), x, y, radius, random.uniform(0, 360), (red, green, blue)))
    return shapes


def _seen(shapes: Sequence[Shape], width: int, height: int) -> tuple[tuple[int, ...], tuple[Box, ...]]:
    """Return the kinds and boxes of the shapes of which half or more is seen, cut at the picture's edges."""
    kinds, boxes = [], []
    for place, shape in enumerate(shapes):
        left, top, right, bottom = box(shape)
        inside = max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)
        area = max(0.0, inside[2] - inside[0]) * max(0.0, inside[3] - inside[1])
        covered = any(
            math.hypot(shape.x - other.x, shape.y - other.y) < 0.6 * other.radius for other in shapes[place + 1 :]
        )
        if area >= 0.5 * (right - left) * (bottom - top) and not covered:
            kinds.append(shape.kind)
            boxes.append(inside)
    return tuple(kinds), tuple(boxes)
