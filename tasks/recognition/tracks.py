"""Tracks: which boxes of neighbouring frames are one thing.

Each track expects its box from a constant velocity (a Kalman filter for each of centre, width and height). Boxes that are sure are given to
tracks first, those that are not only to tracks that got none; only a sure one begins a track. Classes never mix. A track lives
on through a few frames in which its thing was not found. The result depends on nothing but the boxes: it is a fold over frames,
made again from what is kept whenever it is wanted.

What a frame costs is bounded, whatever a model found and whatever is asked for: so many tracks are waited for at most, only boxes and
tracks that have rivals are weighed against each other, and where too many have, the nearest are taken one after the other.

Source:  Zhang et al., "ByteTrack"; Yang et al., "Hard to Track Objects with Irregular Motions" (boxes enlarged before they are
    compared, for frames far apart); lap, the assignment. docs/adr/0037.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import lap
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value
from tasks.recognition.found import Detection, FoundFrame

MOST_TRACKS = 1_000
"""Tracks that are waited for at once; a frame has 300 boxes at most. Those that have been missing longest go first."""

MOST_RIVALS = 400
"""Tracks and boxes that are weighed against each other: their assignment takes up to 0.2 s (measured), and twice as many eight times that."""

Numbers = NDArray[np.float64]


class TrackOptions(Value):
    """How boxes become tracks."""

    sure: float = Field(
        0.5, ge=0, le=1, description="Score from which on a box begins a track, and is given to tracks first."
    )
    patience: int = Field(8, ge=0, le=1_000, description="Frames looked at in which a thing may be missing.")
    enlarge: float = Field(
        0.25, ge=0, le=2, description="Share of its size by which a box grows on each side before two are compared."
    )
    near: float = Field(
        0.15, ge=0, le=1, description="Overlap of enlarged boxes from which on a sure box may go on a track."
    )
    near_unsure: float = Field(0.4, ge=0, le=1, description="The same for a box that is not sure.")


def tracked(
    frames: Iterable[FoundFrame],
    options: TrackOptions | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[FoundFrame]:
    """Yield frames, one after the other, with the number of its track in each box; None in boxes of no track.

    Args:    should_stop: asked before each frame.
    Raises:  KinofarmError FFMPEG-001 once it shall stop.
    """
    tracker = Tracker(options or TrackOptions())
    for frame in frames:
        if should_stop is not None and should_stop():
            raise KinofarmError("FFMPEG-001")
        numbers = tracker.step(frame.found)
        found = tuple(
            one.model_copy(update={"track": number}) for one, number in zip(frame.found, numbers, strict=True)
        )
        yield frame.model_copy(update={"found": found})


class Tracker:
    """Gives numbers to the boxes of one frame after the other."""

    def __init__(self, options: TrackOptions) -> None:
        self._options = options
        self._tracks: dict[int, list[_Track]] = {}
        self._begun = 0

    def step(self, found: Sequence[Detection]) -> list[int | None]:
        """Return the number of each box's track, from 1 on in the order in which tracks begin."""
        numbers: list[int | None] = [None] * len(found)
        kinds = sorted({one.kind for one in found} | set(self._tracks))
        fresh = []
        for kind in kinds:
            places = [place for place, one in enumerate(found) if one.kind == kind]
            fresh += self._step(kind, places, found, numbers)
        for place in sorted(fresh):
            self._begun += 1
            numbers[place] = self._begun
            track = _Track(self._begun, _state(found[place]), found[place].score)
            self._tracks.setdefault(found[place].kind, []).append(track)
        self._forget()
        return numbers

    def _forget(self) -> None:
        """Give up the tracks that are too many: those missing longest, of these the least sure, of these the newest."""
        waiting = [track for tracks in self._tracks.values() for track in tracks]
        if len(waiting) <= MOST_TRACKS:
            return
        waiting.sort(key=lambda track: (track.missing, -track.score, track.number))
        kept = {track.number for track in waiting[:MOST_TRACKS]}
        for kind, tracks in list(self._tracks.items()):
            self._tracks[kind] = [track for track in tracks if track.number in kept]
            if not self._tracks[kind]:
                del self._tracks[kind]

    def _step(self, kind: int, places: list[int], found: Sequence[Detection], numbers: list[int | None]) -> list[int]:
        """Give the boxes of one class to its tracks; return the places of those that begin one."""
        options = self._options
        tracks = self._tracks.get(kind, [])
        for track in tracks:
            track.expect()
        sure = [place for place in places if found[place].score >= options.sure]
        unsure = [place for place in places if found[place].score < options.sure]
        idle = tracks
        for waiting, near in ((sure, options.near), (unsure, options.near_unsure)):
            pairs = self._assigned(idle, [found[place] for place in waiting], near)
            for track, which in pairs:
                track.see(_state(found[waiting[which]]), found[waiting[which]].score)
                numbers[waiting[which]] = track.number
            taken = {track.number for track, _ in pairs}
            idle = [track for track in idle if track.number not in taken]
        for track in idle:
            track.missing += 1
        self._tracks[kind] = [track for track in tracks if track.missing <= options.patience]
        if not self._tracks[kind]:
            del self._tracks[kind]
        return [place for place in sure if numbers[place] is None]

    def _assigned(self, tracks: Sequence[_Track], found: Sequence[Detection], near: float) -> list[tuple[_Track, int]]:
        if not tracks or not found:
            return []
        expected = self._enlarged(np.array([track.place for track in tracks]))
        seen = self._enlarged(np.array([_state(one) for one in found]))
        # Of boxes that lie equally near the surer one is likelier: its share is small enough never to outweigh a place.
        scores = np.array([one.score for one in found])
        overlap = _overlaps(expected, seen)
        cost = 1 - overlap + 0.01 * (1 - scores)
        return [(tracks[row], column) for row, column in _pairs(cost, (overlap >= near) & (overlap > 0))]

    def _enlarged(self, states: Numbers) -> Numbers:
        half = states[:, 2:] * (0.5 + self._options.enlarge)
        return np.concatenate((states[:, :2] - half, states[:, :2] + half), 1)


