"""Boxes over a film: each finding's box along its path, with its class and score, as titles of shapes and texts.

Titles are chosen over a script of one's own for libass: a timeline carries them, so the preview is planned in chunks, cached, checked, verified
and published like any film, and libass draws them all the same (`tasks.subtitles.ass` writes the script, escapes the words and finds the
fonts). A clip with keyframes for each box was the other way; it costs a layer of the whole frame for each, and would scale the line's
width with the box. So a box that moves is an element for each place that it has, in whole pixels, for as long as it has it.

Units: displayed pixels of the film for paths; frames of the film that is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from font_roboto import Roboto
from numpy.typing import NDArray
from PIL import ImageFont

from tasks.recognition.findings import Finding
from tasks.subtitles.ass import Title
from tasks.subtitles.model import Element, ShapeElement, TextElement, TextStyle, TitleSource
from tasks.subtitles.paint import STYLE_LINES, FrameSize

PIECE = Fraction(10)
_LEAST_PIECE = 250
"""Seconds of one title, and at least how many frames: what is drawn looks only through the titles that it shows."""

MOST = 30_000
"""Places of boxes in a film, which are twice as many elements. Where there would be more, boxes move in coarser steps."""

MOST_FOUND = 5_000
MOST_SEEN = 2_000_000
"""Findings that are drawn, and frames that they are seen in, all together; of more, the surest are."""

_LINE, _LETTERS, _HIGH, _PAD = 3, 26, 34, 8
"""Width of a box's line, size of the letters, height of their ground and room at its sides, in pixels of a frame 1080 lines high."""

_SPARE = 1.08
"""By how much the ground is wider than Pillow's measure of the words, so that they never break."""

_COLOURS = ("#ff4d4d", "#ffa31a", "#ffe14d", "#4ddb6a", "#33d6d6", "#5c9dff", "#b980ff", "#ff66c4")
"""Of classes, in the order of their names."""


class _Run(NamedTuple):
    """A place of a box, in pixels of the frame, over the frames [start, end)."""

    start: int
    end: int
    box: tuple[int, int, int, int]


class _Words(NamedTuple):
    """What stands at a box, and how wide its ground is, in pixels of a frame 1080 lines high."""

    text: str
    width: float


def boxes(
    found: Sequence[Finding],
    *,
    picture: tuple[Fraction, Fraction],
    size: FrameSize,
    rate: Fraction,
    frames: int,
    start: Fraction = Fraction(0),
) -> tuple[Title, ...]:
    """Return titles, one after the other, that draw what was found over a film.

    Args:
        picture: size of the film's picture as displayed; it fills the frame.
        size, rate, frames: of the film that is made. start: seconds of the film that its frame 0 shows.
    Returns: titles for the frames [0, frames); none where nothing is seen.
    """
    drawn = sorted(_surest(found, rate), key=lambda one: (one.begin, one.track))
    colours = {name: _COLOURS[n % len(_COLOURS)] for n, name in enumerate(sorted({one.name for one in drawn}))}
    piece = max(_LEAST_PIECE, round(PIECE * rate))
    placed = [(one, *_places(one, picture, size, rate, frames, start)) for one in drawn]
    slack = 0
    while sum(1 for _, first, places in placed for _ in _runs(first, places, slack, piece)) > MOST:
        slack = max(1, 2 * slack)
    titles: dict[int, list[Element]] = {}
    font = ImageFont.truetype(Roboto, _LETTERS)
    for one, first, places in placed:
        text = f"{' '.join(one.name.split())[:60]} {one.best:.2f}"
        words = _Words(text, font.getlength(text) * _SPARE + 2 * _PAD)
        for run in _runs(first, places, slack, piece):
            begins = run.start - run.start % piece
            titles.setdefault(begins, []).extend(_elements(run, begins, words, colours[one.name], size))
    return tuple(
        Title(TitleSource(elements=tuple(titles[begins])), begins, min(begins + piece, frames))
        for begins in sorted(titles)
    )


def _surest(found: Sequence[Finding], rate: Fraction) -> list[Finding]:
    ranked = sorted(found, key=lambda one: -one.best)[:MOST_FOUND]
    seen = accumulate(float(one.duration * rate) for one in ranked)
    return [one for one, so_far in zip(ranked, seen, strict=True) if so_far <= MOST_SEEN]


def _places(
    one: Finding, picture: tuple[Fraction, Fraction], size: FrameSize, rate: Fraction, frames: int, start: Fraction
) -> tuple[int, NDArray[np.int64]]:
    """Return the first frame that shows a finding, and its box there and in those after it, in pixels of the frame (n, 4)."""
    first, end = (math.ceil((seconds - start) * rate) for seconds in (one.begin, one.end))
    first, end = max(0, first), min(frames, end)
    times = np.arange(first, end) / float(rate) + float(start)
    known = [float(point.seconds) for point in one.path]
    scale = (float(size.width / picture[0]), float(size.height / picture[1])) * 2
    sides = [np.interp(times, known, [point.box[side] * scale[side] for point in one.path]) for side in range(4)]
    return first, np.stack(sides, 1).round().astype(np.int64)


def _runs(first: int, places: NDArray[np.int64], slack: int, piece: int) -> Iterator[_Run]:
    """Take a way apart where it has gone further than `slack` pixels, and where a piece ends."""
    if not len(places):
        return
    begun, box = first, places[0].tolist()
    for frame, sides in enumerate(places.tolist(), first):
        moved = max(abs(side - before) for side, before in zip(sides, box, strict=True))
        if frame > begun and (moved > slack or frame % piece == 0):
            yield _Run(begun, frame, (box[0], box[1], box[2], box[3]))
            begun, box = frame, sides
    yield _Run(begun, first + len(places), (box[0], box[1], box[2], box[3]))


def _elements(run: _Run, begins: int, words: _Words, colour: str, size: FrameSize) -> Iterator[Element]:
    """Return a box and its words, above it or, at the picture's upper edge, in it."""
    left, top, right, bottom = run.box
    times = {"start": run.start - begins, "end": run.end - begins}
    yield ShapeElement(
        **_spread(left, top, max(right - left, 1), max(bottom - top, 1), size),
        **times,
        fill="#00000000",
        border_colour=colour,
        border_width=_LINE,
    )
    width, high = (length * size.height / STYLE_LINES for length in (words.width, _HIGH))
    x = min(max(left, 0), max(size.width - width, 0))
    y = top - high if top >= high else max(top, 0)
    yield TextElement(
        text=words.text,
        **_spread(x, y, width, high, size),
        **times,
        style=TextStyle(
            font_size=_LETTERS, colour="#101012", background_colour=colour, padding=_PAD, line_height=1, align="left"
        ),
    )


def _spread(x: float, y: float, width: float, height: float, size: FrameSize) -> dict[str, float]:
    """Return a box as fractions of the frame."""
    return {"x": x / size.width, "y": y / size.height, "width": width / size.width, "height": height / size.height}
