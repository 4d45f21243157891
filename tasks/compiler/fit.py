"""Fit: where a picture lies in the frame, worked out in whole pixels before any filter is chosen.

Order, as docs/format.md lays down: rotation metadata and pixel aspect, then crop, then the fit into the frame
or its split-screen cell, then scale and rotation about the anchor, then the offset. Sizes and, for pictures that
are not turned, places are even, so that 4:2:0 chroma stays where it belongs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from pydantic import Field

from infra.values import Value
from tasks.compiler.model import Cell, Clip, Crop, Size, Transform
from tasks.media.facts import PictureFacts


class Box(Value):
    """A rectangle in pixels; x and y may lie outside the frame."""

    x: int
    y: int
    width: int = Field(gt=0)
    height: int = Field(gt=0)

    def covers(self, size: Size) -> bool:
        """Does it reach every edge of a frame of that size?"""
        right, bottom = self.x + self.width, self.y + self.height
        return self.x <= 0 and self.y <= 0 and right >= size.width and bottom >= size.height

    def inside(self, size: Size) -> bool:
        """Does it lie wholly within a frame of that size?"""
        right, bottom = self.x + self.width, self.y + self.height
        return self.x >= 0 and self.y >= 0 and right <= size.width and bottom <= size.height

    def meets(self, size: Size) -> bool:
        """Does any of it lie within a frame of that size?"""
        return self.x < size.width and self.y < size.height and self.x + self.width > 0 and self.y + self.height > 0


class Fit(Value):
    """How one picture gets its place: crop (source pixels), scale, cut (scaled pixels), turn, place in the frame.

    box is where the result lies, the turn included. turn is degrees clockwise in [0, 360). outline: corners, in pixels of
    the picture before it is turned, outside of which it is clear; none: all of it shows. zoom: how many times as long a
    length in the picture is as where the clip has its scale at 1.
    """

    crop: Box | None
    scaled: tuple[int, int]
    cut: Box | None
    turn: float
    box: Box
    outline: tuple[tuple[float, float], ...] = ()
    zoom: float = 1

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height of what shows of the picture, before it is turned."""
        return (self.cut.width, self.cut.height) if self.cut else self.scaled

    @property
    def upright(self) -> bool:
        """Its edges are parallel to the frame's, so that it fills its box."""
        return self.turn % 90 == 0


_ALIGN = {
    "left": Fraction(0),
    "top": Fraction(0),
    "center": Fraction(1, 2),
    "right": Fraction(1),
    "bottom": Fraction(1),
}


@dataclass(frozen=True)
class Place:
    """Where a picture lies in the frame, in pixels and parts of them: its box, and how it is turned about the box's centre.

    turn is degrees clockwise.
    """

    x: float
    y: float
    width: float
    height: float
    turn: float = 0

    def is_box(self, box: Box) -> bool:
        """Does it lie, upright, exactly there?"""
        pairs = ((self.x, box.x), (self.y, box.y), (self.width, box.width), (self.height, box.height), (self.turn, 0))
        return all(abs(mine - whole) < 1e-6 for mine, whole in pairs)


@dataclass(frozen=True)
class _Rest:
    """A picture before its transform: its scaled size, the part of it that shows, and where that part lies."""

    scaled: tuple[Fraction, Fraction]
    shown: tuple[Fraction, Fraction]
    hidden: tuple[Fraction, Fraction]
    place: tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Resting:
    """A clip's picture before its transform, from which every place that it moves to follows."""

    crop: Box | None
    decoded: tuple[int, int]
    rest: _Rest
    cell: Cell | None
    frame: Size

    def fit(self, transform: Transform | None) -> Fit:
        """Place the picture in the frame, in whole pixels."""
        placed = _transformed(self.crop, self.rest, transform or Transform(), self.frame)
        if self.cell is None or not self.cell.outline:
            return placed
        outline = _outline(self.cell, self.rest, placed.shown, self.frame)
        return placed.model_copy(update={"outline": outline})

    def place(self, transform: Transform | None) -> Place:
        """Return where the picture lies exactly."""
        return _exactly(self.rest, transform or Transform(), self.frame)

    @property
    def own_scale(self) -> tuple[float, float]:
        """The scales at which it has as many pixels as its source."""
        width, height = (self.crop.width, self.crop.height) if self.crop else self.decoded
        return float(width / self.rest.scaled[0]), float(height / self.rest.scaled[1])


