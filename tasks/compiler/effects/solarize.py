"""Solarize: tones above a threshold turn into their negative, as in an overexposed print."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Stream

_STEP = 1 / 65_535


class Solarize(Value):
    threshold: float = Field(0.5, ge=0, le=1, description="Tones above it are inverted; 1 changes nothing.")


def build(stream: Stream, parameters: Solarize, setting: Setting) -> Stream:
    """out = in where in <= threshold, else 1 - in"""
    edge = parameters.threshold
    if edge == 1:
        return stream
    beyond = edge + 2 * _STEP
    points = [(0.0, 1.0), (1.0, 0.0)] if edge == 0 else [(0.0, 0.0), (edge, edge), (beyond, 1 - beyond), (1.0, 0.0)]
    written = " ".join(f"{number(x)}/{number(y)}" for x, y in points if 0 <= x <= 1)
    return stream.filter("curves", master=written, interp="pchip")


SOLARIZE = EffectRow(
    "solarize",
    "Turns light tones into their negative.",
    "picture",
    Solarize,
    build,
    category="artistic",
    property="Tones above the threshold become 1 - in; the others stay.",
)
