"""The mix: what rings on, what works on a whole track, who makes way for whom, and how loud it all is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.errors import KinofarmError
from tasks.compiler.mix import Mix
from tests.tasks.compiler.films import Studio, clip, join, timeline, track
from tests.tasks.compiler.test_sound import FRAME, RATE, level, noise

ECHO = {"kind": "audio-delay", "parameters": {"delay": 400, "mix": 0.5, "feedback": 0}}
"""One repeat, ten frames later, half as loud."""


def heard(*clips: dict[str, Any], **more: Any) -> Any:
    return track(*clips, kind="audio", **more)


def duck(name: str, amount: float = 12, **more: Any) -> dict[str, Any]:
    return {
        "kind": "audio-ducking",
        "parameters": {"track": name, "amount": amount, "attack": 40, "release": 80} | more,
    }


def stereo(wave: np.ndarray) -> np.ndarray:
    return np.repeat(wave[None].astype(np.float32), 2, 0)


def speech(seconds: float = 6) -> np.ndarray:
    """Syllables of a buzz and noise with pauses between the words: peaks 20 dB above its loudness."""
    at, chance = np.arange(int(seconds * RATE)) / RATE, np.random.default_rng(11)
    buzz = np.sin(2 * np.pi * 140 * at) + 0.6 * np.sin(2 * np.pi * 900 * at + 1) + 0.5 * chance.standard_normal(len(at))
    return stereo(
        0.08 * buzz * np.clip(np.sin(2 * np.pi * 1.9 * at), 0, 1) ** 3 * (np.sin(2 * np.pi * 0.3 * at) > -0.6)
    )


def music(seconds: float = 6) -> np.ndarray:
    at = np.arange(int(seconds * RATE)) / RATE
    notes = sum(np.sin(2 * np.pi * hertz * at + hertz) for hertz in (110, 220, 277.2, 329.6, 440, 880))
    return stereo(0.05 * notes * (1 + 0.5 * np.sin(2 * np.pi * 0.5 * at)))


def loudness(studio: Studio, file: Path, *raw: str) -> tuple[float, float]:
    """Integrated loudness and true peak as ebur128 sums them up: not by the way that the farm reads them."""
    command = [studio.binary, "-hide_banner", *raw, "-i", file, "-af", "ebur128=peak=true:framelog=quiet"]
    said = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    return float(re.findall(r"I:\s+(\S+) LUFS", said)[-1]), float(re.findall(r"Peak:\s+(\S+) dBFS", said)[-1])


def test_what_a_clip_s_effect_rings_on_is_heard_under_the_next_clip(studio: Studio) -> None:
    name = studio.recorded("n.wav", noise())
    rings = heard(clip("a", name, 0, 20, effects=[ECHO]), clip("b", name, 20, 40, source_start=1, volume=0.5))
    samples = studio.samples(timeline(rings, duration=50))
    wanted = np.zeros((50 * FRAME, 2))
    wanted[: 20 * FRAME] += noise().T[: 20 * FRAME]
    wanted[10 * FRAME : 30 * FRAME] += 0.5 * noise().T[: 20 * FRAME]
    wanted[20 * FRAME : 40 * FRAME] += 0.5 * noise().T[RATE : RATE + 20 * FRAME]
    assert np.abs(samples - wanted).max() < 1e-5


def test_what_rings_on_is_not_faded_away_with_its_clip_and_ends_with_the_film(studio: Studio) -> None:
    loud, none = studio.recorded("dc.wav", level(0.25)), studio.recorded("none.wav", level(0))
    row = [clip("a", loud, 0, 20, effects=[ECHO]), clip("b", none, 20, 27, source_start=1)]
    samples = studio.samples(timeline(heard(*row, joins=[join("a", "b", 15, 25)]), duration=27))[:, 0]
    gone = np.arange(10 * FRAME) / (10 * FRAME) * np.pi / 2
    assert len(samples) == 27 * FRAME
    assert np.abs(samples[25 * FRAME :] - 0.125 * np.cos(gone[: 2 * FRAME])).max() < 1e-5


@pytest.mark.parametrize("late", [20, 20.5, 22, 60])
def test_before_its_second_voice_comes_in_a_chorus_is_the_sound_itself(studio: Studio, late: float) -> None:
    name = studio.recorded("n.wav", noise())
    chorus = {"kind": "audio-chorus", "parameters": {"delay": late, "mix": 1}}
    samples = studio.samples(timeline(heard(clip("a", name, 0, 20, volume=0.1, effects=[chorus])), duration=20))
    alone = int(late / 1000 * RATE)
    assert np.abs(samples[:alone] - 0.1 * noise().T[:alone]).max() < 1e-6
    assert np.abs(samples[alone:] - 0.1 * noise().T[alone : 20 * FRAME]).max() > 0.01


def test_an_effect_on_some_frames_rings_on_over_those_that_follow(studio: Studio) -> None:
    name = studio.recorded("n.wav", noise())
    samples = studio.samples(
        timeline(heard(clip("a", name, 0, 30, effects=[ECHO | {"start": 5, "end": 10}])), duration=40)
    )
    wanted = np.zeros((40 * FRAME, 2))
    wanted[: 30 * FRAME] = noise().T[: 30 * FRAME]
    wanted[15 * FRAME : 20 * FRAME] += 0.5 * noise().T[5 * FRAME : 10 * FRAME]
    assert np.abs(samples - wanted).max() < 1e-5


def test_a_track_s_effect_works_on_the_whole_track_before_its_volume(studio: Studio) -> None:
    name = studio.recorded("dc.wav", level(0.25))
    effects = [ECHO, {"kind": "audio-pan", "parameters": {"pan": 1}, "start": 2, "end": 4}]
    row = heard(clip("a", name, 0, 5), clip("b", name, 20, 25), volume=0.5, effects=effects)
    film = timeline(row, heard(clip("c", name, 30, 35)), duration=40)
    samples = studio.samples(film)[FRAME // 2 :: FRAME]
    first, echo, other = [0.125] * 5, [0.0625] * 5, [0.25] * 5
    right = [*first, *[0] * 5, *echo, *[0] * 5, *first, *[0] * 5, *np.add(echo, other), *[0] * 5]
    left = [*right]
    left[2:4] = [0, 0]
    assert np.abs(samples - np.array([left, right]).T).max() < 1e-5
    assert np.array_equal(studio.samples(film, 12, 33), studio.samples(film)[12 * FRAME : 33 * FRAME])


def test_a_track_falls_by_the_wanted_dB_while_the_named_one_sounds(studio: Studio) -> None:  # noqa: N802
    bed, hiss = studio.recorded("dc.wav", level(0.25)), studio.recorded("n.wav", noise())
    for amount, volume in ((6, 1), (18, 0.05)):
        voice = heard(clip("v", hiss, 20, 40, volume=volume), id="voice", name="Narrator")
        for name in ("voice", "Narrator"):
            under = heard(clip("m", bed, 0, 80), effects=[duck(name, amount)])
            samples = studio.samples(timeline(under, voice, duration=80))
            samples[20 * FRAME : 40 * FRAME] -= volume * noise().T[: 20 * FRAME]
            down = 20 * np.log10(samples[23 * FRAME : 40 * FRAME] / 0.25)
            assert np.abs(down + amount).max() < 0.1
            assert np.abs(samples[: 19 * FRAME] - 0.25).max() < 1e-4
            assert np.abs(samples[60 * FRAME :] - 0.25).max() < 1e-4
    assert np.abs(samples[22 * FRAME :, 0][: FRAME // 4] - 0.25 * 10 ** (-18 / 20)).max() < 1e-3


def test_a_clip_makes_way_too_and_for_nobody_where_the_named_track_is_off(studio: Studio) -> None:
    bed, hiss = studio.recorded("dc.wav", level(0.25)), studio.recorded("n.wav", noise())
    for enabled, wanted in ((True, 0.25 / 10**0.5), (False, 0.25)):
        voice = heard(clip("v", hiss, 0, 30, volume=0.1), id="voice", enabled=enabled)
        under = heard(clip("m", bed, 10, 20, effects=[duck("voice", 10)]), clip("n", bed, 20, 30))
        samples = studio.samples(timeline(under, voice, duration=30))
        if enabled:
            samples[: 30 * FRAME] -= np.float32(0.1) * noise().T[: 30 * FRAME]
        assert np.abs(samples[14 * FRAME : 20 * FRAME] - wanted).max() < 1e-3
        assert np.abs(samples[20 * FRAME :] - 0.25).max() < 1e-4


def test_tracks_make_way_for_tracks_that_make_way(studio: Studio) -> None:
    bed, hiss = studio.recorded("dc.wav", level(0.25)), studio.recorded("n.wav", noise())
    voice = heard(clip("v", hiss, 0, 40, volume=0), clip("w", hiss, 40, 60), id="voice")
    middle = heard(clip("m", hiss, 0, 60), id="middle", volume=0.5, effects=[duck("voice", 40, threshold=-30)])
    under = heard(clip("u", bed, 0, 60), effects=[duck("middle", 10, threshold=-30)])
    film = timeline(voice, middle, under, duration=60)
    alone = studio.samples(timeline(voice, middle, duration=60))
    down = 20 * np.log10(np.clip((studio.samples(film) - alone) / 0.25, 1e-6, None))
    assert np.abs(down[10 * FRAME : 39 * FRAME] + 10).max() < 0.1
    assert np.abs(down[55 * FRAME :]).max() < 0.1  # the middle one is too quiet now


def test_clips_cross_over_at_equal_power_about_their_cut(studio: Studio) -> None:
    loud, none = studio.recorded("dc.wav", level(0.25)), studio.recorded("none.wav", level(0))
    cross = {"kind": "audio-crossfade", "parameters": {"duration": "0.4"}}
    done = np.arange(10 * FRAME) / (10 * FRAME) * np.pi / 2
    for on_track in (False, True):
        for names, curve in (((loud, none), np.cos(done)), ((none, loud), np.sin(done))):
            first = clip("a", names[0], 0, 20, effects=[] if on_track else [cross])
            row = heard(first, clip("b", names[1], 20, 40, source_start=1), effects=[cross] if on_track else [])
            samples = studio.samples(timeline(row, duration=40))[:, 0]
            assert np.abs(samples[15 * FRAME : 25 * FRAME] - 0.25 * curve).max() < 1e-6
            assert {samples[15 * FRAME - 1], samples[25 * FRAME]} == {np.float32(0.25), np.float32(0)}


def test_a_crossing_is_as_long_as_the_sources_have_to_spare(studio: Studio) -> None:
    name = studio.recorded("dc.wav", level(0.25))
    cross = {"kind": "audio-crossfade", "parameters": {"duration": 1}}
    for source_start, seconds in ((0, 0.5), ("0.2", 0.7), (2, None)):
        row = heard(clip("a", name, 0, 40, effects=[cross]), clip("b", name, 40, 80, source_start=source_start))
        found = [(each.code, each.message) for each in studio.check(timeline(row, duration=80)).warnings]
        wanted = (
            []
            if seconds is None
            else [("CHECK-920", f'the sounds of "a" and "b" cross over {seconds} s, not over 1.0 s')]
        )
        assert found == wanted


def test_tempo_uses_up_more_of_the_source_and_keeps_the_pitch(studio: Studio) -> None:
    at = np.arange(8 * RATE) / RATE
    bursts = stereo(0.5 * np.exp(-(((at % 0.5 - 0.25) / 0.02) ** 2)) * np.sin(2 * np.pi * 700 * at))
    name = studio.recorded("bursts.wav", bursts)
    for factor in ("0.5", "0.8", "1.25", "2"):
        fast = {"kind": "audio-tempo", "parameters": {"factor": factor}}
        on_clip = studio.samples(timeline(heard(clip("a", name, 0, 75, effects=[fast])), duration=75))
        on_track = studio.samples(timeline(heard(clip("a", name, 0, 75), effects=[fast]), duration=75))
        assert np.array_equal(on_clip, on_track)
        samples = on_clip[:, 0].astype(float)
        places = np.arange(0.25, 3 * float(factor) - 0.1, 0.5) / float(factor)
        for place in places[places < 2.8]:
            near = np.arange(round((place - 0.1 / float(factor)) * RATE), round((place + 0.1 / float(factor)) * RATE))
            energy = samples[near] ** 2
            assert abs((energy * near).sum() / energy.sum() / RATE - place) < 0.006, (factor, place)
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        assert abs(spectrum.argmax() / 3 - 700) < 8
    late = clip("b", name, 0, 75, source_start=4, effects=[{"kind": "audio-tempo", "parameters": {"factor": 2}}])
    assert [each.code for each in studio.check(timeline(heard(late), duration=75)).warnings] == ["CHECK-921"]


def test_a_normalised_clip_or_track_has_its_loudness(studio: Studio, tmp_path: Path) -> None:
    name = studio.recorded("speech.wav", speech())
    for target, peak in ((-16, -1), (-20, -9)):  # the second needs the limiter, and corrections
        effects = [{"kind": "audio-normalize", "parameters": {"target": target, "peak": peak}}]
        for on_track in (False, True):
            row = heard(
                clip("a", name, 10, 140, effects=[] if on_track else effects), effects=effects if on_track else []
            )
            film = timeline(row, duration=150)
            samples = studio.samples(film)
            samples.tofile(tmp_path / "n.f32")
            found = loudness(studio, tmp_path / "n.f32", "-f", "f32le", "-ar", "48000", "-ac", "2")
            assert abs(found[0] - target) <= 0.2
            assert found[1] <= peak + 0.05
            assert np.abs(samples[: 9 * FRAME]).max() < 1e-6
    assert np.array_equal(studio.samples(film, 20, 30), samples[20 * FRAME : 30 * FRAME])


def test_normalised_silence_stays_silent(studio: Studio) -> None:
    none = studio.recorded("none.wav", level(0))
    effects = [{"kind": "audio-normalize"}]
    assert not studio.samples(
        timeline(heard(clip("a", none, 0, 20, effects=effects), effects=effects), duration=25)
    ).any()


@pytest.mark.parametrize("what", ["speech", "music", "silence"])
def test_the_film_has_the_loudness_that_its_export_names(studio: Studio, what: str) -> None:
    samples = {"speech": speech, "music": music, "silence": lambda: level(0, 6)}[what]()
    name = studio.recorded(f"{what}.wav", samples)
    for target, peak in ((-23, -1), (-14, -3)):
        sound = {"loudness": {"target": target, "peak": peak}}
        work = studio.plan(timeline(heard(clip("a", name, 0, 140)), duration=150, export={"sound": sound})).sound
        found = loudness(studio, studio.rendered(work))
        if what == "silence":
            assert found == (-70.0, -np.inf)
        else:
            assert abs(found[0] - target) <= 0.3
            assert found[1] <= peak + 0.05


def test_a_loudness_that_leaves_no_room_for_peaks_is_refused(studio: Studio) -> None:
    name = studio.recorded("speech.wav", speech())
    sound = {"loudness": {"target": -6, "peak": -12}}
    with pytest.raises(KinofarmError) as caught:
        studio.rendered(
            studio.plan(timeline(heard(clip("a", name, 0, 100)), duration=100, export={"sound": sound})).sound
        )
    assert caught.value.code == "VERIFY-020"


def test_the_key_of_a_sound_hangs_on_its_loudness_and_on_nothing_measured(studio: Studio) -> None:
    name = studio.recorded("n.wav", noise())

    def key(**sound: Any) -> str:
        return studio.plan(timeline(heard(clip("a", name, 0, 20)), duration=20, export={"sound": sound})).sound.key

    assert key(loudness={"target": -20}) == key(loudness={"target": -20, "peak": -1})
    assert len({key(), key(loudness={}), key(loudness={"target": -20}), key(loudness={"target": -20, "peak": -2})}) == 4


def test_a_film_without_such_effects_is_one_graph(studio: Studio) -> None:
    name = studio.recorded("n.wav", noise())
    mix = Mix(studio.check(timeline(heard(clip("a", name, 0, 20)), heard(clip("b", name, 0, 20)), duration=20)))
    mix.film(0, 20 * FRAME)
    assert mix.steps == []


def test_many_clips_with_track_effects_are_mixed_in_stages_to_the_same_samples(studio: Studio) -> None:
    hiss, bed = studio.recorded("n.wav", noise(peak=0.2)), studio.recorded("dc.wav", level(0.25))
    both = {"duration": 96, "sample_rate": 8000}
    under = heard(clip("u", bed, 0, 96), effects=[duck("voice", 10)])
    many = [clip(f"c{n}", hiss, 5 + n, 6 + n, source_start=f"{n * 0.04:.2f}") for n in range(85)]
    cut = timeline(heard(*many, id="voice"), under, **both)
    whole = timeline(heard(clip("c", hiss, 5, 90), id="voice"), under, **both)
    assert len(studio.plan(cut).sound.stages) > len(studio.plan(whole).sound.stages) == 1
    assert np.abs(studio.samples(cut) - studio.samples(whole)).max() < 1e-3
