"""Sound effects whose parameters change: at rest as if they stood still, in between as NumPy says, and never a click."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from infra.errors import KinofarmError
from tasks.compiler.blend import SETTINGS_AT_ONCE
from tasks.compiler.effects import EFFECTS
from tasks.compiler.keyframes import Keyframe, value_at
from tasks.compiler.swell import STRAIGHT, bends
from tests.tasks.compiler.films import Studio, clip, timeline, track
from tests.tasks.compiler.test_moving import key
from tests.tasks.compiler.test_sound import FRAME, RATE, level, noise

FRAMES = 100
SOUND = {name: row for name, row in EFFECTS.items() if row.on == "sound"}

EXTREMES: dict[str, dict[str, tuple[float, float]]] = {
    "audio-equalizer": {"bass": (-12, 6), "mid": (0, 9), "treble": (-20, -3)},
    "audio-pan": {"pan": (-0.8, 0.6)},
    "audio-stereo-width": {"width": (0, 2)},
    "audio-highpass": {"frequency": (50, 2000)},
    "audio-lowpass": {"frequency": (300, 30_000)},
    "audio-bandpass": {"low": (100, 900), "high": (1000, 9000)},
    "audio-compressor": {
        "threshold": (-50, -30),
        "ratio": (1, 8),
        "attack": (1, 40),
        "release": (50, 500),
        "makeup": (0, 12),
    },
    "audio-limiter": {"ceiling": (-24, -6), "attack": (1, 20), "release": (10, 200)},
    "audio-gate": {"threshold": (-50, -16), "reduction": (0, 60), "attack": (1, 20), "release": (20, 200)},
    "audio-expander": {
        "threshold": (-50, -16),
        "ratio": (1, 6),
        "reduction": (10, 60),
        "attack": (1, 20),
        "release": (20, 200),
    },
    "audio-reverb": {"mix": (0, 0.8), "decay": (0.2, 1.2), "pre_delay": (0, 60), "damping": (1000, 12_000)},
    "audio-delay": {"mix": (0, 0.6), "delay": (80, 200), "feedback": (0, 0.6)},
    "audio-chorus": {"mix": (0, 0.7), "delay": (20, 40), "depth": (0.5, 3), "speed": (0.5, 2)},
    "audio-distortion": {"drive": (0, 20)},
    "audio-denoise": {"amount": (0, 30), "floor": (-60, -25)},
    "audio-ducking": {"amount": (0, 20), "attack": (50, 200), "release": (100, 400), "threshold": (-60, -20)},
}
"""Effect → parameter that may change → two values of it."""

GIVEN: dict[str, dict[str, Any]] = {
    "audio-ducking": {"track": "voice"},
    "audio-limiter": {"ceiling": -24},
    "audio-compressor": {"threshold": -40},
    "audio-gate": {"threshold": -30},
    "audio-expander": {"threshold": -30},
}
"""Effect → what it needs beside, to be heard."""

MOVES = [(name, moved) for name, parameters in EXTREMES.items() for moved in parameters]


def heard(*clips: dict[str, Any], **more: Any) -> Any:
    return track(*clips, kind="audio", **more)


def moved(kind: str, keys: dict[str, list[dict[str, Any]]], **parameters: Any) -> dict[str, Any]:
    return {"kind": kind, "parameters": parameters, "keyframes": keys}


def eased(
    keys: list[dict[str, Any]],
    samples: int,
    low: float = -1e9,
    high: float = 1e9,
    gain: Callable[[float], float] = lambda value: value,
) -> np.ndarray:
    """The gain that a number means at each sample: the number within its bounds at every frame, straight from frame to frame."""
    read = tuple(Keyframe.model_validate(each) for each in keys)
    frames = np.arange(samples // FRAME + 2)
    values = [gain(min(high, max(low, value_at(read, int(frame))))) for frame in frames]
    return np.interp(np.arange(samples) / FRAME, frames, values)


def tone(hertz: float, seconds: float = 4, peak: float = 0.2) -> np.ndarray:
    wave = peak * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    return np.repeat(wave[None].astype(np.float32), 2, 0)


def hiss() -> np.ndarray:
    """Four seconds of noise that comes in bursts, quiet enough for the film's limiter to leave it alone, another on either side."""
    bursts = np.where(np.arange(4 * RATE) % (RATE // 5) < RATE // 12, 0.15, 0.005)
    return (bursts * np.random.default_rng(7).uniform(-1, 1, (2, 4 * RATE))).astype(np.float32)


def bend(samples: np.ndarray) -> float:
    """The sharpest bend of a wave: its largest second difference; a step of s in it is a bend of s."""
    return float(np.abs(np.diff(samples[:, 0], 2)).max())


def test_each_parameter_that_may_change_is_tried_here() -> None:
    assert {(name, moved) for name, row in SOUND.items() for moved in row.sounding.moves} == set(MOVES)


@pytest.mark.parametrize(("name", "parameter"), MOVES)
def test_before_and_after_it_changes_it_sounds_as_if_it_had_never_been_otherwise(
    studio: Studio, name: str, parameter: str
) -> None:
    """What it remembers too: an echo, a room and a followed level have heard all that came before."""
    source = studio.recorded("hiss.wav", hiss())
    voice = heard(clip("v", source, 0, 60, source_start=1, volume=0.5), id="voice")
    given = GIVEN.get(name, {})

    def film(effect: dict[str, Any]) -> np.ndarray:
        row = heard(clip("a", source, 0, FRAMES, effects=[effect]))
        return studio.samples(timeline(row, *([voice] if name == "audio-ducking" else []), duration=FRAMES))

    first, last = EXTREMES[name][parameter]
    changed = film(moved(name, {parameter: [key(40, first), key(50, last)]}, **given))
    before, after = (film({"kind": name, "parameters": given | {parameter: value}}) for value in (first, last))
    assert np.abs(changed[: 39 * FRAME] - before[: 39 * FRAME]).max() < 2e-5
    assert np.abs(changed[51 * FRAME :] - after[51 * FRAME :]).max() < 2e-5
    assert np.abs(before - after).max() > 1e-3, "the two values are heard apart"


@pytest.mark.parametrize("easing", ["linear", "ease-in-out-cubic", "ease-out-back", "ease-in-quad"])
def test_a_pan_follows_its_easing_and_stays_within_its_bounds(studio: Studio, easing: str) -> None:
    keys = [key(10, -1, easing), key(60, 1, "linear"), key(90, -0.25)]
    row = heard(
        clip("a", studio.recorded("dc.wav", level(0.25)), 0, FRAMES, effects=[moved("audio-pan", {"pan": keys})])
    )
    got = studio.samples(timeline(row, duration=FRAMES))
    sides = (lambda pan: min(1, 1 - pan), lambda pan: min(1, 1 + pan))
    wanted = 0.25 * np.stack([eased(keys, FRAMES * FRAME, -1, 1, side) for side in sides], axis=1)
    assert np.abs(got - wanted).max() < 0.003


def test_the_level_of_an_echo_follows_its_keyframes(studio: Studio) -> None:
    keys = [key(20, 0), key(70, 0.8)]
    effect = moved("audio-delay", {"wet": keys}, delay=200, feedback=0)
    source = studio.recorded("n.wav", noise())
    got = studio.samples(timeline(heard(clip("a", source, 0, 75, effects=[effect])), duration=FRAMES))
    wanted = np.zeros((FRAMES * FRAME, 2))
    wanted[: 75 * FRAME] = noise().T[: 75 * FRAME]
    wanted[5 * FRAME : 80 * FRAME] += noise().T[: 75 * FRAME] * eased(keys, 80 * FRAME)[5 * FRAME :, None]
    assert np.abs(got - wanted).max() < 2e-3, "it rings on after its clip, too"


def test_a_bell_lifts_a_tone_by_the_dB_of_each_moment(studio: Studio) -> None:  # noqa: N802
    keys = [key(10, -15, "ease-in-out-sine"), key(90, 15)]
    source = studio.recorded("t1000.wav", tone(1000))
    row = heard(clip("a", source, 0, FRAMES, volume=0.25, effects=[moved("audio-equalizer", {"middle": keys})]))
    got = studio.samples(timeline(row, duration=FRAMES))[:, 0]
    for frame in range(5, 96, 5):
        part = got[frame * FRAME - 240 : frame * FRAME + 240]
        gain = 20 * np.log10(np.sqrt((part**2).mean() * 2) / 0.05)
        assert gain == pytest.approx(eased(keys, FRAMES * FRAME)[frame * FRAME], abs=0.15), frame


def test_a_corner_that_sweeps_lowers_a_tone_as_it_passes(studio: Studio) -> None:
    keys = [key(0, 250, "linear"), key(100, 4000)]
    source = studio.recorded("t1000.wav", tone(1000))
    row = heard(clip("a", source, 0, FRAMES, effects=[moved("audio-lowpass", {"cutoff": keys})]))
    got = studio.samples(timeline(row, duration=FRAMES))[:, 0]
    for frame in range(5, 96, 5):
        part = got[frame * FRAME - 240 : frame * FRAME + 240]
        gain = 20 * np.log10(np.sqrt((part**2).mean() * 2) / 0.2)
        corner = 250 + 37.5 * frame
        assert gain == pytest.approx(-10 * np.log10(1 + (1000 / corner) ** 4), abs=0.7), frame


CLICKS: list[tuple[str, dict[str, Any]]] = [
    ("audio-equalizer", {"mid": [key(30, -24), key(60, 12, "hold"), key(70, 0)]}),
    ("audio-pan", {"pan": [key(30, 1, "hold"), key(60, -1)]}),
    ("audio-lowpass", {"frequency": [key(30, 200, "hold"), key(40, 12_000), key(70, 400)]}),
    ("audio-compressor", {"makeup": [key(30, 0, "hold"), key(40, 12)], "ratio": [key(40, 1), key(70, 8)]}),
    ("audio-delay", {"delay": [key(30, 100), key(70, 140)]}),
    ("audio-reverb", {"mix": [key(30, 0, "hold"), key(40, 0.5), key(60, 0)]}),
]


@pytest.mark.parametrize(("name", "keys"), CLICKS)
def test_a_tone_that_stands_still_is_not_broken_by_a_parameter_that_moves(
    studio: Studio, name: str, keys: dict[str, Any]
) -> None:
    """The bound: no bend of the wave is sharper by more than a fifth than where the effect stands still at its loudest."""
    source = studio.recorded("t500.wav", tone(500))

    def sharpest(effect: dict[str, Any]) -> float:
        row = heard(clip("a", source, 0, FRAMES, effects=[effect]))
        return bend(studio.samples(timeline(row, duration=FRAMES))[25 * FRAME : 95 * FRAME])

    combined = product(*keys.values())
    corners = [{n: each["value"] for n, each in zip(keys, ends, strict=True)} for ends in combined]
    still = max(sharpest({"kind": name, "parameters": corner}) for corner in corners)
    assert sharpest(moved(name, keys)) < 1.2 * still


@given(st.lists(st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1)), min_size=2, max_size=60))
def test_a_curve_of_few_lines_stays_by_its_values_and_rests_where_they_rest(gains: list[float]) -> None:
    smooth = [a + (b - a) * n / 9 for a, b in pairwise(gains) for n in range(9)]
    for curve in (gains, smooth, [value**2 for value in smooth]):
        edges = list(bends(curve))
        drawn = np.interp(range(len(curve)), edges, [curve[edge] for edge in edges])
        assert np.abs(drawn - curve).max() <= STRAIGHT * 1.001
        rests = [n for n in range(len(curve) - 1) if curve[n] == curve[n + 1]]
        assert [drawn[n] for n in rests] == [curve[n] for n in rests]
    assert len(list(bends([n / 999 for n in range(1000)]))) == 2


