"""What picture effects are made of: one look-up table per channel, one 3x3 matrix, exact to a 16-bit step.

Values are sRGB, 0 is black and 1 is white; both filters clamp to that range once, at their end. The formulas of
effects that CSS also has are those of W3C Filter Effects Module Level 1, section 13.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, radians, sin

from tasks.compiler.effects.row import Stream

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
"""Rows are the red, green and blue that come out; columns the red, green and blue that go in."""

IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

_LUMINANCE = (0.2126, 0.7152, 0.0722)
LUMINANCE_MATRIX: Matrix = (_LUMINANCE, _LUMINANCE, _LUMINANCE)
"""W3C grayscale(1)."""

SEPIA_MATRIX: Matrix = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))
"""W3C sepia(1)."""

MIXER_LIMIT = 2.0
"""Largest gain that ffmpeg's colorchannelmixer takes."""

POINTS = 33
"""Points that a bent curve is sampled at; between them ffmpeg's pchip stays within a 2000th of every curve used."""

Curve = Callable[[float], float]
"""What a channel's value becomes: smooth and monotonic; what leaves 0..1 is clamped."""


def look_up(stream: Stream, red: Curve, green: Curve | None = None, blue: Curve | None = None) -> Stream:
    """Map each channel through a curve; one curve serves all three.

    ffmpeg's `curves` keeps white at 65535; lutrgb clamps 16-bit values at 65280, which is not white.
    """
    if green is None or blue is None:
        return stream.filter("curves", master=_points(red), interp="pchip")
    return stream.filter("curves", red=_points(red), green=_points(green), blue=_points(blue), interp="pchip")


def mix(stream: Stream, matrix: Matrix) -> Stream:
    """Multiply each pixel's (r, g, b) by a matrix.

    Gains past the mixer's limit are divided first and multiplied again after it: clamping at 0 and scaling
    commute, so the result is the same.
    """
    if matrix == IDENTITY:
        return stream
    divisor = max(1.0, max(abs(gain) for row in matrix for gain in row) / MIXER_LIMIT)
    names = [out + into for out in "rgb" for into in "rgb"]
    gains = [gain / divisor for row in matrix for gain in row]
    mixed = stream.filter("colorchannelmixer", **{name: number(gain) for name, gain in zip(names, gains, strict=True)})
    return mixed if divisor == 1 else look_up(mixed, lambda x: x * divisor)


def saturate_matrix(amount: float) -> Matrix:
    """W3C saturate(amount)."""
    return (
        (0.213 + 0.787 * amount, 0.715 - 0.715 * amount, 0.072 - 0.072 * amount),
        (0.213 - 0.213 * amount, 0.715 + 0.285 * amount, 0.072 - 0.072 * amount),
        (0.213 - 0.213 * amount, 0.715 - 0.715 * amount, 0.072 + 0.928 * amount),
    )


def hue_matrix(degrees: float) -> Matrix:
    """W3C hue-rotate(degrees)."""
    c, s = cos(radians(degrees % 360)), sin(radians(degrees % 360))
    return (
        (0.213 + 0.787 * c - 0.213 * s, 0.715 - 0.715 * c - 0.715 * s, 0.072 - 0.072 * c + 0.928 * s),
        (0.213 - 0.213 * c + 0.143 * s, 0.715 + 0.285 * c + 0.140 * s, 0.072 - 0.072 * c - 0.283 * s),
        (0.213 - 0.213 * c - 0.787 * s, 0.715 - 0.715 * c + 0.715 * s, 0.072 + 0.928 * c + 0.072 * s),
    )


def toward(goal: Matrix, amount: float) -> Matrix:
    """The matrix that lies `amount` (0..1) of the way from no change to the goal."""
    rows = [
        [amount * into + (1 - amount) * same for into, same in zip(*pair, strict=True)]
        for pair in zip(goal, IDENTITY, strict=True)
    ]
    return (tuple(rows[0]), tuple(rows[1]), tuple(rows[2]))  # type: ignore[return-value]  # three rows of three


def product(after: Matrix, before: Matrix) -> Matrix:
    """The matrix that applies `before`, then `after`."""
    rows = [[sum(after[i][k] * before[k][j] for k in range(3)) for j in range(3)] for i in range(3)]
    return (tuple(rows[0]), tuple(rows[1]), tuple(rows[2]))  # type: ignore[return-value]  # three rows of three


def number(value: float) -> str:
    """Write a number as ffmpeg's options take it: nine decimals, no exponent."""
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _points(curve: Curve) -> str:
    """Sample a curve where it lies within 0..1: `curves` goes on flat before the first point and after the last.

    Points lie closer towards the ends, where a gamma curve is steepest.
    """
    start, end = _within(curve)
    spread = [start + (end - start) * (1 - cos(pi * i / (POINTS - 1))) / 2 for i in range(POINTS)]
    rise = (curve(end) - curve(start)) / (end - start)
    straight = all(abs(curve(start) + rise * (x - start) - curve(x)) < 1e-6 for x in spread)
    chosen = (start, end) if straight else spread
    return " ".join(f"{number(x)}/{number(min(1.0, max(0.0, curve(x))))}" for x in chosen)


def _within(curve: Curve) -> tuple[float, float]:
    """The part of 0..1 over which a monotonic curve's value lies within 0..1; all of it where there is none."""
    first, last = curve(0), curve(1)
    if max(first, last) <= 0 or min(first, last) >= 1:
        return 0.0, 1.0
    start = 0.0 if 0 <= first <= 1 else _crossing(curve, 0.0 if first < 0 else 1.0)
    end = 1.0 if 0 <= last <= 1 else _crossing(curve, 0.0 if last < 0 else 1.0)
    return start, end


def _crossing(curve: Curve, level: float) -> float:
    """Where a monotonic curve passes a level between 0 and 1, by halving."""
    rises = curve(1) > curve(0)
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if (curve(middle) < level) == rises else (low, middle)
    return low
