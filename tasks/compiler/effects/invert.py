"""Inversion: W3C invert(intensity)."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import look_up
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Invert(Value):
    intensity: float = Field(0.8, ge=0, le=100, description="0 changes nothing, 1 and more is a full negative.")


def build(stream: Stream, parameters: Invert, setting: Setting) -> Stream:
    """out = in * (1 - 2 * intensity) + intensity; CSS, too, takes more than 1 for 1."""
    amount = min(1.0, parameters.intensity)
    if amount == 0:
        return stream
    return look_up(stream, lambda x: x * (1 - 2 * amount) + amount)


INVERT = EffectRow(
    "invert",
    "Turns the picture into its negative.",
    "picture",
    Invert,
    build,
    category="artistic",
    property="Black and white change places.",
)
