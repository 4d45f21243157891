"""The timeline: the one model that every importer produces and everything past the importer reads.

Units: positions and lengths on the timeline are whole frames at `Timeline.rate`, ranges are half-open
[start, end). Source times are exact seconds of the file (0 is the container's first timestamp).
Places and sizes in the picture are fractions of the frame's width and height unless a field says pixels.
Colours are "#rrggbb" or "#rrggbbaa".

The same model is our own project format, published as JSON Schema by `kinofarm schema`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, field_validator

from infra.values import Exact, Value
from tasks.subtitles.model import (
    MAX_FRAMES as MAX_FRAMES,
    Animation as Animation,
    Colour as Colour,
    Element as Element,
    Frame as Frame,
    Name as Name,
    PictureElement as PictureElement,
    ShapeElement as ShapeElement,
    Subtitle as Subtitle,
    TextElement as TextElement,
    TextStyle as TextStyle,
    TitleSource as TitleSource,
)

FORMAT: Literal["kinofarm/1"] = "kinofarm/1"
"""Name and version of our own project format."""

LARGEST_IN_RATE = 1_001_000
"""Largest numerator and denominator of a frame rate: ffmpeg reads no finer one exactly."""

Number = Annotated[float, Field(ge=-1e6, le=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]
Parameter = bool | int | float | Annotated[str, Field(max_length=100_000)] | tuple[float, ...]
"""A parameter's value, as the project gives it; the effect's table row says which it takes."""


class Size(Value):
    """Width and height in pixels; even, as 4:2:0 needs."""

    width: int = Field(ge=16, le=16384, multiple_of=2)
    height: int = Field(ge=16, le=16384, multiple_of=2)


class Crop(Value):
    """What to cut off, in pixels of the source as it is displayed (after rotation and pixel aspect)."""

    left: int = Field(0, ge=0, le=32768)
    top: int = Field(0, ge=0, le=32768)
    right: int = Field(0, ge=0, le=32768)
    bottom: int = Field(0, ge=0, le=32768)


class Transform(Value):
    """Scale as a multiple of the fitted size, position as an offset from the centre, rotation in degrees clockwise.

    Scale and rotation pivot on the anchor (fractions of the fitted picture; 0.5, 0.5 is its centre).
    """

    scale_x: float = Field(1, gt=0, le=100)
    scale_y: float = Field(1, gt=0, le=100)
    position_x: float = Field(0, ge=-100, le=100)
    position_y: float = Field(0, ge=-100, le=100)
    rotation: float = Field(0, ge=-36000, le=36000)
    anchor_x: float = Field(0.5, ge=-100, le=100)
    anchor_y: float = Field(0.5, ge=-100, le=100)


class Cell(Value):
    """A split-screen cell: a box in fractions of the frame, and how the picture fills it.

    fit: contain (whole picture, clear around it), cover (fills the box, cut to it), fill (distorted to the box),
    none (own size, cut to the box). outline: corners, in fractions of the box, to which the picture is cut as well.
    """

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    width: float = Field(gt=0, le=1)
    height: float = Field(gt=0, le=1)
    fit: Literal["contain", "cover", "fill", "none"] = "contain"
    align_x: Literal["left", "center", "right"] = "center"
    align_y: Literal["top", "center", "bottom"] = "center"
    scale: float = Field(1, gt=0, le=100)
    outline: tuple[tuple[Share, Share], ...] = Field((), max_length=12)

    @field_validator("outline")
    @classmethod
    def _an_area(cls, value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if len(value) in (1, 2):
            raise ValueError("an outline has at least three corners")
        return value


class ColourCorrection(Value):
    """Grading on sRGB values 0..1; every field's default changes nothing (docs/colour-correction.md has the formulas)."""

    brightness: float = Field(0, ge=-1, le=1)
    contrast: float = Field(1, ge=0, le=10)
    saturation: float = Field(1, ge=0, le=10)
    hue: float = Field(0, ge=-36000, le=36000)
    gamma: float = Field(1, gt=0, le=10)
    highlights: float = Field(0, ge=-1, le=1)
    shadows: float = Field(0, ge=-1, le=1)
    whites: float = Field(0, ge=-1, le=1)
    blacks: float = Field(0, ge=-1, le=1)


class Effect(Value):
    """An effect on a clip's or a track's picture or sound, by its name in the effect table.

    start and end limit it to frames of the clip [start, end), counted from the clip's first frame.
    """

    id: Name = ""
    kind: Name
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    start: Frame | None = None
    end: Frame | None = None


class MediaSource(Value):
    """A media file. A relative path starts at the project file. audio_stream counts the file's sounds."""

    kind: Literal["media"] = "media"
    path: str = Field(min_length=1, max_length=4096)
    audio_stream: int | None = Field(None, ge=0, le=255)


