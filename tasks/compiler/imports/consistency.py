"""What must hold between the parts of a timeline, checked once for every format.

Clip ids are unique; clips last for a frame at least, lie inside the film and do not overlap, save under a
transition that joins them; a transition joins two neighbours that meet, lies inside them, and contains or touches
their cut (where they overlap it lies over exactly the overlap); no two transitions share a frame of a track.

An importer says where a thing stands in its file, so that the error names the user's place and not the model's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.errors import KinofarmError
from tasks.compiler.model import Clip, Effect, Timeline, Track, Transition


@dataclass(frozen=True)
class Places:
    """Where things stand in the file: clips, transitions and subtitles by their position in the model.

    names: the file's name of a field where the model calls it otherwise ("start" → "start_time").
    """

    clips: Mapping[tuple[int, int], str]
    transitions: Mapping[tuple[int, int], str]
    subtitles: Mapping[int, str]
    names: Mapping[str, str] = field(default_factory=dict)

    def of(self, place: str, name: str) -> str:
        """Return the place of one field of a thing."""
        return f"{place}.{self.names.get(name, name)}"


def check_consistency(timeline: Timeline, places: Places) -> None:
    """Raise the first thing that contradicts another, with its place in the file.

    Raises:  FORMAT-025, 026, 028, 030, 031, 035, 037, 038.
    """
    first_place: dict[str, str] = {}
    for row, track in enumerate(timeline.tracks):
        for column, clip in enumerate(track.clips):
            place = places.clips[row, column]
            if clip.id in first_place:
                raise KinofarmError("FORMAT-030", where=f"{place}.id", id=clip.id, first=first_place[clip.id])
            first_place[clip.id] = place
            _check_span("clip", clip.id, clip.start, clip.end, timeline.duration, place, places)
            for number, effect in enumerate(clip.effects):
                _check_effect(effect, f"{place}.effects[{number}]")
        for number, effect in enumerate(track.effects):
            _check_effect(effect, f"tracks[{row}].effects[{number}]")
        _check_track(track, row, places)
    for number, subtitle in enumerate(timeline.subtitles):
        place = places.subtitles[number]
        _check_span("subtitle", subtitle.id, subtitle.start, subtitle.end, timeline.duration, place, places)


def _check_span(thing: str, name: str, start: int, end: int, duration: int, place: str, places: Places) -> None:
    if end <= start:
        raise KinofarmError("FORMAT-025", where=places.of(place, "end"), thing=thing, id=name, start=start, end=end)
    if end > duration:
        where = places.of(place, "end")
        raise KinofarmError("FORMAT-026", where=where, thing=thing, id=name, end=end, duration=duration)


def _check_effect(effect: Effect, place: str) -> None:
    if effect.start is not None and effect.end is not None and effect.end <= effect.start:
        raise KinofarmError(
            "FORMAT-025", where=place, thing="effect", id=effect.id or effect.kind, start=effect.start, end=effect.end
        )


def _check_track(track: Track, row: int, places: Places) -> None:
    follows = {clip.id: number for number, clip in enumerate(track.clips)}
    joined: dict[int, int] = {}
    for number, transition in enumerate(track.transitions):
        place = places.transitions[row, number]
        before = _position(follows, transition, "from_clip", place, places)
        after = _position(follows, transition, "to_clip", place, places)
        if after != before + 1:
            reason = f'"{transition.to_clip}" does not follow "{transition.from_clip}" on its track'
            raise KinofarmError("FORMAT-035", where=place, id=transition.id, reason=reason)
        if before in joined:
            other = track.transitions[joined[before]]
            raise KinofarmError("FORMAT-038", where=place, first=other.id, second=transition.id)
        joined[before] = number
        _check_window(transition, track.clips[before], track.clips[after], place)
    previous: Transition | None = None
    for position in range(len(track.clips) - 1):
        joint = joined.get(position)
        _check_pair(track, position, joint is not None, places.of(places.clips[row, position + 1], "start"))
        if joint is None:
            continue
        transition = track.transitions[joint]
        if previous is not None and previous.end > transition.start:
            where = places.transitions[row, joint]
            raise KinofarmError("FORMAT-038", where=where, first=previous.id, second=transition.id)
        previous = transition


def _position(follows: Mapping[str, int], transition: Transition, end: str, place: str, places: Places) -> int:
    name: str = getattr(transition, end)
    if name not in follows:
        user = f'transition "{transition.id}"'
        raise KinofarmError("FORMAT-031", where=places.of(place, end), user=user, kind="clip", id=name)
    return follows[name]


def _check_window(transition: Transition, before: Clip, after: Clip, place: str) -> None:
    if after.start > before.end:
        reason = f'there is a gap of {after.start - before.end} frames between "{before.id}" and "{after.id}"'
        raise KinofarmError("FORMAT-035", where=place, id=transition.id, reason=reason)
    if transition.end <= transition.start:
        raise KinofarmError(
            "FORMAT-025",
            where=place,
            thing="transition",
            id=transition.id,
            start=transition.start,
            end=transition.end,
        )
    inside = before.start <= transition.start <= after.start and before.end <= transition.end <= after.end
    overlap = (after.start, before.end)
    if not inside or (overlap[0] < overlap[1] and overlap != (transition.start, transition.end)):
        raise KinofarmError(
            "FORMAT-037",
            where=place,
            id=transition.id,
            start=transition.start,
            end=transition.end,
            first=before.start,
            last=after.end,
            cut=after.start,
        )


def _check_pair(track: Track, position: int, joined: bool, where: str) -> None:
    """Refuse an overlap without a transition, also with the clip after the next."""
    first, second = track.clips[position], track.clips[position + 1]
    later = track.clips[position + 2] if position + 2 < len(track.clips) else None
    clash = None
    if second.start < first.end and not joined:
        clash = second
    elif later is not None and later.start < first.end:
        clash = later
    if clash is not None:
        raise KinofarmError(
            "FORMAT-028", where=where, first=first.id, second=clash.id, end=first.end, start=clash.start
        )
