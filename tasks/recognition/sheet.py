"""A sheet of findings: for each the picture in which it was surest, with its class, its score and its time under it.

Units: displayed pixels for boxes, pixels of the sheet for sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from font_roboto import Roboto
from PIL import Image, ImageDraw, ImageFont
from pydantic import Field

from infra.values import Value
from tasks.recognition.findings import Box, Finding

Pictures = Callable[[Sequence[Fraction]], Sequence[Image.Image]]
"""Gives a film's pictures at rising times, in seconds, of any size but in the film's proportions."""

MARGIN = 12
CAPTION = 44
"""Pixels around each picture, and under it for two lines."""

_LETTERS = 15
_GROUND, _CELL, _INK, _FAINT, _FRAME = (24, 24, 26), (12, 12, 13), (222, 222, 226), (150, 150, 156), (255, 196, 0)

_AT_ONCE = 16
"""Pictures that are asked for, and lie in memory, at once."""

_TALLEST = 2
"""A cell is at most this many times as high as it is wide."""


class SheetOptions(Value):
    """How a sheet looks."""

    most: int = Field(60, ge=1, le=200, description="Findings on the sheet; of more, the surest.")
    columns: int = Field(5, ge=1, le=20)
    width: int = Field(240, ge=80, le=400, description="Of each picture, in pixels.")
    whole: bool = Field(False, description="Whole pictures with a box drawn in them, instead of what is in the box.")
    around: float = Field(0.25, ge=0, le=2, description="Share of the box's size that is shown on each side of it.")


def findings_sheet(
    found: Sequence[Finding], pictures: Pictures, size: tuple[Fraction, Fraction], options: SheetOptions | None = None
) -> Image.Image | None:
    """Draw a sheet, in the order of first sight.

    Args:    size: of the film's picture as displayed, in whose pixels boxes are.
    Returns: None where nothing was found. At most 200 pictures of 400 x 800.
    Raises:  what `pictures` raises.
    """
    told = options or SheetOptions()
    surest = sorted(found, key=lambda one: (-one.best, one.begin, one.track))[: told.most]
    shown = sorted(surest, key=lambda one: (one.begin, one.track))
    if not shown:
        return None
    shape = size[1] / size[0] if told.whole else Fraction(3, 4)
    cell = told.width, max(1, min(_TALLEST * told.width, round(told.width * shape)))
    columns = min(told.columns, len(shown))
    pitch = cell[0] + MARGIN, cell[1] + CAPTION + MARGIN
    sheet = Image.new("RGB", (columns * pitch[0] + MARGIN, -(-len(shown) // columns) * pitch[1] + MARGIN), _GROUND)
    places = {id(one): number for number, one in enumerate(shown)}
    by_time = sorted(shown, key=lambda one: one.best_seconds)
    for first in range(0, len(by_time), _AT_ONCE):
        some = by_time[first : first + _AT_ONCE]
        times = sorted({one.best_seconds for one in some})
        taken = dict(zip(times, pictures(times), strict=True))
        for one in some:
            row, column = divmod(places[id(one)], columns)
            at = MARGIN + column * pitch[0], MARGIN + row * pitch[1]
            picture = taken[one.best_seconds].convert("RGB")
            part = _boxed(picture, one, size, cell) if told.whole else _cropped(picture, one, size, cell, told.around)
            sheet.paste(_CELL, (*at, at[0] + cell[0], at[1] + cell[1]))
            sheet.paste(part, (at[0] + (cell[0] - part.width) // 2, at[1] + (cell[1] - part.height) // 2))
            _caption(sheet, one, (at[0], at[1] + cell[1]), cell[0])
    return sheet


def _in_picture(box: Box, picture: Image.Image, size: tuple[Fraction, Fraction]) -> list[float]:
    """Return a box in a picture's own pixels."""
    across, down = picture.width / float(size[0]), picture.height / float(size[1])
    return [box[0] * across, box[1] * down, box[2] * across, box[3] * down]


def _boxed(picture: Image.Image, one: Finding, size: tuple[Fraction, Fraction], cell: tuple[int, int]) -> Image.Image:
    small = _fitted(picture, cell)
    ImageDraw.Draw(small).rectangle(_in_picture(one.best_box, small, size), outline=_FRAME, width=2)
    return small


def _cropped(
    picture: Image.Image, one: Finding, size: tuple[Fraction, Fraction], cell: tuple[int, int], around: float
) -> Image.Image:
    """Return what is in the box and around it, in the cell's proportions where the picture goes on so far."""
    left, top, right, bottom = _in_picture(one.best_box, picture, size)
    width, height = (right - left) * (1 + 2 * around), (bottom - top) * (1 + 2 * around)
    width, height = max(width, height * cell[0] / cell[1], 2.0), max(height, width * cell[1] / cell[0], 2.0)
    spans = []
    for begin, end, length, side in ((left, right, width, picture.width), (top, bottom, height, picture.height)):
        length = min(length, side)
        first = min(max((begin + end - length) / 2, 0.0), side - length)
        spans.append((first, first + length))
    (left, right), (top, bottom) = spans
    whole = round(left), round(top), max(round(left) + 1, round(right)), max(round(top) + 1, round(bottom))
    return _fitted(picture.crop(whole), cell)


def _fitted(picture: Image.Image, cell: tuple[int, int]) -> Image.Image:
    scale = min(cell[0] / picture.width, cell[1] / picture.height)
    sides = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(sides, Image.Resampling.LANCZOS)


def _caption(sheet: Image.Image, one: Finding, at: tuple[int, int], width: int) -> None:
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(Roboto, _LETTERS)
    score = f"  {one.best:.2f}"
    name = " ".join(one.name.split())[:200]
    if font.getlength(name + score) > width:
        while name and font.getlength(f"{name}…{score}") > width:
            name = name[:-1]
        name += "…"
    draw.text((at[0], at[1] + 4), name + score, font=font, fill=_INK)
    times = f"{_clock(one.best_seconds)}  ({float(one.duration):.1f} s)"
    if font.getlength(times) > width:
        times = _clock(one.best_seconds)
    draw.text((at[0], at[1] + 23), times, font=font, fill=_FAINT)


def _clock(seconds: Fraction) -> str:
    """Return hours:minutes:seconds.tenths, cut off."""
    tenths = int(seconds * 10)
    return f"{tenths // 36000:02}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"
