"""The way of a camera over a film, as it is planned in a process of its own (`infra.apart`): JSON values in, JSON values out.

Planning takes as long as the film claims to have frames, about 20 µs and 400 bytes each: too much for the process that answers requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from tasks.recognition.findings import Finding
from tasks.recognition.follow import FollowOptions, camera_path

PLANNED = "flows.camera:planned"
"""Name of the function below, as `Apart.call` takes it."""

MOST_FRAMES = 500_000
"""Over which a way is planned: more than five hours at 25 a second."""


def planned(
    found: Sequence[Mapping[str, Any]],
    size: Sequence[str],
    rate: str,
    frames: int,
    aspect: str,
    options: Mapping[str, Any],
    cuts: Sequence[int],
    start: str,
) -> Mapping[str, Any]:
    """Return the way of a window that follows what was seen, as `tasks.recognition.follow.camera_path` does; numbers are exact, as text."""
    way = camera_path(
        [Finding.model_validate(one) for one in found],
        size=(Fraction(size[0]), Fraction(size[1])),
        rate=Fraction(rate),
        frames=frames,
        aspect=Fraction(aspect),
        options=FollowOptions.model_validate(options),
        cuts=cuts,
        start=Fraction(start),
    )
    return way.model_dump(mode="json")
