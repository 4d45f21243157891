"""Keyframes: a number that changes over time, given at some frames and eased between them.

Units: frames count from the clip's first frame, in a track's effects from the timeline's. Before the first keyframe the first value holds, after the last the last.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import Annotated

from pydantic import Field, field_validator
from pydantic.fields import FieldInfo

from infra.values import Value
from tasks.subtitles.easing import EASINGS
from tasks.subtitles.model import Frame, Name

MOST = 10_000
"""Keyframes of one number."""

LEAST = 1e-3
"""What a number that must be above a limit is at least above it, when it moves."""


class Keyframe(Value):
    """A value at a frame; `easing` leads from it to the next keyframe (docs/format.md lists the names)."""

    frame: Frame
    value: float = Field(ge=-1e6, le=1e6)
    easing: Name = "linear"

    @field_validator("easing")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "hold" and value not in EASINGS:
            raise ValueError("must be hold or one of " + ", ".join(EASINGS))
        return value


Keyframes = Annotated[tuple[Keyframe, ...], Field(min_length=1, max_length=MOST)]


def require_in_order(keys: Keyframes) -> None:
    """Raise ValueError unless the frames rise."""
    if any(second.frame <= first.frame for first, second in pairwise(keys)):
        raise ValueError("the frames of keyframes must rise")


def limits(field: FieldInfo) -> tuple[float, float]:
    """Return the lowest and the highest value that a field takes of a number that moves."""
    low, high = -1e6, 1e6
    for limit in field.metadata:
        low = getattr(limit, "ge", getattr(limit, "gt", low - LEAST) + LEAST)
        high = getattr(limit, "le", high)
    return low, high


def value_at(keys: Keyframes, frame: int) -> float:
    """Return the value at a frame of the clip; an easing that overshoots may leave the keyframes' values."""
    after = bisect_right(keys, frame, key=lambda key: key.frame)
    if after == 0:
        return keys[0].value
    if after == len(keys):
        return keys[-1].value
    left, right = keys[after - 1], keys[after]
    if left.easing == "hold" or left.value == right.value:
        return left.value
    progress = EASINGS[left.easing]((frame - left.frame) / (right.frame - left.frame))
    return left.value + (right.value - left.value) * progress


def still_from(keys: Keyframes, frame: int) -> int:
    """Return the first frame after `frame` at which the value may differ from the one at `frame`; it may lie far off."""
    after = bisect_right(keys, frame, key=lambda key: key.frame)
    if after == 0:
        return keys[0].frame + 1
    if after == len(keys):
        return 2**62
    left, right = keys[after - 1], keys[after]
    return right.frame if left.easing == "hold" or left.value == right.value else frame + 1
