"""Noise reduction: each frequency that stays below the noise floor is lowered. Source: ffmpeg-filters(1), afftdn."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream
from tasks.compiler.effects.ways import steps

HOPS = 40
"""afftdn's windows advance by a 40th of a second, and what comes out is as late (measured at 8 to 96 kHz)."""


class Denoise(Value):
    amount: float = Field(
        12,
        ge=0,
        le=97,
        description="dB by which noise is lowered; 0 changes nothing.",
        validation_alias=AliasChoices("amount", "reduction", "strength"),
    )
    floor: float = Field(
        -50,
        ge=-80,
        le=-20,
        description="dB; what is quieter is taken for noise.",
        validation_alias=AliasChoices("floor", "noise_floor"),
    )


def build(stream: Stream, parameters: Denoise, setting: Setting) -> Stream:
    """Lower the noise, and take the delay off again."""
    if parameters.amount == 0:
        return stream
    late = setting.sample_rate // HOPS
    stream = stream.filter("apad", pad_len=late)
    stream = stream.filter(
        "afftdn", noise_reduction=number(max(0.01, parameters.amount)), noise_floor=number(parameters.floor)
    )
    return stream.filter("atrim", start_sample=late, end_sample=late + setting.samples).filter(
        "asetpts", "PTS-STARTPTS"
    )


DENOISE = EffectRow(
    "audio-denoise",
    "Takes noise away.",
    "sound",
    Denoise,
    build,
    sounding=Sounding(moves={"amount": steps(3), "floor": steps(3)}),
)
