"""Whom a camera follows: of all that was seen, one thing at a time, and where it is in each frame.

What weighs most is followed: score by share of the picture by time seen. Who follows whom is decided for a whole shot at once: the choice
is the one with the largest sum of shares of the weight, less a toll for every change. So the followed thing stays the followed thing unless
another is ahead of it for long enough to pay the toll; the change then comes when that one gets ahead, not when it has been so for a while.

Units: displayed pixels, frames of the film that is made. Source: Viterbi, for the best path through choices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.recognition.findings import Box, Finding

Numbers = NDArray[np.float64]

MOST = 32
BLOCK = 500
"""Things between which is chosen, of so many frames one after the other; of more, the heaviest."""


def followed(
    found: Sequence[Finding], shots: Sequence[int], *, rate: Fraction, start: Fraction, area: Fraction, lead: Fraction
) -> tuple[NDArray[np.int64], Numbers]:
    """Return whom to follow in each frame (a place in `found`; -1: nobody), and its box there (n, 4; NaN where nobody).

    Args:
        shots: the frames at which shots begin, and the number of frames last; the choice begins anew with each.
        start: seconds at which frame 0 is shown. area: of the whole picture.
        lead: seconds of the whole weight by which another must be ahead in all to be followed instead.
    """
    frames = shots[-1]
    chosen = np.full(frames, -1, np.int64)
    boxes = np.full((frames, 4), np.nan)
    spans = np.array([_span(one, rate, start, frames) for one in found], np.int64).reshape(-1, 2)
    rough = np.array([one.mean * float(one.duration) * _area(one.best_box) for one in found], np.float64)
    ways: dict[int, _Way] = {}
    for first, end in pairwise(shots):
        choice = _Choice(float(lead * rate))
        for begin in range(first, end, BLOCK):
            stop = min(begin + BLOCK, end)
            lengths = np.minimum(spans[:, 1], stop) - np.maximum(spans[:, 0], begin)
            there = np.flatnonzero(lengths > 0)
            places = there[np.argsort(-rough[there] * lengths[there], kind="stable")][:MOST]
            weights = np.zeros((len(places), stop - begin), np.float32)
            for row, place in enumerate(places):
                inside = np.arange(max(begin, spans[place, 0]), min(stop, spans[place, 1]))
                if place not in ways:
                    ways[place] = _Way(found[place], rate, start)
                sides = ways[place].boxes(inside)
                shown = np.clip(sides[:, 2] - sides[:, 0], 0, None) * np.clip(sides[:, 3] - sides[:, 1], 0, None)
                heavy = found[place].mean * float(found[place].duration) * shown / float(area)
                weights[row, inside - begin] = np.maximum(heavy, 1e-9)
            choice.go_on(places, weights)
        chosen[first:end] = choice.best()
    for place in np.unique(chosen[chosen >= 0]):
        at = np.flatnonzero(chosen == place)
        boxes[at] = ways[place].boxes(at)
    return chosen, boxes


class _Choice:
    """The best choice so far, for each thing that may be the last of it; block by block."""

    def __init__(self, toll: float) -> None:
        self._toll = toll
        self._scores: dict[int, float] = {}
        self._blocks: list[tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int32]]] = []

    def go_on(self, places: NDArray[np.int64], weights: NDArray[np.float32]) -> None:
        """Take in the weights (things, frames) of a block; 0: not seen."""
        seen = weights > 0
        anything: NDArray[np.bool_] = np.any(seen, axis=0)
        columns = np.flatnonzero(anything)
        came = np.empty((len(columns), len(places)), np.int32)
        shares = weights / np.maximum(weights.sum(0), 1e-30)
        top = max(self._scores, key=self._scores.__getitem__, default=-1)
        best = self._scores.get(top, 0.0)
        score = np.array([self._scores.get(int(place), -np.inf) for place in places])
        for step, column in enumerate(columns):
            stays = score >= best - self._toll
            came[step] = np.where(stays, places, top)
            score = np.where(seen[:, column], np.where(stays, score, best - self._toll) + shares[:, column], -np.inf)
            row = int(score.argmax())
            top, best = int(places[row]), float(score[row])
        if len(columns):
            self._scores = dict(zip(places.tolist(), score.tolist(), strict=True))
        self._blocks.append((places, anything, came))

    def best(self) -> NDArray[np.int64]:
        """Return what is followed in each frame, -1 where nothing is seen."""
        place = max(self._scores, key=self._scores.__getitem__, default=-1)
        found = []
        for places, seen, came in reversed(self._blocks):
            rows = {int(one): row for row, one in enumerate(places)}
            block = np.full(len(seen), -1, np.int64)
            columns = np.flatnonzero(seen)
            for step in range(len(columns) - 1, -1, -1):
                block[columns[step]] = place
                place = int(came[step, rows[place]])
            found.append(block)
        return np.concatenate(found[::-1])


def _span(one: Finding, rate: Fraction, start: Fraction, frames: int) -> tuple[int, int]:
    """Return the frames, half-open, that show something while it is seen."""
    first, end = (math.ceil((seconds - start) * rate) for seconds in (one.begin, one.end))
    return max(0, first), min(frames, end)


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


class _Way:
    """A finding's path, of which its boxes in some frames are read; between two points they move straight."""

    def __init__(self, one: Finding, rate: Fraction, start: Fraction) -> None:
        self._rate, self._start = float(rate), float(start)
        self._times = np.array([float(point.seconds) for point in one.path])
        self._sides = np.array([point.box for point in one.path], np.float64)

    def boxes(self, frames: NDArray[np.int64]) -> Numbers:
        """Return the boxes (n, 4) in frames that rise."""
        times = frames / self._rate + self._start
        near = slice(
            max(0, int(np.searchsorted(self._times, times[0])) - 1), int(np.searchsorted(self._times, times[-1])) + 1
        )
        known, sides = self._times[near], self._sides[near]
        return np.stack([np.interp(times, known, sides[:, side]) for side in range(4)], 1)
