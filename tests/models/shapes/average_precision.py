"""Mean average precision at an overlap of one half, written plainly.

Source:  Everingham et al., "The Pascal Visual Object Classes Challenge", area under the interpolated curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Box = tuple[float, float, float, float]


class Seen(NamedTuple):
    """A box that was found (with a score) or that is truly there (its score means nothing), in one picture."""

    picture: int
    kind: int
    box: Box
    score: float = 1.0


def overlap(one: Box, other: Box) -> float:
    """Return intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - both)


def mean_average_precision(found: Sequence[Seen], true: Sequence[Seen], least: float = 0.5) -> float:
    """Return the mean of the average precisions of the classes that are truly there."""
    kinds = sorted({one.kind for one in true})
    parts = [
        average_precision([f for f in found if f.kind == k], [t for t in true if t.kind == k], least) for k in kinds
    ]
    return sum(parts) / len(parts)


def average_precision(found: Sequence[Seen], true: Sequence[Seen], least: float = 0.5) -> float:
    """Return the area under the curve of precision over recall, for one class."""
    there: dict[int, list[Box]] = {}
    for one in true:
        there.setdefault(one.picture, []).append(one.box)
    taken: set[tuple[int, int]] = set()
    points: list[tuple[float, float]] = []
    hits = 0
    for count, one in enumerate(sorted(found, key=lambda seen: -seen.score), 1):
        overlaps = [(overlap(one.box, box), place) for place, box in enumerate(there.get(one.picture, []))]
        best, place = max(overlaps, default=(0.0, -1))
        if best >= least and (one.picture, place) not in taken:
            taken.add((one.picture, place))
            hits += 1
        points.append((hits / len(true), hits / count))
    area, best = 0.0, 0.0
    for place in range(len(points) - 1, -1, -1):  # from the end, the best precision at this recall or beyond is known
        recall, precision = points[place]
        best = max(best, precision)
        area += (recall - (points[place - 1][0] if place else 0.0)) * best
    return area
