"""Marking: what was found in a file becomes markers of the timeline, wherever a clip shows it.

A frame of a clip shows what its source shows at that moment (docs/adr/0007), so a marker lies over exactly the frames in which
the thing is seen: at the clip's speed, along its ramp, backwards, or as long as it stands still.

Units: exact seconds of the file, frames at the timeline's rate; ranges are half-open.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Literal
from zlib import crc32

from infra.errors import KinofarmError
from infra.values import Exact, Value
from tasks.compiler.imports.interchange.carried import WRITTEN
from tasks.compiler.imports.interchange.clips import COLOURS
from tasks.compiler.model import MOST_MARKERS, Clip, Marker, MediaSource, Timeline, Track
from tasks.compiler.pace import forwards, source_time

FOUND = "found"
"""Of a marker's metadata: which looking-through it comes from, and what it is of."""
MOST_NAME = 500
"""Signs of a marker's name."""

_PALETTE = ("RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "PINK")
"""Colours of markers: a name has the same one in every project."""


class Seen(Value):
    """Something that a file shows, or sounds, over [begin, end). comment: for whoever reads the marker."""

    name: str
    begin: Exact
    end: Exact
    comment: str = ""
    of: Literal["picture", "sound"] = "picture"


def with_markers(
    timeline: Timeline, paths: Collection[str], stills: Collection[str], seen: Sequence[Seen], origin: str
) -> tuple[Timeline, int]:
    """Return the timeline with a marker for each thing in each clip that shows it, and how many markers that are.

    Those that the same origin has left before, of things with these names, make way. What two clips show of one thing at the
    same time, such as a picture and its own sound on another track, is marked once.

    Args:    timeline: its source times count from the beginnings of the files (`source_times.settled`).
             paths: as it names the file that was looked through. stills: those that are pictures without an end.
             origin: a name of the looking-through.
    Raises:  KinofarmError FORMAT-016 where the timeline would have more markers than one may have.
    """
    names = {one.name[:MOST_NAME] for one in seen}
    kept = [mark for mark in timeline.markers if not _left_by(mark, origin, names)]
    made: dict[tuple[int, int, str], Marker] = {}
    for track, clip in _clips(timeline, paths):
        still = isinstance(clip.source, MediaSource) and clip.source.path in stills
        for one in seen:
            silent = clip.freeze or still
            if silent if one.of == "sound" else track.kind != "video":
                continue
            start, end = _shown(clip, one, timeline.rate, still)
            if start < end:
                made.setdefault((start, end, one.name), _marker(one, clip, start, end, origin))
    if len(kept) + len(made) > MOST_MARKERS:
        count = len(kept) + len(made)
        raise KinofarmError("FORMAT-016", where="markers", things="markers", count=count, limit=MOST_MARKERS)
    markers = sorted((*kept, *made.values()), key=lambda mark: mark.time)
    return timeline.model_copy(update={"markers": tuple(markers)}), len(made)


def _clips(timeline: Timeline, paths: Collection[str]) -> Iterator[tuple[Track, Clip]]:
    for track in timeline.tracks:
        for clip in track.clips:
            if track.enabled and isinstance(clip.source, MediaSource) and clip.source.path in paths:
                yield track, clip


def _shown(clip: Clip, one: Seen, rate: Fraction, still: bool) -> tuple[int, int]:
    """The frames of the timeline in which a clip shows a thing; none: an empty range."""
    length = clip.end - clip.start
    if still or clip.freeze:
        inside = still or one.begin <= clip.source_start < one.end
        return (clip.start, clip.end) if inside else (clip.start, clip.start)
    moment = partial(source_time, clip, rate=rate)
    first, last = (bisect_left(range(length), time, key=moment) for time in (one.begin, one.end))
    first, last = forwards(clip, first, last)
    return clip.start + first, clip.start + last


def _marker(one: Seen, clip: Clip, start: int, end: int, origin: str) -> Marker:
    name = one.name[:MOST_NAME]
    return Marker(
        time=start,
        duration=end - start,
        name=name,
        colour=COLOURS[_PALETTE[crc32(name.encode()) % len(_PALETTE)]],
        clip=clip.id,
        metadata={
            FOUND: {"origin": origin, "name": name},
            **({WRITTEN: {"comment": one.comment}} if one.comment else {}),
        },
    )


def _left_by(mark: Marker, origin: str, names: Collection[str]) -> bool:
    told = mark.metadata.get(FOUND)
    return isinstance(told, dict) and told.get("origin") == origin and told.get("name") in names
