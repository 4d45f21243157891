"""Solarize: tones above a threshold turn into their negative, as in an overexposed print."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Stream

_STEP = 4 / 65_535


class Solarize(Value):
    threshold: float = Field(0.5, ge=0, le=1, description="Tones above it are inverted; 1 changes nothing.")


def build(stream: Stream, parameters: Solarize, setting: Setting) -> Stream:
    """out = in where in <= threshold, else 1 - in; at threshold 0 all is inverted."""
    if parameters.threshold == 1:
        return stream
    points = [(0.0, 1.0), (1.0, 0.0)] if parameters.threshold == 0 else _points(parameters.threshold)
    written = " ".join(f"{number(x)}/{number(y)}" for x, y in points if 0 <= x <= 1)
    return stream.filter("curves", master=written, interp="pchip")


def _points(edge: float) -> list[tuple[float, float]]:
    """Two straight lines: ffmpeg's curve is level at a peak, so that the points beside it stand close."""
    below = [(x, x) for x in (0.0, edge - _STEP, edge) if x == 0 or x > _STEP]
    above = [(x, 1 - x) for x in (edge + _STEP, edge + 2 * _STEP, 1.0) if x == 1 or x < 1 - _STEP]
    return below + above


SOLARIZE = EffectRow(
    "solarize",
    "Turns light tones into their negative.",
    "picture",
    Solarize,
    build,
    category="artistic",
    property="Tones above the threshold become 1 - in; the others stay.",
)
