"""Filters: the editor's colour filters, one engine for all of their parameters; kinds "filter-NAME".

On sRGB values. The steps, in order; each changes nothing at its neutral value:

    temperature, tint   each channel times its gain (`white_balance.gains`), clamped
    shadows, highlights, blacks, whites, then contrast, brightness, gamma: the curves of a clip's colour correction
    dehaze d            (x - 0.15 d) / (1 - 0.15 d), before contrast: takes a veil away, or lays one on
    hue, saturation     one matrix, as in a clip's colour correction
    vibrance v          y + (in - y)(1 + v (1 - s)), y the luminance, s the largest channel less the smallest
    blur                W3C blur, in pixels
    clarity c           in + 0.8 c (in - G(in)), G a Gaussian of 2 % of the diagonal: contrast of what is large
    sharpen             in + sharpen (in - G(in)), G a Gaussian of one pixel
    vignette            the effect of that name, radius 0.8
    grain g             the effect film-grain, of standard deviation 0.1 g

`intensity` leads every parameter in a straight line from its neutral value (0) to what it says (1).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from math import hypot
from typing import Any

from pydantic import AliasChoices, Field, create_model
from pydantic.fields import FieldInfo

from infra.values import Value
from tasks.compiler.effects.detail import FINENESS, sharpened
from tasks.compiler.effects.film_grain import grained
from tasks.compiler.effects.layering import blurred, copies, on_colour, softened, summed
from tasks.compiler.effects.pixels import Curve, look_up, number
from tasks.compiler.effects.row import Category, EffectRow, Setting, Stream
from tasks.compiler.effects.tones import coloured, composed, ends, levels, tones
from tasks.compiler.effects.vignette import shaded
from tasks.compiler.effects.white_balance import balanced, gains

VEIL = 0.15
"""What a dehaze of 1 takes for black."""

LARGE = 0.02
"""Standard deviation of clarity's Gaussian, as a fraction of the diagonal."""

GRAIN = 0.1
RADIUS = 0.8

INTENSITY = Field(1.0, ge=0, le=1, description="Scales the whole filter; 0 changes nothing.")


class FilterParameters(Value):
    """Every parameter of a filter at its neutral value."""

    brightness: float = Field(0, ge=-1, le=1, description="Added to every channel.")
    contrast: float = Field(1, ge=0, le=10, description="Slope around middle grey; 1 changes nothing.")
    saturation: float = Field(1, ge=0, le=10, description="Factor; 0 is grey, 1 changes nothing.")
    gamma: float = Field(1, ge=0.1, le=10, description="More makes middle tones lighter; 1 changes nothing.")
    temperature: float = Field(0, ge=-100, le=100, description="Above 0 warmer, below cooler.")
    tint: float = Field(0, ge=-100, le=100, description="Above 0 towards magenta, below towards green.")
    hue: float = Field(0, ge=-36000, le=36000, description="Degrees round the colour circle.")
    vibrance: float = Field(0, ge=-1, le=1, description="Strengthens pale colours, or pales them.")
    shadows: float = Field(0, ge=-1, le=1, description="Lifts or lowers the darker tones.")
    highlights: float = Field(0, ge=-1, le=1, description="Lifts or lowers the lighter tones.")
    blacks: float = Field(0, ge=-1, le=1, description="Moves the black point.")
    whites: float = Field(0, ge=-1, le=1, description="Moves the white point.")
    clarity: float = Field(0, ge=-1, le=1, description="Contrast of what is large, or softness.")
    dehaze: float = Field(0, ge=-1, le=1, description="Takes a veil away, or lays one on.")
    vignette: float = Field(0, ge=0, le=1, description="How much light the corners lose.")
    grain: float = Field(0, ge=0, le=1, description="Roughness of the film's grain.")
    blur: float = Field(0, ge=0, le=1000, description="Standard deviation in pixels of the clip at scale 1.")
    sharpen: float = Field(0, ge=0, le=10, description="Share of the fine detail that is added.")
    intensity: float = INTENSITY


NEUTRAL = FilterParameters()


