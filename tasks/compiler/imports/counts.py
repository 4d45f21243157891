"""How much a project may hold. Limits against files made to fill the memory, far above what people edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.errors import KinofarmError

MAX_TRACKS = 200
MAX_CLIPS = 50_000
"""All tracks together: a film of ten hours with a cut each second has 36,000."""

_LISTS = {
    "tracks": MAX_TRACKS,
    "transitions": MAX_CLIPS,
    "subtitles": MAX_CLIPS,
    "effects": 10_000,
    "filters": 10_000,
    "templates": 1_000,
    "style_templates": 1_000,
}


def check_counts(project: Mapping[str, Any]) -> None:
    """Refuse a project with more of anything than the farm takes, before each piece is looked at.

    Raises:  FORMAT-016.
    """
    for name, limit in _LISTS.items():
        _check(_length(project, name), limit, name.replace("_", " "), name)
    tracks = project.get("tracks")
    rows = [track for track in tracks if isinstance(track, dict)] if isinstance(tracks, list) else []
    for name in ("clips", "transitions"):
        _check(sum(_length(track, name) for track in rows), MAX_CLIPS, name, "tracks")


def _length(holder: Mapping[str, Any], name: str) -> int:
    value = holder.get(name)
    return len(value) if isinstance(value, list) else 0


def _check(count: int, limit: int, things: str, where: str) -> None:
    if count > limit:
        raise KinofarmError("FORMAT-016", where=where, things=things, count=count, limit=limit)
