"""Space: reverb, delay and chorus. They ring on after the sound has ended; the sound itself keeps its level and place.

A reverb is the convolution with a decaying noise, the response of a diffuse room, drawn by a fixed rule: it is the same
each time. It has the energy of one sample, so that `mix` is the level of the room beside the sound.

Source: ffmpeg-filters(1): afir, aeval, aecho, vibrato. J. A. Moorer, About this Reverberation Business (1979).
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, log

import ffmpeg
from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream
from tasks.compiler.effects.ways import ratios, steps, straight

QUIET = 60.0
"""dB below the sound at which a repeat, or a room, is no longer heard."""

FURTHEST = 90_000
"""ms after which aecho repeats nothing."""

WAVER = 5.0
"""ms by which vibrato's delay swings at its greatest depth."""

_SEEDS = (271_828, 577_215)
"""Of the left and the right side's noise: two that differ make the room wide."""

_MIX = AliasChoices("mix", "wet", "wet_level", "intensity")


class Reverb(Value):
    mix: float = Field(0.3, ge=0, le=1, description="Level of the room beside the sound's own.", validation_alias=_MIX)
    decay: float = Field(
        1.5,
        ge=0.1,
        le=10,
        description="Seconds until the room has fallen by 60 dB.",
        validation_alias=AliasChoices("decay", "decay_time", "reverb_time"),
    )
    pre_delay: float = Field(20, ge=0, le=200, description="ms before the room answers.")
    damping: float = Field(6_000, ge=500, le=20_000, description="Hz above which the room takes the sound away.")


class Delay(Value):
    mix: float = Field(0.4, ge=0, le=1, description="Level of the first repeat.", validation_alias=_MIX)
    delay: float = Field(
        250,
        ge=1,
        le=5_000,
        description="ms between repeats.",
        validation_alias=AliasChoices("delay", "time", "delay_time"),
    )
    feedback: float = Field(
        0.4, ge=0, le=0.9, description="Level of each repeat beside the one before; 0 is one repeat."
    )


class Chorus(Value):
    mix: float = Field(0.5, ge=0, le=1, description="Level of the second voice.", validation_alias=_MIX)
    delay: float = Field(25, ge=20, le=100, description="ms by which it follows.")
    depth: float = Field(2, ge=0.1, le=WAVER, description="ms by which that wavers.")
    speed: float = Field(0.8, ge=0.1, le=5, description="Hz at which it wavers.")


def reverb(stream: Stream, parameters: Reverb, setting: Setting) -> Stream:
    """Add the room; its response is drawn over the first samples of a copy, for its length and rate alone."""
    if parameters.mix == 0:
        return stream
    rate = setting.sample_rate
    begins, length = round(parameters.pre_delay / 1000 * rate), round(_reverb_rings(parameters) * rate)
    falls = f"exp({-log(1000) / parameters.decay / rate:.9e}*(n-{begins}))"
    noise = "|".join(f"if(eq(n,0),st(0,{seed}));(random(0)*2-1)*gte(n,{begins})*{falls}" for seed in _SEEDS)
    copies = stream.filter_multi_output("asplit")
    room = copies[2].filter("apad", whole_len=length).filter("atrim", end_sample=length)
    room = room.filter("aeval", noise, channel_layout="same")  # past a named layout a biquad does nothing (ffmpeg 9)
    if parameters.damping < rate * 0.49:
        room = room.filter("lowpass", frequency=number(parameters.damping), poles=1)
    return _beside(copies[0], ffmpeg.filter([copies[1], room], "afir", irnorm=2), parameters.mix)


def delay(stream: Stream, parameters: Delay, setting: Setting) -> Stream:
    """Add the repeats, each weaker than the one before."""
    if parameters.mix == 0:
        return stream
    places = [parameters.delay * (repeat + 1) for repeat in range(_repeats(parameters))]
    levels = [parameters.mix * parameters.feedback**repeat for repeat in range(len(places))]
    echoes = {"delays": "|".join(map(number, places)), "decays": "|".join(map(number, levels))}
    stream = stream.filter("aecho", in_gain=1, out_gain=1, **echoes)
    return stream.filter("atrim", end_sample=setting.samples)


def chorus(stream: Stream, parameters: Chorus, setting: Setting) -> Stream:
    """Add a second voice whose delay wavers from the sound's first sample on."""
    if parameters.mix == 0:
        return stream
    copies = stream.filter_multi_output("asplit")
    late = round(parameters.delay / 1000 * setting.sample_rate)
    voice = copies[1].filter("adelay", f"{late}S", all=1)
    voice = voice.filter("vibrato", f=number(parameters.speed), d=number(parameters.depth / WAVER))
    # What vibrato gives before it has filled its own memory is noise; the voice is silent there.
    filled = round(2 * WAVER / 1000 * setting.sample_rate)
    voice = voice.filter("atrim", start_sample=filled).filter("asetpts", "PTS-STARTPTS")
    voice = voice.filter("adelay", f"{filled}S", all=1)
    return _beside(copies[0], voice, parameters.mix)


def _reverb_rings(parameters: Reverb) -> Fraction:
    return Fraction(parameters.decay + parameters.pre_delay / 1000) if parameters.mix else Fraction(0)


def _delay_rings(parameters: Delay) -> Fraction:
    return Fraction(_repeats(parameters) * parameters.delay / 1000) if parameters.mix else Fraction(0)


def _chorus_rings(parameters: Chorus) -> Fraction:
    return Fraction((parameters.delay + parameters.depth) / 1000) if parameters.mix else Fraction(0)


REVERB = EffectRow(
    "audio-reverb",
    "Puts the sound into a room.",
    "sound",
    Reverb,
    reverb,
    sounding=Sounding(
        rings=_reverb_rings,
        moves={"mix": straight(), "decay": ratios(1.5), "pre_delay": steps(10), "damping": ratios(1.5)},
    ),
)
DELAY = EffectRow(
    "audio-delay",
    "Repeats the sound as an echo.",
    "sound",
    Delay,
    delay,
    sounding=Sounding(rings=_delay_rings, moves={"mix": straight(), "delay": ratios(1.1), "feedback": steps(0.1)}),
)
CHORUS = EffectRow(
    "audio-chorus",
    "Adds a second, wavering voice.",
    "sound",
    Chorus,
    chorus,
    sounding=Sounding(
        rings=_chorus_rings,
        moves={"mix": straight(), "delay": steps(2), "depth": steps(0.5), "speed": ratios(1.2)},
    ),
)


def _beside(dry: Stream, wet: Stream, mix: float) -> Stream:
    """A sound with another one added at a level; as long as the first."""
    return ffmpeg.filter([dry, wet], "amix", inputs=2, normalize=0, duration="first", weights=f"1 {number(mix)}")


def _repeats(parameters: Delay) -> int:
    """How many repeats are heard."""
    if parameters.feedback == 0:
        return 1
    audible = 1 + ceil(QUIET / 20 * log(10) / -log(parameters.feedback))
    return min(audible, int(FURTHEST / parameters.delay))
