"""Layers: what is seen in a range of frames, and from which clip; nothing that is covered, nothing outside the range.

A track's time is cut into items: a clip alone, or a passage (two clips under a transition). In a range, the
topmost item that fills the frame is the base of each frame; what lies above it is an overlay; what lies below is
not opened. Text (titles and subtitles) is drawn on top of what lies below it by libass and opens nothing.

Units: frames of the timeline, half-open.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tasks.compiler.check import CheckedProject
from tasks.compiler.fit import Fit, Resting, rest_clip, rest_frame
from tasks.compiler.model import Clip, TitleSource, Track, Transition
from tasks.compiler.moving import moves, places


@dataclass(frozen=True)
class Item:
    """What a track shows over [start, end): one clip, or the passage from `clip` to `into`.

    fills: it hides everything below it. solid: it can be laid on black by padding alone.
    """

    level: int
    start: int
    end: int
    clip: Clip
    track: Track
    fills: bool
    solid: bool
    into: Clip | None = None
    transition: Transition | None = None

    @property
    def clips(self) -> tuple[Clip, ...]:
        return (self.clip,) if self.into is None else (self.clip, self.into)


@dataclass(frozen=True)
class Run:
    """A stretch of frames [start, end) with one item (None: nothing)."""

    start: int
    end: int
    item: Item | None


@dataclass(frozen=True)
class Picture:
    """What a range of frames shows: the base, then the overlays from the bottom up.

    base covers the range once and in order. overlays are ordered by level, then time; several of one level
    never overlap in time.
    """

    start: int
    end: int
    base: tuple[Run, ...]
    overlays: tuple[Run, ...]


class Shown:
    """What the enabled video tracks of a project show, and quick to ask what shows when.

    items: by level (0 is the lowest track), then time.
    """

    def __init__(self, project: CheckedProject) -> None:
        rows: list[tuple[Item, ...]] = []
        self._looks: dict[tuple[str, str], _Look] = {}
        for level, track in enumerate(project.timeline.tracks):
            if track.enabled and track.kind == "video":
                looks = {clip.id: _look(project, clip, track) for clip in track.clips}
                rows.append(tuple(_of_track(level, track, looks)))
                self._looks |= {(track.id, name): look for name, look in looks.items()}
        self.items = tuple(item for row in rows for item in row)
        self._rows = rows

    def fills(self, clip: Clip, track: Track) -> bool:
        """Does the clip hide, all the time, everything that lies below it?"""
        return self._looks[track.id, clip.id].fills

    def within(self, start: int, end: int) -> list[Item]:
        """The items of which any of the frames [start, end) shows."""
        found: list[Item] = []
        for row in self._rows:  # the items of a row share no frame: their starts and ends rise together
            first = bisect_right(row, start, key=lambda item: item.end)
            found += row[first : bisect_left(row, end, key=lambda item: item.start)]
        return found


def picture(shown: Shown, start: int, end: int) -> Picture:
    """Return what the frames [start, end) show, what is covered left out."""
    inside = shown.within(start, end)
    edges = sorted({start, end, *(edge for item in inside for edge in (item.start, item.end) if start < edge < end)})
    base: list[Run] = []
    above: list[Run] = []
    for left, right in itertools.pairwise(edges):
        here = [item for item in inside if item.start <= left and right <= item.end]
        below = next((n for n in range(len(here) - 1, -1, -1) if here[n].fills), None)
        if below is None and here and here[0].solid:
            below = 0
        base.append(Run(left, right, None if below is None else here[below]))
        above += [Run(left, right, item) for item in (here if below is None else here[below + 1 :])]
    return Picture(start, end, tuple(_merged(base)), tuple(_merged(sorted(above, key=_by_level))))


def is_text(item: Item) -> bool:
    """Is it a title that libass can draw straight onto what lies below it?

    A title that is graded, cropped, moved, in a cell or in or beside a passage is drawn as a picture of its own instead.
    """
    clip = item.clip
    return (
        item.into is None
        and (item.start, item.end) == (clip.start, clip.end)
        and isinstance(clip.source, TitleSource)
        and clip.cell is None
        and clip.crop is None
        and clip.transform is None
        and clip.colour_correction is None
        and clip.opacity == 1
        and not moves(clip)
        and not clip.effects
        and not item.track.effects
    )


def resting(project: CheckedProject, clip: Clip) -> Resting:
    """A clip's picture before its transform."""
    if isinstance(clip.source, TitleSource):
        return rest_frame(clip, project.timeline.size)
    facts = project.facts(clip).picture()
    assert facts is not None, "only clips with a picture become items"
    return rest_clip(clip, facts, project.timeline.size)


