"""Hologram: a bluish projection of scan lines, with a ghost beside it."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import blended, on_colour, partly
from tasks.compiler.effects.pixels import Matrix, look_up, mix
from tasks.compiler.effects.plates import plate
from tasks.compiler.effects.row import EffectRow, Setting, Stream

LINES = 180
"""Scan lines over the height, where it has at least four pixels for each."""

_CYAN: Matrix = ((0.2, 0.25, 0.05), (0.15, 0.65, 0.15), (0.2, 0.5, 0.3))


class Hologram(Value):
    intensity: float = Field(0.5, ge=0, le=1, description="0 changes nothing, 1 is the whole look.")


def build(stream: Stream, parameters: Hologram, setting: Setting) -> Stream:
    """out = (1 - intensity) * in + intensity * (cyan(in) + 0.1 in green and blue, parted sideways) * lines"""
    if parameters.intensity == 0:
        return stream
    return on_colour(
        stream, setting, lambda colour: partly(colour, parameters.intensity, lambda part: _projected(part, setting))
    )


def _projected(stream: Stream, setting: Setting) -> Stream:
    apart = max(1, round(setting.width / 160))
    stream = mix(stream, _CYAN).filter("rgbashift", rh=apart, bh=-apart)
    stream = look_up(stream, lambda x: 0.9 * x, lambda x: 0.1 + 0.9 * x, lambda x: 0.14 + 0.86 * x)
    period = max(4, setting.height // LINES)
    lines = plate(setting, f"1-0.5*lt(mod(Y,{period}),{period // 2})", striped=True)
    return blended(stream, lines, "multiply")


HOLOGRAM = EffectRow(
    "hologram",
    "Projects the picture in bluish scan lines.",
    "picture",
    Hologram,
    build,
    category="creative",
    property="Red falls below green and blue; every other stripe of lines falls to half.",
)
