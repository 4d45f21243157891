"""Shapes as ASS drawings: outlines in pixels from the shape's own top left corner.

Coordinates are written in eighths of a pixel (ASS's drawing mode 4): from sixteenths on libass loses at the edges what
the finer grid gains (measured). A hole runs against its outline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, hypot, pi, sin, sqrt
from types import MappingProxyType

Point = tuple[float, float]

SCALE = 8
DRAWING_MODE = 4
"""The drawing mode in which 8 units are a pixel."""

_KAPPA = 4 * (sqrt(2) - 1) / 3
"""How far a Bézier curve's control points lie along a quarter circle's tangents."""


SHAPES: Mapping[str, str] = MappingProxyType(
    {
        "rectangle": "fills its box; `radius` rounds its corners",
        "rounded": "a rectangle whose corners are round by `radius`, else by a fifth of its shorter side",
        "circle": "as large as its box allows, in its middle",
        "ellipse": "fills its box",
        "triangle": "points up, fills its box",
        "star": "of `points` points (5), fills its box; `inner` (0.4) is how far its notches lie from the middle",
        "polygon": "of `points` equal sides (6), a corner up, fills its box",
        "line": "as thick as its box is high, without border",
        "arrow": "points to the right, fills its box",
    }
)
"""Shape → what is drawn. The border of each lies inside it."""

_ROUNDED = 0.2
"""Radius of a rounded rectangle that is given none, as a share of its shorter side."""


def outline(
    shape: str,
    width: float,
    height: float,
    *,
    inset: float = 0,
    radius: float = 0,
    points: int = 0,
    inner: float = 0.4,
    hole: bool = False,
) -> str:
    """A shape in a box from (0, 0), its edge moved inwards by `inset`."""
    across, down = width - 2 * inset, height - 2 * inset
    if shape == "circle":
        side = min(width, height) - 2 * inset
        return ellipse((width - side) / 2, (height - side) / 2, side, side, hole=hole)
    if shape == "ellipse":
        return ellipse(inset, inset, across, down, hole=hole)
    if shape in ("rectangle", "rounded", "line"):
        corner = radius or (_ROUNDED * min(width, height) if shape == "rounded" else 0)
        return rectangle(inset, inset, across, down, max(0, corner - inset), hole=hole)
    corners = moved_in(_corners(shape, width, height, points, inner), inset)
    return polygon(list(reversed(corners)) if hole else corners)


def room(shape: str, width: float, height: float, points: int = 0, inner: float = 0.4) -> float:
    """How far a shape's edge can move inwards before nothing is left, about."""
    if shape in ("triangle", "star", "polygon", "arrow"):
        corners = _corners(shape, width, height, points, inner)
        pairs = list(zip(corners, [*corners[1:], corners[0]], strict=True))
        area = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2
        return area / sum(hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairs)
    return min(width, height) / 2


def polygon(corners: Sequence[Point]) -> str:
    """Straight lines from corner to corner and back to the first."""
    first, *rest = (_at(*corner) for corner in corners)
    return f"m {first} l {' '.join(rest)}"


def moved_in(corners: Sequence[Point], by: float) -> list[Point]:
    """Move each edge of a clockwise polygon inwards (outwards if negative); the new corners are where they meet."""
    if by == 0:
        return list(corners)
    found = []
    for before, here, after in zip([corners[-1], *corners[:-1]], corners, [*corners[1:], corners[0]], strict=True):
        (ax, ay), (bx, by_) = _along(before, here), _along(here, after)
        # Inwards of a clockwise edge (in pixels, y down) lies to its right; a very sharp corner moves only so far.
        reach = by / max(1 + ax * bx + ay * by_, 0.05)
        found.append((here[0] - reach * (ay + by_), here[1] + reach * (ax + bx)))
    return found


def _corners(shape: str, width: float, height: float, points: int, inner: float) -> list[Point]:
    """The corners of a shape that fills a box from (0, 0), clockwise."""
    if shape == "triangle":
        return [(width / 2, 0), (width, height), (0, height)]
    if shape == "arrow":
        neck = max(width - height, width / 2)
        thin, thick = height * 0.3, height * 0.7
        return [(0, thin), (neck, thin), (neck, 0), (width, height / 2), (neck, height), (neck, thick), (0, thick)]
    count = points or (5 if shape == "star" else 6)
    radii = (1.0, inner) if shape == "star" else (1.0,)
    turns = [(pi * (2 * n / (count * len(radii))), radii[n % len(radii)]) for n in range(count * len(radii))]
    around = [(radius * sin(turn), -radius * cos(turn)) for turn, radius in turns]
    left, top = min(x for x, _ in around), min(y for _, y in around)
    wide, high = max(x for x, _ in around) - left, max(y for _, y in around) - top
    return [((x - left) / wide * width, (y - top) / high * height) for x, y in around]


def _along(start: Point, end: Point) -> Point:
    length = hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    return (end[0] - start[0]) / length, (end[1] - start[1]) / length


def rectangle(left: float, top: float, width: float, height: float, radius: float = 0, *, hole: bool = False) -> str:
    """A rectangle, its corners rounded by at most half its shorter side."""
    r = min(radius, width / 2, height / 2)
    right, bottom = left + width, top + height
    if r <= 0:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        if hole:
            corners = [corners[0], *reversed(corners[1:])]
        return f"m {_at(*corners[0])} l " + " ".join(_at(*corner) for corner in corners[1:])
    return _rounded(left, top, right, bottom, r, r, hole)


def ellipse(left: float, top: float, width: float, height: float, *, hole: bool = False) -> str:
    """An ellipse that fills a box."""
    return _rounded(left, top, left + width, top + height, width / 2, height / 2, hole)


def _rounded(left: float, top: float, right: float, bottom: float, rx: float, ry: float, hole: bool) -> str:
    """Four quarter ellipses and the straight lines between them, clockwise; a hole the other way round."""
    kx, ky = rx * (1 - _KAPPA), ry * (1 - _KAPPA)
    # Each corner: where its curve starts, the two control points, where it ends, going clockwise.
    curves = [
        ((right - rx, top), (right - kx, top), (right, top + ky), (right, top + ry)),
        ((right, bottom - ry), (right, bottom - ky), (right - kx, bottom), (right - rx, bottom)),
        ((left + rx, bottom), (left + kx, bottom), (left, bottom - ky), (left, bottom - ry)),
        ((left, top + ry), (left, top + ky), (left + kx, top), (left + rx, top)),
    ]
    if hole:
        curves = [(d, c, b, a) for a, b, c, d in reversed(curves)]
    drawn = [f"m {_at(*curves[0][0])}"]
    for number, (start, first, second, end) in enumerate(curves):
        if number:
            drawn.append(f"l {_at(*start)}")
        drawn.append(f"b {_at(*first)} {_at(*second)} {_at(*end)}")
    return " ".join(drawn)


def _at(x: float, y: float) -> str:
    return f"{round(x * SCALE)} {round(y * SCALE)}"
