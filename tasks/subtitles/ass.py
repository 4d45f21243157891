"""ASS: the titles and subtitles of a range of frames as one script for libass.

The frame is the script's resolution, so a pixel is a pixel. Times count from the range's first frame, and each
line is cut to the range: the script holds no timeline position. Motion is worked out here, frame by frame
(`tasks.subtitles.motion`), so a line that began before the range looks as it does in an uncut film.

ASS times are hundredths of a second. A line for the frames [s, e) stands from half a frame before s to half a
frame before e, which rounding can't push past a neighbouring frame up to `FASTEST` frames a second; faster films
are drawn in slow motion: `AssScript.slow` says by what factor to stretch the timestamps before the filter.

The script's matrix is None: ffmpeg's filter then takes colours as RGB and converts them as the frame's own tags say
(measured; TV.709 comes out right on BT.709 frames, but darkens RGB ones).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple

import pysubs2

from infra.errors import KinofarmError
from tasks.subtitles import markup
from tasks.subtitles.fonts import SHIPPED_FAMILY, FontCatalogue, FontChoice
from tasks.subtitles.model import Animation, PictureElement, ShapeElement, Subtitle, TextElement, TitleSource
from tasks.subtitles.motion import Stage, poses
from tasks.subtitles.paint import (
    Box,
    Drawing,
    FrameSize,
    Painting,
    TextLine,
    ground,
    shape_element,
    subtitle,
    text_element,
)
from tasks.subtitles.shapes import moved_in, polygon

FASTEST = 75
"""Frames a second up to which half a frame, 6.7 ms, is more than a hundredth's rounding (5 ms) and a cut millisecond."""

SEAM = 0.75
"""Pixels by which an area reaches over its outline, so that nothing shines through where two areas meet."""

MAX_EVENTS = 50_000
"""Most lines of one script: about 10 MB."""

_MIXED = "Mixed"
"""The style of lines of which some runs from right to left."""

_SIXES = tuple(chr(33 + (number >> 6)) + chr(33 + (number & 63)) for number in range(1 << 12))
"""Twelve bits as two characters."""

_COLOUR_TAG = re.compile(r"(\\[13]c)&H[0-9A-F]{6}&")
"""Our own tags only: behind a backslash of a user's text stands a joiner."""


@dataclass(frozen=True)
class Title:
    """A title and the timeline's frames [start, end) that it lies over."""

    source: TitleSource
    start: int
    end: int


@dataclass(frozen=True)
class TextWarning:
    """Something that is drawn otherwise than asked: a code of the catalogue (TEXT-...) and its parameters."""

    code: str
    params: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AssScript:
    """A script and what it needs.

    fonts: one choice per font file, by hash; instances of faces ride in the text. slow: factor for the timestamps before the filter (undone after it).
    visible: the frames, from the range's first, in which anything shows, as half-open ranges in order.
    """

    text: str
    fonts: tuple[FontChoice, ...]
    slow: int
    visible: tuple[tuple[int, int], ...]
    warnings: tuple[TextWarning, ...] = ()

    @property
    def mask(self) -> str:
        """The same script with every colour white: drawn onto black, it gives the coverage, that is the alpha."""
        return _COLOUR_TAG.sub(r"\1&HFFFFFF&", self.text)


def overlay_script(
    titles: Sequence[Title],
    subtitles: Sequence[Subtitle],
    start: int,
    end: int,
    size: FrameSize,
    rate: Fraction,
    fonts: FontCatalogue,
) -> AssScript | None:
    """Write what titles, from the bottom up, and the subtitles over them show in the timeline's frames [start, end).

    Pictures of a title are no text: `tasks.compiler.unfold` lays them on tracks of their own.
    Returns: None where nothing shows.
    Raises:  KinofarmError TEXT-003 when more moves at once than a script may hold.
    """
    page = _Page(size, rate, start, end, fonts)
    for title in titles:
        if title.source.background is not None:
            page.add(ground(title.source.background, size), (), title.start, title.end)
        for element in title.source.elements:
            begins = title.start + element.start
            ends = title.end if element.end is None else min(title.end, title.start + element.end)
            if not isinstance(element, PictureElement) and page.shows(begins, ends):
                page.add(_painted(element, size, fonts), element.animations, begins, ends)
    for line in subtitles:
        if page.shows(line.start, line.end):
            page.add(subtitle(line, size, fonts), line.animations, line.start, line.end)
    return page.script()


def area_script(outline: Sequence[tuple[float, float]], size: FrameSize, fonts: FontCatalogue) -> AssScript:
    """Write a script whose first frame shows the area inside an outline (pixels, clockwise) in white."""
    page = _Page(size, Fraction(1), 0, 1, fonts)
    drawing = Drawing(0, 0, polygon(moved_in(outline, -SEAM)), "#ffffff")
    page.add(Painting(Box(0, 0, size.width, size.height), (drawing,)), (), 0, 1)
    script = page.script()
    assert script is not None
    return script


def _painted(element: TextElement | ShapeElement, size: FrameSize, fonts: FontCatalogue) -> Painting:
    if isinstance(element, TextElement):
        return text_element(element, size, fonts)
    return shape_element(element, size)


class _Event(NamedTuple):
    """A line of the script over frames of the range; mixed: some of it runs from right to left."""

    layer: int
    start: int
    end: int
    text: str
    mixed: bool


