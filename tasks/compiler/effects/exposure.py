"""Exposure: a gain on light itself, in stops."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import Curve, look_up
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Exposure(Value):
    exposure: float = Field(0, ge=-5, le=5, description="Stops: 1 doubles the light, -1 halves it, 0 changes nothing.")


def build(stream: Stream, parameters: Exposure, setting: Setting) -> Stream:
    """out = encode(2^exposure * decode(in)), with the transfer function of sRGB (IEC 61966-2-1)."""
    if parameters.exposure == 0:
        return stream
    return look_up(stream, exposed(parameters.exposure))


def exposed(stops: float) -> Curve:
    """The curve of a channel."""
    return lambda x: _encoded(2**stops * _decoded(x))


def _decoded(x: float) -> float:
    return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4


def _encoded(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


EXPOSURE = EffectRow(
    "exposure",
    "Lets more or less light in.",
    "picture",
    Exposure,
    build,
    category="color-correction",
    property="The light of every channel is multiplied by 2^exposure.",
)
