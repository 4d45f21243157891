"""Easing: how progress runs from 0 to 1 over a movement's time, by the names that editors use.

A name is linear, one of CSS's four (ease, ease-in, ease-out, ease-in-out), or ease-in-, ease-out- or ease-in-out- with
a family: quad, cubic, quart, quint, sine, expo, circ, elastic, back, bounce. A family alone means its ease-in-out, but
for elastic, back and bounce, which show on arrival, its ease-out.

Units: time and progress as fractions, both 0 at the beginning and 1 at the end. Elastic and back leave 0..1 between.
Source: W3C CSS Easing Functions Level 1; Robert Penner's equations with their usual constants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin, sqrt
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator

Curve = Callable[[float], float]
"""Progress as a function of time."""

_OVERSHOOT = 1.70158
"""Penner's constant of `back`: it goes a tenth beyond its goal."""

_BOUNCES = ((0.0, 1 / 2.75), (1.5, 2 / 2.75), (2.25, 2.5 / 2.75), (2.625, 1.0))
"""Penner's bounce: the lowest point of each arc, in 1/2.75 of the time, and the time at which the arc ends."""


def _bezier(x1: float, y1: float, x2: float, y2: float) -> Curve:
    """CSS's cubic-bezier(): the curve's height where it lies over x. x1 and x2 lie within 0..1, so that it is a function."""

    def at(first: float, second: float, t: float) -> float:
        return 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t * t * second + t**3

    def curve(x: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if at(x1, x2, middle) < x else (low, middle)
        return at(y1, y2, (low + high) / 2)

    return curve


def _bounce_out(x: float) -> float:
    lowest, _ = next(arc for arc in _BOUNCES if x <= arc[1])
    half = {0.0: 1.0, 1.5: 0.5, 2.25: 0.25, 2.625: 0.125}[lowest]
    return 7.5625 * (x - lowest / 2.75) ** 2 + (1 - half * half if lowest else 0.0)


_FAMILIES: Mapping[str, Curve] = {
    "quad": lambda x: x**2,
    "cubic": lambda x: x**3,
    "quart": lambda x: x**4,
    "quint": lambda x: x**5,
    "sine": lambda x: 1 - cos(x * pi / 2),
    "expo": lambda x: 2 ** (10 * x - 10),
    "circ": lambda x: 1 - sqrt(max(0.0, 1 - x * x)),
    "elastic": lambda x: -(2 ** (10 * x - 10)) * sin((10 * x - 10.75) * 2 * pi / 3),
    "back": lambda x: (_OVERSHOOT + 1) * x**3 - _OVERSHOOT * x * x,
    "bounce": lambda x: 1 - _bounce_out(1 - x),
}
"""Each family's ease-in."""

_ARRIVING = ("elastic", "back", "bounce")


def _out(rise: Curve) -> Curve:
    return lambda x: 1 - rise(1 - x)


def _in_out(rise: Curve) -> Curve:
    return lambda x: rise(2 * x) / 2 if x < 0.5 else 1 - rise(2 - 2 * x) / 2


def _table() -> Mapping[str, Curve]:
    table: dict[str, Curve] = {
        "linear": lambda x: x,
        "ease": _bezier(0.25, 0.1, 0.25, 1),
        "ease-in": _bezier(0.42, 0, 1, 1),
        "ease-out": _bezier(0, 0, 0.58, 1),
        "ease-in-out": _bezier(0.42, 0, 0.58, 1),
    }
    for name, rise in _FAMILIES.items():
        ways = {"ease-in": rise, "ease-out": _out(rise), "ease-in-out": _in_out(rise)}
        table |= {f"{way}-{name}": curve for way, curve in ways.items()}
        table[name] = ways["ease-out" if name in _ARRIVING else "ease-in-out"]
    return MappingProxyType(table)


EASINGS: Mapping[str, Curve] = _table()
"""Every easing by its name."""


def eased(name: str, time: float) -> float:
    """Return the progress at a time; exactly 0 and 1 at both ends and beyond them.

    Raises:  KeyError for a name that is not in the table.
    """
    if time <= 0:
        return 0.0
    return 1.0 if time >= 1 else EASINGS[name](time)


def _known(name: str) -> str:
    if name not in EASINGS:
        raise ValueError("should be linear, ease, ease-in, ease-out, ease-in-out or a family such as ease-out-bounce")
    return name


Easing = Annotated[str, AfterValidator(_known)]
"""A name of the table, as a field of a value."""
