"""Steering: a place on one axis that stays near what it is to show, smoothly, knowing what comes.

The way is a uniform quadratic B-spline, so that bounds on its control points' differences are bounds on its velocity and its acceleration
at every moment. The points are those that cost least, where leaving the dead zone, leaving what must be seen, moving and accelerating have
a price each. That is a convex problem, solved by ADMM, whose linear step is diagonal under a Fourier transform of the mirrored way. It begins at a
lazy way, which moves only when the dead zone pushes it; so what need not move does not.

Units: any length (here widths of the source), seconds. Source: Boyd et al., "Distributed Optimization and Statistical Learning via the
Alternating Direction Method of Multipliers", chapters 3 and 5; docs/adr/0039.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

STEP = 0.1
"""Seconds from one control point to the next; in films of fewer frames a second, a frame."""

_STRAYS, _LOSES = 40.0, 4_000.0
"""Price of a second at a distance of 1, squared, from the dead zone, and from where all that must be seen is."""

_MOVES, _TURNS = 0.05, 1.0
"""Price of a way of 1, and of a second of an acceleration of 1, squared."""

_PACE = 0.4
"""Seconds: the scale of time on which prices meet, (_TURNS / _STRAYS) ** (1 / 4). It weighs the three constraints in ADMM."""

_RELAXED = 1.6
_ROUNDS, _LEAST_ROUNDS = 400, 10
"""ADMM's over-relaxation, and its rounds."""

_SETTLED = 2e-5
_BEYOND = 1e-3
"""It ends when a round moves no point farther than this, none lies farther beyond the limits, and both bounds hold."""

_ASKED = 0.93
"""Share of the bounds that ADMM is held to, as it misses them by a little."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Where something wants to be, frame by frame: its middle, how far from that it may be for nothing, and how far at most.

    Args:    force: from 0 (no matter) to 1.
    """

    middle: Numbers
    free: Numbers
    most: Numbers
    force: Numbers


def steered(wish: Wish, *, low: float, high: float, rate: Fraction, velocity: float, acceleration: float) -> Numbers:
    """Return the place in each frame: within [low, high], and within both bounds, exactly.

    Args:    velocity, acceleration: bounds, per second and per second squared.
    """
    frames, step = len(wish.middle), max(STEP, 1 / float(rate))
    moments = np.arange(frames) / float(rate) / step
    needed = int(moments[-1] + 0.5) + 3
    count = _smooth(needed)
    at = np.clip(np.round((np.arange(count) - 1) * step * float(rate)).astype(np.int64), 0, frames - 1)
    sampled = Wish(*(numbers[at] for numbers in (wish.middle, wish.free, wish.most, wish.force)))
    sampled.force[needed:] = 0
    sampled = _possible(sampled, low, high)
    lazy = _lazy(sampled, low, high)
    if np.ptp(lazy) == 0:
        return np.full(frames, lazy[0])
    points = _cheapest(lazy, sampled, low, high, step, velocity, acceleration)
    return _spline(_bounded(points, low, high, step, velocity, acceleration), moments)


def _smooth(count: int) -> int:
    """Return the next number without a prime factor above 5: what a Fourier transform is fast for."""
    while True:
        left = count
        for factor in (2, 3, 5):
            while left % factor == 0:
                left //= factor
        if left == 1:
            return count
        count += 1


def _possible(wish: Wish, low: float, high: float) -> Wish:
    """Return a wish that asks nothing beyond the limits, and a step sooner for what must be seen: a spline cuts corners."""
    beyond = np.maximum(wish.middle - high, low - wish.middle)
    most = np.maximum(wish.most / 2, wish.most - np.abs(np.gradient(wish.middle)))
    free = np.minimum(wish.free, most)
    return Wish(wish.middle, np.maximum(free, beyond), np.maximum(most, beyond), wish.force)


def _lazy(wish: Wish, low: float, high: float) -> Numbers:
    """Return the way that moves only when it must."""
    nearest, farthest = np.clip(wish.middle - wish.free, low, high), np.clip(wish.middle + wish.free, low, high)
    corridor = list(zip(nearest.tolist(), farthest.tolist(), strict=True))
    least, most = np.maximum.accumulate(nearest), np.minimum.accumulate(farthest)
    longest = int(np.flatnonzero(least <= most)[-1])
    begin = float(least[longest] + most[longest]) / 2  # from there it need not move for as long as can be
    way = accumulate(corridor, lambda place, sides: min(max(place, sides[0]), sides[1]), initial=begin)
    found: Numbers = np.fromiter(way, np.float64, len(corridor) + 1)
    return found[1:]


