"""A row of the effect table: what an effect is called, which parameters it takes and which filters it becomes.

A picture effect receives planar RGB, 16 bits a channel (gbrp16le, or gbrap16le when `Setting.alpha`), sRGB
values, at the layer's own size, and returns the same format; it clamps once, at its end. A sound effect receives
stereo float at the timeline's sample rate and returns the same number of samples, none of them early or late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from pydantic import AliasChoices

from infra.values import Value
from tasks.compiler.canvas import Canvas
from tasks.compiler.effects.ways import Way
from tasks.media.loudness import Loudness

Stream = Any
"""A stream of ffmpeg-python (a `FilterableStream`): immutable, hashable by what it is made of."""

Category = Literal[
    "artistic", "cinematic", "color-correction", "creative", "custom", "distortion", "motion", "technical", "vintage"
]


def _no_generator(name: str, pixel_format: str = "", **options: Any) -> Stream:
    raise LookupError(f"no generators here: {name}")


def _no_files(path: str) -> str:
    raise LookupError(f"no files here: {path}")


def _no_passes(made: Callable[[str], Stream]) -> str:
    raise LookupError("no first pass here")


@dataclass(frozen=True)
class Setting:
    """Where an effect is applied: rate in frames a second, size in pixels, lengths in frames and samples.

    zoom: how many pixels here one of the clip's at scale 1 is wide: by it a length among the parameters grows.
    first: number of the first frame, counted at `rate` from the beginning of the clip's source: what looks random is
    drawn by it, so that a frame looks the same in whatever chunk it lies.
    generate: a generator's stream, e.g. generate("color", "gray", c="black", s="64x36", r="25").
    file: the name under which a filter finds the file that a parameter names by its path.
    first_pass: takes what makes, from a file's name, a stream that writes this file as it runs; that stream runs before the
    picture, and the name comes back.
    ringing: how many of the samples, at the end, follow what was there before the effect, for it to ring on in.
    key: the sound of the track that the effect listens to, as long as its own.
    """

    rate: Fraction
    width: int = 0
    height: int = 0
    zoom: float = 1
    alpha: bool = False
    frames: int = 0
    sample_rate: int = 48_000
    samples: int = 0
    first: int = 0
    generate: Callable[..., Stream] = _no_generator
    file: Callable[[str], str] = _no_files
    first_pass: Callable[[Callable[[str], Stream]], str] = _no_passes
    ringing: int = 0
    key: Stream = None


def _alone(parameters: Any) -> int:
    return 0


def _still(parameters: Any) -> bool:
    return False


def _none(parameters: Any) -> None:
    return None


@dataclass(frozen=True)
class Sounding:
    """What a sound effect asks of the mix beside its filters, each as a function of its parameters.

    rings: seconds that it rings on after the last sample. key: the name of the track that it listens to.
    loudness: what the sound is measured and levelled to. tempo: how much faster a clip's source is played.
    crosses: seconds over which a clip crosses with the next. An effect with one of the last three has no filters.
    moves: the parameters that may have keyframes, each with the settings of which the effect is mixed then.
    """

    rings: Callable[[Any], Fraction] | None = None
    key: Callable[[Any], str] | None = None
    loudness: Callable[[Any], Loudness] | None = None
    tempo: Callable[[Any], Fraction] | None = None
    crosses: Callable[[Any], Fraction] | None = None
    moves: Mapping[str, Way] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """What all three channels go through alike: slope * x + offset, clamped."""

    slope: float
    offset: float


@dataclass(frozen=True)
class EffectRow:
    """An effect of the table.

    parameters: a `Value` whose fields are the effect's parameters with their defaults, bounds and descriptions.
    build: adds the effect's filters to a stream; returns the stream itself when the parameters change nothing.
    category: the editor's shelf on which it stands. property: what can be measured, and which way it moves.
    last: the same filters for a canvas' own planes, where no other effect comes after it and nothing is clear: for what is
    linear and treats all channels alike, so that it may as well follow the conversion from RGB.
    handles: neighbouring frames on each side that it looks at with such parameters. Near the ends of what there is
    it takes the last frame for those beyond it.
    moving: with such parameters it treats equal frames differently, by their number. clears: it makes parts of a solid picture clear.
    files: parameters that are paths of look-up tables in the media roots.
    table: the path of the one table in which such parameters look up, if they do nothing else.
    begins: the line with which such parameters begin, and those of what is left: a table before it can take the line in.
    sounding: of a sound effect, what the mix does for it.
    """

    name: str
    summary: str
    on: Literal["picture", "sound"]
    parameters: type[Value]
    build: Callable[[Stream, Any, Setting], Stream]
    category: Category | None = None
    property: str = ""
    last: Callable[[Stream, Any, Setting, Canvas], Stream] | None = None
    handles: Callable[[Any], int] = _alone
    moving: Callable[[Any], bool] = _still
    clears: bool = False
    files: tuple[str, ...] = ()
    table: Callable[[Any], str | None] = _none
    begins: Callable[[Any], tuple[Line, Any] | None] = _none
    sounding: Sounding = Sounding()

    def field(self, name: str) -> str | None:
        """The field that a project's name for a parameter means; None where there is none."""
        for field_name, found in self.parameters.model_fields.items():
            alias = found.validation_alias
            if name == field_name or (isinstance(alias, AliasChoices) and name in alias.choices):
                return field_name
        return None

    def numbers(self) -> tuple[str, ...]:
        """The parameters that are numbers."""
        fields = self.parameters.model_fields.items()
        return tuple(name for name, found in fields if found.annotation in (int, float, Fraction))

    def movable(self) -> tuple[str, ...]:
        """The parameters that may have keyframes."""
        return self.numbers() if self.on == "picture" else tuple(self.sounding.moves)


EffectTable = Mapping[str, EffectRow]
"""Passed in as a value, so that plugins can extend it."""
