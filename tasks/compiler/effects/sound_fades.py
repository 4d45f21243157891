"""Sound fades at a clip's ends, linear in amplitude and exact to the sample; and the crossing of two clips."""

from __future__ import annotations

from fractions import Fraction

from pydantic import Field

from infra.values import Exact, Value
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream


class FadeDuration(Value):
    duration: Exact = Field(Fraction(1), ge=0, le=100_000, description="Seconds; at most the clip's length is used.")


class CrossfadeDuration(Value):
    duration: Exact = Field(
        Fraction(1),
        ge=0,
        le=100_000,
        description="Seconds, half of them on each side of the cut, or what the sources have to spare there.",
    )


class FadeDurations(Value):
    fade_in: Exact = Field(Fraction(1), ge=0, le=100_000, description="Seconds from silence at the start.")
    fade_out: Exact = Field(Fraction(1), ge=0, le=100_000, description="Seconds to silence at the end.")


def fade_in(stream: Stream, parameters: FadeDuration, setting: Setting) -> Stream:
    """Rise from silence at the clip's first sample."""
    return _rise(stream, parameters.duration, setting)


def fade_out(stream: Stream, parameters: FadeDuration, setting: Setting) -> Stream:
    """Fall to silence at the clip's end."""
    return _fall(stream, parameters.duration, setting)


def fade(stream: Stream, parameters: FadeDurations, setting: Setting) -> Stream:
    """Both."""
    return _fall(_rise(stream, parameters.fade_in, setting), parameters.fade_out, setting)


def _untouched(stream: Stream, parameters: CrossfadeDuration, setting: Setting) -> Stream:
    """The clips' sounds are cut longer and cross where they are laid; there is nothing left to filter."""
    return stream


FADE_IN = EffectRow("audio-fade-in", "Lets the sound rise from silence.", "sound", FadeDuration, fade_in)
FADE_OUT = EffectRow("audio-fade-out", "Lets the sound fall to silence.", "sound", FadeDuration, fade_out)
FADE = EffectRow("audio-fade", "Lets the sound rise from silence and fall to it.", "sound", FadeDurations, fade)
CROSSFADE = EffectRow(
    "audio-crossfade",
    "Lets the sound of a clip cross at equal power with that of the clip after it.",
    "sound",
    CrossfadeDuration,
    _untouched,
    sounding=Sounding(crosses=lambda parameters: parameters.duration),
)


def _rise(stream: Stream, seconds: Fraction, setting: Setting) -> Stream:
    length = _samples(seconds, setting)
    if length == 0:
        return stream
    return stream.filter("afade", type="in", start_sample=0, nb_samples=length, curve="tri")


def _fall(stream: Stream, seconds: Fraction, setting: Setting) -> Stream:
    length = _samples(seconds, setting)
    if length == 0:
        return stream
    start = setting.samples - setting.ringing - length
    return stream.filter("afade", type="out", start_sample=start, nb_samples=length, curve="tri")


def _samples(seconds: Fraction, setting: Setting) -> int:
    return min(setting.samples - setting.ringing, round(seconds * setting.sample_rate))