def filtered(stream: Stream, parameters: FilterParameters, setting: Setting) -> Stream:
    """Add the filter's steps to a stream; the stream itself where nothing changes."""
    p = scaled(parameters)
    stream = balanced(stream, gains(p.temperature, p.tint))
    curves = tones(shadows=p.shadows, highlights=p.highlights) + ends(blacks=p.blacks, whites=p.whites)
    curves += _clear_of_haze(p.dehaze) + levels(p.contrast, p.brightness, p.gamma)
    if curves:
        stream = look_up(stream, composed(curves))
    stream = coloured(stream, hue=p.hue, saturation=p.saturation)
    if p.vibrance:
        stream = stream.filter("vibrance", intensity=number(p.vibrance), alternate=int(p.vibrance > 0))
    if p.blur:
        stream = blurred(stream, setting, p.blur)
    if not (p.clarity or p.sharpen or p.vignette or p.grain):
        return stream
    return on_colour(stream, setting, lambda colour: _in_place(colour, p, setting))


def scaled(parameters: FilterParameters) -> FilterParameters:
    """The parameters led from neutral by the intensity, which becomes 1."""
    amount = parameters.intensity
    if amount == 1:
        return parameters
    neutral, wanted = NEUTRAL.model_dump(), parameters.model_dump()
    led = {name: value + amount * (wanted[name] - value) for name, value in neutral.items() if name != "intensity"}
    return FilterParameters.model_validate(led)


def _clear_of_haze(dehaze: float) -> list[Curve]:
    return [lambda x: (x - VEIL * dehaze) / (1 - VEIL * dehaze)] if dehaze else []


def _in_place(stream: Stream, p: FilterParameters, setting: Setting) -> Stream:
    """The steps on opaque colours that look at a pixel's place."""
    if p.clarity:
        sigma = max(1.0, LARGE * hypot(setting.width, setting.height))
        same, large = copies(stream, 2)
        amount = 0.8 * p.clarity
        stream = summed([same, softened(large, setting, sigma)], [1 + amount, -amount])
    if p.sharpen:
        stream = sharpened(stream, setting.width, p.sharpen, FINENESS)
    if p.vignette:
        stream = shaded(stream, setting, p.vignette, RADIUS)
    return grained(stream, GRAIN * p.grain, setting) if p.grain else stream


def look(name: str, category: Category, values: Mapping[str, float]) -> EffectRow:
    """A filter that is a set of values; each of them, and every other parameter, may be given another."""
    fields: dict[str, Any] = {field: (float, _field(field)) for field in values}
    for field, value in values.items():
        fields[field][1].default = value
    parameters = create_model(f"Look_{name}", __base__=FilterParameters, **fields)
    said = ", ".join(f"{field} {value:g}" for field, value in values.items())
    return _row(
        name,
        parameters,
        category,
        "A colour look of the editor's library.",
        f"Each of its values moves what the filter of that name moves: {said}.",
    )


def single(name: str, *fields: str, summary: str) -> EffectRow:
    """A filter of one parameter, or a few, of the engine."""
    chosen: dict[str, Any] = {field: (float, _field(field)) for field in fields}
    if len(fields) == 1:
        chosen[fields[0]][1].validation_alias = AliasChoices(fields[0], "value", "amount")
    parameters = create_model(f"Filter_{name}", __base__=Value, **chosen, intensity=(float, INTENSITY))
    return _row(
        name, parameters, "color-correction", summary, FilterParameters.model_fields[fields[0]].description or ""
    )


def _field(name: str) -> FieldInfo:
    """A field of the engine's parameters, to be changed."""
    return deepcopy(FilterParameters.model_fields[name])


def _row(name: str, parameters: type[Value], category: Category, summary: str, measured: str) -> EffectRow:
    def build(stream: Stream, chosen: Value, setting: Setting) -> Stream:
        return filtered(stream, FilterParameters.model_validate(chosen.model_dump()), setting)

    return EffectRow(
        f"filter-{name}",
        summary,
        "picture",
        parameters,
        build,
        category=category,
        property=measured,
        moving=lambda chosen: getattr(chosen, "grain", 0) * getattr(chosen, "intensity", 1) > 0,
    )
