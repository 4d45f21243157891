"""Smart reframe: the way of a camera that follows the subject with a window of other proportions, e.g. 9:16 over a film in 16:9.

The window is the largest of its proportions that the picture holds, so that it moves along one axis. Its way is worked out over a whole
shot (`steering`), for a subject that is chosen over a whole shot (`subject`); at a cut it jumps. It bears no noise of the detector: within
the dead zone nothing moves.

Units: displayed pixels of the film; frames of the film that is made; velocities in widths of the source per second.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from infra.values import Exact, Value
from tasks.recognition.findings import Box, Finding
from tasks.recognition.steering import Wish, steered
from tasks.recognition.subject import followed

Numbers = NDArray[np.float64]

_AHEAD = Fraction(3, 2)
"""Seconds before the next subject is seen from which on a camera that waits turns to it."""

_WAITS = Fraction(1)
"""Seconds for which a camera that rests in the middle waits for a subject that is gone."""

_IDLE = 0.1
"""How much the place where a camera waits matters, beside a subject's."""

_PLANNED = 0.7
"""Share of the acceleration that the way is planned with; what is left is for the corners where straight pieces meet."""

_BLOCK = 32
"""Frames looked at first for the end of a straight piece."""


class FollowOptions(Value):
    """How a camera follows."""

    names: tuple[str, ...] = Field((), max_length=1_000, description="Classes to follow, any of them; none: all.")
    velocity: float = Field(0.6, gt=0, le=100, description="At most, in widths of the source per second.")
    acceleration: float = Field(1.2, gt=0, le=1_000, description="At most, in widths of the source per second squared.")
    dead_zone: float = Field(
        0.1, ge=0, le=1, description="Share of the window by which the subject may be off its middle and nothing moves."
    )
    margin: float = Field(0.04, ge=0, le=0.5, description="Share of the window to leave free beside the subject.")
    lead: Exact = Field(
        Fraction(1),
        ge=0,
        description="How far another must be ahead to be followed instead: its share of the weight less the other's, times seconds.",
    )
    rest: Literal["keep", "middle"] = Field(
        "keep", description="Where nobody is seen: stay, or go to the middle of the picture."
    )
    tolerance: float = Field(
        0.001, ge=0, le=0.1, description="Widths of the source by which straight pieces may miss the way."
    )


class CameraPoint(Value):
    """Where the window's upper left corner is in one frame; between two points it moves straight."""

    frame: int
    left: float
    top: float


class CameraPath(Value):
    """The way of a window over a film."""

    source_width: Exact = Field(description="Of the picture as displayed.")
    source_height: Exact
    width: Exact = Field(description="Of the window.")
    height: Exact
    frames: int
    points: tuple[CameraPoint, ...] = Field(min_length=1)
    followed: tuple[int, ...] = Field(description="The tracks of what is followed, in the order in which it is.")

    def window(self, frame: int) -> Box:
        """Return left, top, right and bottom of the window in a frame."""
        after = bisect_right(self.points, frame, key=lambda point: point.frame)
        one, other = self.points[max(0, after - 1)], self.points[min(after, len(self.points) - 1)]
        share = (frame - one.frame) / (other.frame - one.frame) if other.frame > one.frame else 0.0
        left, top = one.left + share * (other.left - one.left), one.top + share * (other.top - one.top)
        return left, top, left + float(self.width), top + float(self.height)


