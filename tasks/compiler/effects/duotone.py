"""Duotone: a picture printed in two inks, one for its shadows and one for its lights."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import on_colour, partly
from tasks.compiler.effects.paint import Paint, channels
from tasks.compiler.effects.pixels import LUMINANCE_MATRIX, Curve, look_up, mix
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Duotone(Value):
    intensity: float = Field(1, ge=0, le=1, description="0 changes nothing, 1 is the whole look.")
    shadows: Paint = Field("#1d1160", description="What black becomes.")
    highlights: Paint = Field("#ffd166", description="What white becomes.")


def build(stream: Stream, parameters: Duotone, setting: Setting) -> Stream:
    """out = (1 - intensity) * in + intensity * (shadows + (highlights - shadows) * luminance)"""
    if parameters.intensity == 0:
        return stream
    dark, light = channels(parameters.shadows), channels(parameters.highlights)
    inks = [_between(*pair) for pair in zip(dark, light, strict=True)]
    return on_colour(
        stream,
        setting,
        lambda colour: partly(colour, parameters.intensity, lambda part: look_up(mix(part, LUMINANCE_MATRIX), *inks)),
    )


def _between(dark: float, light: float) -> Curve:
    return lambda x: dark + (light - dark) * x


DUOTONE = EffectRow(
    "duotone",
    "Prints the picture in two inks.",
    "picture",
    Duotone,
    build,
    category="artistic",
    property="Every colour lies on the line from the shadows' ink to that of the highlights, by its luminance.",
)
