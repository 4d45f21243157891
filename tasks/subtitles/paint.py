"""Paint: what a title's element or a subtitle puts on the frame when it is at rest, as a list of parts.

A part is a drawing or a line of text at a point of the frame, in pixels. `tasks.subtitles.ass` moves and fades the
parts of one element together. Lengths of a style are pixels of a frame 1080 lines high and are scaled here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from tasks.subtitles.fonts import FontCatalogue, FontChoice
from tasks.subtitles.layout import Block, Line, Piece, clusters, lay_out
from tasks.subtitles.model import ShapeElement, Subtitle, TextElement, TextStyle
from tasks.subtitles.scripts import is_joined
from tasks.subtitles.shapes import outline, rectangle, room

STYLE_LINES = 1080
"""Height of the frame that a style's lengths are meant for."""

BLUR = 0.589
"""libass's blur per pixel of a CSS blur radius: CSS's Gaussian has half its radius for a deviation, libass's 0.849 per unit."""

_ANCHOR = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}


class FrameSize(Protocol):
    """A frame's width and height in pixels."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the frame."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Drawing:
    """A shape whose own origin lies at (x, y)."""

    x: float
    y: float
    outline: str
    colour: str


@dataclass(frozen=True)
class TextLine:
    """A line of text; (x, y) is the top left, top middle or top right of its glyphs' box, as `align` says.

    size: the em in pixels. before: characters of the whole text that come before it, of `total`. mixed: some of it runs
    from right to left. letters: the same line as letters that can move apart, where its script joins none.
    """

    x: float
    y: float
    align: Literal["left", "center", "right"]
    pieces: tuple[Piece, ...]
    size: float
    spacing: float
    colour: str
    stroke_colour: str
    stroke: float
    blur: float
    before: int
    total: int
    mixed: bool = False
    letters: tuple[TextLine, ...] = ()


Part = Drawing | TextLine


@dataclass(frozen=True)
class Painting:
    """An element at rest: its parts from the bottom up, the box that it is turned and scaled about, its opacity.

    rotation: degrees clockwise. substituted: a family that is not there. missing: characters that no font has.
    """

    box: Box
    parts: tuple[Part, ...]
    opacity: float = 1.0
    rotation: float = 0.0
    substituted: tuple[str, str] | None = None
    missing: str = ""
    fonts: frozenset[FontChoice] = field(default_factory=frozenset)


def text_element(element: TextElement, size: FrameSize, catalogue: FontCatalogue) -> Painting:
    """Text in its box: broken to the box's width less the padding, centred in its height; the ground fills the box."""
    box = _box(element, size)
    style, unit = element.style, size.height / STYLE_LINES
    padding = style.padding * unit
    font = catalogue.resolve(style.font_family, style.font_weight, style.italic)
    block = _block(element.text, element.language, style, font, catalogue, unit, box.width - 2 * padding)
    inner = Box(box.x + padding, box.y, box.width - 2 * padding, box.height)
    pitch = style.line_height * style.font_size * unit
    top = box.y + (box.height - pitch * len(block.lines)) / 2
    return _painting(box, inner, top, block, style, font, unit, element.opacity, element.rotation)


def subtitle(line: Subtitle, size: FrameSize, catalogue: FontCatalogue) -> Painting:
    """Lines of about one length at the anchor; the ground lies round them, padding and all."""
    style, unit = line.style, size.height / STYLE_LINES
    padding = style.padding * unit if style.background_colour else 0.0
    font = catalogue.resolve(style.font_family, style.font_weight, style.italic)
    room = line.max_width * size.width - 2 * padding
    block = _block(line.text, line.language, style, font, catalogue, unit, room, balanced=True)
    pitch = style.line_height * style.font_size * unit
    width, height = block.width + 2 * padding, pitch * len(block.lines) + 2 * padding
    left = line.x * size.width - _ANCHOR[line.align_x] * width
    top = line.y * size.height - _ANCHOR[line.align_y] * height
    box = Box(left, top, width, height)
    inner = Box(left + padding, top, width - 2 * padding, height)
    return _painting(box, inner, top + padding, block, style, font, unit)


def shape_element(element: ShapeElement, size: FrameSize) -> Painting:
    """A shape in its box; the border lies inside it. A line has none."""
    box = _box(element, size)
    unit = size.height / STYLE_LINES
    points, inner = element.points or 0, element.inner
    most = room(element.shape, box.width, box.height, points, inner)
    border = 0.0 if element.shape == "line" else min(element.border_width * unit, most)

    def drawn(inset: float, *, hole: bool = False) -> str:
        radius = element.radius * unit
        form = {"inset": inset, "radius": radius, "inner": inner}
        return outline(element.shape, box.width, box.height, points=points, hole=hole, **form)

    parts = []
    if border < most:
        parts.append(Drawing(box.x, box.y, drawn(border), element.fill))
        edge = f"{drawn(0)} {drawn(border, hole=True)}"
    else:
        edge = drawn(0)
    if border > 0:
        parts.append(Drawing(box.x, box.y, edge, element.border_colour))
    return Painting(box, tuple(parts), element.opacity, element.rotation)


