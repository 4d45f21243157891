"""Keys: which track another one listens to (audio-ducking), found by id or name; nobody listens to itself.

Named after the key input of a compressor, which a side chain feeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.errors import KinofarmError
from tasks.compiler.effects.row import EffectTable
from tasks.compiler.model import Effect, Timeline, Track


def named_track(timeline: Timeline, name: str, *, where: str = "", owner: str = "") -> Track:
    """Return the track of that id, else of that name.

    Raises:  CHECK-040 when there is none, CHECK-041 when several have the name.
    """
    for track in timeline.tracks:
        if track.id == name:
            return track
    found = [track for track in timeline.tracks if track.name == name]
    if not found:
        known = ", ".join(f'"{track.name or track.id}"' for track in timeline.tracks)
        raise KinofarmError("CHECK-040", where=where, owner=owner, track=name, known=known)
    if len(found) > 1:
        raise KinofarmError("CHECK-041", where=where, owner=owner, track=name, count=len(found))
    return found[0]


def check_keys(timeline: Timeline, effects: EffectTable) -> None:
    """Check that every track that is listened to is there, and that none listens to itself, over others or at once.

    Raises:  CHECK-040, CHECK-041, CHECK-042.
    """
    heard: dict[str, dict[str, str]] = {}
    for number, track in enumerate(timeline.tracks):
        own = heard.setdefault(track.id, {})
        for effect, where, owner in _listeners(track, number):
            name = key_of(effect, effects)
            if name is not None:
                own.setdefault(named_track(timeline, name, where=where, owner=owner).id, where)
    for start in heard:
        _refuse_circle(start, heard, timeline)


def key_of(effect: Effect, effects: EffectTable) -> str | None:
    """The track that an effect names as its key; None for one that has none."""
    row = effects[effect.kind]
    if row.sounding.key is None:
        return None
    return row.sounding.key(row.parameters.model_validate(dict(effect.parameters)))


def keys(timeline: Timeline, effects: EffectTable) -> frozenset[str]:
    """Return the ids of the tracks that others listen to."""
    names = (
        key_of(effect, effects)
        for number, track in enumerate(timeline.tracks)
        if track.enabled
        for effect, _, _ in _listeners(track, number)
    )
    return frozenset(named_track(timeline, name).id for name in names if name is not None)


def _listeners(track: Track, number: int) -> Iterator[tuple[Effect, str, str]]:
    for place, effect in enumerate(track.effects):
        yield effect, f"tracks[{number}].effects[{place}]", f'track "{track.name or track.id}"'
    for position, clip in enumerate(track.clips):
        for place, effect in enumerate(clip.effects):
            where = f"tracks[{number}].clips[{position}].effects[{place}]"
            yield effect, where, f'clip "{clip.name or clip.id}"'


def _refuse_circle(start: str, heard: Mapping[str, Mapping[str, str]], timeline: Timeline) -> None:
    seen: set[str] = set()
    waiting = list(heard[start].items())
    while waiting:
        track, where = waiting.pop()
        if track == start:
            name = next(each.name or each.id for each in timeline.tracks if each.id == start)
            raise KinofarmError("CHECK-042", where=where, track=name)
        if track not in seen:
            seen.add(track)
            waiting += list(heard[track].items())
