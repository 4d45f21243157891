"""Applied: effects held against their table, and as the film's graphs are made of them then.

A parameter's keyframes stand under the field's own name, and lead through no value that the field does not take: where an
easing overshoots its bounds, or a whole number is wanted, there is a keyframe for each frame. A track's effects on
pictures that move, or that hold for some frames only, are handed down to its clips, with their frames counted from each
clip's first: so a chunk holds no position on the timeline, and what doesn't change while a clip shows stands still there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.compiler.effects.row import EffectRow, EffectTable
from tasks.compiler.keyframes import Keyframe, Keyframes, limits, still_from, value_at
from tasks.compiler.model import Clip, Effect, Timeline, Track
from tasks.compiler.moving import HandedDown, still_effect


def check_effects(effects: Sequence[Effect], length: int, table: EffectTable, owner: str, where: str) -> None:
    """Hold the effects of a clip or a track of so many frames against their table.

    Raises:  KinofarmError CHECK-009, CHECK-010, CHECK-011, CHECK-043, CHECK-080, CHECK-083.
    """
    for number, effect in enumerate(effects):
        place = f"{where}.effects[{number}]"
        row = table.get(effect.kind)
        if row is None:
            raise KinofarmError("CHECK-009", where=place, effect=effect.kind, owner=owner)
        for name in effect.keyframes:
            _check_moving(row, name, effect, owner, f"{place}.parameters.{name}")
        try:
            for at in sorted({key.frame for keys in effect.keyframes.values() for key in keys}) or [0]:
                row.parameters.model_validate(dict(still_effect(effect, at).parameters))
            for at in _meetings(row, effect):
                row.parameters.model_validate(dict(still_effect(settled(effect, table), at).parameters))
        except KinofarmError as error:
            raise KinofarmError(error.code, where=place, **error.params) from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            raise KinofarmError(
                "CHECK-010",
                where=f"{place}.parameters.{name}",
                effect=effect.kind,
                owner=owner,
                name=name,
                why=first["msg"],
            ) from None
        start, end = effect.start or 0, length if effect.end is None else effect.end
        if not 0 <= start < end:
            raise KinofarmError("CHECK-011", where=place, effect=effect.kind, owner=owner, start=start, end=end)
        whole = row.sounding.tempo is not None or row.sounding.crosses is not None
        if whole and (start, min(end, length)) != (0, length):
            raise KinofarmError("CHECK-043", where=place, effect=effect.kind, owner=owner)


def applied(timeline: Timeline, table: EffectTable) -> Timeline:
    """Return a checked timeline with its effects ready; itself where nothing moves."""
    tracks = tuple(_of_track(track, table) for track in timeline.tracks)
    if all(made is track for made, track in zip(tracks, timeline.tracks, strict=True)):
        return timeline
    return timeline.model_copy(update={"tracks": tracks})


def _of_track(track: Track, table: EffectTable) -> Track:
    update: dict[str, object] = {}
    if any(effect.keyframes for clip in track.clips for effect in clip.effects):
        update["clips"] = tuple(_of_clip(clip, table) for clip in track.clips)
    if any(effect.keyframes for effect in track.effects):
        update["effects"] = tuple(settled(effect, table) for effect in track.effects)
    track = track.model_copy(update=update) if update else track
    pictured = [effect for effect in track.effects if table[effect.kind].on == "picture"]
    if not any(effect.keyframes or effect.start or effect.end is not None for effect in pictured):
        return track
    clips = tuple(
        clip.model_copy(update={"effects": (*clip.effects, *_handed_down(pictured, *_reach(clip, track), clip.start))})
        for clip in track.clips
    )
    kept = tuple(effect for effect in track.effects if table[effect.kind].on != "picture")
    return track.model_copy(update={"clips": clips, "effects": kept})


def _of_clip(clip: Clip, table: EffectTable) -> Clip:
    if not any(effect.keyframes for effect in clip.effects):
        return clip
    return clip.model_copy(update={"effects": tuple(settled(effect, table) for effect in clip.effects)})


def settled(effect: Effect, table: EffectTable) -> Effect:
    """Return an effect with its keyframes under their fields' names and within their bounds."""
    if not effect.keyframes:
        return effect
    row, lists = table[effect.kind], {}
    for name, keys in effect.keyframes.items():
        field = row.field(name)
        assert field is not None, "checked"
        lists[field] = _kept_within(keys, row, field)
    rest = {name: value for name, value in effect.parameters.items() if row.field(name) not in lists}
    return effect.model_copy(update={"parameters": rest, "keyframes": lists})


def _kept_within(keys: Keyframes, row: EffectRow, field: str) -> Keyframes:
    """The keyframes, with one for each frame between two of them where the eased values are not those that the field takes."""
    taken = row.parameters.model_fields[field]
    (low, high), whole = limits(taken), taken.annotation is int
    found: list[Keyframe] = []
    for left, right in pairwise(keys):
        found.append(left)
        between = range(left.frame, right.frame)
        values = [value_at(keys, frame) for frame in between]
        kept = [min(high, max(low, float(round(value)) if whole else value)) for value in values]
        if kept != values:
            last = "hold" if whole else "linear"
            found[-1:] = [Keyframe(frame=n, value=v, easing=last) for n, v in zip(between, kept, strict=True)]
    return (*found, keys[-1])


def _reach(clip: Clip, track: Track) -> tuple[int, int]:
    """The frames of the timeline that a clip may show, its handles in transitions included."""
    starts = [join.start for join in track.transitions if join.to_clip == clip.id]
    ends = [join.end for join in track.transitions if join.from_clip == clip.id]
    return min([clip.start, *starts]), max([clip.end, *ends])


def _handed_down(effects: Sequence[Effect], first: int, last: int, zero: int) -> Iterator[Effect]:
    """The effects that touch a clip's frames [first, last), counted from `zero`; what they don't change there stands still."""
    for effect in effects:
        start, end = effect.start or 0, last if effect.end is None else effect.end
        if max(start, first) >= min(end, last):
            continue
        moving: dict[str, Keyframes] = {}
        parameters: dict[str, Any] = dict(effect.parameters)
        for name, keys in effect.keyframes.items():
            if still_from(keys, first) >= last:
                parameters[name] = value_at(keys, first)
            else:
                moving[name] = tuple(key.model_copy(update={"frame": key.frame - zero}) for key in keys)
        yield HandedDown.model_construct(
            id=effect.id,
            kind=effect.kind,
            parameters=parameters,
            start=start - zero if start > first else None,
            end=end - zero if end < last else None,
            keyframes=moving,
        )


def _meetings(row: EffectRow, effect: Effect) -> range:
    """The frames at which parameters that move might not go together, though each is within its own bounds."""
    if len(effect.keyframes) < 2 or not row.parameters.__pydantic_decorators__.model_validators:
        return range(0)
    frames = [key.frame for keys in effect.keyframes.values() for key in keys]
    return range(min(frames), max(frames))


def _check_moving(row: EffectRow, name: str, effect: Effect, owner: str, where: str) -> None:
    """Refuse keyframes of what is no number, or can not change while the effect works; an unknown name is refused elsewhere."""
    field, movable = row.field(name), ", ".join(row.movable()) or "none"
    if field is None or field in row.movable():
        return
    code = "CHECK-080" if field in row.numbers() else "CHECK-083"
    raise KinofarmError(code, where=where, name=name, effect=effect.kind, owner=owner, movable=movable)