def ground(colour: str, size: FrameSize) -> Painting:
    """The whole frame in one colour."""
    box = Box(0, 0, size.width, size.height)
    return Painting(box, (Drawing(0, 0, rectangle(0, 0, size.width, size.height), colour),))


def _box(element: TextElement | ShapeElement, size: FrameSize) -> Box:
    """The element's box in whole pixels, so that edges are sharp; at least a pixel wide and high."""
    left, top = round(element.x * size.width), round(element.y * size.height)
    right, bottom = (element.x + element.width) * size.width, (element.y + element.height) * size.height
    return Box(left, top, max(1, round(right) - left), max(1, round(bottom) - top))


def _block(
    text: str,
    language: str,
    style: TextStyle,
    font: FontChoice,
    catalogue: FontCatalogue,
    unit: float,
    width: float,
    *,
    balanced: bool = False,
) -> Block:
    size, spacing = style.font_size * unit, style.letter_spacing * unit
    return lay_out(text, font, catalogue, size, spacing, max(width, 1.0), balanced=balanced, language=language)


def _painting(
    box: Box,
    inner: Box,
    top: float,
    block: Block,
    style: TextStyle,
    font: FontChoice,
    unit: float,
    opacity: float = 1.0,
    rotation: float = 0.0,
) -> Painting:
    parts: list[Part] = []
    if style.background_colour:
        left, upper = round(box.x), round(box.y)
        right, lower = round(box.x + box.width), round(box.y + box.height)
        edge = rectangle(0, 0, right - left, lower - upper, style.radius * unit)
        parts.append(Drawing(left, upper, edge, style.background_colour))
    lines = _lines(inner, top, block, style, font, unit)
    if style.shadow_x or style.shadow_y or style.shadow_blur:
        parts += [_shadow(line, style, unit) for line in lines]
    parts += lines
    return Painting(
        box,
        tuple(parts),
        opacity,
        rotation,
        (style.font_family, font.family) if font.substituted else None,
        block.missing,
        frozenset(piece.font for line in block.lines for piece in line.pieces),
    )


def _lines(inner: Box, top: float, block: Block, style: TextStyle, font: FontChoice, unit: float) -> list[TextLine]:
    size = style.font_size * unit
    pitch = style.line_height * size
    ascent, descent = font.face.ascent * size, font.face.descent * size
    total = sum(_length(line) for line in block.lines)
    lines, before = [], 0
    for number, line in enumerate(block.lines):
        baseline = top + number * pitch + (pitch - ascent - descent) / 2 + ascent
        tallest = max((piece.font.face.ascent * size for piece in line.pieces), default=ascent)
        made = TextLine(
            x=inner.x + _ANCHOR[style.align] * inner.width,
            y=baseline - tallest,
            align=style.align,
            pieces=line.pieces,
            size=size,
            spacing=style.letter_spacing * unit,
            colour=style.colour,
            stroke_colour=style.stroke_colour,
            stroke=style.stroke_width * unit,
            blur=0.0,
            before=before,
            total=total,
            mixed=line.mixed,
        )
        lines.append(
            made if line.mixed or is_joined(line.text) else replace(made, letters=_letters(made, line, baseline))
        )
        before += _length(line)
    return [line for line in lines if line.pieces]


def _letters(whole: TextLine, line: Line, baseline: float) -> tuple[TextLine, ...]:
    """Each letter where it stands in its line."""
    found = []
    x, before = whole.x - _ANCHOR[whole.align] * line.width, whole.before
    for piece in line.pieces:
        y = baseline - piece.font.face.ascent * whole.size
        for letter in clusters(piece.text):
            alone = replace(whole, x=x, y=y, align="left", pieces=(Piece(letter, piece.font),), before=before)
            found.append(alone)
            x += sum((piece.font.advance(c) or 0.0) * whole.size + whole.spacing for c in letter[:1])
            before += len(letter)
    return tuple(letter for letter in found if letter.pieces[0].text != " ")


def _length(line: Line) -> int:
    return sum(len(piece.text) for piece in line.pieces)


def _shadow(line: TextLine, style: TextStyle, unit: float) -> TextLine:
    """The same line, stroke included, in the shadow's colour: libass would blur its own together with the text."""
    return replace(
        line,
        x=line.x + style.shadow_x * unit,
        y=line.y + style.shadow_y * unit,
        colour=style.shadow_colour,
        stroke_colour=style.shadow_colour,
        blur=style.shadow_blur * unit * BLUR,
        letters=tuple(_shadow(letter, style, unit) for letter in line.letters),
    )
