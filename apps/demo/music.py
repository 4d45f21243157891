"""The demo's sounds, as ffmpeg expressions: eight bars of a small piece, crickets, wind and a drone.

A bar is three seconds, so that every cut of the film falls on a beat. Source: ffmpeg-filters(1), aevalsrc.
"""

from __future__ import annotations

SAMPLE_RATE = 48_000
BAR = 3
"""Seconds: four beats at 80 a minute."""
STEP = BAR / 8

# Each bar: the bass, three notes of the pad, and the four notes that the plucked string walks up and down (MIDI numbers).
_CHORDS = {
    "Am9": (45, (60, 64, 71), (69, 72, 76, 83)),
    "F": (41, (60, 65, 69), (69, 72, 77, 81)),
    "C": (48, (60, 64, 67), (67, 72, 76, 79)),
    "G": (43, (59, 62, 67), (67, 71, 74, 79)),
}
_BARS = ("Am9", "F", "C", "G", "Am9", "F", "G", "C")
_WALK = (0, 1, 2, 3, 2, 1, 2, 1)

SECONDS = BAR * len(_BARS)


def hertz(note: int) -> float:
    """Return the frequency of a MIDI note; 69 is 440 Hz."""
    return 440 * 2 ** ((note - 69) / 12)


def music() -> str:
    """Return a filter graph whose output [sound] is the piece, `SECONDS` long, stereo."""
    bars = [
        f"aevalsrc=exprs='{_bar(name, left=True)}|{_bar(name, left=False)}':s={SAMPLE_RATE}:d={BAR}[bar{number}]"
        for number, name in enumerate(_BARS)
    ]
    joined = "".join(f"[bar{number}]" for number in range(len(_BARS)))
    room = "aecho=0.9:0.75:83|149|263|419:0.30|0.24|0.18|0.12"
    return ";".join(bars) + f";{joined}concat=n={len(_BARS)}:v=0:a=1,{room},lowpass=f=7500,alimiter=limit=0.8[sound]"


def _bar(name: str, *, left: bool) -> str:
    """One bar on one side: a held bass, a pad that swells, and a string plucked eight times."""
    bass, pad, walk = _CHORDS[name]
    detune = 1.0015 if left else 0.9985
    swell = f"min(1,t/0.5)*min(1,({BAR}-t)/0.35)"
    held = "+".join(f"sin({_turn(hertz(note) * detune)}*t)+0.25*sin({_turn(2 * hertz(note))}*t)" for note in pad)
    low = f"sin({_turn(hertz(bass))}*t)+0.3*sin({_turn(2 * hertz(bass))}*t)"
    pluck = "+".join(
        f"between(t,{step * STEP},{(step + 1) * STEP - 0.0001})*{_turn(hertz(walk[place]))}"
        for step, place in enumerate(_WALK)
    )
    # The string: a tone and its octave that die away, a little louder on the side that the step favours.
    since = f"mod(t,{STEP})"
    side = f"(0.75+0.25*{'1' if left else '-1'}*cos(PI*t/{2 * STEP}))"
    string = (
        f"st(0,({pluck})*{since});(sin(ld(0))+0.5*sin(2*ld(0))*exp(-5*{since}))*exp(-4.5*{since})*min(1,{since}/0.006)"
    )
    return f"{string}*0.16*{side}+({held})*0.055*{swell}+({low})*0.13*{swell}"


def _turn(frequency: float) -> str:
    return f"{frequency * 6.283185307:.4f}"


def crickets(seconds: int) -> str:
    """Return a source: a warm evening, chirps in threes over a little air."""
    chirp = "sin(2*PI*4300*t)*gt(sin(2*PI*32*t),0.2)*lt(mod(t,0.83),0.26)"
    far = "sin(2*PI*3900*t)*gt(sin(2*PI*27*t),0.3)*lt(mod(t+0.4,1.31),0.3)"
    air = "0.012*(random(0)-0.5)"
    return (
        f"aevalsrc=exprs='0.018*{chirp}+0.006*{far}+{air}|0.006*{chirp}+0.018*{far}+{air}'"
        f":s={SAMPLE_RATE}:d={seconds},lowpass=f=6000"
    )


def wind(seconds: int) -> str:
    """Return a source: wind that comes and goes."""
    return (
        f"anoisesrc=color=brown:amplitude=0.5:seed=11:r={SAMPLE_RATE}:d={seconds},"
        "highpass=f=120,lowpass=f=900,tremolo=f=0.23:d=0.7,volume=0.5,aformat=channel_layouts=stereo"
    )


def drone(seconds: int) -> str:
    """Return a source: a low fifth that breathes."""
    tone = "0.05*(sin(2*PI*55*t)+0.6*sin(2*PI*82.5*t))*(0.7+0.3*sin(2*PI*0.25*t))"
    return f"aevalsrc=exprs='{tone}|{tone}':s={SAMPLE_RATE}:d={seconds}"
