"""Sepia: W3C sepia(intensity)."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import mix, toward
from tasks.compiler.effects.row import EffectRow, Setting, Stream

_BROWN = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))


class Sepia(Value):
    intensity: float = Field(0.8, ge=0, le=100, description="0 changes nothing, 1 and more is wholly sepia.")


def build(stream: Stream, parameters: Sepia, setting: Setting) -> Stream:
    """The sepia matrix; CSS, too, takes more than 1 for 1."""
    return mix(stream, toward(_BROWN, min(1.0, parameters.intensity)))


SEPIA = EffectRow("sepia", "Tones the picture brown, like an old photograph.", "picture", Sepia, build)
