"""What is known of a media file: the facts that planning and compiling need, and nothing of the libraries that read it.

Times are exact seconds from the container's first timestamp (which is 0 of the file).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from pydantic import Field

from infra.values import Exact, Value

Sha256 = str
"""64 hex digits over a file's bytes."""


class PictureFacts(Value):
    """One picture stream."""

    index: int = Field(description="The stream's index in the file, as ffmpeg's `-map 0:INDEX` counts it.")
    codec: str
    width: int = Field(description="Coded width in pixels, before rotation.")
    height: int
    rotation: Literal[0, 90, 180, 270] = Field(0, description="Degrees clockwise that a player turns it.")
    flipped: bool = Field(False, description="A player mirrors it left to right before it turns it.")
    pixel_aspect: Exact = Fraction(1)
    pixel_format: str = Field(description="ffmpeg's name, e.g. yuv420p10le.")
    bit_depth: int = 8
    alpha: bool = False
    matrix: str | None = Field(None, description="Colour matrix as tagged (ffmpeg's name, e.g. bt709); None: untagged.")
    primaries: str | None = None
    transfer: str | None = None
    range: Literal["tv", "pc"] | None = None
    time_base: Exact = Field(description="Seconds per tick of its timestamps.")
    rate: Exact | None = Field(None, description="Average frame rate, where the file has one.")
    constant_rate: bool = Field(False, description="Every frame lies within one tick of k/rate.")
    on_grid: bool = Field(False, description="Every frame lies within half a tick of start + k/rate.")
    start: Exact = Field(description="First timestamp.")
    end: Exact = Field(description="End of the last frame.")
    frames: int = Field(description="Packets counted; a still has 1.")
    max_gap: Exact = Field(description="Longest time between two neighbouring timestamps.")
    keyframe_gap: Exact = Field(Fraction(0), description="Longest time from one keyframe to the next, or to the end.")
    still: bool = Field(False, description="A single image: no end.")
    default: bool = False

    @property
    def frame_time(self) -> Fraction | None:
        """Seconds for which a frame is shown, on average; None where that is not known, as of a still."""
        if self.still or not self.rate:
            return None
        # The rate that a file states of frames at no constant one may be that of its clock.
        mean = Fraction(0) if self.constant_rate else (self.end - self.start) / self.frames
        return mean if mean > 0 else 1 / self.rate

    @property
    def display_size(self) -> tuple[Fraction, Fraction]:
        """Width and height as displayed: pixel aspect applied to the width, then rotation."""
        width, height = self.width * self.pixel_aspect, Fraction(self.height)
        return (height, width) if self.rotation in (90, 270) else (width, height)


class SoundFacts(Value):
    """One sound stream."""

    index: int = Field(description="The stream's index in the file, as ffmpeg's `-map 0:INDEX` counts it.")
    codec: str
    sample_rate: int
    channels: int
    layout: str = Field(description="ffmpeg's channel layout name, e.g. 5.1(side); a default one where untagged.")
    time_base: Exact
    start: Exact
    end: Exact
    default: bool = False


class NumberRange(Value):
    """Numbers that follow each other, both ends among them."""

    first: int
    last: int


class NumberedFacts(Value):
    """Of numbered pictures that are one medium: which numbers they have."""

    first: int
    last: int
    digits: int = Field(description="To so many a number is filled up with zeros; 0: it is not.")
    missing: int = Field(description="Numbers between them of which there is no picture: the one before is shown.")
    gaps: tuple[NumberRange, ...] = Field((), description="Those numbers, of the first thousand places.")


class MediaFacts(Value):
    """One file, or numbered pictures as one medium."""

    sha256: Sha256
    size: int
    demuxer: str = Field(
        description="The ffmpeg demuxer that reads it, e.g. mov or matroska; passed with -f. image2: numbered pictures."
    )
    numbered: NumberedFacts | None = Field(None, description="null: it is one file.")
    start: Exact = Field(description="The container's first timestamp, in seconds of its own clock.")
    duration: Exact = Field(description="End of the longest stream, from the container's first timestamp.")
    timecode: Exact | None = Field(None, description="The first frame's timecode in seconds, where the file has one.")
    pictures: tuple[PictureFacts, ...] = ()
    sounds: tuple[SoundFacts, ...] = ()

    def picture(self) -> PictureFacts | None:
        """The default-disposition picture, else the largest, else the first; None for a file without."""
        if not self.pictures:
            return None
        marked = [picture for picture in self.pictures if picture.default]
        return max(marked or self.pictures, key=lambda picture: (picture.width * picture.height, -picture.index))

    def sound(self, ordinal: int | None = None) -> SoundFacts | None:
        """The sound with that number (from 0), else the default one, else the first; None where there is none."""
        if ordinal is not None:
            return self.sounds[ordinal] if ordinal < len(self.sounds) else None
        marked = [sound for sound in self.sounds if sound.default]
        found = marked or list(self.sounds)
        return found[0] if found else None
