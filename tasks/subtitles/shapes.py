"""Shapes as ASS drawings: outlines in pixels from the shape's own top left corner.

Coordinates are written in eighths of a pixel (ASS's drawing mode 4): from sixteenths on libass loses at the edges what
the finer grid gains (measured). A hole runs against its outline.
"""

from __future__ import annotations

from math import sqrt

SCALE = 8
DRAWING_MODE = 4
"""The drawing mode in which 8 units are a pixel."""

_KAPPA = 4 * (sqrt(2) - 1) / 3
"""How far a Bézier curve's control points lie along a quarter circle's tangents."""


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
