"""Cutting: a part of a timeline as a timeline of its own, and a timeline cut at some frames into several.

Every part keeps all tracks, also those that it leaves empty, so that `joining.merged` puts parts together again track by
track. Its chapter at frame 0 is the one that was running there. Sound that rings on past a cut ends with its part.

Units: frames at the timeline's rate, half-open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from infra.errors import KinofarmError
from tasks.compiler.editing.trimming import Part, trimmed_clip, trimmed_effect, trimmed_line
from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.row import EffectTable
from tasks.compiler.model import Clip, Export, Marker, Timeline, Track, Transition

MOST_CUTS = 1000
"""Cuts of one timeline at once."""


def split(timeline: Timeline, cuts: Sequence[int], effects: EffectTable = EFFECTS) -> tuple[Timeline, ...]:
    """Cut a timeline at these frames into one timeline more.

    Raises:  KinofarmError EDIT-001 to EDIT-004, EDIT-007.
    """
    for before, cut in pairwise([0, *cuts]):
        if not before < cut < timeline.duration:
            raise KinofarmError("EDIT-002", frame=cut, last=timeline.duration - 1)
    return tuple(part(timeline, start, end, effects) for start, end in pairwise([0, *cuts, timeline.duration]))


def part(timeline: Timeline, start: int, end: int, effects: EffectTable = EFFECTS) -> Timeline:
    """Return the frames [start, end) of a timeline as a timeline of its own.

    Its source times must count from the beginnings of the files (`source_times.settled`): where they don't, what they
    count from is told by the earliest, which a part may lack.

    Raises:  KinofarmError EDIT-001 to EDIT-004, EDIT-007.
    """
    if not 0 <= start < end <= timeline.duration:
        raise KinofarmError("EDIT-002", frame=start if start >= end else end, last=timeline.duration - 1)
    if (start, end) == (0, timeline.duration):
        return timeline
    tracks = tuple(
        _track(track, f"tracks[{row}]", timeline, start, end, effects) for row, track in enumerate(timeline.tracks)
    )
    clips = {clip.id for track in tracks for clip in track.clips}
    lines = []
    for number, line in enumerate(timeline.subtitles):
        if placed := _placed(line.start, line.end, f"subtitles[{number}]", timeline.rate, start, end):
            at, piece = placed
            cut = trimmed_line(line, piece)
            lines.append(cut.model_copy(update={"start": at, "end": at + piece.length}))
    return timeline.model_copy(
        update={
            "duration": end - start,
            "tracks": tracks,
            "subtitles": tuple(lines),
            "markers": tuple(_markers(timeline.markers, clips, start, end)),
            "export": _export(timeline.export, start, end),
            "deliverables": tuple(
                each.model_copy(update={"export": _export(each.export, start, end)}) for each in timeline.deliverables
            ),
        }
    )


def _placed(first: int, last: int, where: str, rate: Fraction, start: int, end: int) -> tuple[int, Part] | None:
    """Where a thing over [first, last) begins in the part, and what of it is there; None: nothing."""
    inside_first, inside_last = max(first, start), min(last, end)
    if inside_first >= inside_last:
        return None
    piece = Part(inside_first - first, inside_last - inside_first, last - first, first, where, rate)
    return inside_first - start, piece


def _track(track: Track, where: str, timeline: Timeline, start: int, end: int, effects: EffectTable) -> Track:
    clips: list[Clip] = []
    for position, clip in enumerate(track.clips):
        if placed := _placed(clip.start, clip.end, f"{where}.clips[{position}]", timeline.rate, start, end):
            at, piece = placed
            cut = trimmed_clip(clip, piece, effects)
            clips.append(cut.model_copy(update={"start": at, "end": at + piece.length}))
    whole = Part(start, end - start, timeline.duration, 0, where, timeline.rate)
    owner = f'track "{track.name or track.id}"'
    held = (trimmed_effect(effect, whole, effects, owner) for effect in track.effects)
    ids = {clip.id for clip in clips}
    update: dict[str, Any] = {
        "clips": tuple(clips),
        "transitions": tuple(_transitions(track, where, ids, start, end)),
        "effects": tuple(effect for effect in held if effect is not None),
    }
    return track.model_copy(update=update)


def _transitions(track: Track, where: str, ids: set[str], start: int, end: int) -> Iterator[Transition]:
    """The transitions that lie in the part.

    Raises:  KinofarmError EDIT-001 for one that a cut parts, or parts from one of its clips.
    """
    for number, join in enumerate(track.transitions):
        if join.end <= start or end <= join.start:
            continue
        if join.start < start or end < join.end or not {join.from_clip, join.to_clip} <= ids:
            cut = start if join.start < start or join.from_clip not in ids else end
            raise KinofarmError(
                "EDIT-001",
                where=f"{where}.transitions[{number}]",
                frame=cut,
                transition=join.id or join.kind,
                track=track.name or track.id,
                start=join.start,
                end=join.end,
            )
        yield join.model_copy(update={"start": join.start - start, "end": join.end - start})


def _markers(markers: Sequence[Marker], clips: set[str], start: int, end: int) -> Iterator[Marker]:
    """The marks in the part; the chapter that runs where it begins is marked there."""
    chapters = [mark for mark in markers if mark.kind == "chapter" and mark.time <= start]
    running = max(chapters, key=lambda mark: mark.time, default=None)
    for mark in markers:
        reaches = mark.time + mark.duration
        if not (start <= mark.time < end or (mark.time < start < reaches) or mark is running):
            continue
        first, last = max(mark.time, start), max(start, min(reaches, end))
        fastened = mark.clip if mark.clip in clips else ""
        yield mark.model_copy(update={"time": first - start, "duration": max(0, last - first), "clip": fastened})


def _export(export: Export, start: int, end: int) -> Export:
    if export.poster is None:
        return export
    frame = min(max(export.poster.frame, start), end - 1) - start
    return export.model_copy(update={"poster": export.poster.model_copy(update={"frame": frame})})
