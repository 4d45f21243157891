"""A storyboard: pictures at even distances on one sheet, and when each is shown; players show them over their time line.

Source: WebVTT with media fragments (#xywh) as hls.js, Video.js and JW Player read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import Field

from infra.values import Value
from tasks.media.facts import MediaFacts
from tasks.media.views.pictures import pictures, shown_size
from tasks.media.views.view import View, no_film

QUALITY = 75


class StoryboardOptions(Value):
    """How it is to be."""

    pictures: int = Field(
        60, ge=1, le=240, description="Most pictures; a film of few seconds has one each half second."
    )
    columns: int = Field(6, ge=1, le=20, description="Side by side.")
    width: int = Field(160, ge=16, le=480, description="Most pixels across and, for upright pictures, down, of each.")


class Storyboard(Value):
    """What is on the sheet. Pictures follow each other in rows; each is shown until the next."""

    columns: int
    width: int = Field(description="Of one picture, in pixels.")
    height: int
    times: tuple[float, ...] = Field(description="Seconds at which each begins.")
    end: float = Field(description="Of the film, in seconds.")


def make(path: Path, facts: MediaFacts, options: StoryboardOptions, out: Path) -> Mapping[str, Any]:
    """Write the sheet.

    Returns: a `Storyboard`.
    Raises:  KinofarmError MEDIA-00x.
    """
    picture = facts.picture()
    assert picture is not None
    length = picture.end - picture.start
    number = max(1, min(options.pictures, picture.frames, int(length * 2)))
    times = [picture.start + length * place / number for place in range(number)]
    width, height = shown_size(picture, options.width, options.width)
    middles = [at + length / number / 2 for at in times]
    found = pictures(path, facts, middles, (width, height))
    columns = min(options.columns, number)
    sheet = Image.new("RGB", (columns * width, -(-number // columns) * height))
    for place, one in enumerate(found):
        sheet.paste(one.image, (place % columns * width, place // columns * height))
    sheet.save(out, format="JPEG", quality=QUALITY, optimize=True)
    board = Storyboard(
        columns=columns, width=width, height=height, times=tuple(map(float, times)), end=float(picture.end)
    )
    return board.model_dump(mode="json")


def as_webvtt(board: Storyboard, sheet: str) -> str:
    """Return the track of thumbnails for players.

    Args:    sheet: address of the sheet, as the track names it.
    """
    cues = []
    for place, (start, end) in enumerate(zip(board.times, (*board.times[1:], board.end), strict=True)):
        x, y = place % board.columns * board.width, place // board.columns * board.height
        cues.append(f"{_clock(start)} --> {_clock(end)}\n{sheet}#xywh={x},{y},{board.width},{board.height}\n")
    return "\n".join(["WEBVTT\n", *cues])


def _clock(seconds: float) -> str:
    whole = round(Fraction(seconds) * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"


def board_of(facts: Mapping[str, Any]) -> Storyboard:
    """Return what `make` told of a sheet."""
    return Storyboard.model_validate(facts)


def frames_of(sheet: Image.Image, board: Storyboard) -> Sequence[Image.Image]:
    """Return the pictures on a sheet, in their order."""
    boxes = [(n % board.columns * board.width, n // board.columns * board.height) for n in range(len(board.times))]
    return [sheet.crop((x, y, x + board.width, y + board.height)) for x, y in boxes]


STORYBOARD = View(
    "storyboard", "pictures at even distances on one sheet", ".jpg", "image/jpeg", 1, StoryboardOptions, no_film, make
)
