"""The editor's filters: fifteen looks, each a set of values, and the filters of one parameter or a few.

Source:  the catalogue of Timeline Studio's library.
"""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.colour_correction import balance_of_channels
from tasks.compiler.effects.exposure import exposed
from tasks.compiler.effects.filters import INTENSITY, look, single
from tasks.compiler.effects.glow import glowing
from tasks.compiler.effects.grading import Curves, build_curves
from tasks.compiler.effects.layering import on_colour, partly
from tasks.compiler.effects.pixels import look_up
from tasks.compiler.effects.row import EffectRow, Setting, Stream

LOOKS = (
    look(
        "s-log",
        "technical",
        {"brightness": 0.1, "contrast": 0.8, "saturation": 0.9, "gamma": 1.2, "shadows": 0.1, "highlights": -0.1},
    ),
    look(
        "d-log",
        "technical",
        {"brightness": 0.05, "contrast": 0.85, "saturation": 0.95, "gamma": 1.1, "shadows": 0.05, "highlights": -0.05},
    ),
    look(
        "v-log",
        "technical",
        {"brightness": 0.15, "contrast": 0.75, "saturation": 0.85, "gamma": 1.3, "shadows": 0.15, "highlights": -0.15},
    ),
    look(
        "hlg",
        "technical",
        {"brightness": 0.2, "contrast": 0.9, "saturation": 1.1, "gamma": 1.4, "shadows": 0.1, "highlights": -0.1},
    ),
    look("rec709", "color-correction", {"brightness": 0, "contrast": 1, "saturation": 1, "gamma": 1}),
    look("rec2020", "color-correction", {"brightness": 0.1, "contrast": 1.1, "saturation": 1.2, "gamma": 1.1}),
    look(
        "cinestyle",
        "cinematic",
        {"brightness": 0.05, "contrast": 0.9, "saturation": 0.8, "gamma": 1.15, "shadows": 0.05, "highlights": -0.05},
    ),
    look("flat", "color-correction", {"brightness": 0, "contrast": 0.7, "saturation": 0.7, "gamma": 1}),
    look("neutral", "color-correction", {"brightness": 0, "contrast": 1, "saturation": 1, "gamma": 1}),
    look(
        "portrait",
        "artistic",
        {
            "brightness": 0.1,
            "contrast": 1.1,
            "saturation": 0.9,
            "gamma": 1.05,
            "temperature": 10,
            "tint": 5,
            "clarity": -0.2,
            "vibrance": 0.1,
        },
    ),
    look(
        "landscape",
        "artistic",
        {
            "brightness": 0.05,
            "contrast": 1.2,
            "saturation": 1.3,
            "gamma": 1.1,
            "temperature": -5,
            "tint": -2,
            "clarity": 0.3,
            "vibrance": 0.2,
            "dehaze": 0.1,
        },
    ),
    look(
        "vintage-film",
        "vintage",
        {
            "brightness": -0.1,
            "contrast": 0.9,
            "saturation": 0.8,
            "gamma": 1.1,
            "temperature": 15,
            "tint": 8,
            "vignette": 0.3,
            "grain": 0.2,
            "highlights": -0.2,
            "shadows": 0.1,
        },
    ),
    look(
        "warm-sunset",
        "creative",
        {
            "brightness": 0.1,
            "contrast": 1.1,
            "saturation": 1.2,
            "gamma": 1.05,
            "temperature": 25,
            "tint": 10,
            "hue": 10,
            "vibrance": 0.2,
            "highlights": -0.1,
        },
    ),
    look(
        "cold-blue",
        "creative",
        {
            "brightness": -0.05,
            "contrast": 1.1,
            "saturation": 0.9,
            "gamma": 1.0,
            "temperature": -20,
            "tint": -10,
            "hue": -15,
            "vibrance": 0.1,
            "shadows": 0.1,
        },
    ),
    look(
        "dramatic-contrast",
        "cinematic",
        {
            "brightness": 0.05,
            "contrast": 1.4,
            "saturation": 1.1,
            "gamma": 0.9,
            "shadows": -0.2,
            "highlights": 0.1,
            "blacks": -0.1,
            "whites": 0.1,
            "clarity": 0.3,
        },
    ),
)

SINGLES = (
    single("brightness", "brightness", summary="Makes the picture brighter or darker."),
    single("contrast", "contrast", summary="Stretches or flattens tones around middle grey."),
    single("saturation", "saturation", summary="Makes colours stronger or paler."),
    single("gamma", "gamma", summary="Makes middle tones lighter or darker."),
    single("temperature", "temperature", summary="Makes the light warmer or cooler."),
    single("tint", "tint", summary="Moves colours towards magenta or green."),
    single("hue", "hue", summary="Turns every colour round the colour circle."),
    single("vibrance", "vibrance", summary="Strengthens pale colours more than strong ones."),
    single("shadows", "shadows", summary="Lifts or lowers the darker tones."),
    single("highlights", "highlights", summary="Lifts or lowers the lighter tones."),
    single("blacks", "blacks", summary="Moves the black point."),
    single("whites", "whites", summary="Moves the white point."),
    single("clarity", "clarity", summary="Strengthens the contrast of what is large."),
    single("dehaze", "dehaze", summary="Takes a veil of haze away."),
    single("vignette", "vignette", summary="Darkens the corners."),
    single("grain", "grain", summary="Lays the grain of film over the picture."),
    single("blur", "blur", summary="Softens the picture."),
    single("sharpen", "sharpen", summary="Makes fine detail crisp."),
    single("shadows-highlights", "shadows", "highlights", summary="Lifts or lowers the darker and the lighter tones."),
    single("white-balance", "temperature", "tint", summary="Balances red against blue, and green against both."),
)


