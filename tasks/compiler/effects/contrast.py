"""Contrast: W3C contrast(intensity), every channel stretched around middle grey."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import look_up
from tasks.compiler.effects.row import EffectRow, Line, Setting, Stream


class Contrast(Value):
    intensity: float = Field(1.5, ge=0, le=100, description="Slope; 1 changes nothing, 0 is flat grey.")
    pivot: float = Field(0.5, ge=0, le=1, description="The tone that stays where it is.")


def build(stream: Stream, parameters: Contrast, setting: Setting) -> Stream:
    """out = intensity * (in - pivot) + pivot; W3C's is the one around 0.5."""
    if parameters.intensity == 1:
        return stream
    return look_up(stream, lambda x: parameters.intensity * (x - parameters.pivot) + parameters.pivot)


def begins(parameters: Contrast) -> tuple[Line, Contrast]:
    """All of it is a line."""
    return Line(parameters.intensity, (1 - parameters.intensity) * parameters.pivot), Contrast(intensity=1)


CONTRAST = EffectRow(
    "contrast",
    "Stretches or flattens tones around middle grey.",
    "picture",
    Contrast,
    build,
    category="color-correction",
    property="Tones move away from the pivot, or towards it.",
    begins=begins,
)