@pytest.mark.parametrize("easing", ["linear", "hold"])
def test_a_volume_that_changes_makes_no_steps(studio: Studio, easing: str) -> None:
    source = studio.recorded("t500.wav", tone(500))
    keys = [key(30, 0.1, easing), key(33, 1)]
    row = heard(clip("a", source, 0, FRAMES, keyframes={"volume": keys}))
    got = studio.samples(timeline(row, duration=FRAMES))
    assert bend(got) < 1.2 * bend(tone(500).T)
    assert np.abs(got - tone(500).T * eased(keys, len(got))[:, None]).max() < 2e-3


def test_a_track_s_sound_effect_counts_from_the_film_s_first_frame(studio: Studio) -> None:
    source, keys = studio.recorded("dc.wav", level(0.25)), [key(20, 1), key(60, 0.0)]
    row = heard(clip("a", source, 10, 30), clip("b", source, 40, 80), effects=[moved("audio-pan", {"pan": keys})])
    film = timeline(row, duration=FRAMES)
    got = studio.samples(film)
    open_ = np.zeros(FRAMES * FRAME)
    open_[10 * FRAME : 30 * FRAME] = open_[40 * FRAME : 80 * FRAME] = 0.25
    left = open_ * (1 - eased(keys, FRAMES * FRAME))
    assert np.abs(got - np.stack([left, open_], axis=1)).max() < 1e-3
    assert np.array_equal(studio.samples(film, 13, 67), got[13 * FRAME : 67 * FRAME]), "a range has the whole's samples"


