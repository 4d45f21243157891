"""Findings: what was seen of one thing over time, from its boxes frame by frame; and questions about them.

Units: displayed pixels; frames and exact seconds of the film; ranges of time are half-open. Source: Douglas and Peucker, for thinning a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from infra.values import Exact, Value
from tasks.recognition.found import Detection, FoundFrame

Box = tuple[float, float, float, float]

_GROWN = 0.5
"""Share of its size by which a box grows on each side before it is asked whether a later one lies near it."""


class PathPoint(Value):
    """Where a thing was in one frame; between two points its box moves straight."""

    frame: int
    seconds: Exact
    box: Box


class Finding(Value):
    """One thing, from when it was first seen to when it was last seen."""

    name: str = Field(description="Its class.")
    track: int = Field(description="A number of its own among the findings of a film.")
    first: int = Field(description="The first frame in which it was seen.")
    last: int = Field(description="The last one.")
    begin: Exact = Field(description="Seconds at which the first is shown.")
    end: Exact = Field(description="Seconds at which the last is no longer shown.")
    seen: int = Field(description="Frames in which it was found, of those that were looked at.")
    best: float = Field(description="Its highest score.")
    mean: float = Field(description="The mean of its scores.")
    best_frame: int
    best_seconds: Exact
    best_box: Box
    path: tuple[PathPoint, ...] = Field(description="Its boxes, as few as show all others.")

    @property
    def duration(self) -> Fraction:
        """Seconds from begin to end."""
        return self.end - self.begin


class FindingOptions(Value):
    """How boxes become findings."""

    least_seen: int = Field(
        2, ge=1, description="Frames in which a thing must have been found; fewer where fewer were looked at."
    )
    join: Exact = Field(
        Fraction(1, 2), ge=0, description="Seconds for which a thing may be gone and still be the same."
    )
    tolerance: float = Field(
        0.03, ge=0, le=1, description="Share of a box's size by which the thinned path may miss it."
    )


class FindingQuery(Value):
    """A question: all that is given must hold."""

    names: tuple[str, ...] = Field((), description="Classes, any of them; none: all.")
    begin: Exact | None = Field(None, description="Seen at or after this time.")
    end: Exact | None = Field(None, description="Seen before this time.")
    least_score: float = Field(0, ge=0, le=1, description="Its highest score at least.")
    over: Exact = Field(
        Fraction(0), ge=0, description="Seen for longer than this, in seconds, within the times asked for."
    )


def findings(
    frames: Iterable[FoundFrame], names: Sequence[str], frame: Fraction, options: FindingOptions | None = None
) -> tuple[Finding, ...]:
    """Return what was seen, in the order of first sight.

    Args:
        frames: one after the other, with tracks (`tracks.tracked`); boxes without a track count nothing.
        names: of the classes, by number.
        frame: seconds for which a frame is shown.
    """
    told = options or FindingOptions()
    seen: dict[int, list[tuple[FoundFrame, Detection]]] = {}
    looked = 0
    for one in frames:
        looked += 1
        bare = FoundFrame(number=one.number, seconds=one.seconds)
        for detection in one.found:
            if detection.track is not None:
                seen.setdefault(detection.track, []).append((bare, detection))
    joined = _joined([seen[track] for track in sorted(seen)], frame, told.join)
    kept = [sights for sights in joined if len(sights) >= min(told.least_seen, looked)]
    return tuple(_finding(sights, names, frame, told.tolerance) for sights in kept)


def matching(found: Iterable[Finding], query: FindingQuery) -> tuple[Finding, ...]:
    """Return the findings of which all that a query asks holds."""
    names = {name.casefold() for name in query.names}
    return tuple(
        one
        for one in found
        if (not names or one.name.casefold() in names)
        and one.best >= query.least_score
        and (within := _within(one, query)) is not None
        and within > query.over
    )


def presence(found: Iterable[Finding]) -> Mapping[str, tuple[tuple[Fraction, Fraction], ...]]:
    """Return for each class, by name, the ranges of time in which anything of it is seen, one after the other."""
    ranges: dict[str, list[tuple[Fraction, Fraction]]] = {}
    for one in sorted(found, key=lambda finding: (finding.name, finding.begin)):
        known = ranges.setdefault(one.name, [])
        if known and one.begin <= known[-1][1]:
            known[-1] = known[-1][0], max(known[-1][1], one.end)
        else:
            known.append((one.begin, one.end))
    return {name: tuple(known) for name, known in ranges.items()}


def _within(one: Finding, query: FindingQuery) -> Fraction | None:
    """Return for how long a finding is seen within the times asked for."""
    begin = one.begin if query.begin is None else max(one.begin, query.begin)
    end = one.end if query.end is None else min(one.end, query.end)
    return end - begin if begin < end else None


_Sights = list[tuple[FoundFrame, Detection]]


def _joined(tracks: Sequence[_Sights], frame: Fraction, gap: Fraction) -> list[_Sights]:
    """Join a track to one of its class that ended shortly before, near where it begins."""
    joined: list[_Sights] = []
    recent: list[_Sights] = []
    for sights in sorted(tracks, key=lambda sights: (sights[0][0].seconds, sights[0][1].track)):
        begins, first = sights[0]
        recent = [other for other in recent if begins.seconds - other[-1][0].seconds <= gap + frame]
        near = [
            other
            for other in recent
            if other[-1][1].kind == first.kind
            and other[-1][0].seconds < begins.seconds
            and _near(other[-1][1].box, first.box)
        ]
        if near:
            max(near, key=lambda other: other[-1][0].seconds).extend(sights)
        else:
            joined.append(list(sights))
            recent.append(joined[-1])
    return joined


def _near(one: Box, other: Box) -> bool:
    """Say whether two boxes, each grown, meet, and are of about one size."""
    sides = [(box[2] - box[0], box[3] - box[1]) for box in (one, other)]
    if not all(0.5 <= (mine + 1e-6) / (its + 1e-6) <= 2 for mine, its in zip(*sides, strict=True)):
        return False
    reach = [(sides[0][axis] + sides[1][axis]) * _GROWN for axis in (0, 1)]
    return all(
        one[axis] - reach[axis] < other[axis + 2] and other[axis] < one[axis + 2] + reach[axis] for axis in (0, 1)
    )


def _finding(sights: _Sights, names: Sequence[str], frame: Fraction, tolerance: float) -> Finding:
    best_frame, best = max(sights, key=lambda sight: (sight[1].score, -sight[0].number))
    first, last = sights[0][0], sights[-1][0]
    scores = [detection.score for _, detection in sights]
    kept = thinned([float(one.seconds) for one, _ in sights], [detection.box for _, detection in sights], tolerance)
    return Finding(
        name=names[best.kind],
        track=sights[0][1].track or 0,
        first=first.number,
        last=last.number,
        begin=first.seconds,
        end=last.seconds + frame,
        seen=len(sights),
        best=best.score,
        mean=sum(scores) / len(scores),
        best_frame=best_frame.number,
        best_seconds=best_frame.seconds,
        best_box=best.box,
        path=tuple(
            PathPoint(frame=sights[place][0].number, seconds=sights[place][0].seconds, box=sights[place][1].box)
            for place in kept
        ),
    )


def thinned(times: Sequence[float], boxes: Sequence[Box], tolerance: float) -> list[int]:
    """Return the places of the boxes, the first and last among them, between which all others lie straight.

    Args:    tolerance: share of a box's own width and height by which each of its sides may miss.
    """
    at: NDArray[np.float64] = np.asarray(times, np.float64)
    all_boxes: NDArray[np.float64] = np.asarray(boxes, np.float64)
    sizes = np.maximum(all_boxes[:, 2:] - all_boxes[:, :2], 1.0)
    allowed = np.concatenate((sizes, sizes), 1) * tolerance
    kept = {0, len(at) - 1}
    waiting = [(0, len(at) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        between = slice(first + 1, last)
        share = ((at[between] - at[first]) / (at[last] - at[first]))[:, None]
        straight = all_boxes[first] + share * (all_boxes[last] - all_boxes[first])
        off = (np.abs(all_boxes[between] - straight) / np.maximum(allowed[between], 1e-9)).max(1)
        worst = int(off.argmax())
        if off[worst] > 1:
            middle = first + 1 + worst
            kept.add(middle)
            waiting += [(first, middle), (middle, last)]
    return sorted(kept)
