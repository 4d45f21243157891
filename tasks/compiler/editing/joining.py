"""Joining: several timelines one after the other on one.

Tracks of the same kind, in the same order and of the same making (switched on, volume, effects that are the same at every
moment) become one; any other becomes a track of its own, right above the one before it, so that nothing lies over
anything else than before. The first timeline gives the name, the export, the deliverables and the sample rate.

Units: frames at the timelines' rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.compiler.editing.trimming import FADES
from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.row import EffectTable
from tasks.compiler.imports.counts import check_counts
from tasks.compiler.keys import key_of, named_track
from tasks.compiler.model import Clip, Effect, Timeline, Track

MOST_PROJECTS = 50
"""Timelines that are joined at once."""


def merged(timelines: Sequence[Timeline], effects: EffectTable = EFFECTS) -> Timeline:
    """Return these timelines one after the other.

    Args:    timelines: one at least, of one rate and one size, their paths as the result is to have them.
    Raises:  KinofarmError EDIT-005, EDIT-006, FORMAT-016.
    """
    first = timelines[0]
    for number, other in enumerate(timelines[1:], start=2):
        for what, wanted, has in (
            ("frame rate", first.rate, other.rate),
            ("size", f"{first.size.width} x {first.size.height}", f"{other.size.width} x {other.size.height}"),
        ):
            if wanted != has:
                raise KinofarmError("EDIT-005", what=what, number=number, wanted=wanted, has=has)
    joining = _Joining(effects, sum(timeline.duration for timeline in timelines))
    for timeline in timelines:
        joining.add(timeline)
    whole: dict[str, Any] = {
        "duration": joining.begins,
        "tracks": tuple(joining.tracks),
        "subtitles": tuple(joining.subtitles),
        "markers": tuple(joining.markers),
        "freeze_handles": any(timeline.freeze_handles for timeline in timelines),
    }
    made = first.model_copy(update=whole)
    try:
        Timeline.model_validate(made.model_dump())
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in said["loc"])
        raise KinofarmError("EDIT-006", where=place, reason=f"{place}: {said['msg']}") from None
    check_counts(made.model_dump(include={"tracks", "subtitles", "markers", "deliverables"}, mode="json"))
    return made


class _Joining:
    """A timeline that grows at its end. begins: the frame where the next one goes."""

    def __init__(self, effects: EffectTable, total: int) -> None:
        self._effects, self._total = effects, total
        self.begins = 0
        self.tracks: list[Track] = []
        self.subtitles: list[Any] = []
        self.markers: list[Any] = []
        self._track_ids: set[str] = set()
        self._clip_ids: set[str] = set()

    def add(self, timeline: Timeline) -> None:
        """Put a timeline at the end."""
        places = list(self._places(timeline))
        tracks = {old.id: self.tracks[place].id for old, place in zip(timeline.tracks, places, strict=True)}
        names = dict.fromkeys(clip.id for track in timeline.tracks for clip in track.clips)
        clips = {name: self._new(name, self._clip_ids) for name in names}
        for old, place in zip(timeline.tracks, places, strict=True):
            self.tracks[place] = self._filled(self.tracks[place], old, timeline, tracks, clips)
        shift = self.begins
        for line in timeline.subtitles:
            self.subtitles.append(line.model_copy(update={"start": line.start + shift, "end": line.end + shift}))
        for mark in timeline.markers:
            moved = {"time": mark.time + shift, "clip": clips.get(mark.clip, "")}
            self.markers.append(mark.model_copy(update=moved))
        self.begins += timeline.duration

    def _places(self, timeline: Timeline) -> Iterator[int]:
        """For each of a timeline's tracks the number of the one that takes it in, made where there is none."""
        below = -1
        for track in timeline.tracks:
            fitting = (n for n in range(below + 1, len(self.tracks)) if _alike(self.tracks[n], track))
            steady = all(self._is_steady(effect) for effect in track.effects)
            place = next(fitting, None) if steady else None
            if place is None:
                place = below + 1
                bare: dict[str, Any] = {"id": self._new(track.id, self._track_ids), "clips": (), "transitions": ()}
                if not steady:
                    bare["effects"] = tuple(self._moved(effect, timeline.duration) for effect in track.effects)
                self.tracks.insert(place, track.model_copy(update=bare))
            below = place
            yield place

    def _filled(
        self, track: Track, old: Track, timeline: Timeline, tracks: Mapping[str, str], clips: Mapping[str, str]
    ) -> Track:
        shift = self.begins

        def renamed(effects: Sequence[Effect]) -> tuple[Effect, ...]:
            return tuple(self._heard(effect, timeline, tracks) for effect in effects)

        def moved(clip: Clip) -> Clip:
            places = {"start": clip.start + shift, "end": clip.end + shift}
            return clip.model_copy(update={"id": clips[clip.id], "effects": renamed(clip.effects), **places})

        joins = tuple(
            join.model_copy(
                update={
                    "from_clip": clips.get(join.from_clip, join.from_clip),
                    "to_clip": clips.get(join.to_clip, join.to_clip),
                    "start": join.start + shift,
                    "end": join.end + shift,
                }
            )
            for join in old.transitions
        )
        return track.model_copy(
            update={
                "clips": (*track.clips, *(moved(clip) for clip in old.clips)),
                "transitions": (*track.transitions, *joins),
                "effects": renamed(track.effects) if not track.clips else track.effects,
            }
        )

    def _heard(self, effect: Effect, timeline: Timeline, tracks: Mapping[str, str]) -> Effect:
        """An effect that listens to a track, with that track's new id."""
        row = self._effects.get(effect.kind)
        if row is None or row.sounding.key is None:
            return effect
        name = key_of(effect, self._effects)
        key = tracks[named_track(timeline, name or "").id]
        field = next(each for each, value in effect.parameters.items() if value == name)
        return effect.model_copy(update={"parameters": {**effect.parameters, field: key}})

    def _is_steady(self, effect: Effect) -> bool:
        """Does a track's effect do the same wherever on the timeline what it works on lies?"""
        row = self._effects.get(effect.kind)
        ranged = bool(effect.start) or effect.end is not None or bool(effect.keyframes)
        if row is None or ranged or row.name in FADES:
            return False
        return row.on == "picture" or (row.sounding.loudness is None and row.sounding.key is None)

    def _moved(self, effect: Effect, length: int) -> Effect:
        """A track's effect, its frames counted from the beginning of the whole: where it was not limited it is now."""
        row = self._effects.get(effect.kind)
        shift = self.begins
        keyframes = {
            name: tuple(key.model_copy(update={"frame": key.frame + shift}) for key in keys)
            for name, keys in effect.keyframes.items()
        }
        changed: dict[str, Any] = {"keyframes": keyframes}
        last = shift + (length if effect.end is None else min(effect.end, length))
        unlimited = row is not None and (row.sounding.tempo is not None or row.sounding.crosses is not None)
        if not unlimited and (shift or last < self._total):
            changed |= {"start": shift + (effect.start or 0), "end": last}
        return effect.model_copy(update=changed)

    @staticmethod
    def _new(name: str, taken: set[str]) -> str:
        """A name that no other has, as near to the old one as may be."""
        found, number = name, 2
        while found in taken:
            found, number = f"{name[:480]}~{number}", number + 1
        taken.add(found)
        return found


def _alike(one: Track, other: Track) -> bool:
    return (one.kind, one.enabled, one.volume, one.effects) == (other.kind, other.enabled, other.volume, other.effects)
