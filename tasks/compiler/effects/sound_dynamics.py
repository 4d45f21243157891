"""Dynamics: compressor, limiter, gate and expander; both channels get the same gain.

The level is followed with the attack and the release time, so that of a steady tone it lies between RMS and peak.

Source: ffmpeg-filters(1): acompressor, alimiter, agate.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream
from tasks.compiler.effects.ways import ratios, steps

SHARP = 1
"""The knee that is none."""

SHUT = 9000
"""The steepest ratio that agate takes: what lies below the threshold falls at once as far as it may."""

Threshold = Annotated[float, Field(ge=-60, le=0)]
Attack = Annotated[float, Field(ge=0.1, le=2000)]
Release = Annotated[float, Field(ge=1, le=9000)]
Reduction = Annotated[float, Field(ge=0, le=100)]


class Compressor(Value):
    threshold: Threshold = Field(-20, description="dB; what is louder is compressed.")
    ratio: float = Field(4, ge=1, le=20, description="dB over the threshold that become one; 1 changes nothing.")
    attack: Attack = Field(20, description="ms until the gain has fallen.")
    release: Release = Field(250, description="ms until it has risen again.")
    makeup: float = Field(
        0, ge=0, le=36, description="dB added afterwards.", validation_alias=AliasChoices("makeup", "makeup_gain")
    )


class Limiter(Value):
    ceiling: float = Field(
        -1,
        ge=-24,
        le=0,
        description="dB that no sample exceeds; what lies below stays as it is.",
        validation_alias=AliasChoices("ceiling", "limit", "threshold"),
    )
    attack: float = Field(5, ge=0.1, le=80, description="ms by which the gain falls ahead of a peak.")
    release: float = Field(50, ge=1, le=8000, description="ms until it has risen again.")


class Gate(Value):
    threshold: Threshold = Field(-40, description="dB; what is quieter is shut out.")
    reduction: Reduction = Field(
        60,
        description="dB by which it is lowered; 0 changes nothing.",
        validation_alias=AliasChoices("reduction", "range"),
    )
    attack: Attack = Field(5, description="ms until the gate is open.")
    release: Release = Field(150, description="ms until it is shut.")


class Expander(Value):
    threshold: Threshold = Field(-40, description="dB; what is quieter is made quieter still.")
    ratio: float = Field(2, ge=1, le=20, description="dB that one below the threshold becomes; 1 changes nothing.")
    reduction: Reduction = Field(
        60, description="dB that it is lowered by at most.", validation_alias=AliasChoices("reduction", "range")
    )
    attack: Attack = Field(10, description="ms until the gain has risen.")
    release: Release = Field(200, description="ms until it has fallen.")


def compressor(stream: Stream, parameters: Compressor, setting: Setting) -> Stream:
    """Lower what lies above the threshold, with a soft knee, and add the make-up gain."""
    if parameters.ratio == 1:
        return stream if parameters.makeup == 0 else stream.filter("volume", f"{number(parameters.makeup)}dB")
    return stream.filter(
        "acompressor",
        threshold=_linear(parameters.threshold),
        ratio=number(parameters.ratio),
        attack=number(parameters.attack),
        release=number(parameters.release),
        makeup=_linear(parameters.makeup),
    )


def limiter(stream: Stream, parameters: Limiter, setting: Setting) -> Stream:
    """Hold the samples under the ceiling; it looks ahead, and its delay is taken off again."""
    return stream.filter(
        "alimiter",
        limit=_linear(parameters.ceiling),
        attack=number(parameters.attack),
        release=number(parameters.release),
        level=0,
        latency=1,
    )


def gate(stream: Stream, parameters: Gate, setting: Setting) -> Stream:
    """Shut out what lies below the threshold."""
    return _below(stream, parameters, SHUT)


def expander(stream: Stream, parameters: Expander, setting: Setting) -> Stream:
    """Lower what lies below the threshold, the more the further below it lies."""
    return stream if parameters.ratio == 1 else _below(stream, parameters, parameters.ratio)


_TIMES = {"attack": ratios(2), "release": ratios(2)}

COMPRESSOR = EffectRow(
    "audio-compressor",
    "Makes loud passages quieter.",
    "sound",
    Compressor,
    compressor,
    sounding=Sounding(moves={"threshold": steps(3), "ratio": ratios(1.5), **_TIMES, "makeup": steps(2)}),
)
LIMITER = EffectRow(
    "audio-limiter",
    "Lets no sample pass a ceiling.",
    "sound",
    Limiter,
    limiter,
    sounding=Sounding(moves={"ceiling": steps(2), **_TIMES}),
)
GATE = EffectRow(
    "audio-gate",
    "Shuts out what is quieter than a threshold.",
    "sound",
    Gate,
    gate,
    sounding=Sounding(moves={"threshold": steps(3), "reduction": steps(3), **_TIMES}),
)
EXPANDER = EffectRow(
    "audio-expander",
    "Makes quiet passages quieter.",
    "sound",
    Expander,
    expander,
    sounding=Sounding(moves={"threshold": steps(3), "ratio": ratios(1.5), "reduction": steps(3), **_TIMES}),
)


def _below(stream: Stream, parameters: Gate | Expander, ratio: float) -> Stream:
    if parameters.reduction == 0:
        return stream
    return stream.filter(
        "agate",
        threshold=_linear(parameters.threshold),
        range=_linear(-parameters.reduction),
        ratio=number(ratio),
        attack=number(parameters.attack),
        release=number(parameters.release),
        knee=SHARP,
        detection="peak",  # by RMS it takes twice the dB that the ratio says
    )


def _linear(decibels: float) -> str:
    return number(10 ** (decibels / 20))