def test_keyframes_count_from_the_clip_s_first_frame_where_an_effect_holds_for_some_frames(studio: Studio) -> None:
    source, keys = studio.recorded("dc.wav", level(0.25)), [key(0, 0), key(50, 1)]
    effect = moved("audio-pan", {"pan": keys}) | {"start": 10, "end": 40}
    got = studio.samples(timeline(heard(clip("a", source, 20, 80, effects=[effect])), duration=FRAMES))
    pan = eased(keys, 60 * FRAME)
    pan[: 10 * FRAME] = pan[40 * FRAME :] = 0
    assert np.abs(got[20 * FRAME : 80 * FRAME, 0] - 0.25 * (1 - pan)).max() < 1e-3


def test_what_moves_in_many_ways_is_mixed_of_so_many_settings_at_most(studio: Studio) -> None:
    sweep = {n: [key(f, v) for f, v in zip(range(0, 100, 9), wild, strict=False)]
             for n, wild in (("bass", (-24, 24) * 6), ("mid", (9, -24, 24) * 4), ("treble", (24, 24, -24) * 4))}  # fmt: skip
    row = heard(clip("a", studio.recorded("n.wav", noise()), 0, FRAMES, effects=[moved("audio-equalizer", sweep)]))
    sound = studio.plan(timeline(row, duration=FRAMES)).sound
    assert sound is not None
    text = " ".join(sound.stages[-1].argv) + "".join(file.text for file in sound.files)
    assert 8 < text.count("amultiply") <= SETTINGS_AT_ONCE


