"""The timeline: the one model that every importer produces and everything past the importer reads.

Units: positions and lengths on the timeline are whole frames at `Timeline.rate`, ranges are half-open
[start, end). Source times are exact seconds of the file (0 is the container's first timestamp).
Places and sizes in the picture are fractions of the frame's width and height unless a field says pixels.
Colours are "#rrggbb" or "#rrggbbaa".

The same model is our own project format, published as JSON Schema by `kinofarm schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from infra.values import Exact, Value
from tasks.compiler.keyframes import Keyframes, limits, require_in_order
from tasks.media.loudness import Loudness
from tasks.media.soft import TextForm
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

MOST_MARKERS = 50_000
"""Of a timeline."""

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

    start and end limit it to frames [start, end). keyframes: number parameters that change over time, by name. These frames
    count from the clip's first; those of a track's effect from the timeline's first.
    """

    id: Name = ""
    kind: Name
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    start: Frame | None = None
    end: Frame | None = None
    keyframes: dict[Name, Keyframes] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="after")
    def _keyframes_in_order(self) -> Self:
        for keys in self.keyframes.values():
            require_in_order(keys)
        return self


Metadata = dict[Name, JsonValue]
"""What other programs said about a thing: carried along unread, so that an export to `.otio` gives it back."""


class MediaSource(Value):
    """A media file. A relative path starts at the project file. audio_stream counts the file's sounds.

    What interchange files say about it: timecode is the time that they give its first frame, in seconds; None: they don't
    say, and `source_start` counts from their own zero. length: how many seconds it has. offline: no file is named, and
    path is only the name of what is missing.
    """

    kind: Literal["media"] = "media"
    path: str = Field(min_length=1, max_length=4096)
    audio_stream: int | None = Field(None, ge=0, le=255)
    timecode: Exact | None = Fraction(0)
    length: Exact | None = None
    offline: bool = False


Animated = Literal[
    "speed",
    "volume",
    "opacity",
    "crop.left",
    "crop.top",
    "crop.right",
    "crop.bottom",
    "transform.scale_x",
    "transform.scale_y",
    "transform.position_x",
    "transform.position_y",
    "transform.rotation",
    "transform.anchor_x",
    "transform.anchor_y",
    "colour_correction.brightness",
    "colour_correction.contrast",
    "colour_correction.saturation",
    "colour_correction.hue",
    "colour_correction.gamma",
    "colour_correction.highlights",
    "colour_correction.shadows",
    "colour_correction.whites",
    "colour_correction.blacks",
]
"""A clip's numbers that may have keyframes, by their place in the clip."""

Source = Annotated[MediaSource | TitleSource, Field(discriminator="kind")]


class Clip(Value):
    """A piece of a source on a track, over the timeline's frames [start, end).

    The clip's first frame shows the source at `source_start` seconds; `speed` is seconds of source per second
    of film. Stills and titles have no source range. A video clip plays its sound too, at `volume`.
    reverse: it shows the same frames in the opposite order, and its sound runs backwards. freeze: it shows the one frame
    at `source_start` for its whole length, without sound. keyframes: what changes over time, by the name of its field
    ("opacity", "transform.scale_x"); frames count from the clip's first.
    """

    id: Name
    name: Name = ""
    source: Source
    start: Frame
    end: Frame
    source_start: Exact = Fraction(0)
    speed: Exact = Fraction(1)
    keep_pitch: bool = True
    reverse: bool = False
    freeze: bool = False
    volume: float = Field(1, ge=0, le=10)
    opacity: float = Field(1, ge=0, le=1)
    crop: Crop | None = None
    transform: Transform | None = None
    cell: Cell | None = None
    colour_correction: ColourCorrection | None = None
    effects: tuple[Effect, ...] = ()
    keyframes: dict[Animated, Keyframes] = Field(default_factory=dict)
    metadata: Metadata = Field(default_factory=dict)

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

    @model_validator(mode="after")
    def _keyframes_within_bounds(self) -> Self:
        for name, keys in self.keyframes.items():
            require_in_order(keys)
            low, high = bounds(name)
            for key in keys:
                if not low <= key.value <= high:
                    raise ValueError(
                        f"the keyframe of {name} at frame {key.frame} must lie between {low:g} and {high:g}"
                    )
        return self


