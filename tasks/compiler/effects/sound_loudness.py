"""Normalising: one gain over the whole sound, so that it measures the wanted loudness, its true peak limited.

Two passes: the sound is measured, then levelled, by the mix (`tasks.compiler.mix`); a sound that is silent stays so.
Source: EBU R 128; docs/adr/0012.
"""

from __future__ import annotations

from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream
from tasks.media.loudness import Loudness


class Normalize(Value):
    target: float = Field(
        -23,
        ge=-50,
        le=-5,
        description="Integrated loudness in LUFS.",
        validation_alias=AliasChoices("target", "target_lufs", "target_level", "loudness"),
    )
    peak: float = Field(
        -1,
        ge=-20,
        le=0,
        description="Highest true peak in dBTP.",
        validation_alias=AliasChoices("peak", "true_peak", "max_peak"),
    )


def _untouched(stream: Stream, parameters: Normalize, setting: Setting) -> Stream:
    """The mix measures and levels; there is nothing left to filter."""
    return stream


NORMALIZE = EffectRow(
    "audio-normalize",
    "Brings the sound to a loudness by EBU R128.",
    "sound",
    Normalize,
    _untouched,
    sounding=Sounding(loudness=lambda parameters: Loudness(target=parameters.target, peak=parameters.peak)),
)
