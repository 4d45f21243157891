"""Colour correction: a clip's grading, one look-up table per channel and at most one matrix.

On sRGB values, x is a channel from 0 (black) to 1 (white). The steps, in order; at its default each changes nothing:

    shadows s       x + 0.8 s x (1 - x)^2       lifts or lowers the darker tones, black stays black
    highlights h    x + 0.8 h x^2 (1 - x)       lifts or lowers the lighter tones, white stays white
    blacks b        x + 0.25 b (1 - x)^3        moves the black point by up to a quarter
    whites w        x + 0.25 w x^3              moves the white point by up to a quarter
    contrast c      (x - 0.5) c + 0.5
    brightness d    x + d
    gamma g         max(x, 0)^(1/g)             more is lighter
    (clamped to 0..1)
    hue, then saturation: the matrices of W3C hue-rotate(hue) and saturate(saturation), as one
    (clamped to 0..1)

Each tone curve rises with x for every parameter in its range, and with its parameter for every x.
docs/colour-correction.md explains the same to a user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import Curve, look_up
from tasks.compiler.effects.row import EffectRow, Line, Setting, Stream
from tasks.compiler.effects.tones import coloured, composed, ends, levels, tones
from tasks.compiler.model import ColourCorrection


class ColourBalance(Value):
    """The effect's parameters: a correction for all channels and a balance for each of them."""

    brightness: float = Field(0, ge=-1, le=1, description="Added to every channel.")
    contrast: float = Field(1, ge=0, le=10, description="Slope around middle grey.")
    saturation: float = Field(1, ge=0, le=10, description="Factor; 0 is grey.")
    gamma: float = Field(1, gt=0, le=10, description="More makes middle tones lighter.")
    highlights_r: float = Field(0, ge=-1, le=1, description="More or less red in the lighter tones.")
    highlights_g: float = Field(0, ge=-1, le=1, description="More or less green in the lighter tones.")
    highlights_b: float = Field(0, ge=-1, le=1, description="More or less blue in the lighter tones.")
    midtones_r: float = Field(0, ge=-1, le=1, description="More or less red in the middle tones.")
    midtones_g: float = Field(0, ge=-1, le=1, description="More or less green in the middle tones.")
    midtones_b: float = Field(0, ge=-1, le=1, description="More or less blue in the middle tones.")
    shadows_r: float = Field(0, ge=-1, le=1, description="More or less red in the darker tones.")
    shadows_g: float = Field(0, ge=-1, le=1, description="More or less green in the darker tones.")
    shadows_b: float = Field(0, ge=-1, le=1, description="More or less blue in the darker tones.")


def colour_correction(stream: Stream, correction: ColourCorrection, setting: Setting) -> Stream:
    """Add a clip's grading to a stream of 16-bit planar RGB; the stream itself where nothing changes."""
    curves = tones(shadows=correction.shadows, highlights=correction.highlights)
    curves += ends(blacks=correction.blacks, whites=correction.whites)
    curves += levels(correction.contrast, correction.brightness, correction.gamma)
    if curves:
        stream = look_up(stream, composed(curves))
    return coloured(stream, hue=correction.hue, saturation=correction.saturation)


def build(stream: Stream, parameters: ColourBalance, setting: Setting) -> Stream:
    """The balance of each channel, then the steps of `colour_correction`."""
    stream = balance_of_channels(
        stream, parameters.model_dump(), levels(parameters.contrast, parameters.brightness, parameters.gamma)
    )
    return coloured(stream, hue=0, saturation=parameters.saturation)


def begins(parameters: ColourBalance) -> tuple[Line, ColourBalance] | None:
    """Contrast and brightness, where no curve is bent."""
    kept = parameters.model_copy(update={"contrast": 1.0, "brightness": 0.0})
    if kept != ColourBalance(saturation=parameters.saturation) or kept == parameters:
        return None
    return Line(parameters.contrast, 0.5 * (1 - parameters.contrast) + parameters.brightness), kept


def balance_of_channels(stream: Stream, values: Mapping[str, float], then: Sequence[Curve] = ()) -> Stream:
    """Curves of shadows_r, midtones_r (m: x + 0.8 m x (1 - x)), highlights_r and so on, and for every channel those after it."""
    channels = [
        [*tones(**{part: values[f"{part}_{channel}"] for part in ("shadows", "midtones", "highlights")}), *then]
        for channel in "rgb"
    ]
    return look_up(stream, *(composed(curves) for curves in channels)) if any(channels) else stream


COLOR_CORRECTION = EffectRow(
    "color-correction",
    "Grades tones and balances the three channels.",
    "picture",
    ColourBalance,
    build,
    category="color-correction",
    property="Each value moves its channel in its part of the tones; black and white stay.",
    begins=begins,
)
