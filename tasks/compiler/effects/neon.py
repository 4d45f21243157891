"""Neon: edges that shine in the colours on either side of them, over a darkened picture."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import copies, gaussian, lit, on_colour
from tasks.compiler.effects.pixels import look_up, mix, saturate_matrix
from tasks.compiler.effects.row import EffectRow, Setting, Stream

DARKENED = 0.75
"""Share of the light that what is flat loses at intensity 1."""


class Neon(Value):
    intensity: float = Field(0.5, ge=0, le=1, description="0 changes nothing; 1 leaves a quarter of what is flat.")


def build(stream: Stream, parameters: Neon, setting: Setting) -> Stream:
    """out = screen((1 - 0.75 intensity) * in, intensity * edges): edges are each channel's Sobel gradient, made vivid."""
    if parameters.intensity == 0:
        return stream
    return on_colour(stream, setting, lambda colour: _lit(colour, setting.width, parameters.intensity))


def _lit(stream: Stream, width: int, intensity: float) -> Stream:
    flat, edges = copies(stream, 2)
    flat = look_up(mix(flat, saturate_matrix(1 + intensity)), lambda x: x * (1 - DARKENED * intensity))
    edges = gaussian(mix(edges.filter("sobel"), saturate_matrix(2.5)), width, sigma=0.8)
    edges = look_up(edges, lambda x: min(1.0, 1.6 * x))
    return lit(flat, edges, intensity)


NEON = EffectRow(
    "neon",
    "Lets edges shine over a darkened picture.",
    "picture",
    Neon,
    build,
    category="creative",
    property="What is flat falls to 1 - 0.75 intensity; edges rise above it.",
)
