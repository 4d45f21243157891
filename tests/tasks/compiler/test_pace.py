"""Pace, by the frames that come out: backwards, standing still, and along a ramp."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from infra.errors import KinofarmError
from tasks.compiler.pace import source_time
from tests.tasks.compiler.films import NTSC, Studio, clip, join, near, timeline, track


def ramp(*pairs: tuple[int, float]) -> dict[str, Any]:
    return {"keyframes": {"speed": [{"frame": frame, "value": value} for frame, value in pairs]}}


@pytest.fixture
def source(studio: Studio) -> str:
    return studio.counted("paced.mp4", 150)


def test_backwards_shows_the_same_frames_in_the_opposite_order(studio: Studio, source: str) -> None:
    film = timeline(track(clip("a", source, 0, 80, source_start=1, reverse=True)), duration=80)
    assert near(studio.numbers(film), [104 - n for n in range(80)])


def test_backwards_at_twice_the_speed_skips_the_same_frames(studio: Studio, source: str) -> None:
    forwards = timeline(track(clip("a", source, 0, 40, source_start="1/5", speed=2)), duration=40)
    backwards = timeline(track(clip("a", source, 0, 40, source_start="1/5", speed=2, reverse=True)), duration=40)
    assert near(studio.numbers(backwards), studio.numbers(forwards)[::-1])


def test_backwards_is_the_same_wherever_the_film_is_cut(studio: Studio, source: str) -> None:
    film = timeline(track(clip("a", source, 0, 80, source_start=1, reverse=True)), duration=80)
    pieces = [number for a, b in ((0, 13), (13, 60), (60, 80)) for number in studio.numbers(film, start=a, end=b)]
    assert near(pieces, [104 - n for n in range(80)])


def test_a_dissolve_out_of_a_clip_that_runs_backwards_takes_the_frames_before_its_range(
    studio: Studio, source: str
) -> None:
    clips = (clip("a", source, 0, 20, source_start=1, reverse=True), clip("b", source, 20, 40, source_start=3))
    film = timeline(track(*clips, joins=[join("a", "b", 16, 24)]), duration=40)
    numbers = studio.numbers(film)
    assert near(numbers[:16], [44 - n for n in range(16)])
    assert near(numbers[24:], [79 + n for n in range(16)])
    early = timeline(
        track(clip("a", source, 0, 20, reverse=True), clips[1], joins=[join("a", "b", 16, 24)]), duration=40
    )
    with pytest.raises(KinofarmError) as caught:
        studio.check(early)
    assert caught.value.code == "CHECK-019"


def test_a_frozen_clip_shows_one_frame_and_is_silent(studio: Studio) -> None:
    tone = np.full((2, 48_000), 0.5, np.float32)
    source = studio.counted("paced-frozen.mp4", 25, sound=tone)
    film = timeline(track(clip("a", source, 0, 60, source_start="2/5", freeze=True)), duration=60)
    assert near(studio.numbers(film), [10] * 60)
    assert np.abs(studio.samples(film)).max() == 0
    last = timeline(track(clip("a", source, 0, 5, source_start="24/25", freeze=True)), duration=5)
    assert near(studio.numbers(last), [24] * 5)


def test_a_ramp_takes_the_source_on_by_each_frames_own_speed(studio: Studio, source: str) -> None:
    film = timeline(
        track(clip("a", source, 0, 60, source_start="1/5", **ramp((0, 0.5), (40, 2), (50, 2)))), duration=60
    )
    one = film.tracks[0].clips[0]
    wanted = [int(source_time(one, n, film.rate) * 25 + Fraction(1, 1000)) for n in range(60)]
    assert wanted[-1] > 70
    assert near(studio.numbers(film), wanted)
    pieces = [number for a, b in ((0, 7), (7, 41), (41, 60)) for number in studio.numbers(film, start=a, end=b)]
    assert near(pieces, wanted)


def test_a_ramp_at_another_rate_than_the_source_floors_too(studio: Studio, source: str) -> None:
    film = timeline(track(clip("a", source, 0, 50, **ramp((0, 1), (49, 1.5)))), duration=50, rate=NTSC)
    one = film.tracks[0].clips[0]
    wanted = [int(source_time(one, n, film.rate) * 25 + Fraction(1, 1000)) for n in range(50)]
    assert near(studio.numbers(film), wanted)


def test_a_constant_ramp_is_the_speed_itself(studio: Studio, source: str) -> None:
    straight = timeline(track(clip("a", source, 0, 40, speed="3/2")), duration=40)
    same = timeline(track(clip("a", source, 0, 40, **ramp((0, 1.5)))), duration=40)
    assert near(studio.numbers(same), studio.numbers(straight), within=0)


def test_a_ramp_past_the_end_of_its_source_is_refused(studio: Studio, source: str) -> None:
    film = timeline(track(clip("a", source, 0, 100, **ramp((0, 1), (99, 3)))), duration=100)
    with pytest.raises(KinofarmError) as caught:
        studio.check(film)
    assert caught.value.code == "CHECK-007"


def tone(pitch: float, seconds: float, level: float = 0.4) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * pitch * np.arange(int(seconds * 48_000)) / 48_000)
    return np.stack([wave, wave]).astype(np.float32)


def pitch_of(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * 48_000 / len(samples))


def level_of(samples: np.ndarray) -> float:
    return float(np.sqrt(2 * np.mean(samples.astype(float) ** 2)))


def test_the_sound_of_a_clip_that_runs_backwards_runs_backwards_too(studio: Studio) -> None:
    click = np.zeros((2, 96_000), np.float32)
    click[:, 10_000] = 0.9
    source = studio.recorded("paced-click.wav", click)
    film = timeline(track(clip("a", source, 0, 25, source_start="1/10", reverse=True), kind="audio"), duration=25)
    heard = studio.samples(film)[:, 0]
    assert abs(int(np.argmax(np.abs(heard))) - (48_000 - 1 - (10_000 - 4_800))) <= 1


def test_along_a_ramp_the_pitch_stays_and_without_that_it_follows_the_speed(studio: Studio) -> None:
    source = studio.recorded("paced-tone.wav", tone(500, 8))
    keys = {"keyframes": {"speed": [{"frame": 0, "value": 1, "easing": "hold"}, {"frame": 50, "value": 2}]}}
    for keep, wanted in ((True, 500), (False, 1000)):
        film = timeline(track(clip("a", source, 0, 100, keep_pitch=keep, **keys), kind="audio"), duration=100)
        heard = studio.samples(film)[:, 0]
        assert len(heard) == 192_000
        assert pitch_of(heard[24_000:72_000]) == pytest.approx(500, abs=4)
        assert pitch_of(heard[120_000:168_000]) == pytest.approx(wanted, rel=0.02)


def test_the_volume_follows_its_keyframes(studio: Studio) -> None:
    source = studio.recorded("paced-tone.wav", tone(500, 8))
    keys = [{"frame": 0, "value": 0}, {"frame": 50, "value": 1}, {"frame": 75, "value": 0.5, "easing": "hold"}]
    film = timeline(track(clip("a", source, 0, 100, keyframes={"volume": keys}), kind="audio"), duration=100)
    heard = studio.samples(film)[:, 0]
    for seconds, wanted in ((0.5, 0.25), (1, 0.5), (2, 1), (2.5, 0.75), (3.5, 0.5)):
        middle = int(seconds * 48_000)
        assert level_of(heard[middle - 960 : middle + 960]) / 0.4 == pytest.approx(wanted, abs=0.03), seconds
