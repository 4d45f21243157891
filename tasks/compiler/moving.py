"""Moving: a clip whose numbers change over time, taken apart into clips that stand still.

What moves is worked out here, frame by frame and exactly, and built from filters whose options are constants: so every
number can move, and a chunk shows the same pixels wherever the film is cut.

Units: frames of the timeline, half-open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.compiler.fit import Fit, Resting
from tasks.compiler.keyframes import Keyframes, still_from, value_at
from tasks.compiler.model import Animated, Clip, ColourCorrection, Crop, Effect, Transform, bounds

_SOUND = ("speed", "volume")
_PLACE = tuple(f"transform.{name}" for name in Transform.model_fields)
_PARTS = {"crop": Crop, "transform": Transform, "colour_correction": ColourCorrection}


class HandedDown(Effect):
    """A track's effect as it works on one of its clips. Its frames may lie before the clip's first and after its last."""


@dataclass(frozen=True)
class Still:
    """A clip as it looks over the frames [start, end): the same clip without keyframes of its picture, but for its place."""

    start: int
    end: int
    clip: Clip


def moves(clip: Clip) -> bool:
    """Does anything of the clip's picture have keyframes?"""
    return any(name not in _SOUND for name in clip.keyframes) or any(effect.keyframes for effect in clip.effects)


def glides(clip: Clip) -> bool:
    """Does its picture change its place, size or turn? Then it is placed to parts of a pixel, or a slow zoom would jerk."""
    return any(name in _PLACE for name in clip.keyframes)


def still(clip: Clip, frame: int) -> Clip:
    """Return the clip as it looks at a frame of the timeline.

    In its handles it looks as at its first or last frame, but for its track's effects, which go on.
    """
    return _still(clip, _inside(clip, frame), frame - clip.start, _SOUND)


def transform_at(clip: Clip, frame: int) -> Transform | None:
    """Return the clip's transform at a frame of the timeline; in its handles that of its first or last frame."""
    if not glides(clip):
        return clip.transform
    inside = _inside(clip, frame)
    moved = [(name, keys) for name, keys in clip.keyframes.items() if name in _PLACE]
    values = {name.partition(".")[2]: _within(name, keys, inside) for name, keys in moved}
    return (clip.transform or Transform()).model_copy(update=values)


def stretches(clip: Clip, start: int, end: int) -> Iterator[Still]:
    """Take the frames [start, end) of a clip apart into stretches in which its picture doesn't move, or glides and nothing else."""
    yield from _apart(clip, start, end, (*_SOUND, *_PLACE))


def places(clip: Clip, rest: Callable[[Clip], Resting]) -> Iterator[tuple[Clip, Fit]]:
    """Yield the clip as it is and where its picture lies, once for each way in which it does so.

    Args:    rest: a stretch's picture before its transform; what it raises passes through.
    """
    for part in stretches(clip, clip.start, clip.end):
        resting = rest(part.clip)
        if not moves(part.clip):
            yield part.clip, resting.fit(part.clip.transform)
            continue
        for frame in range(part.start, part.end):
            yield part.clip, resting.fit(transform_at(part.clip, frame))


def _apart(clip: Clip, start: int, end: int, kept: Sequence[str]) -> Iterator[Still]:
    """Stretches in which nothing moves but the numbers that are kept: those still have their keyframes."""
    lists = [keys for name, keys in clip.keyframes.items() if name not in kept]
    lists += [keys for effect in clip.effects if not _goes_on(effect) for keys in effect.keyframes.values()]
    going_on = [keys for effect in clip.effects if _goes_on(effect) for keys in effect.keyframes.values()]
    if not (lists or going_on):
        yield Still(start, end, clip)
        return
    waiting: Still | None = None
    at = start
    while at < end:
        inside = _inside(clip, at)
        until = min((still_from(keys, inside) for keys in lists), default=2**62) + clip.start
        stop = clip.start + 1 if lists and at < clip.start else end if until >= clip.end else min(until, end)
        stop = min([stop, *(still_from(keys, at - clip.start) + clip.start for keys in going_on)])
        stop = max(at + 1, min(stop, end))
        found = Still(at, stop, _still(clip, inside, at - clip.start, kept))
        if waiting is not None and waiting.clip == found.clip:
            found = Still(waiting.start, stop, found.clip)
        elif waiting is not None:
            yield waiting
        waiting, at = found, stop
    if waiting is not None:
        yield waiting


def _goes_on(effect: Effect) -> bool:
    return isinstance(effect, HandedDown)


def _inside(clip: Clip, frame: int) -> int:
    """A frame of the timeline as one of the clip, at most its first or last."""
    return min(max(frame, clip.start), clip.end - 1) - clip.start


def _still(clip: Clip, frame: int, going_on: int, kept: Sequence[str]) -> Clip:
    """The clip at one of its frames, with the keyframes of the numbers that are kept; going_on: the frame at which its track's effects are."""
    changed: dict[str, Any] = {"keyframes": {name: keys for name, keys in clip.keyframes.items() if name in kept}}
    parts: dict[str, dict[str, float]] = {}
    for name, keys in clip.keyframes.items():
        if name in kept:
            continue
        part, _, field = name.rpartition(".")
        value = _within(name, keys, frame)
        if part:
            parts.setdefault(part, {})[field] = round(value) if part == "crop" else value
        else:
            changed[field] = value
    for part, fields in parts.items():
        changed[part] = (getattr(clip, part) or _PARTS[part]()).model_copy(update=fields)
    if any(effect.keyframes for effect in clip.effects):
        changed["effects"] = tuple(
            still_effect(effect, going_on if _goes_on(effect) else frame) for effect in clip.effects
        )
    return clip.model_copy(update=changed)


def still_effect(effect: Effect, frame: int) -> Effect:
    """Return the effect with its parameters as they are at a frame of its clip."""
    if not effect.keyframes:
        return effect
    values = {name: value_at(keys, frame) for name, keys in effect.keyframes.items()}
    return effect.model_copy(update={"parameters": {**effect.parameters, **values}, "keyframes": {}})


def _within(name: Animated, keys: Keyframes, frame: int) -> float:
    low, high = bounds(name)
    return min(high, max(low, value_at(keys, frame)))