class GlowFilter(Value):
    glow: float = Field(0, ge=0, le=1, description="How much of the spread light is added; 0 changes nothing.")
    intensity: float = INTENSITY


class ExposureFilter(Value):
    exposure: float = Field(0, ge=-5, le=5, description="Stops; 0 changes nothing.")
    intensity: float = INTENSITY


class CurvesFilter(Curves):
    intensity: float = INTENSITY


class LevelsFilter(Value):
    black: float = Field(0, ge=0, le=0.95, description="What becomes black.")
    white: float = Field(1, ge=0.05, le=1, description="What becomes white; at least 0.01 above black is used.")
    gamma: float = Field(1, ge=0.1, le=10, description="More makes middle tones lighter.")
    output_black: float = Field(0, ge=0, le=1, description="What black becomes in the end.")
    output_white: float = Field(1, ge=0, le=1, description="What white becomes in the end.")
    intensity: float = INTENSITY


class ColorBalanceFilter(Value):
    highlights_r: float = Field(0, ge=-1, le=1, description="More or less red in the lighter tones.")
    highlights_g: float = Field(0, ge=-1, le=1, description="More or less green in the lighter tones.")
    highlights_b: float = Field(0, ge=-1, le=1, description="More or less blue in the lighter tones.")
    midtones_r: float = Field(0, ge=-1, le=1, description="More or less red in the middle tones.")
    midtones_g: float = Field(0, ge=-1, le=1, description="More or less green in the middle tones.")
    midtones_b: float = Field(0, ge=-1, le=1, description="More or less blue in the middle tones.")
    shadows_r: float = Field(0, ge=-1, le=1, description="More or less red in the darker tones.")
    shadows_g: float = Field(0, ge=-1, le=1, description="More or less green in the darker tones.")
    shadows_b: float = Field(0, ge=-1, le=1, description="More or less blue in the darker tones.")
    intensity: float = INTENSITY


def build_glow(stream: Stream, parameters: GlowFilter, setting: Setting) -> Stream:
    """The effect glow, of glow * intensity."""
    amount = parameters.glow * parameters.intensity
    return on_colour(stream, setting, lambda colour: glowing(colour, amount, setting)) if amount else stream


def build_exposure(stream: Stream, parameters: ExposureFilter, setting: Setting) -> Stream:
    """The effect exposure, of exposure * intensity stops."""
    stops = parameters.exposure * parameters.intensity
    return look_up(stream, exposed(stops)) if stops else stream


def build_filter_curves(stream: Stream, parameters: CurvesFilter, setting: Setting) -> Stream:
    """out = (1 - intensity) * in + intensity * curves(in)"""
    curves = Curves.model_validate(parameters.model_dump(exclude={"intensity"}))
    if build_curves(stream, curves, setting) is stream:
        return stream
    return partly(stream, parameters.intensity, lambda part: build_curves(part, curves, setting))


def build_levels(stream: Stream, parameters: LevelsFilter, setting: Setting) -> Stream:
    """clamp((in - black) / (white - black))^(1 / gamma), from output_black to output_white; intensity leads each from neutral."""
    i = parameters.intensity
    black, white = i * parameters.black, 1 - i * (1 - parameters.white)
    white = max(white, black + 0.01)
    gamma = 1 + i * (parameters.gamma - 1)
    low, high = i * parameters.output_black, 1 - i * (1 - parameters.output_white)
    if (black, white) != (0, 1):
        stream = look_up(stream, lambda x: (x - black) / (white - black))
    if (gamma, low, high) != (1, 0, 1):
        stream = look_up(stream, lambda x: low + (high - low) * max(0.0, x) ** (1 / gamma))
    return stream


def build_color_balance(stream: Stream, parameters: ColorBalanceFilter, setting: Setting) -> Stream:
    """The balance of the effect color-correction, each value times the intensity."""
    values = parameters.model_dump(exclude={"intensity"})
    return balance_of_channels(stream, {name: value * parameters.intensity for name, value in values.items()})


FILTERS = (
    *LOOKS,
    *SINGLES,
    EffectRow(
        "filter-glow",
        "Lets bright parts spread their light.",
        "picture",
        GlowFilter,
        build_glow,
        category="creative",
        property="What lies beside something bright rises.",
    ),
    EffectRow(
        "filter-exposure",
        "Lets more or less light in.",
        "picture",
        ExposureFilter,
        build_exposure,
        category="color-correction",
        property="The light of every channel is multiplied by 2^exposure.",
    ),
    EffectRow(
        "filter-curves",
        "Maps tones along curves through points.",
        "picture",
        CurvesFilter,
        build_filter_curves,
        category="color-correction",
        property="Each point's x becomes its y.",
    ),
    EffectRow(
        "filter-levels",
        "Sets the black and the white point.",
        "picture",
        LevelsFilter,
        build_levels,
        category="color-correction",
        property="What lies at black becomes output_black, what lies at white output_white.",
    ),
    EffectRow(
        "filter-color-balance",
        "Balances the three channels by tones.",
        "picture",
        ColorBalanceFilter,
        build_color_balance,
        category="color-correction",
        property="Each value moves its channel in its part of the tones; black and white stay.",
    ),
)
