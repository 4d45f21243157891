"""Sepia: W3C sepia(intensity)."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import SEPIA_MATRIX, mix, toward
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Sepia(Value):
    intensity: float = Field(0.8, ge=0, le=100, description="0 changes nothing, 1 and more is wholly sepia.")


def build(stream: Stream, parameters: Sepia, setting: Setting) -> Stream:
    """The sepia matrix; CSS, too, takes more than 1 for 1."""
    return mix(stream, toward(SEPIA_MATRIX, min(1.0, parameters.intensity)))


SEPIA = EffectRow(
    "sepia",
    "Tones the picture brown, like an old photograph.",
    "picture",
    Sepia,
    build,
    category="vintage",
    property="Grey turns brown: red above green above blue.",
)
