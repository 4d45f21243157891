"""Zoom blur: streaks from the centre outwards, as when a lens zooms while the shutter is open."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import along_with_alpha, copies, magnified, summed
from tasks.compiler.effects.row import EffectRow, Setting, Stream

STEPS = 4
"""Each step doubles the pictures that are averaged: 16 in all."""

REACH = 0.02
"""For each unit of intensity: by how much the largest of them is magnified."""


class ZoomBlur(Value):
    intensity: float = Field(
        2, ge=0, le=20, description="Length of the streaks: 1 is 2 % of the way to the centre; 0 changes nothing."
    )


def build(stream: Stream, parameters: ZoomBlur, setting: Setting) -> Stream:
    """The mean of sixteen pictures, magnified from 1 to 1 + 0.02 intensity about the centre."""
    if parameters.intensity == 0:
        return stream
    whole = parameters.intensity * REACH
    return along_with_alpha(stream, setting, lambda part: _zoomed(part, whole, setting))


def _zoomed(stream: Stream, whole: float, setting: Setting) -> Stream:
    """Average with a copy magnified by 1, 2, 4 and 8 fifteenths of the whole, each of what came before."""
    for step in range(STEPS):
        growth = whole * 2**step / (2**STEPS - 1) / 2
        across, down = round(setting.width * growth), round(setting.height * growth)
        if across or down:
            same, larger = copies(stream, 2)
            stream = summed([same, magnified(larger, setting, across, down)], [0.5, 0.5])
    return stream


ZOOM_BLUR = EffectRow(
    "zoom-blur",
    "Draws streaks from the centre outwards.",
    "picture",
    ZoomBlur,
    build,
    category="creative",
    property="Detail is smeared along the way to the centre, the more the farther from it; the centre stays.",
)
