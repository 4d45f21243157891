"""Grayscale: W3C grayscale(intensity)."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import LUMINANCE_MATRIX, mix, toward
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Grayscale(Value):
    intensity: float = Field(1, ge=0, le=100, description="0 changes nothing, 1 and more is wholly grey.")


def build(stream: Stream, parameters: Grayscale, setting: Setting) -> Stream:
    """The grayscale matrix; CSS, too, takes more than 1 for 1."""
    return mix(stream, toward(LUMINANCE_MATRIX, min(1.0, parameters.intensity)))


GRAYSCALE = EffectRow(
    "grayscale",
    "Takes the colour away.",
    "picture",
    Grayscale,
    build,
    category="artistic",
    property="The three channels become one.",
)
