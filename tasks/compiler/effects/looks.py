"""Looks that treat every pixel alike: a matrix, then a curve for each channel, on sRGB values 0 (black) to 1 (white).

    out = (1 - intensity) * in + intensity * curve(matrix * in)

so that each channel moves in a straight line from what it was to the look. The recipes are our own designs.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import on_colour, partly
from tasks.compiler.effects.pixels import (
    IDENTITY,
    LUMINANCE_MATRIX,
    SEPIA_MATRIX,
    Curve,
    Matrix,
    look_up,
    mix,
    product,
    saturate_matrix,
    toward,
)
from tasks.compiler.effects.row import Category, EffectRow, Setting, Stream
from tasks.compiler.effects.vignette import shaded


class Intensity(Value):
    intensity: float = Field(1, ge=0, le=1, description="0 changes nothing, 1 is the whole look.")


@dataclass(frozen=True)
class Recipe:
    """matrix, then a curve per channel, then darker corners: vignette is how much, radius where it begins."""

    matrix: Matrix
    red: Curve
    green: Curve
    blue: Curve
    vignette: float = 0
    radius: float = 0.6


def _line(black: float, white: float) -> Curve:
    return lambda x: black + (white - black) * x


def _bent(power: float, black: float = 0, white: float = 1) -> Curve:
    return lambda x: black + (white - black) * max(0.0, x) ** power


def _steep(x: float) -> float:
    """An S through (0, 0), (0.5, 0.5) and (1, 1), half as steep again in its middle as x."""
    return x * x * (3 - 2 * x)


def _dark(x: float) -> float:
    """An S that lies below x up to 0.7."""
    return _steep(max(0.0, x) ** 1.4)


VINTAGE_RECIPE = Recipe(
    product(saturate_matrix(0.7), toward(SEPIA_MATRIX, 0.35)), _line(0.07, 0.97), _line(0.06, 0.9), _line(0.12, 0.74)
)
SUNSET_RECIPE = Recipe(saturate_matrix(1.15), _bent(0.7), _bent(1.05, 0, 0.94), _bent(1.3, 0, 0.78))
LOMO_RECIPE = Recipe(saturate_matrix(1.35), _steep, _steep, lambda x: 0.08 + 0.8 * _steep(x), vignette=0.7, radius=0.35)
TWILIGHT_RECIPE = Recipe(saturate_matrix(0.8), _bent(1.2, 0, 0.66), _bent(1.15, 0, 0.6), _bent(0.85, 0.06, 0.92))
NOIR_RECIPE = Recipe(LUMINANCE_MATRIX, _dark, _dark, _dark, vignette=0.6, radius=0.5)
CYBERPUNK_RECIPE = Recipe(
    ((0.9, -0.15, 0.4), (0.05, 0.7, 0.15), (0.25, 0.1, 0.85)), _bent(0.85), _bent(1.35, 0, 0.9), _bent(0.8, 0.1, 1)
)
INFRARED_RECIPE = Recipe(((-0.3, 1.5, -0.2), (0.6, 0.2, 0.2), (0.1, 0.2, 0.7)), _bent(0.8), _bent(1.2), _bent(1.3))
MATRIX_RECIPE = Recipe(LUMINANCE_MATRIX, _bent(1.6, 0, 0.4), _bent(0.85, 0.03, 1), _bent(1.5, 0, 0.5))
ARCTIC_RECIPE = Recipe(saturate_matrix(0.45), _bent(1.15, 0, 0.9), _bent(0.95, 0.03, 0.98), _bent(0.7, 0.1, 1))


def _row(name: str, category: Category, summary: str, measured: str, recipe: Recipe) -> EffectRow:
    def build(stream: Stream, parameters: Intensity, setting: Setting) -> Stream:
        if parameters.intensity == 0:
            return stream
        return on_colour(
            stream,
            setting,
            lambda colour: partly(colour, parameters.intensity, lambda s: developed(s, recipe, setting)),
        )

    return EffectRow(name, summary, "picture", Intensity, build, category=category, property=measured)


def developed(stream: Stream, recipe: Recipe, setting: Setting) -> Stream:
    """The whole look on opaque colours."""
    if recipe.matrix != IDENTITY:
        stream = mix(stream, recipe.matrix)
    stream = look_up(stream, recipe.red, recipe.green, recipe.blue)
    return shaded(stream, setting, recipe.vignette, recipe.radius) if recipe.vignette else stream


VINTAGE = _row(
    "vintage",
    "vintage",
    "Fades the picture like an old print: milky blacks, yellowed whites.",
    "Black rises, most in blue; white sinks, most in blue; colours pale.",
    VINTAGE_RECIPE,
)
SUNSET = _row(
    "sunset",
    "artistic",
    "Warms the light as the low sun does.",
    "In middle grey red rises and blue falls; black stays black.",
    SUNSET_RECIPE,
)
LOMO = _row(
    "lomo",
    "vintage",
    "The toy camera: strong colours, hard contrast, dark corners.",
    "Light tones rise and dark ones fall in the centre; the corners darken to 30 %.",
    LOMO_RECIPE,
)
TWILIGHT = _row(
    "twilight",
    "cinematic",
    "Turns day into blue dusk.",
    "Luminance falls; in grey blue stays above green and red.",
    TWILIGHT_RECIPE,
)
NOIR = _row(
    "noir",
    "cinematic",
    "Black and white with deep shadows and dark corners.",
    "The channels become one; dark tones fall, and the corners darken to 40 %.",
    NOIR_RECIPE,
)
CYBERPUNK = _row(
    "cyberpunk",
    "creative",
    "Neon night: magenta lights, blue shadows.",
    "In grey green falls, red and blue rise; black turns blue.",
    CYBERPUNK_RECIPE,
)
INFRARED = _row(
    "infrared",
    "creative",
    "Colour infrared film: what is green glows red, skies darken.",
    "Pure green turns red: its red channel rises above its green one.",
    INFRARED_RECIPE,
)
MATRIX = _row(
    "matrix",
    "creative",
    "One green, as on an old terminal.",
    "Green stands above red and blue in every tone, whatever the colour was.",
    MATRIX_RECIPE,
)
ARCTIC = _row(
    "arctic",
    "cinematic",
    "Cold, pale and bright.",
    "In grey blue rises and red falls; colours pale to less than half.",
    ARCTIC_RECIPE,
)