def rest_clip(clip: Clip, picture: PictureFacts, frame: Size) -> Resting:
    """Fit a clip's picture into the frame, or into its cell.

    Raises:  ValueError when the crop leaves nothing of the picture.
    """
    decoded, stretched = _as_displayed(picture)
    return _rested(clip, decoded, stretched, frame)


def rest_frame(clip: Clip, frame: Size) -> Resting:
    """The same for a picture of exactly the frame's size (a title drawn as a picture).

    Raises:  ValueError when the crop leaves nothing of it.
    """
    return _rested(clip, (frame.width, frame.height), (Fraction(1), Fraction(1)), frame)


def _as_displayed(picture: PictureFacts) -> tuple[tuple[int, int], tuple[Fraction, Fraction]]:
    """A picture's pixels after turning, and how much wider and higher each one is shown."""
    if picture.rotation in (90, 270):
        return (picture.height, picture.width), (Fraction(1), picture.pixel_aspect)
    return (picture.width, picture.height), (picture.pixel_aspect, Fraction(1))


def _rested(clip: Clip, decoded: tuple[int, int], stretched: tuple[Fraction, Fraction], frame: Size) -> Resting:
    width, height = decoded[0] * stretched[0], decoded[1] * stretched[1]
    crop = _crop_in_source(clip.crop, decoded, stretched) if clip.crop else None
    if crop is not None:
        width, height = crop.width * stretched[0], crop.height * stretched[1]
    return Resting(crop, decoded, _at_rest(width, height, clip.cell, frame), clip.cell, frame)


def _outline(cell: Cell, rest: _Rest, shown: tuple[int, int], frame: Size) -> tuple[tuple[float, float], ...]:
    """A cell's outline in pixels of the part of the picture that shows, after its transform's scale."""
    across, down = Fraction(shown[0]) / rest.shown[0], Fraction(shown[1]) / rest.shown[1]
    corners = []
    for x, y in cell.outline:
        left = (Fraction(cell.x) + Fraction(x) * Fraction(cell.width)) * frame.width - rest.place[0]
        top = (Fraction(cell.y) + Fraction(y) * Fraction(cell.height)) * frame.height - rest.place[1]
        corners.append((round(float(left * across), 3), round(float(top * down), 3)))
    return tuple(corners)


def _crop_in_source(crop: Crop, decoded: tuple[int, int], stretched: tuple[Fraction, Fraction]) -> Box | None:
    """The crop in pixels of the decoded, turned picture: not yet stretched by the pixel aspect."""
    (width, height), (across, down) = decoded, stretched
    left, right = round(crop.left / across), round(crop.right / across)
    top, bottom = round(crop.top / down), round(crop.bottom / down)
    if left + right >= width or top + bottom >= height:
        raise ValueError("the crop leaves nothing of the picture")
    if not (left or right or top or bottom):
        return None
    return Box(x=left, y=top, width=width - left - right, height=height - top - bottom)


