"""High-pass and low-pass: Butterworth filters of the second order, 12 dB an octave past the corner."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Stream


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


def highpass(stream: Stream, parameters: Highpass, setting: Setting) -> Stream:
    """Keep what lies above the corner; it can't lie past half the sample rate."""
    return stream.filter("highpass", frequency=number(min(parameters.frequency, setting.sample_rate * 0.49)), poles=2)


def lowpass(stream: Stream, parameters: Lowpass, setting: Setting) -> Stream:
    """Keep what lies below the corner."""
    if parameters.frequency >= setting.sample_rate / 2:
        return stream
    return stream.filter("lowpass", frequency=number(parameters.frequency), poles=2)


HIGHPASS = EffectRow("audio-highpass", "Takes away what lies below a frequency.", "sound", Highpass, highpass)
LOWPASS = EffectRow("audio-lowpass", "Takes away what lies above a frequency.", "sound", Lowpass, lowpass)
