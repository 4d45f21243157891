"""What was found in frames, as values.

Units: displayed pixels of the film; seconds from the container's first timestamp, as in its facts.
"""

from __future__ import annotations

from pydantic import Field

from infra.values import Exact, Value


class Mask(Value):
    """Which part of a box its thing covers: a grid of cells laid over the whole box."""

    columns: int
    rows: int
    runs: tuple[int, ...] = Field(description="Cells row by row: so many outside, so many inside, and so on in turn.")


class Detection(Value):
    """One thing in one frame."""

    kind: int = Field(description="The number of its class.")
    score: float
    box: tuple[float, float, float, float] = Field(description="Left, top, right, bottom.")
    points: tuple[tuple[float, float, float], ...] = Field((), description="Key points: x, y and how sure.")
    mask: Mask | None = None
    track: int | None = Field(None, description="The same number for the same thing in other frames; see tracks.py.")


class FoundFrame(Value):
    """What was found in one frame; frames in which nothing was are there too."""

    number: int = Field(description="Of the frame, from 0; at the average rate where the rate is not constant.")
    seconds: Exact
    found: tuple[Detection, ...] = ()


class FoundFrames(Value):
    """A group of frames, one after the other: a unit that is kept as a whole, and after which the work can go on."""

    begin: Exact = Field(description="Seconds at which it begins; the first frame may lie later.")
    end: Exact = Field(description="Seconds at which the next group begins; no frame lies between.")
    frames: tuple[FoundFrame, ...]
