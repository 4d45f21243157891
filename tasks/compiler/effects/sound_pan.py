"""Panning: the balance between left and right."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Pan(Value):
    pan: float = Field(0, ge=-1, le=1, description="-1 is left only, 0 changes nothing, 1 is right only.")


def build(stream: Stream, parameters: Pan, setting: Setting) -> Stream:
    """Lower the far side in a straight line; the near side keeps its level, so that nothing can clip."""
    if parameters.pan == 0:
        return stream
    left, right = min(1.0, 1 - parameters.pan), min(1.0, 1 + parameters.pan)
    return stream.filter("pan", args=f"stereo|c0={number(left)}*c0|c1={number(right)}*c1")


PAN = EffectRow("audio-pan", "Moves the sound to the left or to the right.", "sound", Pan, build)
