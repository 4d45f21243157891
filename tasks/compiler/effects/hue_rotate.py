"""Hue rotation: W3C hue-rotate(angle)."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import hue_matrix, mix
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class HueRotate(Value):
    angle: float = Field(90, ge=-36000, le=36000, description="Degrees; whole turns change nothing.")


def build(stream: Stream, parameters: HueRotate, setting: Setting) -> Stream:
    """The hue-rotate matrix."""
    if parameters.angle % 360 == 0:
        return stream
    return mix(stream, hue_matrix(parameters.angle))


HUE_ROTATE = EffectRow(
    "hue-rotate",
    "Turns every colour round the colour circle.",
    "picture",
    HueRotate,
    build,
    category="color-correction",
    property="Hues move by the angle; grey stays.",
)
