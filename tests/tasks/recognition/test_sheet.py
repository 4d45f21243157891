"""A sheet of findings: each where it was surest, in its cell, with words under it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tasks.recognition.findings import Box, Finding, PathPoint
from tasks.recognition.sheet import CAPTION, MARGIN, SheetOptions, findings_sheet

SIZE = Fraction(640), Fraction(360)
GREEN, GREY = (20, 200, 60), (90, 90, 90)
FRAME = np.array((255, 196, 0))


def finding(number: int, box: Box, name: str = "dog", best: float = 0.9) -> Finding:
    """A finding that is surest `number` seconds into the film."""
    at = Fraction(number)
    point = PathPoint(frame=25 * number, seconds=at, box=box)
    return Finding(
        name=name, track=number, first=25 * number, last=25 * number, begin=at, end=at + 1, seen=1, best=best,
        mean=best, best_frame=25 * number, best_seconds=at, best_box=box, path=(point,),
    )  # fmt: skip


class Film:
    """Pictures of half the film's size; at second n a green box is seen where the n-th finding is."""

    def __init__(self, found: Sequence[Finding]) -> None:
        self.boxes = {one.best_seconds: one.best_box for one in found}
        self.asked: list[list[Fraction]] = []

    def __call__(self, times: Sequence[Fraction]) -> list[Image.Image]:
        assert list(times) == sorted(set(times))
        self.asked.append(list(times))
        return [self.picture(time) for time in times]

    def picture(self, time: Fraction) -> Image.Image:
        picture = Image.new("RGB", (320, 180), GREY)
        left, top, right, bottom = (side / 2 for side in self.boxes[time])
        ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), fill=GREEN)
        return picture


def cell(sheet: Image.Image, column: int, row: int, width: int, height: int) -> np.ndarray:
    left, top = MARGIN + column * (width + MARGIN), MARGIN + row * (height + CAPTION + MARGIN)
    return np.asarray(sheet.crop((left, top, left + width, top + height))).astype(int)


def test_each_cell_shows_what_is_in_the_box_and_a_margin_around_it() -> None:
    found = [finding(3, (40, 40, 140, 115)), finding(1, (500, 250, 640, 360)), finding(7, (0, 0, 640, 360))]
    sheet = findings_sheet(found, Film(found), SIZE, SheetOptions(columns=2, width=160))
    assert sheet is not None
    assert sheet.size == (2 * 172 + 12, 2 * (120 + CAPTION + MARGIN) + 12)
    green = [(np.abs(cell(sheet, *at, 160, 120) - GREEN).max(2) < 30) for at in ((0, 0), (1, 0), (0, 1))]
    assert green[0].mean() == pytest.approx(1 / 1.5**2, abs=0.06)  # at the picture's corner: the crop moves inwards
    assert green[0][-6:-2, -6:-2].all()
    assert green[1].mean() == pytest.approx(1 / 1.5**2, abs=0.03)  # in the open: the same on each side
    assert np.argwhere(green[1]).mean(0) == pytest.approx((59.5, 79.5), abs=2)
    assert green[2].mean() == pytest.approx((9 / 16) / (3 / 4), abs=0.03)  # the whole picture: bars above and below


def test_whole_pictures_have_the_box_drawn_in_them() -> None:
    found = [finding(2, (160, 90, 480, 270))]
    sheet = findings_sheet(found, Film(found), SIZE, SheetOptions(width=160, whole=True))
    assert sheet is not None
    seen = cell(sheet, 0, 0, 160, 90)
    framed = np.argwhere(np.abs(seen - FRAME).max(2) < 10)
    assert tuple(framed.min(0)) == pytest.approx((22, 40), abs=1)
    assert tuple(framed.max(0)) == pytest.approx((67, 120), abs=1)
    assert np.abs(seen[45, 80] - GREEN).max() < 5


def test_the_surest_are_kept_and_stand_in_the_order_of_sight_with_words_under_them() -> None:
    found = [finding(number, (100, 100, 200, 200), best=0.5 + number / 100) for number in range(40)]
    film = Film(found)
    sheet = findings_sheet(found, film, SIZE, SheetOptions(most=20, columns=10, width=80))
    assert sheet is not None
    assert sheet.size == (10 * 92 + 12, 2 * (60 + CAPTION + MARGIN) + 12)
    assert [time for group in film.asked for time in group] == list(range(20, 40))
    assert max(len(group) for group in film.asked) <= 16
    words = np.asarray(sheet)[MARGIN + 60 : MARGIN + 60 + CAPTION, MARGIN : MARGIN + 80]
    assert (words.max(2) > 200).sum() > 30


def test_a_long_name_stays_in_its_cell() -> None:
    found = [finding(1, (100, 100, 200, 200), name="w" * 5_000), finding(2, (100, 100, 200, 200), name="")]
    sheet = findings_sheet(found, Film(found), SIZE, SheetOptions(width=80))
    assert sheet is not None
    between = np.asarray(sheet)[:, MARGIN + 80 : MARGIN + 80 + MARGIN]
    assert (between == between[0, 0]).all()


def test_of_nothing_there_is_no_sheet() -> None:
    assert findings_sheet([], Film([]), SIZE) is None
