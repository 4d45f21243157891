"""Equalizer: bass, middle and treble, or ten octave bands, each a bell around its frequency.

Source: R. Bristow-Johnson's cookbook, the peaking filter; ISO 266 for the octaves.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream
from tasks.compiler.effects.ways import steps

BASS, MID, TREBLE = 100.0, 1_000.0, 10_000.0
"""Centres in Hz."""

WIDE = 2.0
"""Octaves between the points of half the gain, in dB, of bass, mid and treble."""

OCTAVES = tuple(31.25 * 2**octave for octave in range(10))
"""Centres of the bands in Hz: 31.25, 62.5, ... 16000."""

Gain = Annotated[float, Field(ge=-24, le=24)]


class Equalizer(Value):
    bass: Gain = Field(0, description="Gain at 100 Hz in dB.", validation_alias=AliasChoices("bass", "low"))
    mid: Gain = Field(0, description="Gain at 1 kHz in dB.", validation_alias=AliasChoices("mid", "middle", "midrange"))
    treble: Gain = Field(0, description="Gain at 10 kHz in dB.", validation_alias=AliasChoices("treble", "high"))
    bands: tuple[Gain, ...] = Field(
        (),
        max_length=len(OCTAVES),
        description="Gains in dB, -24 to 24, at 31.25, 62.5, 125, ... 16000 Hz, up to ten, beside the three.",
    )


def build(stream: Stream, parameters: Equalizer, setting: Setting) -> Stream:
    """Add a bell for each gain that is not 0; one past what the sample rate holds has nothing to change."""
    bells = [(BASS, WIDE, parameters.bass), (MID, WIDE, parameters.mid), (TREBLE, WIDE, parameters.treble)]
    bells += [(hertz, 1.0, gain) for hertz, gain in zip(OCTAVES, parameters.bands, strict=False)]
    for hertz, octaves, gain in bells:
        if gain and hertz < setting.sample_rate * 0.49:
            bell = {"frequency": number(hertz), "width_type": "o", "width": number(octaves), "gain": number(gain)}
            stream = stream.filter("equalizer", **bell)
    return stream


EQUALIZER = EffectRow(
    "audio-equalizer",
    "Lifts or lowers parts of the spectrum.",
    "sound",
    Equalizer,
    build,
    sounding=Sounding(moves={"bass": steps(2), "mid": steps(2), "treble": steps(2)}),
)
