"""Exact to the frame and to the sample: every frame of a film with many cuts says which source frame it is.

The short film runs with every test; the long one is the acceptance's: 9,000 frames at 29.97 with 40 cuts.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.acceptance import films
from tests.acceptance.counter import RATE, counter, flashes, number
from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import media_clip, timeline, track, written


@dataclass(frozen=True)
class Cut:
    """A clip: film frames [start, end), and the source frame that the first one shows."""

    start: int
    end: int
    source: int


def _cuts(frames: int, cuts: int, source_frames: int) -> list[Cut]:
    chance = random.Random(1895)
    edges = [0, *sorted(chance.sample(range(20, frames - 20), cuts)), frames]
    return [Cut(start, end, chance.randrange(0, source_frames - (end - start))) for start, end in pairwise(edges)]


def _rendered(farm: Kinofarm, desk: Path, frames: int, cuts: list[Cut], source_frames: int) -> Path:
    source = counter(desk, source_frames)
    clips = [media_clip(source.name, cut.start, cut.end, str(cut.source / RATE)) for cut in cuts]
    project = timeline(frames, track("V", *clips), rate=str(RATE), size=(320, 180))
    document = farm.render(written(desk / "project.json", project), desk / "film.mp4", timeout=1500)
    assert document["frames"] == frames
    return Path(document["film"])


def _expect_exact(film: Path, frames: int, cuts: list[Cut]) -> None:
    shown, flash_frames = [], []
    for place, picture in enumerate(films.frames(film)):
        shown.append(number(picture))
        assert picture.pts * picture.time_base == place / RATE
        if flashes(picture):
            flash_frames.append(place)
    assert shown == [cut.source + place - cut.start for cut in cuts for place in range(cut.start, cut.end)]
    assert len(shown) == frames
    assert films.sound_length(film) == frames / RATE * 48_000
    offsets = _offsets(film, flash_frames, cuts)
    assert len(offsets) > frames / RATE / 3
    assert max(abs(offset) for offset in offsets) <= 1 / RATE
    assert abs(offsets[-1]) <= 1 / RATE


def _offsets(film: Path, flash_frames: list[int], cuts: list[Cut]) -> list[Fraction]:
    """Seconds from each flash to the beginning of its beep, where both lie well within a clip."""
    heard, rate, first = films.sound(film)
    assert first == 0
    loud = np.abs(heard[:, 0]) > 0.2
    offsets = []
    for place in flash_frames:
        cut = next(cut for cut in cuts if cut.start <= place < cut.end)
        if not cut.start + 4 <= place < cut.end - 4:
            continue
        begin = round(place / RATE * rate) - rate // 10
        onset = int(np.argmax(loud[begin : begin + rate // 5]))
        assert loud[begin + onset], f"no beep near frame {place}"
        offsets.append(Fraction(begin + onset, rate) - place / RATE)
    return offsets


def test_every_frame_of_a_film_with_cuts_is_the_right_one(farm: Kinofarm, desk: Path) -> None:
    cuts = _cuts(frames=480, cuts=9, source_frames=900)
    _expect_exact(_rendered(farm, desk, 480, cuts, 900), 480, cuts)


@pytest.mark.long
def test_nine_thousand_frames_with_forty_cuts_are_exact(farm: Kinofarm, desk: Path) -> None:
    cuts = _cuts(frames=9_000, cuts=40, source_frames=9_600)
    film = _rendered(farm, desk, 9_000, cuts, 9_600)
    _expect_exact(film, 9_000, cuts)
    assert films.sound_length(film) == 14_414_400