Source = Annotated[MediaSource | TitleSource, Field(discriminator="kind")]


class Clip(Value):
    """A piece of a source on a track, over the timeline's frames [start, end).

    The clip's first frame shows the source at `source_start` seconds; `speed` is seconds of source per second
    of film. Stills and titles have no source range. A video clip plays its sound too, at `volume`.
    """

    id: Name
    name: Name = ""
    source: Source
    start: Frame
    end: Frame
    source_start: Exact = Fraction(0)
    speed: Exact = Fraction(1)
    keep_pitch: bool = True
    volume: float = Field(1, ge=0, le=10)
    opacity: float = Field(1, ge=0, le=1)
    crop: Crop | None = None
    transform: Transform | None = None
    cell: Cell | None = None
    colour_correction: ColourCorrection | None = None
    effects: tuple[Effect, ...] = ()

    @field_validator("source_start")
    @classmethod
    def _not_before_the_file(cls, value: Fraction) -> Fraction:
        if not 0 <= value <= 10**6:
            raise ValueError("must lie between 0 and 1000000 seconds")
        return value

    @field_validator("speed")
    @classmethod
    def _forwards(cls, value: Fraction) -> Fraction:
        if not Fraction(1, 100) <= value <= 100:
            raise ValueError("must lie between 0.01 and 100")
        return value


class Transition(Value):
    """A passage from one clip to the next on the same track, over the timeline's frames [start, end).

    The window contains or touches the cut and takes both clips' handles; the film's length does not change.
    kind: a name of the transition table ("dissolve"), or "xfade:NAME" for one of ffmpeg's own.
    """

    id: Name = ""
    kind: Name
    from_clip: Name
    to_clip: Name
    start: Frame
    end: Frame
    parameters: dict[Name, Parameter] = Field(default_factory=dict)


class Track(Value):
    """A row of clips in order of time. Later video tracks lie over earlier ones; sounds are summed."""

    id: Name
    name: Name = ""
    kind: Literal["video", "audio"]
    enabled: bool = True
    volume: float = Field(1, ge=0, le=10)
    clips: tuple[Clip, ...] = ()
    transitions: tuple[Transition, ...] = ()
    effects: tuple[Effect, ...] = ()


class VideoExport(Value):
    """How the picture is encoded. Exactly one rate control holds: mode crf, or vbr/cbr with a bitrate (kbit/s)."""

    codec: Literal["h264"] = "h264"
    encoder: Literal["auto", "software"] = "auto"
    mode: Literal["crf", "vbr", "cbr"] = "crf"
    crf: float = Field(18, ge=0, le=51)
    bitrate: int | None = Field(None, ge=10, le=1_000_000)
    max_bitrate: int | None = Field(None, ge=10, le=1_000_000)
    min_bitrate: int | None = Field(None, ge=10, le=1_000_000)
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"] = (
        "medium"
    )
    gop: int | None = Field(None, ge=1, le=10_000, description="Longest distance between keyframes, in frames.")
    b_frames: int | None = Field(None, ge=0, le=16)
    profile: Literal["baseline", "main", "high"] | None = None


class SoundExport(Value):
    """How the sound is encoded."""

    codec: Literal["aac"] = "aac"
    bitrate: int = Field(192, ge=16, le=1024, description="kbit/s")


class Export(Value):
    """What comes out of the timeline."""

    container: Literal["mp4"] = "mp4"
    video: VideoExport = VideoExport()
    sound: SoundExport = SoundExport()
    subtitles: Literal["burn", "soft", "both"] = Field(
        "burn", description="Drawn into the picture, as a track of text for each language, or both."
    )
    subtitle_files: tuple[Literal["srt", "vtt", "ass"], ...] = Field((), max_length=3, description="Beside the film.")
    ffmpeg_args: tuple[Annotated[str, Field(max_length=1000)], ...] = Field(
        (), max_length=100, description="Encoder options that come last; only those on the allow-list pass."
    )


class Timeline(Value):
    """A whole film to be: the tracks from the bottom up, the subtitles over them, and how to export it."""

    format: Literal["kinofarm/1"] = FORMAT
    name: Name = ""
    rate: Exact
    size: Size
    sample_rate: int = Field(48_000, ge=8_000, le=192_000)
    duration: Annotated[int, Field(gt=0, le=MAX_FRAMES)]
    tracks: tuple[Track, ...] = Field((), max_length=200)
    subtitles: tuple[Subtitle, ...] = ()
    export: Export = Export()

    @field_validator("rate")
    @classmethod
    def _a_frame_rate(cls, value: Fraction) -> Fraction:
        if not 1 <= value <= 240:
            raise ValueError("must lie between 1 and 240 frames a second")
        if value.denominator > 100_000:
            raise ValueError("must be a fraction with a denominator of at most 100000")
        return value