def _cheapest(
    begin: Numbers, wish: Wish, low: float, high: float, step: float, velocity: float, acceleration: float
) -> Numbers:
    """Return the control points that cost least; the bounds hold nearly."""
    count = len(begin)
    waves = (2 - 2 * np.cos(np.pi * np.arange(count + 1) / count)) / step**2
    weights = _STRAYS, _STRAYS * _PACE**2, _STRAYS * _PACE**4
    inverse = 1 / (weights[0] + weights[1] * waves + weights[2] * waves**2)
    points = begin
    parts = [points, _slope(points, step), _bend(points, step)]
    gaps = [np.zeros_like(part) for part in parts]
    for done in range(_ROUNDS):
        wanted = [part - gap for part, gap in zip(parts, gaps, strict=True)]
        pulled = (
            weights[0] * wanted[0] + weights[1] * _slope_back(wanted[1], step) + weights[2] * _bend(wanted[2], step)
        )
        mirrored = np.concatenate((pulled, pulled[::-1]))
        moved = np.fft.irfft(np.fft.rfft(mirrored) * inverse, 2 * count)[:count]
        change, points = float(np.abs(moved - points).max()), moved
        told = [points, _slope(points, step), _bend(points, step)]
        mixed = [_RELAXED * new + (1 - _RELAXED) * old for new, old in zip(told, parts, strict=True)]
        hoped = [new + gap for new, gap in zip(mixed, gaps, strict=True)]
        parts = [
            np.clip(_near(hoped[0], wish, weights[0]), low, high),
            _slow(hoped[1], _MOVES / weights[1], _ASKED * velocity),
            _gentle(hoped[2], 2 * _TURNS / weights[2], _ASKED * acceleration),
        ]
        gaps = [hope - part for hope, part in zip(hoped, parts, strict=True)]
        if (
            done >= _LEAST_ROUNDS
            and change < _SETTLED
            and max(float(points.max()) - high, low - float(points.min())) < _BEYOND
            and np.abs(told[1]).max() <= velocity
            and np.abs(told[2][1:-1]).max() <= acceleration
        ):
            break
    return points


def _near(hoped: Numbers, wish: Wish, weight: float) -> Numbers:
    """The cheapest place near a hoped one: the proximal map of the price of straying and of losing sight."""
    strays, loses = 2 * _STRAYS / weight * wish.force, 2 * _LOSES / weight * wish.force
    off = np.abs(hoped - wish.middle)
    strayed = (off + strays * wish.free) / (1 + strays)
    lost = (off + strays * wish.free + loses * wish.most) / (1 + strays + loses)
    kept = np.where(off <= wish.free, off, np.where(strayed <= wish.most, strayed, lost))
    place: Numbers = wish.middle + np.sign(hoped - wish.middle) * kept
    return place


def _slow(hoped: Numbers, price: float, bound: float) -> Numbers:
    return np.sign(hoped) * np.clip(np.abs(hoped) - price, 0, bound)


def _gentle(hoped: Numbers, price: float, bound: float) -> Numbers:
    """The ends are free: a shot may begin and end in motion."""
    gentle = np.clip(hoped / (1 + price), -bound, bound)
    gentle[[0, -1]] = hoped[[0, -1]]
    return gentle


def _slope(points: Numbers, step: float) -> Numbers:
    return np.diff(points) / step


def _slope_back(slopes: Numbers, step: float) -> Numbers:
    """The transpose of `_slope`."""
    return -np.diff(slopes, prepend=0.0, append=0.0) / step


def _bend(points: Numbers, step: float) -> Numbers:
    """The second differences, the way mirrored at its ends; its own transpose."""
    return -_slope_back(_slope(points, step), step)


def _bounded(points: Numbers, low: float, high: float, step: float, velocity: float, acceleration: float) -> Numbers:
    """Draw the points together until all bounds hold exactly: what ADMM leaves over is a hair."""
    middle = float(np.clip(points.mean(), low, high))
    away = points - middle
    shares = [1.0]
    for most, bound in (
        (float(away.max()), high - middle),
        (float(-away.min()), middle - low),
        (float(np.abs(_slope(points, step)).max()), velocity),
        (float(np.abs(_bend(points, step)[1:-1]).max()), acceleration),
    ):
        if most > bound:
            shares.append(bound / most)
    return np.clip(middle + min(shares) * away, low, high)


def _spline(points: Numbers, moments: Numbers) -> Numbers:
    """Return the spline's place at moments, in steps; the second control point stands at 0."""
    nearest = np.floor(moments + 0.5).astype(np.int64)
    off = moments - nearest
    before, here, after = points[nearest], points[nearest + 1], points[nearest + 2]
    return 0.5 * (0.5 - off) ** 2 * before + (0.75 - off**2) * here + 0.5 * (0.5 + off) ** 2 * after