def camera_path(
    found: Sequence[Finding],
    *,
    size: tuple[Fraction, Fraction],
    rate: Fraction,
    frames: int,
    aspect: Fraction,
    options: FollowOptions | None = None,
    cuts: Iterable[int] = (),
    start: Fraction = Fraction(0),
) -> CameraPath:
    """Return the way of a window that follows what was seen.

    Args:
        found: of the film; its times are the film's.
        size: of the film's picture as displayed. rate, frames: of the film that is made of it. aspect: width by height of the window.
        cuts: frames with which a new shot begins. start: seconds of the film that frame 0 shows.
    Returns: a way that lies in the picture; from frame to frame within a shot, velocity and acceleration are within their bounds.
    """
    told = options or FollowOptions()
    width, height = min(size[0], size[1] * aspect), min(size[1], size[0] / aspect)
    axis = 0 if width < size[0] else 1
    room = (size[0] - width, size[1] - height)[axis]
    shots = [0, *sorted({cut for cut in cuts if 0 < cut < frames}), frames]
    named = {name.casefold() for name in told.names}
    subjects = [one for one in found if not named or one.name.casefold() in named]
    area = size[0] * size[1]
    chosen, boxes = followed(subjects, shots, rate=rate, start=start, area=area, lead=told.lead)
    unit = float(size[0])
    sides = boxes[:, [axis, axis + 2]] / unit
    window, extent = float((width, height)[axis]) / unit, float(size[axis]) / unit
    way: list[tuple[int, float]] = []
    for first, end in pairwise(shots):
        wish = _wish(sides[first:end], window, extent / 2, rate, told)
        places = steered(
            wish,
            low=window / 2,
            high=extent - window / 2,
            rate=rate,
            velocity=told.velocity,
            acceleration=told.acceleration * _PLANNED,
        )
        way += [
            (first + at, places[at]) for at in _corners(places, told.tolerance, told.acceleration / float(rate) ** 2)
        ]
    points = []
    for frame, place in way:
        corner = min(max((place - window / 2) * unit, 0.0), float(room))
        points.append(CameraPoint(frame=frame, left=0.0 if axis else corner, top=corner if axis else 0.0))
    return CameraPath(
        source_width=size[0],
        source_height=size[1],
        width=width,
        height=height,
        frames=frames,
        points=tuple(points),
        followed=tuple(dict.fromkeys(subjects[place].track for place in _changes(chosen))),
    )


def _changes(chosen: NDArray[np.int64]) -> list[int]:
    seen = chosen[chosen >= 0]
    return [int(place) for place in seen[np.flatnonzero(np.diff(seen, prepend=-1))]]


def _wish(sides: Numbers, window: float, middle: float, rate: Fraction, told: FollowOptions) -> Wish:
    """Return where the window's middle wants to be in a shot, from both sides of the subject (n, 2), NaN where nobody is."""
    seen = ~np.isnan(sides[:, 0])
    size = np.where(seen, sides[:, 1] - sides[:, 0], 0.0)
    most = np.maximum(window * (0.5 - told.margin) - size / 2, 0.0)
    free = np.minimum(told.dead_zone * window, most)
    centre = np.where(seen, sides.mean(1), middle)
    force = np.where(seen, 1.0, _IDLE)
    for first, end in _gaps(seen):
        before, after = first > 0, end < len(seen)
        turns = max(first, end - round(_AHEAD * rate)) if before and after else end if before else first
        waits = min(turns, first + round(_WAITS * rate)) if told.rest == "middle" and before else turns
        for numbers, alone in ((centre, middle), (free, 0.0), (most, window)):
            numbers[first:waits] = numbers[first - 1]
            numbers[waits:turns] = alone
            numbers[turns:end] = numbers[end] if after else alone
    return Wish(centre, free, most, force)


def _gaps(seen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the ranges of frames in which nobody is seen."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], seen, [True])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _corners(places: Numbers, tolerance: float, bend: float) -> list[int]:
    """Return few frames, the first and last among them, between which the way is straight within the tolerance.

    Args:    bend: how much the step from frame to frame may change where two pieces meet; more than it does in `places`.
    """
    last = len(places) - 1
    corners = [0]
    incoming: float | None = None
    while corners[-1] < last:
        here = corners[-1]
        block = _BLOCK
        while True:
            ahead = np.arange(1, min(block, last - here) + 1)
            rise = places[here + 1 : here + 1 + len(ahead)] - places[here]
            slopes = rise / ahead
            least = np.maximum.accumulate((rise - tolerance) / ahead)
            most = np.minimum.accumulate((rise + tolerance) / ahead)
            straight = (slopes >= least) & (slopes <= most)
            if len(ahead) == last - here or not straight[-1]:
                break
            block *= 2
        onward = np.diff(places[here + 1 : here + 2 + len(ahead)])
        onward = np.concatenate((onward, slopes[len(onward) :]))
        fits = straight & (np.abs(onward - slopes) <= bend)
        if incoming is not None:
            fits &= np.abs(slopes - incoming) <= bend
        fits[0] = True  # rounding aside, it does
        found = int(np.flatnonzero(fits)[-1])
        incoming = float(slopes[found])
        corners.append(here + 1 + found)
    return corners