def fit(project: CheckedProject, clip: Clip) -> Fit:
    """Where the picture of a clip that stands still lies in the frame."""
    return resting(project, clip).fit(clip.transform)


def is_clear(project: CheckedProject, clip: Clip, track: Track) -> bool:
    """Can something below it show through inside its own box?

    What moves is laid into a box that holds all of its way, and is clear beside the picture.
    """
    return moves(clip) or _clears(project, clip, track, fit(project, clip))


def _clears(project: CheckedProject, clip: Clip, track: Track, place: Fit) -> bool:
    """Can something below it show through where its picture lies?"""
    if isinstance(clip.source, TitleSource) or clip.opacity < 1 or (clip.cell and clip.cell.outline):
        return True
    if any(project.effects[effect.kind].clears for effect in (*clip.effects, *track.effects)):
        return True
    facts = project.facts(clip).picture()
    return facts is None or facts.alpha or not place.upright


def is_seen(project: CheckedProject, clip: Clip) -> bool:
    """Does any of the clip's picture show within the frame, at any time?"""
    if not isinstance(clip.source, TitleSource) and project.facts(clip).picture() is None:
        return False
    ways = places(clip, partial(resting, project))
    return any(part.opacity > 0 and place.box.meets(project.timeline.size) for part, place in ways)


def _of_track(level: int, track: Track, looks: Mapping[str, _Look]) -> Iterator[Item]:
    """A clip that is not seen shows nothing itself, but a transition leads out of it, or into it."""
    order = sorted(track.clips, key=lambda clip: clip.start)
    comes = {join.to_clip: join for join in track.transitions}
    goes = {join.from_clip: join for join in track.transitions}
    clips = {clip.id: clip for clip in order}
    for clip in order:
        arrival, departure = comes.get(clip.id), goes.get(clip.id)
        start = arrival.end if arrival else clip.start
        end = departure.start if departure else clip.end
        look = looks[clip.id]
        if look.seen and start < end:
            yield Item(level, start, end, clip, track, look.fills, look.solid)
        if departure:
            into = clips[departure.to_clip]
            then = looks[into.id]
            fills, solid = look.fills and then.fills, look.solid and then.solid
            if look.seen or then.seen:
                yield Item(level, departure.start, departure.end, clip, track, fills, solid, into, departure)


@dataclass(frozen=True)
class _Look:
    """Is a clip's picture seen at any time, does it hide all that lies below it all the time, is it solid all the time?"""

    seen: bool
    fills: bool
    solid: bool


def _look(project: CheckedProject, clip: Clip, track: Track) -> _Look:
    if not isinstance(clip.source, TitleSource) and project.facts(clip).picture() is None:
        return _Look(seen=False, fills=False, solid=False)
    size = project.timeline.size
    seen, fills, solid = False, True, True
    for part, place in places(clip, partial(resting, project)):
        shows = part.opacity > 0 and place.box.meets(size)
        hides = shows and not _clears(project, part, track, place)
        seen, fills, solid = seen or shows, fills and hides and place.box.covers(size), solid and hides
    return _Look(seen, fills, solid)


def _by_level(run: Run) -> tuple[int, int]:
    assert run.item is not None
    return run.item.level, run.start


def _merged(runs: Sequence[Run]) -> Iterator[Run]:
    """Join neighbours that show the same item."""
    last: Run | None = None
    for run in runs:
        if last is not None and run.item is last.item and run.start == last.end:
            last = Run(last.start, run.end, run.item)
            continue
        if last is not None:
            yield last
        last = run
    if last is not None:
        yield last
