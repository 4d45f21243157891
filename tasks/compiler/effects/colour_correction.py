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

from collections.abc import Sequence
from functools import reduce

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import Curve, hue_matrix, look_up, mix, product, saturate_matrix
from tasks.compiler.effects.row import EffectRow, Setting, Stream
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
    curves = _tones(shadows=correction.shadows, highlights=correction.highlights)
    curves += _ends(blacks=correction.blacks, whites=correction.whites)
    curves += _levels(correction.contrast, correction.brightness, correction.gamma)
    if curves:
        stream = look_up(stream, _composed(curves))
    return _matrix(stream, hue=correction.hue, saturation=correction.saturation)


def build(stream: Stream, parameters: ColourBalance, setting: Setting) -> Stream:
    """The balance of each channel (midtones m: x + 0.8 m x (1 - x)), then the steps of `colour_correction`."""
    levels = _levels(parameters.contrast, parameters.brightness, parameters.gamma)
    channels = [
        _tones(
            shadows=getattr(parameters, f"shadows_{channel}"),
            midtones=getattr(parameters, f"midtones_{channel}"),
            highlights=getattr(parameters, f"highlights_{channel}"),
        )
        + levels
        for channel in "rgb"
    ]
    if any(channels):
        stream = look_up(stream, *(_composed(curves) for curves in channels))
    return _matrix(stream, hue=0, saturation=parameters.saturation)


COLOR_CORRECTION = EffectRow(
    "color-correction", "Grades tones and balances the three channels.", "picture", ColourBalance, build
)


def _tones(*, shadows: float = 0, midtones: float = 0, highlights: float = 0) -> list[Curve]:
    """Curves that keep black and white where they are; each has a slope of at least 0.2."""
    curves: list[Curve] = []
    if shadows:
        curves.append(lambda x: x + 0.8 * shadows * x * (1 - x) ** 2)
    if midtones:
        curves.append(lambda x: x + 0.8 * midtones * x * (1 - x))
    if highlights:
        curves.append(lambda x: x + 0.8 * highlights * x**2 * (1 - x))
    return curves


def _ends(*, blacks: float, whites: float) -> list[Curve]:
    """One curve that moves the ends; its slope is at least 0.25."""
    if blacks == 0 and whites == 0:
        return []
    return [lambda x: x + 0.25 * blacks * (1 - x) ** 3 + 0.25 * whites * x**3]


def _levels(contrast: float, brightness: float, gamma: float) -> list[Curve]:
    curves: list[Curve] = []
    if contrast != 1 or brightness != 0:
        curves.append(lambda x: (x - 0.5) * contrast + 0.5 + brightness)
    if gamma != 1:
        curves.append(lambda x: x ** (1 / gamma) if x > 0 else x)
    return curves


def _composed(curves: Sequence[Curve]) -> Curve:
    """One curve: a value goes through each in turn."""
    return lambda x: reduce(lambda value, curve: curve(value), curves, x)


def _matrix(stream: Stream, *, hue: float, saturation: float) -> Stream:
    if hue % 360 == 0:
        return stream if saturation == 1 else mix(stream, saturate_matrix(saturation))
    return mix(stream, product(saturate_matrix(saturation), hue_matrix(hue)))
