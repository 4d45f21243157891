"""Projects for acceptance tests, in our own JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Document = dict[str, Any]


def media_clip(
    path: str | Path, start: int, end: int, source_start: float | str = 0, *, id: str = "", **more: Any
) -> Document:
    """A clip of a file on the timeline's frames [start, end)."""
    source = {"kind": "media", "path": str(path)}
    name = id or f"clip{start}"
    return {"id": name, "source": source, "start": start, "end": end, "source_start": source_start, **more}


def title_clip(text: str, start: int, end: int, *, id: str = "") -> Document:
    """A clip with a line of text on a plate in the lower left."""
    plate = {"kind": "shape", "x": 0.05, "y": 0.75, "width": 0.5, "height": 0.15, "fill": "#102040"}
    words = {"kind": "text", "text": text, "x": 0.07, "y": 0.76, "width": 0.46, "height": 0.13}
    source = {"kind": "title", "elements": [plate, {**words, "style": {"align": "left", "font_size": 70}}]}
    return {"id": id or f"title{start}", "source": source, "start": start, "end": end}


def track(id: str, *clips: Document, kind: str = "video", transitions: Sequence[Document] = ()) -> Document:
    return {"id": id, "kind": kind, "clips": list(clips), "transitions": list(transitions)}


def timeline(
    duration: int,
    *tracks: Document,
    rate: int | str = 25,
    size: tuple[int, int] = (320, 180),
    preset: str = "ultrafast",
    crf: float = 18,
    **more: Any,
) -> Document:
    """A whole project."""
    return {
        "format": "kinofarm/1",
        "rate": rate,
        "size": {"width": size[0], "height": size[1]},
        "duration": duration,
        "tracks": list(tracks),
        "export": {"video": {"preset": preset, "crf": crf}},
        **more,
    }


def written(path: Path, document: Mapping[str, Any]) -> Path:
    """Write a project and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
