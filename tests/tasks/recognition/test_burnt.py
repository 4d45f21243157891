"""Boxes over a film: they are drawn where things are, when they are there, and say what they are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.compiler.model import Size, Timeline
from tasks.compiler.overlaid import overlaid
from tasks.recognition import burnt
from tasks.recognition.burnt import boxes
from tasks.recognition.findings import Box, Finding, PathPoint
from tasks.subtitles.ass import overlay_script
from tests.tasks.compiler.films import FAST, Studio, clip, timeline, track

RATE = Fraction(25)
PICTURE = Fraction(1280), Fraction(720)
SIZE = Size(width=640, height=360)
RED, ORANGE = (255, 77, 77), (255, 163, 26)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("burnt"))


def finding(name: str, points: Sequence[tuple[int, Box]], track: int = 1, best: float = 0.87) -> Finding:
    """A thing that moves straight from point to point (frame, box)."""
    path = tuple(PathPoint(frame=frame, seconds=frame / RATE, box=box) for frame, box in points)
    first, last = path[0], path[-1]
    return Finding(
        name=name, track=track, first=first.frame, last=last.frame, begin=first.seconds, end=last.seconds + 1 / RATE,
        seen=len(path), best=best, mean=best, best_frame=first.frame, best_seconds=first.seconds, best_box=first.box,
        path=path,
    )  # fmt: skip


MOVES = finding("cat", [(10, (200.0, 200.0, 400.0, 400.0)), (40, (800.0, 200.0, 1100.0, 560.0))])
STANDS = finding("dog {\\b1}", [(0, (900.0, 0.0, 1000.0, 120.0)), (59, (900.0, 0.0, 1000.0, 120.0))], track=2)


def film(studio: Studio, found: Sequence[Finding], frames: int = 60) -> Timeline:
    source = studio.source("grey.png", lambda path: Image.new("RGB", (640, 360), (60, 60, 60)).save(path))
    bare = timeline(
        track(clip("a", source, 0, frames)), duration=frames, export=FAST, size={"width": 640, "height": 360}
    )
    return overlaid(bare, boxes(found, picture=PICTURE, size=SIZE, rate=RATE, frames=frames), "boxes")


def like(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.abs(picture.astype(int) - colour).max(2) < 70


def test_boxes_are_drawn_where_things_are_and_nowhere_else(house: Studio) -> None:
    shown = [house.to_rgb(planes) for planes in house.pictures(film(house, [MOVES, STANDS]))]
    for frame in (10, 11, 25, 39, 40):
        share = (frame - 10) / 30
        left, top, right, bottom = (
            (1 - share) * a + share * b for a, b in ((100, 400), (100, 100), (200, 550), (200, 280))
        )
        drawn = np.abs(shown[frame].astype(int) - 60).max(2) > 40  # a thin line is pale where chroma is halved
        line = np.argwhere(drawn[int(top) :])  # the words stand above
        assert (line[:, 0].min() + int(top), line[:, 1].min()) == pytest.approx((top, left), abs=1.6), frame
        assert (line[:, 0].max() + int(top), line[:, 1].max()) == pytest.approx((bottom - 1, right - 1), abs=1.6), frame
        inner = shown[frame][round(top) + 4 : round(bottom) - 4, round(left) + 4 : round(right) - 4]
        assert np.abs(inner.astype(int) - 60).max() < 12, frame
    for frame in (0, 9, 41, 59):
        assert np.abs(shown[frame][70:].astype(int) - 60).max() < 12, frame
        orange = np.argwhere(like(shown[frame], ORANGE))
        assert tuple(orange.min(0)) == pytest.approx((0, 450), abs=1.6)
        assert orange[:, 0].max() == pytest.approx(59, abs=1.6)


def test_words_stand_over_a_box_and_in_it_at_the_upper_edge(house: Studio) -> None:
    shown = house.to_rgb(house.pictures(film(house, [MOVES, STANDS]))[10])
    ground = like(shown[88:100, 100:], RED)
    assert ground[1:-1, :40].mean() > 0.5
    assert (shown[90:98, 100:160].max(2) < 90).sum() > 20  # dark letters on it
    assert like(shown[0:11, 452:500], ORANGE).mean() > 0.5
    assert not like(shown[0:11, :440], ORANGE).any()


def test_words_are_written_as_they_are_whatever_they_hold(house: Studio) -> None:
    titles = boxes([STANDS], picture=PICTURE, size=SIZE, rate=RATE, frames=60)
    script = overlay_script(titles, (), 0, 60, SIZE, RATE, house.fonts)
    assert script is not None
    assert "{\\b1}" not in script.text
    (words,) = [element.text for title in titles for element in title.source.elements if element.kind == "text"]
    assert words == "dog {\\b1} 0.87"


def test_a_box_that_stands_is_one_element_for_each_piece_and_one_that_moves_one_for_each_place() -> None:
    stands = finding("dog", [(0, (0.0, 0.0, 50.0, 50.0)), (599, (0.0, 0.0, 50.0, 50.0))])
    titles = boxes([stands], picture=PICTURE, size=SIZE, rate=RATE, frames=600)
    assert [(one.start, one.end, len(one.source.elements)) for one in titles] == [
        (0, 250, 2), (250, 500, 2), (500, 600, 2),
    ]  # fmt: skip
    (title,) = boxes([MOVES], picture=PICTURE, size=SIZE, rate=RATE, frames=60)
    assert len(title.source.elements) == 2 * 31
    assert boxes([], picture=PICTURE, size=SIZE, rate=RATE, frames=60) == ()
    later = boxes([MOVES], picture=PICTURE, size=SIZE, rate=RATE, frames=60, start=Fraction(41, 25))
    assert later == ()


def test_too_many_places_are_drawn_in_coarser_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(burnt, "MOST", 10)
    (title,) = boxes([MOVES], picture=PICTURE, size=SIZE, rate=RATE, frames=60)
    shapes = [element for element in title.source.elements if element.kind == "shape"]
    assert 3 <= len(shapes) <= 10
    assert all(one.end == two.start for one, two in pairwise(shapes))
    assert (shapes[0].start, shapes[-1].end) == (10, 41)


def test_a_film_without_findings_stays_as_it_is_and_names_that_are_taken_are_left_alone(tmp_path: Path) -> None:
    bare = timeline(track(clip("boxes:1", "a.png", 0, 60)), duration=60)
    assert overlaid(bare, (), "boxes") == bare
    titles = boxes([MOVES], picture=PICTURE, size=SIZE, rate=RATE, frames=60)
    made = overlaid(bare, titles, "boxes").tracks[-1]
    assert (made.id, made.clips[0].id) == ("boxes-2", "boxes-2:1")
