"""Small Timeline Studio projects for tests, and a short way to read them."""

from __future__ import annotations

from typing import Any

import pytest

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Imported
from tasks.compiler.load import load_object
from tasks.compiler.model import Clip, Timeline


def clip(name: str = "a", start: float = 0, end: float = 2, **more: Any) -> dict[str, Any]:
    """Return a clip of a file, from its beginning."""
    return {"id": name, "source_path": "media/a.mp4", "start_time": start, "end_time": end, **more}


def track(*clips: dict[str, Any], kind: str = "Video", **more: Any) -> dict[str, Any]:
    """Return a track of these clips."""
    return {"id": "V1", "track_type": kind, "name": "V1", "enabled": True, "clips": list(clips), **more}


def project(*tracks: dict[str, Any], fps: Any = 25, **more: Any) -> dict[str, Any]:
    """Return a project of 1280 x 720 with these tracks; without any, with one clip of two seconds."""
    timeline = {"fps": fps, "resolution": [1280, 720], "sample_rate": 48000, **more.pop("timeline", {})}
    return {"version": "1.0.0", "timeline": timeline, "tracks": list(tracks or [track(clip())]), **more}


def with_clip(**more: Any) -> dict[str, Any]:
    """Return a project whose one clip has these fields."""
    return project(track(clip(**more)))


def read(written: dict[str, Any]) -> Timeline:
    """Return the timeline of a project."""
    return load_object(written).timeline


def first_clip(written: dict[str, Any]) -> Clip:
    """Return the first clip of a project's timeline."""
    return read(written).tracks[0].clips[0]


def warned(imported: Imported) -> list[tuple[str, str]]:
    """Return the code and place of each warning."""
    return [(warning.code, warning.where) for warning in imported.warnings]


def refusal(written: dict[str, Any]) -> tuple[str, str]:
    """Return the code and the place of the error that a project is refused with."""
    with pytest.raises(KinofarmError) as caught:
        load_object(written)
    assert caught.value.hint
    return caught.value.code, caught.value.where
