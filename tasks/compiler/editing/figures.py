"""Figures: what an editor wants to know of a timeline before it is rendered. Counted from the timeline alone.

Units: frames at the timeline's rate; seconds of media are exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from pydantic import Field

from infra.values import Exact, Value
from tasks.compiler.model import Clip, MediaSource, Timeline, TitleSource, Track
from tasks.compiler.pace import source_time


class Gap(Value):
    """Frames [start, end) of a track without a clip, before its last one."""

    start: int
    end: int


class TrackFigures(Value):
    """A track."""

    track: str = Field(description="Its name, or its id.")
    kind: str
    enabled: bool
    clips: int
    frames: int = Field(description="On which a clip of it shows or sounds.")
    gaps: tuple[Gap, ...]


class MediaFigures(Value):
    """A file, and how much of it is used."""

    path: str
    clips: int
    seconds: Exact = Field(description="Of it that clips show or sound; what two clips use counts twice.")


class LongClip(Value):
    """A clip and its length."""

    clip: str
    track: str
    frames: int


class Layers(Value):
    """Where the most clips lie over each other."""

    frame: int
    clips: int = Field(description="Of enabled video tracks, at that frame.")


class Figures(Value):
    """What stands in a timeline."""

    frames: int
    seconds: Exact
    rate: Exact
    tracks: tuple[TrackFigures, ...]
    media: tuple[MediaFigures, ...]
    effects: Mapping[str, int] = Field(description="Of clips and tracks, by name.")
    transitions: Mapping[str, int]
    keyframes: Mapping[str, int] = Field(description="Numbers that change, by name: how many have keyframes.")
    titles: int
    subtitles: int
    languages: Mapping[str, int] = Field(description="Lines of subtitles by language.")
    markers: Mapping[str, int]
    shortest: LongClip | None
    longest: LongClip | None
    busiest: Layers


def figures(timeline: Timeline) -> Figures:
    """Count what stands in a timeline."""
    clips = [(track, clip) for track in timeline.tracks for clip in track.clips]
    by_length = sorted(clips, key=lambda pair: pair[1].end - pair[1].start)
    effects = [effect for track in timeline.tracks for effect in track.effects]
    effects += [effect for _, clip in clips for effect in clip.effects]
    moving = [str(name) for _, clip in clips for name in clip.keyframes]
    moving += [f"{effect.kind}.{name}" for effect in effects for name in effect.keyframes]
    return Figures(
        frames=timeline.duration,
        seconds=timeline.duration / timeline.rate,
        rate=timeline.rate,
        tracks=tuple(_track(track) for track in timeline.tracks),
        media=tuple(_media(timeline)),
        effects=_counted(effect.kind for effect in effects),
        transitions=_counted(join.kind for track in timeline.tracks for join in track.transitions),
        keyframes=_counted(moving),
        titles=sum(isinstance(clip.source, TitleSource) for _, clip in clips),
        subtitles=len(timeline.subtitles),
        languages=_counted(line.language for line in timeline.subtitles),
        markers=_counted(mark.kind for mark in timeline.markers),
        shortest=_long(*by_length[0]) if by_length else None,
        longest=_long(*by_length[-1]) if by_length else None,
        busiest=_busiest(timeline),
    )


def _track(track: Track) -> TrackFigures:
    spans = list(_covered(track.clips))
    gaps = [(0, spans[0][0])] if spans else []
    gaps += [(end, start) for (_, end), (start, _) in pairwise(spans)]
    return TrackFigures(
        track=track.name or track.id,
        kind=track.kind,
        enabled=track.enabled,
        clips=len(track.clips),
        frames=sum(end - start for start, end in spans),
        gaps=tuple(Gap(start=start, end=end) for start, end in gaps if start < end),
    )


def _covered(clips: Iterable[Clip]) -> Iterator[tuple[int, int]]:
    """The stretches that clips cover, those that touch as one."""
    held: tuple[int, int] | None = None
    for start, end in sorted((clip.start, clip.end) for clip in clips):
        if held is not None and start <= held[1]:
            held = held[0], max(held[1], end)
            continue
        if held is not None:
            yield held
        held = start, end
    if held is not None:
        yield held


def _media(timeline: Timeline) -> Iterator[MediaFigures]:
    used: dict[str, list[Fraction]] = {}
    for track in timeline.tracks:
        for clip in track.clips:
            if isinstance(clip.source, MediaSource):
                taken = source_time(clip, clip.end - clip.start, timeline.rate) - clip.source_start
                used.setdefault(clip.source.path, []).append(1 / timeline.rate if clip.freeze else taken)
    for path, seconds in used.items():
        yield MediaFigures(path=path, clips=len(seconds), seconds=sum(seconds, Fraction(0)))


def _busiest(timeline: Timeline) -> Layers:
    shown = [track for track in timeline.tracks if track.kind == "video" and track.enabled]
    changes: Counter[int] = Counter()
    for clip in (clip for track in shown for clip in track.clips):
        changes[clip.start] += 1
        changes[clip.end] -= 1
    most, now = Layers(frame=0, clips=0), 0
    for frame in sorted(changes):
        now += changes[frame]
        if now > most.clips:
            most = Layers(frame=frame, clips=now)
    return most


def _counted(names: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(names).items()))


def _long(track: Track, clip: Clip) -> LongClip:
    return LongClip(clip=clip.name or clip.id, track=track.name or track.id, frames=clip.end - clip.start)