@dataclass
class _Page:
    """The lines of a script as they are collected, in the order in which they are drawn."""

    size: FrameSize
    rate: Fraction
    start: int
    end: int
    catalogue: FontCatalogue
    events: list[_Event] = field(default_factory=list)
    instances: dict[FontChoice, set[str]] = field(default_factory=dict)
    fonts: dict[str, FontChoice] = field(default_factory=dict)
    warnings: dict[TextWarning, None] = field(default_factory=dict)
    layers: Iterator[int] = field(default_factory=itertools.count)

    def shows(self, begins: int, ends: int) -> bool:
        return max(begins, self.start) < min(ends, self.end)

    def add(self, painting: Painting, animations: Sequence[Animation], begins: int, ends: int) -> None:
        """Draw a painting over the timeline's frames [begins, ends)."""
        if not self.shows(begins, ends) or painting.opacity == 0:
            return
        self._note(painting)
        box = painting.box
        frame = (self.size.width, self.size.height)
        stage = Stage(box.x, box.y, box.width, box.height, *frame, self.rate, ends - begins)
        first, last = max(begins, self.start) - begins, min(ends, self.end) - begins
        offset = begins - self.start
        layers = [(next(self.layers), part) for part in painting.parts]
        for left, right, pose in poses(animations, stage, first, last):
            for layer, part in layers:
                mixed = isinstance(part, TextLine) and part.mixed
                for text in markup.lines(part, painting, pose):
                    self.events.append(_Event(layer, left + offset, right + offset, text, mixed))
            if len(self.events) > MAX_EVENTS:
                raise KinofarmError(
                    "TEXT-003", events=len(self.events), start=self.start, end=self.end, limit=MAX_EVENTS
                )

    def script(self) -> AssScript | None:
        if not self.events:
            return None
        slow = ceil(self.rate / FASTEST)
        return AssScript(
            _written(self.events, self.size, self.rate / slow, self._instances()),
            tuple(self.fonts[sha256] for sha256 in sorted(self.fonts)),
            slow,
            _joined((event.start, event.end) for event in self.events),
            tuple(self.warnings),
        )

    def _instances(self) -> dict[str, bytes]:
        return {font.family: font.instance(self.instances[font]) for font in sorted(self.instances, key=_by_family)}

    def _note(self, painting: Painting) -> None:
        used = {font for font in painting.fonts if font.face.whole}
        for part in painting.parts:
            for piece in part.pieces if isinstance(part, TextLine) else ():
                if not piece.font.face.whole:
                    self.instances.setdefault(piece.font, set()).update(piece.text)
        if len(used) < len(painting.fonts) or any(isinstance(part, Drawing) for part in painting.parts):
            used.add(self.catalogue.resolve(SHIPPED_FAMILY))  # libass draws nothing unless the style's font is there
        for font in used:
            self.fonts.setdefault(font.sha256, font)
        if painting.substituted:
            family, instead = painting.substituted
            self.warnings[TextWarning("TEXT-001", (("family", family), ("used", instead)))] = None
        if painting.missing:
            shown = " ".join(painting.missing[:20])
            self.warnings[TextWarning("TEXT-002", (("characters", shown),))] = None


def _by_family(font: FontChoice) -> str:
    return font.family


def _written(events: Sequence[_Event], size: FrameSize, rate: Fraction, instances: Mapping[str, bytes]) -> str:
    file: Any = pysubs2.SSAFile()
    file.info = {
        "ScriptType": "v4.00+",
        "PlayResX": str(size.width),
        "PlayResY": str(size.height),
        "WrapStyle": "2",
        "ScaledBorderAndShadow": "yes",
        "YCbCr Matrix": "None",
    }
    plain = pysubs2.SSAStyle(fontname=SHIPPED_FAMILY, outline=0, shadow=0, marginl=0, marginr=0, marginv=0)
    file.styles = {"Default": plain}
    if any(event.mixed for event in events):
        file.styles[_MIXED] = plain.copy()
        file.styles[_MIXED].encoding = -1  # libass then lays the line out as a whole, in the direction of its words
    file.fonts_opaque = {
        f"{name.replace(' ', '-').lower()}.otf": _uuencoded(data) for name, data in sorted(instances.items())
    }
    for event in events:
        start, end = _milliseconds(event.start, rate), _milliseconds(event.end, rate)
        style = _MIXED if event.mixed else "Default"
        file.append(pysubs2.SSAEvent(start=start, end=end, layer=event.layer, text=event.text, style=style))
    return str(file.to_string("ass"))


def _uuencoded(data: bytes) -> list[str]:
    """A file as lines of a script: each three bytes as four characters from "!" on, 80 in a line.

    Source: the SSA v4 specification, section 9.
    """
    groups = (int.from_bytes(data[at : at + 3].ljust(3, b"\0"), "big") for at in range(0, len(data), 3))
    text = "".join(_SIXES[group >> 12] + _SIXES[group & 0xFFF] for group in groups)
    spare = -len(data) % 3
    text = text[: len(text) - spare]
    return [text[at : at + 80] for at in range(0, len(text), 80)]


def _milliseconds(frame: int, rate: Fraction) -> int:
    """The boundary before a frame, half a frame early, in whole hundredths of a second."""
    return max(0, round((frame - Fraction(1, 2)) / rate * 100)) * 10


def _joined(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for left, right in sorted(ranges):
        if found and left <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return tuple(found)
