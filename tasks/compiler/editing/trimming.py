"""Trimming: a clip, a title, a line of subtitles or keyframes as they are between two of their frames, exactly as they were.

What shows in the part is what showed there before: source times, ramps and eased numbers go on as if nothing had been
cut. What can't be said of a part (a title's motion that has begun) is refused, with the place.

Units: frames, counted from the thing's first; a part is [head, head + length) of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra.errors import KinofarmError
from tasks.compiler.effects.row import EffectRow, EffectTable
from tasks.compiler.keyframes import MOST, Keyframe, Keyframes, limits, value_at
from tasks.compiler.model import Animation, Clip, Effect, Element, Subtitle, TitleSource, bounds
from tasks.compiler.pace import source_time

FADES = {"audio-fade-in": ("fade_in", ""), "audio-fade-out": ("", "fade_out"), "audio-fade": ("fade_in", "fade_out")}
"""Effects that work at a clip's ends → their parameters of seconds at its beginning and its end."""


@dataclass(frozen=True)
class Part:
    """The frames [head, head + length) of a thing of `whole` frames.

    cut: the timeline's frame that an error names. where: the thing's place. rate: the timeline's.
    """

    head: int
    length: int
    whole: int
    starts: int
    where: str
    rate: Any

    @property
    def tail(self) -> int:
        """Frames cut off at the end."""
        return self.whole - self.head - self.length

    @property
    def cut(self) -> int:
        """The timeline's frame of the cut that an error speaks of: that at the beginning, else that at the end."""
        return self.starts + (self.head or self.head + self.length)


def trimmed_clip(clip: Clip, part: Part, effects: EffectTable) -> Clip:
    """Return the part of a clip, from the timeline's frame 0 on.

    Raises:  KinofarmError EDIT-003, EDIT-004, EDIT-007.
    """
    owner = f'clip "{clip.name or clip.id}"'
    skipped = part.tail if clip.reverse else part.head
    changed: dict[str, Any] = {"start": 0, "end": part.length}
    if part.head or part.tail:
        changed["effects"] = tuple(_trimmed_effects(clip.effects, part, effects, owner))
        keyframes = {}
        for name, keys in clip.keyframes.items():
            first = skipped if name == "speed" else part.head
            keyframes[name] = trimmed_keys(keys, first, part.length, bounds(name), False, part, name, owner)
        changed["keyframes"] = keyframes
        if isinstance(clip.source, TitleSource):
            changed["source"] = _trimmed_title(clip.source, part, owner)
        else:
            changed["source_start"] = source_time(clip, skipped, part.rate)
    return clip.model_copy(update=changed)


def trimmed_line(line: Subtitle, part: Part) -> Subtitle:
    """Return the part of a line of subtitles, from the timeline's frame 0 on.

    Raises:  KinofarmError EDIT-003.
    """
    animations = _trimmed_motion(line.animations, 0, part.whole, part, f'the subtitle "{line.text[:40]}"')
    return line.model_copy(update={"start": 0, "end": part.length, "animations": animations})


def trimmed_keys(
    keys: Keyframes,
    first: int,
    length: int,
    within: tuple[float, float],
    whole: bool,
    part: Part,
    name: str,
    owner: str,
) -> Keyframes:
    """Return keyframes with the same value at each of `length` frames from `first` on, which becomes frame 0.

    A stretch that is cut while it is eased is written down frame by frame: the rest of an easing is none itself. Keyframes
    after the part stay: what leads to them goes on.

    Args:    within: the lowest and the highest value that the number takes. whole: it is a whole number.
    Raises:  KinofarmError EDIT-007.
    """
    later = [key for key in keys if key.frame >= first]
    before = [key for key in keys if key.frame < first]
    made: list[Keyframe] = []
    if before and (not later or later[0].frame > first):
        left = before[-1]
        if not later or left.easing == "hold" or left.value == later[0].value:
            made.append(left.model_copy(update={"frame": 0}))
        else:
            low, high = within
            for frame in range(first, min(later[0].frame, first + length)):
                value = min(max(value_at(keys, frame), low), high)
                made.append(Keyframe(frame=frame - first, value=round(value) if whole else value))
    made += [key.model_copy(update={"frame": key.frame - first}) for key in later]
    if len(made) > MOST:
        raise KinofarmError(
            "EDIT-007", where=part.where, frame=part.cut, count=len(made), name=name, owner=owner, most=MOST
        )
    return tuple(made)


