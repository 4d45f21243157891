"""Easings: how far a motion has come when a share of its time has passed.

Every function maps time in [0, 1] to progress, 0 at 0 and 1 at 1; elastic and back overshoot in between. Times outside
[0, 1] count as the nearest end.

Source: CSS Easing Functions 1 for linear and ease; Penner's families as easings.net writes them; a family's bare
name means what it means in d3-ease: in and out, but out for the two that spring (elastic, bounce).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import cos, pi, sin, sqrt
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator

Easing = Callable[[float], float]

OVERSHOOT = 1.70158
"""Penner's constant of back: the motion goes 10 % too far."""

FAMILIES = ("quad", "cubic", "quart", "quint", "sine", "expo", "circ", "elastic", "back", "bounce")

_SPRINGS = ("elastic", "bounce")

_HOPS = ((1, 0, 0), (2, 1.5, 0.75), (2.5, 2.25, 0.9375), (2.75, 2.625, 0.984375))
"""Penner's bounce: where each hop ends, its middle, in parts of _HOPS_END, and how far above the floor it turns."""

_HOPS_END = 2.75


def cubic_bezier(x1: float, y1: float, x2: float, y2: float) -> Easing:
    """Return CSS's cubic-bezier(x1, y1, x2, y2); x1 and x2 lie in [0, 1], so that time never runs back."""

    @lru_cache(maxsize=4096)
    def curve(time: float) -> float:
        if time <= 0 or time >= 1:
            return _within(time)
        low, high = 0.0, 1.0
        for _ in range(48):  # 2⁻⁴⁸ is finer than any frame's share of a motion
            middle = (low + high) / 2
            if _axis(middle, x1, x2) < time:
                low = middle
            else:
                high = middle
        return _axis((low + high) / 2, y1, y2)

    return curve


def eased(name: str, time: float) -> float:
    """Return the progress of a named easing at a time.

    Raises:  KeyError for a name that is not in EASINGS.
    """
    return EASINGS[name](time)


def _axis(t: float, first: float, second: float) -> float:
    return 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t * t * second + t**3


def _within(time: float) -> float:
    return min(1.0, max(0.0, time))


def _power(exponent: int) -> Easing:
    return lambda time: time**exponent


def _sine(time: float) -> float:
    return 1 - cos(time * pi / 2)


def _expo(time: float) -> float:
    return float(2 ** (10 * time - 10))


def _circ(time: float) -> float:
    return 1 - sqrt(1 - time * time)


def _elastic(time: float) -> float:
    return float(-(2 ** (10 * time - 10)) * sin((10 * time - 10.75) * 2 * pi / 3))


def _back(time: float) -> float:
    return time * time * ((OVERSHOOT + 1) * time - OVERSHOOT)


def _bounce(time: float) -> float:
    """Four falls onto the floor, run backwards; each hop is a quarter as high as the one before."""
    left = 1 - time
    for end, middle, height in _HOPS:
        if left <= end / _HOPS_END:
            return 1 - (_HOPS_END**2 * (left - middle / _HOPS_END) ** 2 + height)
    return 0.0


_IN: Mapping[str, Easing] = {
    "quad": _power(2),
    "cubic": _power(3),
    "quart": _power(4),
    "quint": _power(5),
    "sine": _sine,
    "expo": _expo,
    "circ": _circ,
    "elastic": _elastic,
    "back": _back,
    "bounce": _bounce,
}


def _start(shape: Easing) -> Easing:
    return lambda time: time if time in (0, 1) else shape(time)


def _ease_in(shape: Easing) -> Easing:
    return lambda time: shape(_within(time))


def _ease_out(shape: Easing) -> Easing:
    return lambda time: 1 - shape(1 - _within(time))


def _ease_in_out(shape: Easing) -> Easing:
    def both(time: float) -> float:
        time = _within(time)
        return shape(2 * time) / 2 if time < 0.5 else 1 - shape(2 - 2 * time) / 2

    return both


def _table() -> Mapping[str, Easing]:
    found: dict[str, Easing] = {
        "linear": _within,
        "ease": cubic_bezier(0.25, 0.1, 0.25, 1),
        "ease-in": cubic_bezier(0.42, 0, 1, 1),
        "ease-out": cubic_bezier(0, 0, 0.58, 1),
        "ease-in-out": cubic_bezier(0.42, 0, 0.58, 1),
    }
    for family in FAMILIES:
        shape = _start(_IN[family])
        ways = {"in": _ease_in(shape), "out": _ease_out(shape), "in-out": _ease_in_out(shape)}
        found |= {f"ease-{way}-{family}": easing for way, easing in ways.items()}
        found[family] = ways["out" if family in _SPRINGS else "in-out"]
    return MappingProxyType(found)


EASINGS = _table()
"""Name → easing: linear, CSS's four, and ease-in-, ease-out- and ease-in-out- of each family, and its bare name."""


def _known(name: str) -> str:
    if name not in EASINGS:
        raise ValueError("should be linear, ease, ease-in, ease-out, ease-in-out or a family such as ease-out-bounce")
    return name


EasingName = Annotated[str, AfterValidator(_known)]
"""A name of the table, as a field of a value."""
