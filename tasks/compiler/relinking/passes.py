"""A source that is too short, played again and again: a clip cut into passes, each a clip of its own.

What a transition shows of a clip beyond its cut has to lie in the same pass, since a handle can't run round the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tasks.compiler.model import Clip, Effect, MediaSource

MAX_PASSES = 20_000
"""Clips that one may be cut into."""


@dataclass(frozen=True)
class Edges:
    """What transitions ask of a clip, in frames.

    before, after: handles, beyond its first and last frame. head, tail: how far they reach into it.
    """

    before: int = 0
    after: int = 0
    head: int = 0
    tail: int = 0


def lengths(frames: int, whole: int, first: int, edges: Edges) -> list[int] | None:
    """Return how many frames of a clip each pass plays; None where the source is too short for the transitions.

    Args:    whole: frames that one pass of the source has. first: of these, how many the first pass may play.
    """
    if frames + edges.after <= first:
        return [frames]
    least, most = max(1, edges.tail), whole - edges.after
    begins = min(first, frames - least)
    if begins < max(1, edges.head) or most < least:
        return None
    rest = frames - begins
    between = max(0, -((most - rest) // whole))
    if between > MAX_PASSES:
        return None
    inner = min(rest - least, between * whole)
    full = [whole] * (inner // whole) + ([inner % whole] if inner % whole else [])
    return [begins, *full, rest - inner]


def passes(clip: Clip, source: MediaSource, seconds: Fraction, rate: Fraction, edges: Edges) -> tuple[Clip, ...] | None:
    """Return a clip as passes through a source of that many seconds.

    None where that is too short for its transitions, or keyframes count over the whole clip.

    The first pass begins where the clip does, if that lies in the source, else at its beginning.
    """
    per_frame = clip.speed / rate
    whole = int(seconds / per_frame)
    least = edges.before * per_frame
    begin = clip.source_start if least <= clip.source_start < seconds - per_frame and not clip.reverse else least
    first = int((seconds - begin) / per_frame)
    found = lengths(clip.end - clip.start, whole, whole - edges.before if clip.reverse else first, edges)
    if found is None or (len(found) > 1 and _moves(clip)):
        return None
    made, start = [], clip.start
    for number, frames in enumerate(found):
        offset = begin if number == 0 and not clip.reverse else Fraction(0)
        if clip.reverse and number == len(found) - 1:
            offset = edges.after * per_frame  # what follows lies before it in the source
        made.append(
            clip.model_copy(
                update={
                    "id": clip.id if number == 0 else f"{clip.id}~{number + 1}"[:500],
                    "source": source,
                    "source_start": offset,
                    "start": start,
                    "end": start + frames,
                    "effects": tuple(_shifted(clip.effects, start - clip.start, frames)),
                    **({"metadata": {}} if number else {}),
                }
            )
        )
        start += frames
    return tuple(made)


def _moves(clip: Clip) -> bool:
    return bool(clip.keyframes) or any(effect.keyframes for effect in clip.effects)


def _shifted(effects: Sequence[Effect], passed: int, frames: int) -> list[Effect]:
    """Return the effects that a pass shows, their times counted from its own first frame."""
    found = []
    for effect in effects:
        if effect.start is None and effect.end is None:
            found.append(effect)
            continue
        start = max(0, (effect.start or 0) - passed)
        end = None if effect.end is None else effect.end - passed
        if start < frames and (end is None or end > 0):
            limits: dict[str, Any] = {"start": start, "end": None if end is None else min(end, frames)}
            found.append(effect.model_copy(update=limits))
    return found
