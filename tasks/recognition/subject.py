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

from tasks.recognition.findings import Finding

Numbers = NDArray[np.float64]

MOST = 32
"""Things of one shot between which is chosen; of more, the heaviest."""


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
    spans = [_span(one, rate, start, frames) for one in found]
    for first, end in pairwise(shots):
        present = [place for place, span in enumerate(spans) if max(first, span[0]) < min(end, span[1])]
        weights = np.zeros((len(present), end - first), np.float32)
        for row, place in enumerate(present):
            inside = range(max(first, spans[place][0]), min(end, spans[place][1]))
            sides = _boxes(found[place], inside, rate, start)
            shown = np.clip(sides[:, 2] - sides[:, 0], 0, None) * np.clip(sides[:, 3] - sides[:, 1], 0, None)
            heavy = found[place].mean * float(found[place].duration) * shown / float(area)
            weights[row, inside.start - first : inside.stop - first] = np.maximum(heavy, 1e-9)
        kept = np.argsort(-weights.sum(1), kind="stable")[:MOST]
        best = _best(weights[kept], float(lead * rate))
        for row, place in enumerate(present[number] for number in kept):
            at = np.flatnonzero(best == row) + first
            if len(at):
                chosen[at] = place
                boxes[at] = _boxes(found[place], at, rate, start)
    return chosen, boxes


def _span(one: Finding, rate: Fraction, start: Fraction, frames: int) -> tuple[int, int]:
    """Return the frames, half-open, that show something while it is seen."""
    first, end = (math.ceil((seconds - start) * rate) for seconds in (one.begin, one.end))
    return max(0, first), min(frames, end)


def _boxes(one: Finding, frames: Sequence[int] | NDArray[np.int64], rate: Fraction, start: Fraction) -> Numbers:
    """Return its boxes in some frames; between two points of its path they move straight."""
    times = np.asarray(frames, np.float64) / float(rate) + float(start)
    known = [float(point.seconds) for point in one.path]
    return np.stack([np.interp(times, known, [point.box[side] for point in one.path]) for side in range(4)], 1)


def _best(weights: NDArray[np.float32], toll: float) -> NDArray[np.int64]:
    """Return the row that is followed in each column, -1 where none has a weight."""
    best = np.full(weights.shape[1], -1, np.int64)
    seen = weights > 0
    columns = np.flatnonzero(seen.any(0))
    if not len(columns):
        return best
    rows = np.arange(len(weights))
    came = np.empty((len(columns), len(weights)), np.int8)
    score = np.zeros(len(weights))
    for step, column in enumerate(columns):
        top = int(score.argmax())
        stays = score >= score[top] - toll
        came[step] = np.where(stays, rows, top)
        share = weights[:, column] / weights[:, column].sum()
        score = np.where(seen[:, column], np.where(stays, score, score[top] - toll) + share, -np.inf)
    row = int(score.argmax())
    for step in range(len(columns) - 1, -1, -1):
        best[columns[step]] = row
        row = int(came[step, row])
    return best