def bounds(name: Animated) -> tuple[float, float]:
    """Return the lowest and the highest value that a clip's number may have."""
    if name == "speed":
        return 0.01, 100
    part, _, field = name.rpartition(".")
    holders: dict[str, type[Value]] = {
        "": Clip,
        "crop": Crop,
        "transform": Transform,
        "colour_correction": ColourCorrection,
    }
    return limits(holders[part].model_fields[field])


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
    metadata: Metadata = Field(default_factory=dict)


class Track(Value):
    """A row of clips in order of time. Later video tracks lie over earlier ones; sounds are summed.

    effects: on the picture of each of its clips, and on the sum of their sounds; their frames are the timeline's.
    """

    id: Name
    name: Name = ""
    kind: Literal["video", "audio"]
    enabled: bool = True
    volume: float = Field(1, ge=0, le=10)
    clips: tuple[Clip, ...] = ()
    transitions: tuple[Transition, ...] = ()
    effects: tuple[Effect, ...] = ()
    metadata: Metadata = Field(default_factory=dict)


class Marker(Value):
    """A mark at a frame of the timeline; chapters become chapters of the film.

    clip: the id of the clip that it is fastened to in an interchange file, "" for the timeline's own.
    """

    time: Frame
    duration: Frame = 0
    name: Name = ""
    colour: Colour | None = None
    kind: Literal["chapter", "section", "note", "export"] = "note"
    clip: Name = ""
    metadata: Metadata = Field(default_factory=dict)


VideoCodec = Literal["h264", "hevc", "av1", "vp9", "prores", "dnxhr", "png", "jpeg", "gif"]
SoundCodec = Literal["aac", "pcm", "flac", "mp3", "opus", "vorbis", "ac3"]
ContainerName = Literal[
    "mp4", "mov", "mkv", "webm", "avi", "gif", "png", "jpg", "wav", "flac", "mp3", "m4a", "ogg"
]  # fmt: skip


class VideoExport(Value):
    """How the picture is encoded. Exactly one rate control holds: mode crf, or vbr/cbr with a bitrate (kbit/s).

    quality means the same for every encoder; crf, where it is given, is a number on the encoder's own scale.
    """

    codec: VideoCodec = "h264"
    encoder: Name = Field("software", description="software, auto (a hardware encoder, if one works), or one by name.")
    mode: Literal["crf", "vbr", "cbr"] = "crf"
    quality: float = Field(85, ge=1, le=100, description="In mode crf, where crf is not given: 1 to 100.")
    crf: float | None = Field(None, ge=0, le=63, description="On the encoder's own scale; wins over quality.")
    bitrate: int | None = Field(None, ge=10, le=1_000_000)
    max_bitrate: int | None = Field(None, ge=10, le=1_000_000)
    min_bitrate: int | None = Field(None, ge=10, le=1_000_000)
    passes: Literal[1, 2] = Field(1, description="2: each chunk is looked through first; needs mode vbr.")
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"] = (
        "medium"
    )
    gop: int | None = Field(None, ge=1, le=10_000, description="Longest distance between keyframes, in frames.")
    b_frames: int | None = Field(None, ge=0, le=16)
    profile: (
        Literal[
            "baseline", "main", "high",
            "proxy", "lt", "standard", "hq", "4444", "4444xq",
            "lb", "sq", "hqx", "444",
        ]
        | None
    ) = None  # fmt: skip
    bits: Literal[8, 10] | None = Field(None, description="Per sample; None: 8, or what the codec's profile has.")
    hdr: Literal["hdr10", "hlg"] | None = Field(
        None, description="BT.2020 with PQ or HLG, in 10 bits; none: BT.709. Clips of another kind are led over."
    )
    alpha: bool = Field(False, description="What no clip covers stays clear; needs a codec and a container with alpha.")


class SoundExport(Value):
    """How the sound is encoded."""

    codec: SoundCodec = "aac"
    bitrate: int = Field(192, ge=16, le=1024, description="kbit/s; PCM and FLAC have none.")
    bits: Literal[16, 24] | None = Field(None, description="Per sample of PCM and FLAC; None: 16.")
    loudness: Loudness | None = Field(None, description="What the whole film's sound is brought to; absent: its own.")