def _at_rest(width: Fraction, height: Fraction, cell: Cell | None, frame: Size) -> _Rest:
    """Fit a picture into its cell, or contain it in the frame; what juts out of a cell is hidden."""
    if cell is None:
        cell = Cell(x=0, y=0, width=1, height=1)
    left, top = _even(cell.x * frame.width), _even(cell.y * frame.height)
    room = (
        Fraction(max(2, _even((cell.x + cell.width) * frame.width) - left)),
        Fraction(max(2, _even((cell.y + cell.height) * frame.height) - top)),
    )
    across, down = room[0] / width, room[1] / height
    if cell.fit == "contain":
        across = down = min(across, down)
    elif cell.fit == "cover":
        across = down = max(across, down)
    elif cell.fit == "none":
        across = down = Fraction(1)
    scaled = (width * across * Fraction(cell.scale), height * down * Fraction(cell.scale))
    shown = (min(scaled[0], room[0]), min(scaled[1], room[1]))
    align = (_ALIGN[cell.align_x], _ALIGN[cell.align_y])
    return _Rest(
        scaled=scaled,
        shown=shown,
        hidden=((scaled[0] - shown[0]) * align[0], (scaled[1] - shown[1]) * align[1]),
        place=(left + (room[0] - shown[0]) * align[0], top + (room[1] - shown[1]) * align[1]),
    )


def _transformed(crop: Box | None, rest: _Rest, transform: Transform, frame: Size) -> Fit:
    scale_x, scale_y = Fraction(transform.scale_x), Fraction(transform.scale_y)
    scaled = (_even_size(rest.scaled[0] * scale_x), _even_size(rest.scaled[1] * scale_y))
    shown = (
        min(scaled[0], _even_size(rest.shown[0] * scale_x)),
        min(scaled[1], _even_size(rest.shown[1] * scale_y)),
    )
    cut = None
    if shown != scaled:
        hidden_x = min(scaled[0] - shown[0], _even(rest.hidden[0] * scale_x))
        hidden_y = min(scaled[1] - shown[1], _even(rest.hidden[1] * scale_y))
        cut = Box(x=hidden_x, y=hidden_y, width=shown[0], height=shown[1])
    turn = transform.rotation % 360 % 360  # a hair below zero gives 360 the first time
    centre_x, centre_y = _centre(rest, transform, shown, frame)
    outer = _outer(shown, turn)
    box = Box(x=_even(centre_x - outer[0] / 2), y=_even(centre_y - outer[1] / 2), width=outer[0], height=outer[1])
    zoom = math.sqrt(transform.scale_x * transform.scale_y)
    return Fit(crop=crop, scaled=scaled, cut=cut, turn=turn, box=box, zoom=zoom)


def _centre(rest: _Rest, transform: Transform, size: tuple[float, float], frame: Size) -> tuple[float, float]:
    """Where the centre of a picture of that size comes to lie, scaled and turned about its anchor, and moved."""
    pivot_x = float(rest.place[0] + rest.shown[0] * Fraction(transform.anchor_x)) + transform.position_x * frame.width
    pivot_y = float(rest.place[1] + rest.shown[1] * Fraction(transform.anchor_y)) + transform.position_y * frame.height
    sine, cosine = math.sin(math.radians(transform.rotation)), math.cos(math.radians(transform.rotation))
    arm_x, arm_y = (0.5 - transform.anchor_x) * size[0], (0.5 - transform.anchor_y) * size[1]
    return pivot_x + arm_x * cosine - arm_y * sine, pivot_y + arm_x * sine + arm_y * cosine


def _exactly(rest: _Rest, transform: Transform, frame: Size) -> Place:
    width, height = float(rest.shown[0]) * transform.scale_x, float(rest.shown[1]) * transform.scale_y
    x, y = _centre(rest, transform, (width, height), frame)
    return Place(x - width / 2, y - height / 2, width, height, transform.rotation % 360)


def _outer(shown: tuple[int, int], turn: float) -> tuple[int, int]:
    """The size of the upright box around a turned picture; exact for quarter turns."""
    if turn % 180 == 0:
        return shown
    if turn % 90 == 0:
        return shown[1], shown[0]
    sine, cosine = abs(math.sin(math.radians(turn))), abs(math.cos(math.radians(turn)))
    return (
        2 * math.ceil((shown[0] * cosine + shown[1] * sine) / 2),
        2 * math.ceil((shown[0] * sine + shown[1] * cosine) / 2),
    )


def _even(value: float | Fraction) -> int:
    return 2 * round(value / 2)


def _even_size(value: float | Fraction) -> int:
    return max(2, _even(value))
