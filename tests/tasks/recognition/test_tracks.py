"""Tracks: one number for one thing, through gaps and crossings."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from tasks.recognition.found import Detection, FoundFrame
from tasks.recognition.tracks import TrackOptions, tracked

Thing = tuple[int, float, float, float]
"""Class, centre and score; each is 40 x 40 pixels."""


def film(frames: Sequence[Sequence[Thing]]) -> list[FoundFrame]:
    """Frames in which these things were found."""
    return [
        FoundFrame(
            number=number,
            seconds=Fraction(number, 25),
            found=tuple(
                Detection(kind=kind, score=score, box=(x - 20, y - 20, x + 20, y + 20)) for kind, x, y, score in things
            ),
        )
        for number, things in enumerate(frames)
    ]


def numbers(frames: Sequence[Sequence[Thing]], options: TrackOptions | None = None) -> list[list[int | None]]:
    """The tracks' numbers, frame by frame."""
    return [[one.track for one in frame.found] for frame in tracked(film(frames), options)]


def test_a_thing_that_moves_keeps_its_number() -> None:
    assert numbers([[(0, 50 + 6 * t, 50, 0.9)] for t in range(40)]) == [[1]] * 40


def test_two_things_that_cross_keep_their_numbers() -> None:
    frames = [[(0, 50 + 6 * t, 100 + 2 * t, 0.9), (0, 290 - 6 * t, 100 + 2.5 * t, 0.9)] for t in range(40)]
    assert numbers(frames) == [[1, 2]] * 40


def test_the_order_of_boxes_in_a_frame_is_of_no_account() -> None:
    frames = [[(0, 50 + 6 * t, 100, 0.9), (0, 290 - 6 * t, 160, 0.8)] for t in range(30)]
    turned = [things[::-1] if number % 2 else things for number, things in enumerate(frames)]
    assert numbers(turned) == [[2, 1] if number % 2 else [1, 2] for number in range(30)]


@pytest.mark.parametrize("gap", [1, 4, 8])
def test_a_thing_that_is_missed_for_some_frames_keeps_its_number(gap: int) -> None:
    frames = [[(0, 50 + 6 * t, 50, 0.9)] if not 15 <= t < 15 + gap else [] for t in range(40)]
    assert {one for found in numbers(frames) for one in found} == {1}


def test_a_thing_that_is_gone_for_longer_comes_back_as_another() -> None:
    frames = [[(0, 50, 50, 0.9)] if not 15 <= t < 24 else [] for t in range(40)]
    assert [found[0] for found in numbers(frames) if found] == [1] * 15 + [2] * 16


def test_a_thing_that_is_hardly_seen_is_followed_but_begins_nothing() -> None:
    frames = [[(0, 50 + 3 * t, 50, 0.9 if t < 10 else 0.2), (0, 300, 150, 0.2)] for t in range(20)]
    assert numbers(frames) == [[1, None]] * 20


def test_things_of_two_classes_never_share_a_number() -> None:
    assert numbers([[(t % 2, 50, 50, 0.9)] for t in range(10)]) == [[1 + t % 2] for t in range(10)]


def test_things_of_few_frames_a_second_are_followed() -> None:
    """A step of a whole width from frame to frame: once its speed is known, the boxes meet where they are expected."""
    frames = [[(0, 50 + 30 * t, 50, 0.9)] for t in range(20)]
    assert numbers(frames) == [[1]] * 20


def test_a_crowd_with_noise_and_gaps_is_told_apart_and_the_same_each_time() -> None:
    random = np.random.default_rng(6)
    speeds = random.uniform(-2, 2, (12, 2))
    places = np.array([(100 + 110 * (n % 4), 100 + 110 * (n // 4)) for n in range(12)], float)
    frames, truth = [], []
    for _ in range(100):
        places += speeds * 0.4 + random.normal(0, 0.8, places.shape)
        here = [n for n in range(12) if random.random() > 0.15]
        frames.append([(n % 3, *places[n], float(random.uniform(0.3, 1))) for n in here])
        truth.append(here)
    found = numbers(frames, TrackOptions(sure=0.4))
    pairs = {
        (n, number)
        for here, given in zip(truth, found, strict=True)
        for n, number in zip(here, given, strict=True)
        if number
    }
    assert len(pairs) == 12
    assert found == numbers(frames, TrackOptions(sure=0.4))
