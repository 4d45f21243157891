"""Layers: what is seen in a range of frames, and from which clip; nothing that is covered, nothing outside the range.

A track's time is cut into items: a clip alone, or a passage (two clips under a transition). In a range, the
topmost item that fills the frame is the base of each frame; what lies above it is an overlay; what lies below is
not opened. Text (titles and subtitles) is drawn on top of what lies below it by libass and opens nothing.

Units: frames of the timeline, half-open.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.compiler.check import CheckedProject
from tasks.compiler.fit import Fit, Place, fit_clip, fit_frame, place_clip, place_frame
from tasks.compiler.model import Clip, TitleSource, Track, Transition
from tasks.compiler.moving import moves, stills


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
        tracks = enumerate(project.timeline.tracks)
        rows = [
            tuple(_of_track(project, level, track))
            for level, track in tracks
            if track.enabled and track.kind == "video"
        ]
        self.items = tuple(item for row in rows for item in row)
        self._rows = rows

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


def fit(project: CheckedProject, clip: Clip) -> Fit:
    """Where a clip's picture lies in the frame."""
    if isinstance(clip.source, TitleSource):
        return fit_frame(clip, project.timeline.size)
    facts = project.facts(clip).picture()
    assert facts is not None, "only clips with a picture become items"
    return fit_clip(clip, facts, project.timeline.size)


def place(project: CheckedProject, clip: Clip) -> Place:
    """Where a clip's upright picture lies in the frame, to parts of a pixel."""
    if isinstance(clip.source, TitleSource):
        return place_frame(clip, project.timeline.size)
    facts = project.facts(clip).picture()
    assert facts is not None, "only clips with a picture become items"
    return place_clip(clip, facts, project.timeline.size)


def is_clear(project: CheckedProject, clip: Clip, track: Track, place: Fit | None = None) -> bool:
    """Can something below it show through inside its own box? place: the clip's, where it is known already.

    What moves is laid into a box that holds all of its way, and is clear beside the picture.
    """
    if isinstance(clip.source, TitleSource) or clip.opacity < 1 or moves(clip) or (clip.cell and clip.cell.outline):
        return True
    if any(project.effects[effect.kind].clears for effect in (*clip.effects, *track.effects)):
        return True
    facts = project.facts(clip).picture()
    return facts is None or facts.alpha or not (place or fit(project, clip)).upright


def is_seen(project: CheckedProject, clip: Clip, place: Fit | None = None) -> bool:
    """Does any of the clip's picture show within the frame, at any time?"""
    if moves(clip):
        return any(is_seen(project, part.clip) for part in stills(clip, clip.start, clip.end))
    if clip.opacity == 0 or (not isinstance(clip.source, TitleSource) and project.facts(clip).picture() is None):
        return False
    return (place or fit(project, clip)).box.meets(project.timeline.size)


def _of_track(project: CheckedProject, level: int, track: Track) -> Iterator[Item]:
    """A clip that is not seen shows nothing itself, but a transition leads out of it, or into it."""
    order = sorted(track.clips, key=lambda clip: clip.start)
    looks = {clip.id: _look(project, clip, track) for clip in order}
    comes = {join.to_clip: join for join in track.transitions}
    goes = {join.from_clip: join for join in track.transitions}
    clips = {clip.id: clip for clip in order}
    for clip in order:
        arrival, departure = comes.get(clip.id), goes.get(clip.id)
        start = arrival.end if arrival else clip.start
        end = departure.start if departure else clip.end
        seen, fills, solid = looks[clip.id]
        if seen and start < end:
            yield Item(level, start, end, clip, track, fills, solid)
        if departure:
            into = clips[departure.to_clip]
            seen, fills, solid = seen or looks[into.id][0], fills and looks[into.id][1], solid and looks[into.id][2]
            if seen:
                yield Item(level, departure.start, departure.end, clip, track, fills, solid, into, departure)


def _look(project: CheckedProject, clip: Clip, track: Track) -> tuple[bool, bool, bool]:
    """Is the clip's picture seen at any time, does it fill the frame all the time, and is it solid?"""
    if moves(clip):
        looks = [_look(project, part.clip, track) for part in stills(clip, clip.start, clip.end)]
        return any(look[0] for look in looks), all(look[1] for look in looks), all(look[2] for look in looks)
    if not isinstance(clip.source, TitleSource) and project.facts(clip).picture() is None:
        return False, False, False
    place = fit(project, clip)
    if not is_seen(project, clip, place):
        return False, False, False
    solid = not is_clear(project, clip, track, place)
    return True, solid and place.box.covers(project.timeline.size), solid


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
