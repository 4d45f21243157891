"""Stabilisation: a first pass measures how each frame moves against the one before, a second moves it along a smoother path.

The path of a frame is smoothed over a fixed number of frames on each side, and the picture is enlarged by a fixed share, which is as far
as it is ever moved: so neither depends on where a chunk begins, and no border shows.

Source: ffmpeg-filters(1): vidstabdetect, vidstabtransform. It computes in 8 bits.
"""

from __future__ import annotations

import math

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import along_with_alpha
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Stream

FIRST = 2
"""Frames beyond the smoothed ones that are measured: the first of a stream has none before it to be measured against."""


class Stabilization(Value):
    smoothing: int = Field(
        10, ge=0, le=30, description="Frames on each side over which the camera's path is smoothed; 0 changes nothing."
    )
    shakiness: int = Field(5, ge=1, le=10, description="How far a frame may have moved; more takes longer.")
    zoom: float = Field(
        5, ge=0, le=25, description="Percent by which the picture is enlarged; it moves no farther than that."
    )


def build(stream: Stream, parameters: Stabilization, setting: Setting) -> Stream:
    """Each frame moves by (smoothed path - path): Gaussian weights over 2 smoothing + 1 frames, at most zoom / 2 % of the sides."""
    if parameters.smoothing == 0:
        return stream
    farthest = math.floor(min(setting.width, setting.height) * parameters.zoom / 200)
    motions = setting.first_pass(
        lambda name: (
            stream.filter("trim", end_frame=setting.frames)
            .filter("format", "gray")
            .filter("vidstabdetect", result=name, shakiness=parameters.shakiness, fileformat="ascii")
        )
    )
    return along_with_alpha(
        stream, setting, lambda part: _moved(part, parameters, motions, farthest, "rgba" if setting.alpha else "rgb24")
    )


def _moved(stream: Stream, parameters: Stabilization, motions: str, farthest: int, eight_bit: str) -> Stream:
    stream = stream.filter("format", eight_bit).filter(
        "vidstabtransform",
        input=motions,
        smoothing=parameters.smoothing,
        optalgo="gauss",
        maxshift=farthest,
        maxangle=0,
        crop="black",
        zoom=number(parameters.zoom),
        optzoom=0,
        interpol="bicubic",
    )
    return stream.filter("format", "gbrap16le" if eight_bit == "rgba" else "gbrp16le")


STABILIZATION = EffectRow(
    "stabilization",
    "Steadies a shaky camera.",
    "picture",
    Stabilization,
    build,
    category="technical",
    property="Neighbouring frames lie closer to each other.",
    handles=lambda parameters: parameters.smoothing + FIRST if parameters.smoothing else 0,
)
