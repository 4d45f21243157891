"""Noise reduction: each pixel averaged with those that resemble it, in the frames around it and beside it."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import along_with_alpha
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Stream

AROUND = 2
"""Frames before and after that are averaged: atadenoise takes no fewer."""

LIKE_IN_TIME = 0.01
"""For each unit of intensity: by how much a pixel may differ from the same one in a neighbouring frame, of white."""

LIKE_IN_PLACE = 0.015
"""For each unit of intensity: the range deviation of the bilateral filter, of white."""


class NoiseReduction(Value):
    intensity: float = Field(3, ge=0, le=20, description="How much is taken for noise; 0 changes nothing.")


def build(stream: Stream, parameters: NoiseReduction, setting: Setting) -> Stream:
    """A mean over five frames where they agree (atadenoise), then over neighbouring pixels where they agree (bilateral)."""
    if parameters.intensity == 0:
        return stream
    like = parameters.intensity * LIKE_IN_TIME
    thresholds = {f"{plane}a": number(like) for plane in range(3)} | {
        f"{plane}b": number(4 * like) for plane in range(3)
    }
    deviation = number(min(1.0, parameters.intensity * LIKE_IN_PLACE))
    return along_with_alpha(
        stream,
        setting,
        lambda colour: colour.filter("atadenoise", s=2 * AROUND + 1, **thresholds).filter(
            "bilateral", sigmaS="1.5", sigmaR=deviation, planes=7
        ),
    )


NOISE_REDUCTION = EffectRow(
    "noise-reduction",
    "Takes away noise and keeps edges.",
    "picture",
    NoiseReduction,
    build,
    category="technical",
    property="In what is flat and noisy the standard deviation falls; a hard edge stays.",
    handles=lambda parameters: AROUND if parameters.intensity else 0,
)
