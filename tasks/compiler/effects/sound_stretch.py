"""Pitch and tempo, each without the other: overlapped and added where the waves agree (WSOLA).

rubberband's phase vocoder was measured beside it: a tone that starts after silence came out up to 11 dB too quiet, or with
its onsets broken up; atempo keeps every level, its by-products 23 to 55 dB below a tone.

What comes out of atempo is early by an amount that depends on the factor; it was measured with tone bursts at 48 kHz and is
made up for here.

Source: ffmpeg-filters(1): atempo, asetrate, aresample.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil, log2

from pydantic import AliasChoices, Field

from infra.values import Exact, Value
from tasks.compiler.effects.row import EffectRow, Setting, Sounding, Stream

PITCHED_EARLY = (
    (-24, 31), (-12, 101), (-7, 153), (-3, 232), (-1, 287),
    (1, 382), (3, 475), (7, 739), (12, 1270), (18, 2567), (24, 3996),
)  # fmt: skip
"""(semitones, samples by which the pitched sound is early at 48 kHz), measured; linear between."""

STRETCHED_EARLY = (
    (-3.322, 4980), (-2, 1832), (-1.515, 1297), (-1, 705), (-0.515, 495), (-0.322, 420), (-0.152, 371),
    (0.138, 285), (0.322, 213), (0.585, 145), (1, 82), (1.585, 30), (2, 26), (3, 2),
)  # fmt: skip
"""(octaves of tempo, the same), measured."""

SLOWEST = Fraction(1, 2)
"""The lowest tempo that one atempo takes."""

WINDOW = 2048
"""atempo's window at 48 kHz, in samples; at other rates it is the power of two over a 24th of a second."""

LEAD = Fraction(1, 4)
"""Seconds of silence put before the sound, so that none of it is lost at the beginning."""


class Pitch(Value):
    semitones: float = Field(
        0,
        ge=-24,
        le=24,
        description="Upwards, or downwards below 0; 0 changes nothing.",
        validation_alias=AliasChoices("semitones", "pitch"),
    )


class Tempo(Value):
    factor: Exact = Field(
        Fraction(1),
        ge=0.25,
        le=4,
        description="How much faster the clip's sound plays, its pitch kept; 1 changes nothing. As the clip's length is fixed "
        "it uses up so many times as much of its source.",
        validation_alias=AliasChoices("factor", "tempo", "rate"),
    )


def pitch(stream: Stream, parameters: Pitch, setting: Setting) -> Stream:
    """Raise or lower the pitch: played as a tape faster or slower, and brought back to its length."""
    if parameters.semitones == 0:
        return stream
    rate = setting.sample_rate
    played = round(rate * 2 ** (parameters.semitones / 12))
    early = _early(PITCHED_EARLY, parameters.semitones, rate)
    stream = _led(stream, rate).filter("asetrate", played).filter("aresample", rate)
    return _cut(_stretched(stream, Fraction(rate, played)), int(LEAD * rate) - early, setting.samples)


def stretched(stream: Stream, tempo: Fraction, samples: int, rate: int) -> Stream:
    """Play a sound that much faster with its pitch kept, and return its first `samples` samples."""
    early = _early(STRETCHED_EARLY, log2(tempo), rate)
    return _cut(_stretched(_led(stream, rate, tempo), tempo), int(LEAD * rate) - early, samples)


def _untouched(stream: Stream, parameters: Tempo, setting: Setting) -> Stream:
    """The clip's source is played at another speed; there is nothing left to filter."""
    return stream


PITCH = EffectRow("audio-pitch", "Raises or lowers the pitch; the tempo stays.", "sound", Pitch, pitch)
TEMPO = EffectRow(
    "audio-tempo",
    "Plays the sound of a clip faster or slower; its pitch, and the picture, stay.",
    "sound",
    Tempo,
    _untouched,
    sounding=Sounding(tempo=lambda parameters: parameters.factor),
)


def _led(stream: Stream, rate: int, tempo: Fraction = Fraction(1)) -> Stream:
    """A sound with as much silence before it as makes LEAD seconds when it is played at that tempo, and more after it."""
    lead = int(LEAD * rate) * tempo
    return stream.filter("adelay", f"{round(lead)}S", all=1).filter("apad", pad_len=round(2 * lead))


def _stretched(stream: Stream, tempo: Fraction) -> Stream:
    for factor in _factors(tempo):
        stream = stream.filter("atempo", f"{float(factor):.9f}")
    return stream


def _factors(tempo: Fraction) -> Iterator[Fraction]:
    while tempo < SLOWEST:
        yield SLOWEST
        tempo /= SLOWEST
    yield tempo


def _cut(stream: Stream, begins: int, samples: int) -> Stream:
    stream = stream.filter("atrim", start_sample=max(0, begins), end_sample=max(0, begins) + samples)
    return stream.filter("asetpts", "PTS-STARTPTS").filter("apad", whole_len=samples)


def _early(table: Sequence[tuple[float, int]], place: float, rate: int) -> int:
    """Look up an earliness between the measured ones, in samples of a rate whose window is so many times that at 48 kHz."""
    after = min(max(1, bisect_left([each for each, _ in table], place)), len(table) - 1)
    (left, low), (right, high) = table[after - 1], table[after]
    share = min(1.0, max(0.0, (place - left) / (right - left)))
    window = 1 << ceil(log2(rate / 24))
    return round((low + (high - low) * share) * window / WINDOW)
