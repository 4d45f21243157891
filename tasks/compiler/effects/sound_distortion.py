"""Distortion: a soft clipper, y = tanh(k x) / tanh(k), worked out at four times the sample rate.

Full scale stays full scale; the harder it is driven, the more harmonics, and the louder what is quiet.
"""

from __future__ import annotations

from math import tanh

from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream
from tasks.compiler.effects.ways import steps

OVERSAMPLING = 4
"""So that most harmonics past half the sample rate don't come back as tones that were not there."""


class Distortion(Value):
    drive: float = Field(
        12,
        ge=0,
        le=40,
        description="How hard the clipper is driven, in dB; 0 changes nothing.",
        validation_alias=AliasChoices("drive", "gain"),
    )


def build(stream: Stream, parameters: Distortion, setting: Setting) -> Stream:
    """Drive the clipper; k = 0 would be no clipper at all."""
    if parameters.drive == 0:
        return stream
    k = 10 ** (parameters.drive / 20) - 1
    stream = stream.filter("aresample", setting.sample_rate * OVERSAMPLING)
    stream = stream.filter("volume", number(k), precision="float").filter("asoftclip", type="tanh")
    stream = stream.filter("volume", number(1 / tanh(k)), precision="float")
    stream = stream.filter("aresample", setting.sample_rate)
    return stream.filter("apad", whole_len=setting.samples).filter("atrim", end_sample=setting.samples)


DISTORTION = EffectRow(
    "audio-distortion",
    "Overdrives the sound.",
    "sound",
    Distortion,
    build,
    sounding=Sounding(moves={"drive": steps(2)}),
)
