"""Boundaries: where a film is cut into chunks.

Chunks are about `target` frames long, cut at edit points where possible, never inside a transition. Which edit
points are chosen depends only on the edits near by, so that a ripple edit leaves the chunks after it as they are.

Units: frames at the timeline's rate, half-open.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tasks.compiler.check import CheckedProject
from tasks.compiler.layers import Item

Spans = Sequence[tuple[int, int]]
"""Stretches [start, end) in order that share no frame."""


def boundaries(project: CheckedProject, shown: Sequence[Item], target: int, start: int, end: int) -> tuple[int, ...]:
    """Where the frames [start, end) are cut: `start`, the chosen edges in order, `end`.

    An edit point is chosen when a hash of what begins there is the lowest within half a target on either side, the
    range's own ends being lower than all. A stretch that stays longer than one and a half targets is divided evenly,
    at edit points where they are near.
    """
    target = max(1, target)
    blocked = passages(shown)
    points = {edge: rank for edge, rank in _edit_points(project, shown) if start < edge < end}
    points = {edge: rank for edge, rank in points.items() if freed(edge, blocked) == edge} | {start: -1, end: -1}
    order = sorted(points)
    chosen = [start]
    for number, edge in enumerate(order[1:-1], start=1):
        near = _within(order, number, edge, target // 2)
        if all((points[edge], edge) <= (points[other], other) for other in near):
            chosen.append(edge)
    chosen.append(end)
    edges: list[int] = [start]
    for left, right in pairwise(chosen):
        parts = max(1, round((right - left) / target))
        for part in range(1, parts):
            edge = _nearest(order, freed(left + (right - left) * part // parts, blocked), target // 4)
            if edges[-1] < edge < right:
                edges.append(edge)
        if right > edges[-1]:
            edges.append(right)
    return tuple(edges)


def passages(shown: Iterable[Item]) -> Spans:
    """The stretches that transitions take, those that overlap as one."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted((item.start, item.end) for item in shown if item.into is not None):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return spans


def freed(edge: int, blocked: Spans) -> int:
    """Move an edge that lies inside a transition to that transition's end."""
    return _around(edge, blocked)[1]


def middle(start: int, end: int, blocked: Spans) -> int | None:
    """The edge nearest the middle of [start, end) that lies in no transition; None where there is none."""
    half = (start + end) // 2
    fitting = [edge for edge in _around(half, blocked) if start < edge < end]
    return min(fitting, key=lambda edge: abs(edge - half), default=None)


def _around(edge: int, blocked: Spans) -> tuple[int, int]:
    """The transition that an edge lies inside of; else the edge itself, twice."""
    number = bisect_right(blocked, edge, key=lambda span: span[0]) - 1
    if number >= 0 and blocked[number][0] < edge < blocked[number][1]:
        return blocked[number]
    return edge, edge


def _nearest(order: Sequence[int], edge: int, reach: int) -> int:
    """The edit point nearest to an edge, within `reach` frames; else the edge itself."""
    place = bisect_right(order, edge)
    near = [point for point in order[max(0, place - 1) : place + 1] if abs(point - edge) <= reach]
    return min(near, key=lambda point: abs(point - edge), default=edge)


def _edit_points(project: CheckedProject, shown: Iterable[Item]) -> Iterator[tuple[int, int]]:
    """Frames at which something with a picture begins or ends, each with a rank by what it is, not when."""
    for item in shown:
        source = item.clip.source
        if source.kind != "media":
            continue
        content = f"{project.media[source.path].facts.sha256} {item.clip.source_start} {item.end - item.start}"
        yield item.start, _rank(f"starts {content}")
        yield item.end, _rank(f"ends {content}")


def _rank(content: str) -> int:
    return int.from_bytes(hashlib.sha256(content.encode()).digest()[:8])


def _within(order: Sequence[int], number: int, edge: int, reach: int) -> Iterator[int]:
    for step in (-1, 1):
        other = number + step
        while 0 <= other < len(order) and abs(order[other] - edge) <= reach:
            yield order[other]
            other += step
