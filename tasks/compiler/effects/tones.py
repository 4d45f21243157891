"""Tones: the curves and the matrix that a clip's grading, the colour balance and the filters are made of.

docs/colour-correction.md has the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from tasks.compiler.effects.pixels import Curve, hue_matrix, mix, product, saturate_matrix
from tasks.compiler.effects.row import Stream


def tones(*, shadows: float = 0, midtones: float = 0, highlights: float = 0) -> list[Curve]:
    """Curves that keep black and white where they are; each has a slope of at least 0.2."""
    curves: list[Curve] = []
    if shadows:
        curves.append(lambda x: x + 0.8 * shadows * x * (1 - x) ** 2)
    if midtones:
        curves.append(lambda x: x + 0.8 * midtones * x * (1 - x))
    if highlights:
        curves.append(lambda x: x + 0.8 * highlights * x**2 * (1 - x))
    return curves


def ends(*, blacks: float, whites: float) -> list[Curve]:
    """One curve that moves the ends; its slope is at least 0.25."""
    if blacks == 0 and whites == 0:
        return []
    return [lambda x: x + 0.25 * blacks * (1 - x) ** 3 + 0.25 * whites * x**3]


def levels(contrast: float, brightness: float, gamma: float) -> list[Curve]:
    """Contrast around middle grey and brightness, then gamma: at most two curves."""
    curves: list[Curve] = []
    if contrast != 1 or brightness != 0:
        curves.append(lambda x: (x - 0.5) * contrast + 0.5 + brightness)
    if gamma != 1:
        curves.append(lambda x: x ** (1 / gamma) if x > 0 else x)
    return curves


def composed(curves: Sequence[Curve]) -> Curve:
    """One curve: a value goes through each in turn."""
    return lambda x: reduce(lambda value, curve: curve(value), curves, x)


def coloured(stream: Stream, *, hue: float, saturation: float) -> Stream:
    """Turn the hue, then scale the saturation, by one matrix."""
    if hue % 360 == 0:
        return stream if saturation == 1 else mix(stream, saturate_matrix(saturation))
    return mix(stream, product(saturate_matrix(saturation), hue_matrix(hue)))
