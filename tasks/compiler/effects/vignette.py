"""Vignette: a mask that darkens towards the corners."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import blended, on_colour
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.plates import plate
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Vignette(Value):
    intensity: float = Field(0.3, ge=0, le=1, description="How much light the corners lose; 0 changes nothing.")
    radius: float = Field(
        0.8, ge=0, le=1.4, description="Where it begins: 0 is the centre, 1 the middle of each side, 1.4 the corners."
    )


def build(stream: Stream, parameters: Vignette, setting: Setting) -> Stream:
    """out = in * (1 - intensity * s(t)) with t = (d - radius) / (sqrt(2) - radius) and s(t) = t^2 (3 - 2 t), 0 <= t <= 1.

    d is the distance from the centre, 1 at the middle of each side and sqrt(2) at the corners.
    """
    if parameters.intensity == 0:
        return stream
    return on_colour(stream, setting, lambda colour: shaded(colour, setting, parameters.intensity, parameters.radius))


def shaded(stream: Stream, setting: Setting, intensity: float, radius: float) -> Stream:
    """The same on opaque colours."""
    distance = f"hypot(2*ld(0)-1,2*ld(1)-1)-{number(radius)}"
    t = f"st(4,clip(({distance})/{number(2**0.5 - radius)},0,1))"
    mask = plate(setting, f"{t};1-{number(intensity)}*ld(4)*ld(4)*(3-2*ld(4))")
    return blended(stream, mask, "multiply")


VIGNETTE = EffectRow(
    "vignette",
    "Darkens the corners.",
    "picture",
    Vignette,
    build,
    category="cinematic",
    property="The corners fall to 1 - intensity of what they were; the centre stays.",
)