def trimmed_effect(effect: Effect, part: Part, table: EffectTable, owner: str) -> Effect | None:
    """Return an effect as it holds in a part; None where it does not hold there.

    Raises:  KinofarmError EDIT-004, EDIT-007.
    """
    row = table.get(effect.kind)
    start, end = (effect.start or 0) - part.head, (part.whole if effect.end is None else effect.end) - part.head
    if end <= 0 or start >= part.length:
        return None
    # A sound that is stretched begins elsewhere in its source, and one that is levelled was measured as a whole.
    if row is not None and (row.sounding.tempo is not None or row.sounding.loudness is not None):
        raise KinofarmError("EDIT-004", where=part.where, frame=part.cut, effect=effect.kind, owner=owner)
    changed: dict[str, Any] = {}
    if effect.start is not None:
        changed["start"] = max(0, start)
    if effect.end is not None:
        changed["end"] = end
    if effect.keyframes:
        changed["keyframes"] = {
            name: trimmed_keys(keys, part.head, part.length, *_number(row, name), part, name, owner)
            for name, keys in effect.keyframes.items()
        }
    return _trimmed_fade(effect.model_copy(update=changed), start, end, part, row, owner)


def _number(row: EffectRow | None, name: str) -> tuple[tuple[float, float], bool]:
    """The bounds of an effect's parameter, and whether it is a whole number."""
    field = None if row is None else row.field(name)
    if row is None or field is None:
        return (-1e6, 1e6), False
    found = row.parameters.model_fields[field]
    return limits(found), found.annotation is int


def _trimmed_effects(effects: Iterable[Effect], part: Part, table: EffectTable, owner: str) -> Iterator[Effect]:
    for effect in effects:
        found = trimmed_effect(effect, part, table, owner)
        if found is not None:
            yield found


def _trimmed_fade(effect: Effect, start: int, end: int, part: Part, row: EffectRow | None, owner: str) -> Effect | None:
    """A fade works at the ends of its frames [start, end): in a part it is left out where its end is cut off.

    Raises:  KinofarmError EDIT-004 where the cut lies in the fade itself.
    """
    if row is None or row.name not in FADES:
        return effect
    held: Any = row.parameters.model_validate(dict(effect.parameters))
    kept = {}
    for field, edge, cut_off in zip(FADES[row.name], (start, end), (start < 0, end > part.length), strict=True):
        if not field:
            continue
        frames = (getattr(held, field) if hasattr(held, field) else held.duration) * part.rate
        ends = edge + frames if edge == start else edge - frames
        if cut_off and (ends > 0 if edge == start else ends < part.length):
            raise KinofarmError("EDIT-004", where=part.where, frame=part.cut, effect=effect.kind, owner=owner)
        kept[field] = not cut_off
    if not any(kept.values()):
        return None
    parameters: dict[str, Any] = dict(effect.parameters)
    for field, stays in kept.items():
        if not stays:
            parameters = {name: value for name, value in parameters.items() if row.field(name) != field} | {field: 0}
    return effect.model_copy(update={"parameters": parameters})


def _trimmed_title(title: TitleSource, part: Part, owner: str) -> TitleSource:
    return title.model_copy(update={"elements": tuple(_trimmed_elements(title.elements, part, owner))})


def _trimmed_elements(elements: Sequence[Element], part: Part, owner: str) -> Iterator[Element]:
    for element in elements:
        end = part.whole if element.end is None else element.end
        start = element.start - part.head
        if end - part.head <= 0 or start >= part.length:
            continue
        if element.kind == "picture" and start < 0:
            raise KinofarmError("EDIT-003", where=part.where, frame=part.cut, what=f"the picture in {owner}")
        last = min(end, part.whole)
        animations = _trimmed_motion(element.animations, element.start, last, part, owner)
        cut = None if element.end is None else element.end - part.head
        yield element.model_copy(update={"start": max(0, start), "end": cut, "animations": animations})


def _trimmed_motion(
    animations: tuple[Animation, ...], start: int, end: int, part: Part, what: str
) -> tuple[Animation, ...]:
    """The motions of what shows over [start, end) of a thing: those that are over before the part are left out.

    Raises:  KinofarmError EDIT-003 for one that is cut, or that counts from an end that is cut off.
    """
    head_cut, tail_cut = start < part.head, end > part.head + part.length
    kept = []
    for motion in animations:
        over = start + motion.delay + motion.duration if motion.kind.endswith("-in") and motion.repeat == 1 else None
        if head_cut and over is not None and over <= part.head:
            continue
        if head_cut or (tail_cut and (over is None or over > part.head + part.length)):
            raise KinofarmError("EDIT-003", where=part.where, frame=part.cut, what=what)
        kept.append(motion)
    return tuple(kept)