class Tags(Value):
    """What the film's file says of itself. language: of its sound, ISO 639-2 ("eng")."""

    title: Annotated[str, Field(max_length=1000)] = ""
    author: Annotated[str, Field(max_length=1000)] = ""
    comment: Annotated[str, Field(max_length=10_000)] = ""
    language: str | None = Field(None, pattern=r"^[a-z]{3}$")


class Poster(Value):
    """A picture of one frame, beside the film: FILM.poster.png or .jpg."""

    frame: Frame
    format: Literal["png", "jpg"] = "jpg"


USUAL_CODECS: Mapping[str, tuple[VideoCodec, SoundCodec]] = {
    "webm": ("vp9", "opus"), "gif": ("gif", "aac"), "png": ("png", "aac"), "jpg": ("jpeg", "aac"), "avi": ("h264", "pcm"),
    "wav": ("h264", "pcm"), "flac": ("h264", "flac"), "mp3": ("h264", "mp3"), "ogg": ("h264", "opus"),
}  # fmt: skip
"""Codecs of picture and sound that a container gets where an export names none, other than H.264 and AAC."""


class Export(Value):
    """What comes out of the timeline. Codecs that it does not name are the container's usual ones."""

    container: ContainerName = "mp4"
    size: Size | None = Field(None, description="The film's size, where it is not the timeline's.")
    reframe: Literal["fit", "fill", "blur"] = Field(
        "fit", description="Where size has other proportions: bars, cut to fill, or over a blurred picture of itself."
    )
    video: VideoExport = VideoExport()
    sound: SoundExport = SoundExport()
    tags: Tags = Tags()
    chapters: bool = Field(True, description="Chapter markers become chapters, where the container has them.")
    poster: Poster | None = None
    subtitles: Literal["burn", "soft", "both"] = Field(
        "burn", description="Drawn into the picture, as a track of text for each language, or both."
    )
    subtitle_form: TextForm | None = Field(
        None, description="Of the tracks of text; the container's usual one where it is not named, e.g. srt in mkv."
    )
    subtitle_files: tuple[Literal["srt", "vtt", "ass"], ...] = Field((), max_length=3, description="Beside the film.")
    ffmpeg_args: tuple[Annotated[str, Field(max_length=1000)], ...] = Field(
        (), max_length=100, description="Encoder options that come last; only those on the allow-list pass."
    )

    @model_validator(mode="before")
    @classmethod
    def _usual_codecs(cls, data: Any) -> Any:
        container = data.get("container", "mp4") if isinstance(data, dict) else None
        usual = USUAL_CODECS.get(container) if isinstance(container, str) else None
        if usual is None:
            return data
        for part, codec in zip(("video", "sound"), usual, strict=True):
            asked = data.get(part, {})
            if isinstance(asked, dict) and "codec" not in asked:
                data = data | {part: asked | {"codec": codec}}
        return data


class Deliverable(Value):
    """A further film of the same timeline, made on request: `kinofarm render PROJECT -o FILM --also NAME=FILE`."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^=/\\]+$")]
    export: Export


class Timeline(Value):
    """A whole film to be: the tracks from the bottom up, the subtitles over them, and how to export it."""

    format: Literal["kinofarm/1"] = FORMAT
    name: Name = ""
    rate: Exact
    size: Size
    sample_rate: int = Field(48_000, ge=8_000, le=192_000)
    duration: Annotated[int, Field(gt=0, le=MAX_FRAMES)]
    freeze_handles: bool = Field(
        False, description="Where a transition needs more of a source than there is, hold the source's edge frame."
    )
    tracks: tuple[Track, ...] = Field((), max_length=200)
    subtitles: tuple[Subtitle, ...] = ()
    markers: tuple[Marker, ...] = Field((), max_length=MOST_MARKERS)
    export: Export = Export()
    deliverables: tuple[Deliverable, ...] = Field((), max_length=100)
    metadata: Metadata = Field(default_factory=dict)

    @field_validator("rate")
    @classmethod
    def _a_frame_rate(cls, value: Fraction) -> Fraction:
        if not 1 <= value <= 240:
            raise ValueError("must lie between 1 and 240 frames a second")
        if value.denominator > 100_000:
            raise ValueError("must be a fraction with a denominator of at most 100000")
        return value
