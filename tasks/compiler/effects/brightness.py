"""Brightness: W3C brightness(intensity), every channel times the intensity."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import look_up
from tasks.compiler.effects.row import EffectRow, Line, Setting, Stream


class Brightness(Value):
    intensity: float = Field(1.2, ge=0, le=100, description="Factor; 1 changes nothing, 0 is black.")


def build(stream: Stream, parameters: Brightness, setting: Setting) -> Stream:
    """out = intensity * in"""
    if parameters.intensity == 1:
        return stream
    return look_up(stream, lambda x: parameters.intensity * x)


BRIGHTNESS = EffectRow(
    "brightness",
    "Makes the picture brighter or darker.",
    "picture",
    Brightness,
    build,
    category="color-correction",
    property="Every channel is multiplied by the intensity.",
    begins=lambda parameters: (Line(parameters.intensity, 0), Brightness(intensity=1)),
)
