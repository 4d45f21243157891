"""The detector of shapes, and a film of shapes of which every box is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tasks.media.facts import MediaFacts
from tasks.media.probe import probe
from tasks.recognition.model import ModelFacts, facts_of, look_at, model_bytes
from tasks.recognition.session import OpenModel
from tests.media_factory import MediaFactory
from tests.models.shapes.drawn import KINDS, Box, Picture, Shape, box, draw, ground, write_film

DETECTOR = Path("tests/models/shapes/shapes.onnx")
SIZE = 320, 180
RATE = 25
FRAMES = 150


@dataclass(frozen=True)
class Mover:
    """A shape that moves straight, seen in the frames [first, end)."""

    shape: Shape
    step: tuple[float, float]
    spin: float
    first: int
    end: int

    def at(self, frame: int) -> Shape:
        """Return the shape in a frame."""
        passed = frame - self.first
        x, y = self.shape.x + self.step[0] * passed, self.shape.y + self.step[1] * passed
        return self.shape._replace(x=x, y=y, angle=self.shape.angle + self.spin * passed)


MOVERS = (
    Mover(Shape(0, 50, 50, 28, 0, (220, 40, 30)), (0.8, 0.1), 0, 12, 90),
    Mover(Shape(1, 260, 50, 30, 10, (30, 60, 210)), (-0.4, 0.1), 1.5, 0, 150),
    Mover(Shape(2, 60, 130, 32, 30, (240, 220, 40)), (0.7, 0.0), -1, 40, 133),
    Mover(Shape(3, 250, 130, 36, 5, (20, 20, 25)), (-0.5, 0.05), 2, 61, 139),
    Mover(Shape(0, 40, 45, 24, 0, (120, 30, 160)), (0.5, 0.2), 0, 110, 145),
)


@dataclass(frozen=True)
class ShapesFilm:
    """A film with what is in each of its frames."""

    path: Path
    facts: MediaFacts
    shown: tuple[tuple[tuple[int, Box], ...], ...]


def frames_of_shapes(movers: tuple[Mover, ...] = MOVERS, frames: int = FRAMES) -> Iterator[Picture]:
    """Draw the film's frames."""
    back = ground(np.random.default_rng(11), *SIZE)
    for frame in range(frames):
        yield draw(back, [mover.at(frame) for mover in movers if mover.first <= frame < mover.end])


@pytest.fixture(scope="session")
def shapes_film(media_factory: MediaFactory) -> ShapesFilm:
    """150 frames of 320 x 180 at 25 a second, in which five shapes come and go."""
    place = media_factory.folder / "shapes.mp4"
    write_film(str(place), frames_of_shapes(), 23, RATE)
    shown = tuple(
        tuple((mover.shape.kind, box(mover.at(frame))) for mover in MOVERS if mover.first <= frame < mover.end)
        for frame in range(FRAMES)
    )
    return ShapesFilm(place, probe(place), shown)


@pytest.fixture(scope="session")
def detector() -> ModelFacts:
    """The facts of the detector of shapes."""
    facts = look_at(DETECTOR)
    assert facts.classes == KINDS
    return facts


@pytest.fixture(scope="session")
def open_detector(detector: ModelFacts) -> OpenModel:
    """The detector in ONNX Runtime, eight pictures at a time on one core."""
    return OpenModel(model_bytes(DETECTOR), detector, batch=8, threads=1)


def opened(data: bytes, folder: Path, names: tuple[str, ...] = ("one", "two", "three"), batch: int = 1) -> OpenModel:
    """Open a model that was written by hand."""
    place, listed = folder / "made.onnx", folder / "names.txt"
    place.write_bytes(data)
    listed.write_text("\n".join(names))
    return OpenModel(data, facts_of(place, data, listed), batch=batch)


def frame_duration(facts: MediaFacts) -> Fraction:
    """Return for how long a frame of a film is shown."""
    picture = facts.picture()
    assert picture is not None
    assert picture.rate is not None
    return 1 / picture.rate
