"""Findings: what was seen of one thing over time, from its boxes frame by frame; and questions about them.

Units: displayed pixels; frames and exact seconds of the film; ranges of time are half-open. Source: Douglas and Peucker, for thinning a path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Exact, Value
from tasks.recognition.found import FoundFrame

Box = tuple[float, float, float, float]

_GROWN = 0.5
"""Share of its size by which a box grows on each side before it is asked whether a later one lies near it."""


MOST_SIGHTS, MOST_TRACKS = 5_000_000, 100_000
"""Boxes in tracks, and tracks, of a film: all crowds and no noise. The first take 2 GB."""

_MOST_RECENT = 1_000
"""Tracks of a class that a later one may be joined to, those that ended last."""


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
        2,
        ge=1,
        le=100_000,
        description="Frames in which a thing must have been found, or for whose time at the pace it must have been shown; fewer where fewer were looked at.",
    )
    join: Exact = Field(
        Fraction(1, 2), ge=0, le=3_600, description="Seconds for which a thing may be gone and still be the same."
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
    frames: Iterable[FoundFrame],
    names: Sequence[str],
    frame: Fraction,
    options: FindingOptions | None = None,
    end: Fraction | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[Finding, ...]:
    """Return what was seen, in the order of first sight. What a frame shows lasts until the next that was looked at.

    Args:
        frames: one after the other, with tracks (`tracks.tracked`); boxes without a track count nothing.
        names: of the classes, by number.
        frame: seconds from one frame that is looked at to the next, as the pace has it.
        end: seconds at which the last of them is no longer shown; None: after the time of one.
        should_stop: asked before each frame and each track.
    Raises:  KinofarmError MODEL-018 for more than can be held, FFMPEG-001 once it shall stop.
    """
    told = options or FindingOptions()
    seen: dict[int, _Sights] = {}
    times: list[Fraction] = []
    boxes = 0
    for one in frames:
        _require_wanted(should_stop)
        for box in one.found:
            if box.track is not None:
                boxes += 1
                sight = _Sight(len(times), one.number, one.seconds, box.kind, box.score, box.box, box.track)
                seen.setdefault(box.track, []).append(sight)
        times.append(one.seconds)
        if boxes > MOST_SIGHTS or len(seen) > MOST_TRACKS:
            raise KinofarmError("MODEL-018", boxes=boxes, tracks=len(seen), frame=one.number)
    if not times:
        return ()
    ends = [*times[1:], times[-1] + frame if end is None else max(end, times[-1])]
    joined = _joined([seen[track] for track in sorted(seen)], ends, told.join, should_stop)
    found = []
    for sights in joined:
        _require_wanted(should_stop)
        if len(sights) >= min(told.least_seen, len(times)) or _shown(sights, ends) >= told.least_seen * frame:
            found.append(_finding(sights, names, ends[sights[-1].place], told.tolerance))
    return tuple(found)


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


class _Sight(NamedTuple):
    """What is kept of a box: neither its mask nor its points. place: of its frame, among those that were looked at."""

    place: int
    number: int
    seconds: Fraction
    kind: int
    score: float
    box: Box
    track: int


_Sights = list[_Sight]


def _require_wanted(should_stop: Callable[[], bool] | None) -> None:
    if should_stop is not None and should_stop():
        raise KinofarmError("FFMPEG-001")


def _shown(sights: _Sights, ends: Sequence[Fraction]) -> Fraction:
    """Return for how long the frames are shown in which a thing was found."""
    return sum((ends[one.place] - one.seconds for one in sights), Fraction(0))


def _joined(
    tracks: Sequence[_Sights], ends: Sequence[Fraction], gap: Fraction, should_stop: Callable[[], bool] | None
) -> list[_Sights]:
    """Join a track to one of its class that ended shortly before, near where it begins."""
    joined: list[_Sights] = []
    by_kind: dict[int, list[_Sights]] = {}
    for sights in sorted(tracks, key=lambda sights: (sights[0].place, sights[0].track)):
        _require_wanted(should_stop)
        first = sights[0]
        recent = [one for one in by_kind.get(first.kind, ()) if first.seconds - ends[one[-1].place] <= gap]
        near = [one for one in recent if one[-1].place < first.place and _near(one[-1].box, first.box)]
        if near:
            max(near, key=lambda one: one[-1].place).extend(sights)
        else:
            joined.append(list(sights))
            recent.append(joined[-1])
        if len(recent) > _MOST_RECENT:
            recent.remove(min(recent, key=lambda one: one[-1].seconds))
        by_kind[first.kind] = recent
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


def _finding(sights: _Sights, names: Sequence[str], end: Fraction, tolerance: float) -> Finding:
    best = max(sights, key=lambda sight: (sight.score, -sight.number))
    first, last = sights[0], sights[-1]
    scores = [sight.score for sight in sights]
    kept = thinned([float(sight.seconds) for sight in sights], [sight.box for sight in sights], tolerance)
    return Finding(
        name=names[best.kind],
        track=first.track,
        first=first.number,
        last=last.number,
        begin=first.seconds,
        end=end,
        seen=len(sights),
        best=best.score,
        mean=sum(scores) / len(scores),
        best_frame=best.number,
        best_seconds=best.seconds,
        best_box=best.box,
        path=tuple(
            PathPoint(frame=sights[place].number, seconds=sights[place].seconds, box=sights[place].box)
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
