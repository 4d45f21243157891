"""Conform: which frame of a source stands at which frame of the film, and in which colours."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tasks.compiler.films import NTSC, PAL, SHADES, Studio, clip, near, timeline, track

FILM = Fraction(24000, 1001)
MS = Fraction(1, 1000)


def shown(times: list[Fraction], tick: Fraction, begin: Fraction, rate: Fraction, speed: Fraction, n: int) -> list[int]:
    """The floor rule: the last frame whose timestamp, up to half a tick early, has been reached."""
    found = []
    for number in range(n):
        moment = begin + number / rate * speed
        reached = [i for i, time in enumerate(times) if time <= moment + tick / 2]
        found.append((reached[-1] if reached else 0) % SHADES)
    return found


SOURCES = {
    "25.mp4": (PAL, Fraction(1, 12800)),
    "2997.mp4": (NTSC, Fraction(1, 30000)),
    "23976.mkv": (FILM, MS),
    "50.mkv": (Fraction(50), MS),
    "25.ts": (PAL, Fraction(1, 90000)),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("rate", [PAL, NTSC, Fraction(60)])
def test_each_frame_is_the_last_one_that_the_source_has_reached(studio: Studio, source: str, rate: Fraction) -> None:
    own, tick = SOURCES[source]
    name = studio.counted(f"rate-{source}", 130, own)
    times = [Fraction(i) / own for i in range(130)]
    if tick == MS:
        times = [Fraction(round(time * 1000), 1000) for time in times]
    cases = [(Fraction(0), Fraction(1)), (Fraction("0.04"), Fraction(1)), (Fraction("1.001"), Fraction("0.5")),
             (Fraction("0.777"), Fraction(2)), (Fraction(1, 3), Fraction("0.25"))]  # fmt: skip
    clips, wanted = [], []
    for number, (begin, speed) in enumerate(cases):
        at = number * 20
        clips.append(clip(f"c{number}", name, at, at + 20, source_start=begin, speed=speed))
        wanted += shown(times, tick, begin, rate, speed, 20)
    assert near(studio.numbers(timeline(track(*clips), duration=100, rate=rate)), wanted)


def test_a_variable_rate_shows_each_frame_until_the_next(studio: Studio) -> None:
    steps = [40, 7, 250, 33, 1, 120, 40, 40, 500, 17] * 4
    times = [Fraction(ms, 1000) for ms in accumulate(steps, initial=0)]
    for suffix in ("mp4", "mkv"):
        name = studio.counted(f"vfr.{suffix}", len(times), times=times)
        clips = [
            clip(f"c{i}", name, i * 25, i * 25 + 25, source_start=begin) for i, begin in enumerate((0, "0.3", "2.471"))
        ]
        wanted = [n for c in clips for n in shown(times, MS, Fraction(c["source_start"]), PAL, Fraction(1), 25)]
        assert near(studio.numbers(timeline(track(*clips), duration=75)), wanted)


def test_a_seek_into_a_long_gop_lands_on_the_right_frame(studio: Studio) -> None:
    for suffix in ("ts", "mp4", "mkv", "flv"):
        name = studio.counted(f"gop.{suffix}", 200, options={"g": "90", "bf": "3", "preset": "veryfast", "qp": "1"})
        starts = (Fraction("0.4"), Fraction("3.56"), Fraction("3.6"), Fraction("5.2"), Fraction("7.24"))
        clips = [clip(f"c{i}", name, i * 15, i * 15 + 15, source_start=begin) for i, begin in enumerate(starts)]
        wanted = [round(begin * 25) + n for begin in starts for n in range(15)]
        assert near(studio.numbers(timeline(track(*clips), duration=75)), wanted), suffix


def test_a_source_whose_clock_does_not_start_at_zero_is_read_from_its_start(studio: Studio) -> None:
    for suffix in ("ts", "mkv"):
        times = [Fraction(37) + Fraction(n, 25) for n in range(60)]
        name = studio.counted(f"late.{suffix}", 60, times=times)
        one, two = clip("a", name, 0, 10), clip("b", name, 10, 20, source_start="1.2")
        assert near(studio.numbers(timeline(track(one, two), duration=20)), [*range(10), *range(30, 40)]), suffix


def test_the_last_frame_is_held_where_the_clip_outlasts_its_picture(studio: Studio) -> None:
    for suffix in ("mp4", "mkv"):
        name = studio.counted(f"short.{suffix}", 10)
        film = timeline(track(clip("a", name, 0, 11)), duration=12)
        assert near(studio.numbers(film), [*range(10), 9, 0])


def test_a_film_of_one_frame_from_a_source_of_one_frame(studio: Studio) -> None:
    for suffix in ("mp4", "mkv", "ts"):
        name = studio.counted(f"one.{suffix}", 1)
        for speed in (1, "0.5"):
            film = timeline(track(clip("a", name, 0, 1, speed=speed)), duration=1)
            assert near(studio.numbers(film), [0]), (suffix, speed)


def test_past_the_end_of_its_pictures_a_source_shows_the_last_one(studio: Studio) -> None:
    silence = np.zeros((2, 144_000), np.float32)
    for suffix in ("mp4", "mkv", "ts"):
        name = studio.counted(f"outlasted.{suffix}", 25, sound=silence)
        for begin in ("1", "2"):
            film = timeline(track(clip("a", name, 0, 5, source_start=begin)), duration=5)
            assert near(studio.numbers(film), [24] * 5), (suffix, begin)


def test_a_frame_just_half_a_tick_late_is_the_same_in_every_chunk(studio: Studio) -> None:
    def save(path: Path) -> None:  # a GIF counts in hundredths: 0.63 s is half a tick past frame 15 of 24
        first, second = (Image.new("L", (64, 64), level) for level in (60, 180))
        first.save(path, save_all=True, append_images=[second], duration=[630, 1000])

    film = timeline(track(clip("a", studio.source("tie.gif", save), 0, 30)), duration=30, rate=Fraction(24))
    whole = studio.numbers(film)
    assert whole[14] < 100 < whole[15]
    for start in (1, 7, 11, 13, 15):
        assert near(studio.numbers(film, start=start, end=30), whole[start:])
