"""Saturation: W3C saturate(intensity)."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import mix, saturate_matrix
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Saturation(Value):
    intensity: float = Field(2, ge=0, le=100, description="Factor; 1 changes nothing, 0 is grey.")


def build(stream: Stream, parameters: Saturation, setting: Setting) -> Stream:
    """The saturate matrix."""
    if parameters.intensity == 1:
        return stream
    return mix(stream, saturate_matrix(parameters.intensity))


SATURATION = EffectRow(
    "saturation",
    "Makes colours stronger or paler.",
    "picture",
    Saturation,
    build,
    category="color-correction",
    property="Channels move away from their luminance, or towards it.",
)