def test_keyframes_that_never_change_cost_nothing(studio: Studio) -> None:
    source = studio.recorded("n.wav", noise())

    def argv(effect: dict[str, Any]) -> Any:
        return studio.plan(timeline(heard(clip("a", source, 0, 50, effects=[effect])), duration=50)).sound

    assert argv(moved("audio-lowpass", {"hz": [key(0, 700), key(20, 700)]})) == argv(
        {"kind": "audio-lowpass", "parameters": {"frequency": 700}}
    )


STILL = [(name, number) for name, row in SOUND.items() for number in row.numbers() if number not in row.sounding.moves]
REFUSED: list[tuple[str, str, str]] = [
    *[("CHECK-080", name, number) for name, number in STILL],
    ("CHECK-083", "audio-ducking", "track"),
    ("CHECK-083", "audio-equalizer", "bands"),
    ("CHECK-010", "audio-pan", "pam"),
    ("CHECK-010", "audio-delay", "feedback"),
]


@pytest.mark.parametrize(("code", "name", "parameter"), REFUSED)
@pytest.mark.parametrize("on_track", [False, True])
def test_what_can_not_change_is_refused_with_its_place_and_a_hint(
    studio: Studio, code: str, name: str, parameter: str, on_track: bool
) -> None:
    keys = [key(0, 0.5), key(9, 2)]
    given = {"track": "t"} if name == "audio-ducking" else {}
    effects = {"effects": [moved(name, {parameter: keys}, **{} if parameter == "track" else given)]}
    one = clip("a", studio.recorded("n.wav", noise()), 0, 50, **({} if on_track else effects))
    with pytest.raises(KinofarmError) as caught:
        studio.check(timeline(heard(one, **(effects if on_track else {})), duration=50))
    place = "tracks[0]" if on_track else "tracks[0].clips[0]"
    assert (caught.value.code, caught.value.where) == (code, f"{place}.effects[0].parameters.{parameter}")
    assert caught.value.hint
    assert STILL, "some can not: lengths of fades, pitch, tempo, loudness"


def test_values_that_do_not_go_together_on_the_way_are_refused(studio: Studio) -> None:
    keys = {"low": [key(0, 100, "ease-out-expo"), key(40, 4000)], "high": [key(0, 200, "ease-in-expo"), key(40, 5000)]}
    one = clip("a", studio.recorded("n.wav", noise()), 0, 50, effects=[moved("audio-bandpass", keys)])
    with pytest.raises(KinofarmError, match="CHECK-010"):
        studio.check(timeline(heard(one), duration=50))
