"""A row of the effect table: what an effect is called, which parameters it takes and which filters it becomes.

A picture effect receives planar RGB, 16 bits a channel (gbrp16le, or gbrap16le when `Setting.alpha`), sRGB
values, at the layer's own size, and returns the same format; it clamps once, at its end. A sound effect receives
stereo float at the timeline's sample rate and returns the same number of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from infra.values import Value

Stream = Any
"""A stream of ffmpeg-python (a `FilterableStream`): immutable, hashable by what it is made of."""


@dataclass(frozen=True)
class Setting:
    """Where an effect is applied: rate in frames a second, size in pixels, lengths in frames and samples."""

    rate: Fraction
    width: int = 0
    height: int = 0
    alpha: bool = False
    frames: int = 0
    sample_rate: int = 48_000
    samples: int = 0


@dataclass(frozen=True)
class EffectRow:
    """An effect of the table.

    parameters: a `Value` whose fields are the effect's parameters with their defaults, bounds and descriptions.
    build: adds the effect's filters to a stream; returns the stream itself when the parameters change nothing.
    handles: neighbouring frames that it looks at on each side.
    """

    name: str
    summary: str
    on: Literal["picture", "sound"]
    parameters: type[Value]
    build: Callable[[Stream, Any, Setting], Stream]
    handles: int = 0


EffectTable = Mapping[str, EffectRow]
"""Passed in as a value, so that plugins can extend it."""
