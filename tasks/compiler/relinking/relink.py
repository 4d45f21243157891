"""Relink a timeline: for each clip whose file is missing another one, clip by clip told how it was found."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Literal

from infra.values import Value
from tasks.compiler.check import is_there
from tasks.compiler.model import (
    Clip,
    Effect,
    Element,
    MediaSource,
    PictureElement,
    Timeline,
    TitleSource,
    Track,
    Transition,
)
from tasks.compiler.notice import Notice, notice
from tasks.compiler.relinking.passes import Edges, passes
from tasks.compiler.relinking.shelf import Candidate, Kind, Shelf
from tasks.compiler.source_times import origin_of
from tasks.filesystem.roots import MediaRoots
from tasks.media.facts import MediaFacts

How = Literal["name", "length", "stand-in", "not found"]

_SHORTEST_STAND_IN = Fraction(1)
"""Seconds that a stand-in should last at least: a shorter one flickers."""


class Found(Value):
    """What became of one clip. file: "" where nothing was found; how: by which way."""

    clip: str
    track: str
    missing: str
    file: str = ""
    how: How


class Relinked(Value):
    """A timeline with its files, and what was done to each clip that lacked one."""

    timeline: Timeline
    found: tuple[Found, ...]
    warnings: tuple[Notice, ...]


def relink(
    timeline: Timeline,
    roots: MediaRoots,
    folder: Path,
    probe: Callable[[Path], MediaFacts],
    *,
    loop: bool,
    written: Callable[[Path], str],
) -> Relinked:
    """Return the timeline with files of a folder in place of those that are missing.

    Args:
        loop: where nothing is found by name or length any file of the right kind stands in, and what is too short is repeated.
        written: how a file's path is written into the new project.
    Raises:  CLI-020, CLI-021.
    """
    return _Relinking(timeline, roots, Shelf(folder, probe), loop, written).done()


class _Relinking:
    def __init__(
        self, timeline: Timeline, roots: MediaRoots, shelf: Shelf, loop: bool, written: Callable[[Path], str]
    ) -> None:
        self._timeline, self._roots, self._shelf, self._loop, self._written = timeline, roots, shelf, loop, written
        self._found: list[Found] = []
        self._warnings: list[Notice] = []
        self._missing: dict[str, bool] = {}
        self._chosen: dict[tuple[str, Kind], tuple[Candidate | None, How]] = {}
        self._starts: dict[str, list[Fraction]] = defaultdict(list)
        self._names: dict[str, list[str]] = defaultdict(list)
        for track in timeline.tracks:
            for clip in track.clips:
                if isinstance(clip.source, MediaSource):
                    self._starts[clip.source.path].append(clip.source_start)
                    self._names[clip.source.path].append(clip.name or clip.source.path)

    def done(self) -> Relinked:
        tracks = tuple(self._track(track, f"tracks[{row}]") for row, track in enumerate(self._timeline.tracks))
        changed = self._timeline.model_copy(update={"tracks": tracks})
        return Relinked(timeline=changed, found=tuple(self._found), warnings=tuple(self._warnings))

    def _track(self, track: Track, where: str) -> Track:
        clips: list[Clip] = []
        last: dict[str, str] = {}
        for position, clip in enumerate(track.clips):
            made = self._clip(clip, track, f"{where}.clips[{position}]")
            last[clip.id] = made[-1].id
            clips += made
        joins = tuple(
            join.model_copy(update={"from_clip": last.get(join.from_clip, join.from_clip)})
            for join in track.transitions
        )
        return track.model_copy(update={"clips": tuple(clips), "transitions": joins})

    def _clip(self, clip: Clip, track: Track, where: str) -> tuple[Clip, ...]:
        source = clip.source
        if not isinstance(source, MediaSource) or not self._is_missing(source):
            return (clip,)
        candidate, how = self._choice(source, track.kind)
        file = "" if candidate is None else str(candidate.path)
        self._found.append(
            Found(clip=clip.name or clip.id, track=track.name or track.id, missing=source.path, file=file, how=how)
        )
        name = f'clip "{clip.name or clip.id}"'
        if candidate is None:
            self._warn("FORMAT-126", where, clip=name, file=source.path)
            return (clip,)
        if how == "stand-in":
            self._warn("FORMAT-127", where, clip=name, file=candidate.path.name)
        if not candidate.serves(track.kind):
            kind = "picture" if track.kind == "video" else "sound"
            self._warn("FORMAT-128", where, clip=name, file=candidate.path.name, kind=kind)
            if track.kind == "audio":
                return (clip,)
        elif track.kind == "video" and not candidate.moves:
            self._warn("FORMAT-128", where, clip=name, file=candidate.path.name, kind="moving picture")
        return self._played(clip, source, candidate, how, track, name, where)

    def _played(
        self, clip: Clip, source: MediaSource, candidate: Candidate, how: How, track: Track, name: str, where: str
    ) -> tuple[Clip, ...]:
        """Return the clip with its file: cut into passes where that is too short, if that is allowed."""
        rate = self._timeline.rate
        start, timecode = clip.source_start, source.timecode
        if timecode is None and how != "stand-in":
            timecode = origin_of(self._starts[source.path], candidate.facts)
            start = max(Fraction(0), start - timecode)
        elif how == "stand-in":
            start, timecode = Fraction(0), Fraction(0)
        told = {"path": self._written(candidate.path), "offline": False, "timecode": timecode or Fraction(0)}
        file = source.model_copy(update={**told, **({"length": None} if how == "stand-in" else {})})
        moved = clip.model_copy(update={"source": file, "source_start": start})
        if not candidate.moves:
            return (moved,)
        edges, lasts = _edges(clip, track), candidate.lasts(track.kind)
        if clip.volume > 0 and track.kind == "video" and candidate.facts.sounds:
            lasts = min(lasts, max(sound.end for sound in candidate.facts.sounds)) or lasts
        if clip.freeze:
            latest = max(Fraction(0), lasts - 1 / rate)
            return (moved.model_copy(update={"source_start": min(start, latest)}),)
        per_frame = clip.speed / rate
        low = start - (edges.after if clip.reverse else edges.before) * per_frame
        high = start + (clip.end - clip.start + (edges.before if clip.reverse else edges.after)) * per_frame
        if low >= 0 and high <= lasts:
            return (moved,)
        if not self._loop:
            self._warn(
                "FORMAT-129", where, clip=name, file=candidate.path.name, needs=_shown(high - low), has=_shown(lasts)
            )
            return (moved,)
        made = passes(moved, file, lasts, rate, edges)
        if made is None:
            self._warn(
                "FORMAT-129", where, clip=name, file=candidate.path.name, needs=_shown(high - low), has=_shown(lasts)
            )
            return (moved,)
        if len(made) > 1:
            self._warn("FORMAT-130", where, clip=name, file=candidate.path.name, times=len(made))
        return made

    def _choice(self, source: MediaSource, kind: Kind) -> tuple[Candidate | None, How]:
        """Return the file for a missing one, the same for all its clips on tracks of a kind, and how it was found."""
        key = source.path, kind
        if key not in self._chosen:
            self._chosen[key] = self._looked_for(source, kind)
        return self._chosen[key]

    def _looked_for(self, source: MediaSource, kind: Kind) -> tuple[Candidate | None, How]:
        named = self._shelf.named([source.path], kind) or self._shelf.named(self._names[source.path], kind)
        if named is not None and (named.serves(kind) or not self._loop):
            return named, "name"
        if source.length is not None and (same := self._shelf.as_long_as(source.length, kind)):
            return same, "length"
        if self._loop and (other := self._shelf.stand_in(kind, _SHORTEST_STAND_IN)):
            return other, "stand-in"
        return None, "not found"

    def _is_missing(self, source: MediaSource) -> bool:
        if source.path not in self._missing:
            self._missing[source.path] = source.offline or not is_there(source.path, self._roots)
        return self._missing[source.path]

    def _warn(self, code: str, where: str, **params: object) -> None:
        self._warnings.append(notice(code, where, **params))


def rebased(timeline: Timeline, base: Path, folder: Path | None) -> Timeline:
    """Return the timeline with its relative paths, which start at `base`, as they are written in `folder`; None: whole."""

    def written(path: str) -> str:
        elsewhere = Path(path).is_absolute() or ":" in path
        whole = os.path.normpath((base / path).absolute())
        return path if elsewhere else whole if folder is None else path_from(folder, base / path)

    if folder is not None and base.resolve() == folder.resolve():
        return timeline
    return with_paths(timeline, written)


def with_paths(timeline: Timeline, written: Callable[[str], str]) -> Timeline:
    """Return the timeline with every path that it reads written otherwise: of media, pictures in titles, look-up tables."""

    def read_from(effect: Effect) -> Effect:
        file = effect.parameters.get("file")
        if not isinstance(file, str) or not file:
            return effect
        return effect.model_copy(update={"parameters": {**effect.parameters, "file": written(file)}})

    def drawn(element: Element) -> Element:
        if not isinstance(element, PictureElement):
            return element
        return element.model_copy(update={"path": written(element.path)})

    def moved(clip: Clip) -> Clip:
        source = clip.source
        if isinstance(source, TitleSource):
            source = source.model_copy(update={"elements": tuple(drawn(element) for element in source.elements)})
        elif not source.offline:
            source = source.model_copy(update={"path": written(source.path)})
        effects = tuple(read_from(effect) for effect in clip.effects)
        return clip.model_copy(update={"source": source, "effects": effects})

    tracks = tuple(
        track.model_copy(
            update={
                "clips": tuple(moved(clip) for clip in track.clips),
                "effects": tuple(read_from(effect) for effect in track.effects),
            }
        )
        for track in timeline.tracks
    )
    return timeline.model_copy(update={"tracks": tracks})


def path_from(folder: Path, file: Path) -> str:
    """Return how a project in a folder writes a file's path: relative where the file lies under it, else whole."""
    whole, start = os.path.normpath(file.absolute()), os.path.normpath(folder.absolute())
    inside = Path(whole).is_relative_to(start)
    return Path(whole).relative_to(start).as_posix() if inside else whole


def _edges(clip: Clip, track: Track) -> Edges:
    def length(joins: list[Transition], frames: Callable[[Transition], int]) -> int:
        return max([0, *(frames(join) for join in joins)])

    into = [join for join in track.transitions if join.to_clip == clip.id]
    out = [join for join in track.transitions if join.from_clip == clip.id]
    return Edges(
        before=length(into, lambda join: clip.start - join.start),
        head=length(into, lambda join: join.end - clip.start),
        after=length(out, lambda join: join.end - clip.end),
        tail=length(out, lambda join: clip.end - join.start),
    )


def _shown(seconds: Fraction) -> float:
    return round(float(seconds), 2)
