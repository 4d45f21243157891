"""High-pass, low-pass and band-pass: Butterworth filters of the second order, 12 dB an octave past the corner."""

from __future__ import annotations

from typing import Self

from pydantic import AliasChoices, Field, model_validator

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream
from tasks.compiler.effects.ways import ratios


class Highpass(Value):
    frequency: float = Field(
        100,
        gt=0,
        le=90_000,
        description="Corner in Hz, where the sound is 3 dB down.",
        validation_alias=AliasChoices("frequency", "cutoff", "hz"),
    )


class Lowpass(Value):
    frequency: float = Field(
        8_000,
        gt=0,
        le=90_000,
        description="Corner in Hz, where the sound is 3 dB down; past half the sample rate nothing changes.",
        validation_alias=AliasChoices("frequency", "cutoff", "hz"),
    )


class Bandpass(Value):
    low: float = Field(
        300,
        gt=0,
        le=90_000,
        description="Lower corner in Hz.",
        validation_alias=AliasChoices("low", "low_frequency", "low_cutoff"),
    )
    high: float = Field(
        3_400,
        gt=0,
        le=90_000,
        description="Upper corner in Hz.",
        validation_alias=AliasChoices("high", "high_frequency", "high_cutoff"),
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError("low must lie below high")
        return self


def highpass(stream: Stream, parameters: Highpass, setting: Setting) -> Stream:
    """Keep what lies above the corner; it can't lie past half the sample rate."""
    return stream.filter("highpass", frequency=number(min(parameters.frequency, setting.sample_rate * 0.49)), poles=2)


def lowpass(stream: Stream, parameters: Lowpass, setting: Setting) -> Stream:
    """Keep what lies below the corner."""
    if parameters.frequency >= setting.sample_rate / 2:
        return stream
    return stream.filter("lowpass", frequency=number(parameters.frequency), poles=2)


def bandpass(stream: Stream, parameters: Bandpass, setting: Setting) -> Stream:
    """Keep what lies between the corners."""
    stream = highpass(stream, Highpass(frequency=parameters.low), setting)
    return lowpass(stream, Lowpass(frequency=parameters.high), setting)


THIRD = 2 ** (1 / 3)
"""Of an octave: two corners so near to each other differ little in phase, and their mix is a corner between them."""

HIGHPASS = EffectRow(
    "audio-highpass",
    "Takes away what lies below a frequency.",
    "sound",
    Highpass,
    highpass,
    sounding=Sounding(moves={"frequency": ratios(THIRD)}),
)
LOWPASS = EffectRow(
    "audio-lowpass",
    "Takes away what lies above a frequency.",
    "sound",
    Lowpass,
    lowpass,
    sounding=Sounding(moves={"frequency": ratios(THIRD)}),
)
BANDPASS = EffectRow(
    "audio-bandpass",
    "Keeps what lies between two frequencies.",
    "sound",
    Bandpass,
    bandpass,
    sounding=Sounding(moves={"low": ratios(THIRD), "high": ratios(THIRD)}),
)
