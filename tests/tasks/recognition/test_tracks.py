"""Tracks: one number for one thing, through gaps and crossings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction

import lap
import numpy as np
import pytest

from infra.errors import KinofarmError
from tasks.recognition import tracks
from tasks.recognition.found import Detection, FoundFrame
from tasks.recognition.tracks import Tracker, TrackOptions, tracked

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


GREEDY = TrackOptions(patience=1_000, near=0, near_unsure=0, sure=0, enlarge=2)
"""Whatever is asked for: every box begins a track, which waits as long as it may for any other."""


@pytest.mark.parametrize("spread", [3_000, 60])
def test_noise_is_followed_in_a_time_that_ends(spread: int) -> None:
    random = np.random.default_rng(6)
    tracker = Tracker(GREEDY)
    for _ in range(25):
        things = [(0, *random.uniform(0, spread, 2), float(random.random())) for _ in range(300)]
        (frame,) = film([things])
        begun = time.monotonic()
        given = tracker.step(frame.found)
        assert time.monotonic() - begun < 5
        assert len(set(given)) == 300
        assert sum(len(waiting) for waiting in tracker._tracks.values()) <= tracks.MOST_TRACKS


def test_of_too_many_tracks_those_missing_longest_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks, "MOST_TRACKS", 2)
    here, there, elsewhere = (0, 50.0, 50.0, 0.9), (0, 300.0, 50.0, 0.9), (1, 600.0, 50.0, 0.9)
    assert numbers([[here], [there], [elsewhere], [there], [here]]) == [[1], [2], [3], [2], [4]]


@pytest.mark.parametrize("most", [400, 1])
def test_boxes_and_tracks_are_paired_as_the_assignment_of_all_would_pair_them(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(tracks, "MOST_RIVALS", most)
    random = np.random.default_rng(6)
    for _ in range(300):
        shape = random.integers(1, 12, 2)
        cost, possible = random.random(shape), random.random(shape) < random.uniform(0, 0.6)
        pairs = tracks._pairs(cost, possible)
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
        assert all(possible[pair] for pair in pairs)
        _, which, _ = lap.lapjv(np.where(possible, cost, 10.0), extend_cost=True, cost_limit=2.0)
        if most > 1:
            assert pairs == [(row, int(column)) for row, column in enumerate(which) if column >= 0]
        else:  # the nearest first: no two that are both free are left
            rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
            assert all(row in rows or column in columns for row, column in np.argwhere(possible).tolist())


def test_tracking_ends_when_it_shall() -> None:
    answers = iter([False, False, True])
    found = tracked(film([[(0, 50, 50, 0.9)]] * 5), should_stop=lambda: next(answers))
    assert len([next(found), next(found)]) == 2
    with pytest.raises(KinofarmError, match="FFMPEG-001"):
        next(found)
