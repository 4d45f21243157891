"""Ducking: the sound falls by a fixed amount while another track sounds, and rises again after it.

The other track's power, averaged over 10 ms, is followed at 1 kHz: while it lies above the threshold, and for HOLD after,
the gain goes down to `amount` in a straight line of dB, and otherwise up to 0 dB. So the depth is exactly `amount`, however
loud the other track is; a compressor's would hang on its level.

Source: ffmpeg-filters(1): amultiply, aresample, aeval.
"""

from __future__ import annotations

from math import exp, log

import ffmpeg
from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream
from tasks.compiler.effects.ways import ratios, steps

FOLLOWED = 1_000
"""Times a second that the gain is worked out; between them the resampler draws a smooth line."""

AVERAGE = 10
"""ms over which the other track's power is averaged."""

HOLD = 250
"""ms that the sound stays down after the other track fell silent: pauses between words don't let it up."""


class Ducking(Value):
    track: str = Field(
        min_length=1,
        max_length=1000,
        description="Id or name of the track that it makes way for.",
        validation_alias=AliasChoices("track", "under", "track_id", "trigger", "sidechain"),
    )
    amount: float = Field(12, ge=0, le=60, description="dB by which the sound falls; 0 changes nothing.")
    attack: float = Field(100, ge=1, le=5_000, description="ms that it takes to fall.")
    release: float = Field(500, ge=1, le=10_000, description="ms that it takes to rise again.")
    threshold: float = Field(-45, ge=-80, le=0, description="dB (RMS) above which the other track counts as sounding.")


def build(stream: Stream, parameters: Ducking, setting: Setting) -> Stream:
    """Multiply the sound by a gain that follows `Setting.key`; without one there is nothing to make way for."""
    if parameters.amount == 0 or setting.key is None:
        return stream
    down, up = parameters.amount / parameters.attack, parameters.amount / parameters.release
    power, held, gain = "ld(0)", "ld(1)", "ld(2)"
    follow = ";".join(
        (
            f"st(0,{power}+(val(0)-{power})*{number(1 - exp(-1 / AVERAGE))})",
            f"st(1,if(gt({power},{10 ** (parameters.threshold / 10):.3e}),{HOLD},max(0,{held}-1)))",
            f"st(2,clip({gain}+if(gt({held},0),{number(-down)},{number(up)}),{number(-parameters.amount)},0))",
            f"exp({gain}*{number(log(10) / 20)})",
        )
    )
    copies = setting.key.filter("apad", pad_len=setting.sample_rate).filter_multi_output("asplit")
    squared = ffmpeg.filter([copies[0], copies[1]], "amultiply")
    steps = squared.filter("pan", args="mono|c0=0.5*c0+0.5*c1").filter("aresample", FOLLOWED)
    steps = steps.filter("aeval", follow, channel_layout="mono")
    line = steps.filter("aresample", setting.sample_rate).filter("atrim", end_sample=setting.samples)
    return ffmpeg.filter([stream, line.filter("pan", args="stereo|c0=c0|c1=c0")], "amultiply")


DUCKING = EffectRow(
    "audio-ducking",
    "Lowers the sound while another track sounds.",
    "sound",
    Ducking,
    build,
    sounding=Sounding(
        key=lambda parameters: parameters.track,
        moves={"amount": steps(2), "attack": ratios(2), "release": ratios(2), "threshold": steps(3)},
    ),
)