class _Track:
    """One thing: where its box is expected, how fast it moves, and how sure of both the filter is.

    Units: pixels and frames looked at; all four numbers of a box (centre, width, height) by themselves.
    """

    _PLACE, _SPEED, _SEEN = 1 / 20, 1 / 40, 1 / 20
    """Standard deviations as shares of the box's size: of its place and speed from frame to frame, and of what is seen."""

    def __init__(self, number: int, state: Numbers, score: float) -> None:
        self.number, self.place, self.missing, self.score = number, state, 0, score
        self._speed = np.zeros(4)
        scale = self._scale()
        self._varies = (2 * self._SEEN * scale) ** 2, np.zeros(4), (10 * self._SPEED * scale) ** 2

    def expect(self) -> None:
        """Go on by a frame."""
        place, both, speed = self._varies
        self.place = self.place + self._speed
        self.place[2:] = np.maximum(self.place[2:], 1.0)
        scale = self._scale()
        noise = (self._PLACE * scale) ** 2, (self._SPEED * scale) ** 2
        self._varies = place + 2 * both + speed + noise[0], both + speed, speed + noise[1]

    def see(self, state: Numbers, score: float) -> None:
        """Take in the box that was found."""
        place, both, speed = self._varies
        total = place + (self._SEEN * self._scale()) ** 2
        off = state - self.place
        self.place, self._speed = self.place + place / total * off, self._speed + both / total * off
        self._varies = place - place * place / total, both - place * both / total, speed - both * both / total
        self.missing, self.score = 0, score

    def _scale(self) -> Numbers:
        width, height = np.maximum(self.place[2:], 1.0)
        return np.array((width, height, width, height))


def _pairs(cost: Numbers, possible: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return which rows go with which columns, so that what is possible costs least; each goes with one at most."""
    many_columns, many_rows = possible.sum(1), possible.sum(0)
    alone = possible & (many_columns == 1)[:, None] & (many_rows == 1)[None]
    pairs = _places(alone)
    rows, columns = (np.flatnonzero((possible & ~alone).any(axis)) for axis in (1, 0))
    if not len(rows):
        return pairs
    rivals, allowed = cost[np.ix_(rows, columns)], possible[np.ix_(rows, columns)]
    if len(rows) + len(columns) <= MOST_RIVALS:
        _, which, _ = lap.lapjv(np.where(allowed, rivals, 10.0), extend_cost=True, cost_limit=2.0)
        chosen = [(row, int(column)) for row, column in enumerate(which) if column >= 0]
    else:
        chosen = _nearest_first(rivals, allowed)
    return sorted(pairs + [(int(rows[row]), int(columns[column])) for row, column in chosen])


def _nearest_first(cost: Numbers, possible: NDArray[np.bool_]) -> list[tuple[int, int]]:
    free_rows, free_columns = set(range(cost.shape[0])), set(range(cost.shape[1]))
    places = _places(possible)
    chosen = []
    for place in np.argsort(cost[possible], kind="stable").tolist():
        row, column = places[place]
        if row in free_rows and column in free_columns:
            free_rows.discard(row)
            free_columns.discard(column)
            chosen.append((row, column))
    return chosen


def _places(true: Any) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(true)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _state(one: Detection) -> Numbers:
    left, top, right, bottom = one.box
    return np.array(((left + right) / 2, (top + bottom) / 2, right - left, bottom - top))


def _overlaps(one: Numbers, other: Numbers) -> Numbers:
    """Return intersection over union of each of (n, 4) with each of (m, 4)."""
    first = np.maximum(one[:, None, :2], other[None, :, :2])
    last = np.minimum(one[:, None, 2:], other[None, :, 2:])
    both = np.maximum(last - first, 0).prod(-1)
    sizes = [np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(-1) for boxes in (one, other)]
    union = sizes[0][:, None] + sizes[1][None] - both
    overlap: Numbers = both / np.maximum(union, 1e-9)
    return overlap
