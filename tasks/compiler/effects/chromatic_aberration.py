"""Chromatic aberration: a lens that magnifies red more than blue, so that colours part towards the edges."""

from __future__ import annotations

import ffmpeg
from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import copies, magnified, on_colour
from tasks.compiler.effects.row import EffectRow, Setting, Stream

REACH = 200
"""At intensity 1 red parts from green, and green from blue, by a 200th of the width at the sides."""


class ChromaticAberration(Value):
    intensity: float = Field(0.5, ge=0, le=10, description="How far the colours part; 0 changes nothing.")


def build(stream: Stream, parameters: ChromaticAberration, setting: Setting) -> Stream:
    """Green is magnified by k pixels on each side and red by 2 k, k = intensity * width / 200 rounded up; blue stays."""
    if parameters.intensity == 0:
        return stream
    step = max(1, round(parameters.intensity * setting.width / REACH))
    return on_colour(stream, setting, lambda colour: _parted(colour, step, setting))


def _parted(stream: Stream, step: int, setting: Setting) -> Stream:
    red, green, blue = copies(stream, 3)
    down = round(step * setting.height / setting.width)
    planes = [
        magnified(green.filter("extractplanes", planes="g"), setting, step, down),
        magnified(blue.filter("extractplanes", planes="b"), setting, 0, 0),
        magnified(red.filter("extractplanes", planes="r"), setting, 2 * step, 2 * down),
    ]
    sources = {f"map{number}s": number for number in range(3)} | {f"map{number}p": 0 for number in range(3)}
    return ffmpeg.filter(planes, "mergeplanes", format="gbrp16le", **sources)


CHROMATIC_ABERRATION = EffectRow(
    "chromatic-aberration",
    "Parts the colours towards the edges, as a cheap lens does.",
    "picture",
    ChromaticAberration,
    build,
    category="distortion",
    property="Off the centre red lies farther out than green, and green than blue; the centre stays.",
)
