"""Panning and width: the balance between left and right, and how far they differ."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream
from tasks.compiler.effects.ways import straight


class Pan(Value):
    pan: float = Field(0, ge=-1, le=1, description="-1 is left only, 0 changes nothing, 1 is right only.")


class StereoWidth(Value):
    width: float = Field(
        1, ge=0, le=2, description="0 is mono, 1 changes nothing, 2 doubles what differs between left and right."
    )


def pan(stream: Stream, parameters: Pan, setting: Setting) -> Stream:
    """Lower the far side in a straight line; the near side keeps its level, so that nothing can clip."""
    if parameters.pan == 0:
        return stream
    left, right = min(1.0, 1 - parameters.pan), min(1.0, 1 + parameters.pan)
    return stream.filter("pan", args=f"stereo|c0={number(left)}*c0|c1={number(right)}*c1")


def width(stream: Stream, parameters: StereoWidth, setting: Setting) -> Stream:
    """Scale the side, (left - right) / 2; the middle, (left + right) / 2, stays."""
    if parameters.width == 1:
        return stream
    own, other = number((1 + parameters.width) / 2), number((1 - parameters.width) / 2)
    return stream.filter("pan", args=f"stereo|c0={own}*c0+{other}*c1|c1={other}*c0+{own}*c1")


PAN = EffectRow(
    "audio-pan",
    "Moves the sound to the left or to the right.",
    "sound",
    Pan,
    pan,
    sounding=Sounding(moves={"pan": straight(0)}),
)
STEREO_WIDTH = EffectRow(
    "audio-stereo-width",
    "Makes the stereo image wider or narrower.",
    "sound",
    StereoWidth,
    width,
    sounding=Sounding(moves={"width": straight()}),
)
