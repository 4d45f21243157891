"""Hypothesis strategies: projects of Timeline Studio, timelines of our own, and JSON that is nearly either.

`studio_projects()` and `timelines()` are made to be mostly renderable, so that a property test gets past the
importer; `mutated(…)` and `json_objects()` are made to be refused in every way there is.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tasks.compiler.model import (
    Clip,
    ColourCorrection,
    Crop,
    Effect,
    Export,
    MediaSource,
    Size,
    Subtitle,
    TextElement,
    TextStyle,
    Timeline,
    TitleSource,
    Track,
    Transform,
    Transition,
    VideoExport,
)

RATES: Sequence[Fraction] = (
    Fraction(24),
    Fraction(25),
    Fraction(30),
    Fraction(50),
    Fraction(24000, 1001),
    Fraction(30000, 1001),
    Fraction(60000, 1001),
)
MEDIA: Sequence[str] = ("media/a.mp4", "media/b.mp4", "media/c.png", "media/d.wav")
"""Paths that generated projects use; a test that checks or renders them makes these files (10 s or longer)."""

SIZES = (Size(width=320, height=180), Size(width=180, height=320), Size(width=96, height=96))
TRANSITIONS = ("fade", "dissolve", "wipe-horizontal", "xfade:circleopen")
EFFECTS: Sequence[tuple[str, dict[str, Any]]] = (
    ("brightness", {"intensity": 1.1}),
    ("contrast", {}),
    ("saturation", {"intensity": 0.5}),
    ("sepia", {"intensity": 0.3}),
    ("grayscale", {}),
    ("hue-rotate", {"angle": 45}),
    ("blur", {"radius": 1}),
    ("audio-fade-in", {"duration": 0.2}),
    ("audio-fade-out", {"duration": 0.2}),
)
_fractions = st.floats(0, 1, width=16)


@st.composite
def timelines(draw: st.DrawFn, media: Sequence[str] = MEDIA, longest: int = 60) -> Timeline:
    """Draw a timeline that keeps the model's rules: clips in order, overlapping only under their transition.

    Args:  longest: frames of the longest clip.
    """
    rate = draw(st.sampled_from(RATES))
    tracks = [draw(_tracks(row, rate, media, longest)) for row in range(draw(st.integers(0, 3)))]
    ends = [clip.end for track in tracks for clip in track.clips]
    duration = max([*ends, 1]) + draw(st.integers(0, 20))
    video = VideoExport(crf=draw(st.integers(18, 30)), preset="ultrafast", gop=draw(st.none() | st.integers(10, 60)))
    return Timeline(
        name="generated",
        rate=rate,
        size=draw(st.sampled_from(SIZES)),
        duration=duration,
        tracks=tuple(tracks),
        subtitles=tuple(draw(st.lists(_subtitles(duration), max_size=2))),
        export=Export(video=video),
    )


@st.composite
def _tracks(draw: st.DrawFn, row: int, rate: Fraction, media: Sequence[str], longest: int) -> Track:
    kind = draw(st.sampled_from(["video", "video", "audio"]))
    clips: list[Clip] = []
    transitions: list[Transition] = []
    at, clear = draw(st.integers(0, 10)), 0
    for number in range(draw(st.integers(0, 4))):
        start, length = at + draw(st.sampled_from([0, 0, 0, 5])), draw(st.integers(2, longest))
        clip = draw(_clips(f"{row}-{number}", start, start + length, rate, media, kind == "audio"))
        if clips and clips[-1].end == start and draw(st.booleans()):
            room = min(start - max(clear, clips[-1].start), length - 1)
            half = draw(st.integers(0, min(room, 8)))
            if half:
                window = (start - half, start + half)
                clear = window[1]
                transitions.append(
                    Transition(
                        id=f"t{row}-{number}",
                        kind=draw(st.sampled_from(TRANSITIONS)),
                        from_clip=clips[-1].id,
                        to_clip=clip.id,
                        start=window[0],
                        end=window[1],
                    )
                )
        clips.append(clip)
        at = clip.end
    return Track.model_validate(
        {
            "id": f"track-{row}",
            "kind": kind,
            "enabled": draw(st.sampled_from([True, True, False])),
            "volume": draw(_fractions),
            "clips": clips,
            "transitions": transitions,
        }
    )


@st.composite
def _clips(
    draw: st.DrawFn, name: str, start: int, end: int, rate: Fraction, media: Sequence[str], sound_only: bool
) -> Clip:
    if not sound_only and draw(st.integers(0, 4)) == 0:
        words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
        text = TextElement(text=draw(words), x=0.1, y=0.4, width=0.8, height=0.2, style=TextStyle(font_size=80))
        return Clip(id=name, source=TitleSource(elements=(text,)), start=start, end=end)
    files = [path for path in media if not sound_only or not path.endswith(".png")]
    kind, parameters = draw(st.sampled_from(EFFECTS))
    return Clip(
        id=name,
        source=MediaSource(path=draw(st.sampled_from(files))),
        start=start,
        end=end,
        source_start=Fraction(draw(st.integers(0, 50))) / rate,
        speed=draw(st.sampled_from([Fraction(1), Fraction(1), Fraction(2), Fraction(1, 2), Fraction(4, 3)])),
        volume=draw(_fractions),
        opacity=draw(st.sampled_from([1.0, 1.0, 0.5, 0.0])),
        crop=draw(st.none() | st.just(Crop(left=2, top=4))),
        transform=draw(st.none() | st.builds(Transform, scale_x=st.floats(0.25, 2), rotation=st.integers(-90, 90))),
        colour_correction=draw(st.none() | st.builds(ColourCorrection, brightness=st.floats(-0.5, 0.5, width=16))),
        effects=draw(st.just(()) | st.just((Effect(id="e", kind=kind, parameters=parameters),))),
    )


@st.composite
def _subtitles(draw: st.DrawFn, duration: int) -> Subtitle:
    start = draw(st.integers(0, duration - 1))
    return Subtitle(text=draw(st.sampled_from(["Hello", "two\nlines", "{\\b1}"])), start=start, end=duration)


@st.composite
def studio_projects(draw: st.DrawFn, media: Sequence[str] = MEDIA) -> dict[str, Any]:
    """Draw a ProjectSchema, in one of its spellings throughout, that is mostly valid."""
    rust = draw(st.booleans())

    def spelt(name: str) -> str:
        return "".join(word.capitalize() for word in name.split("-")) if rust else name

    fps = draw(st.sampled_from([24, 25, 30, 29.97, 23.976, 12.5]))
    tracks: list[dict[str, Any]] = []
    transitions: list[dict[str, Any]] = []
    for row in range(draw(st.integers(0, 3))):
        at, clips = 0.0, list[dict[str, Any]]()
        for number in range(draw(st.integers(0, 3))):
            length = draw(st.integers(10, 100)) / fps
            written = draw(_studio_clips(f"{row}-{number}", at, at + length, media, rust))
            if clips and draw(st.booleans()):
                kind, length_of = draw(st.sampled_from(TRANSITIONS)), draw(st.sampled_from([0.2, {"value": 0.2}]))
                ids = draw(st.sampled_from([{}, {"from_clip_id": clips[-1]["id"], "to_clip_id": written["id"]}]))
                transition = {"transition_type": spelt(kind) if ":" not in kind else kind, "duration": length_of}
                transitions.append({"id": f"t{row}-{number}", "start_time": max(at - 0.1, 0), **transition, **ids})
            clips.append(written)
            at += length
        kind = draw(st.sampled_from(["video", "video", "audio"]))
        tracks.append({"id": f"track-{row}", "track_type": spelt(kind), "name": f"T{row}", "clips": clips})
    return {
        "version": "1.0.0",
        "metadata": {"name": "generated", "created_at": "2026-11-22T00:00:00Z"},
        "timeline": {
            **({"duration": draw(st.integers(13, 20))} if draw(st.booleans()) else {}),
            "fps": fps,
            "resolution": draw(st.sampled_from([[320, 180], [180, 320]])),
            "sample_rate": 48000,
            "aspect_ratio": draw(st.sampled_from(["Ratio16x9", {"Custom": 1.78}])),
        },
        "tracks": tracks,
        "effects": [
            {"id": name, "effect_type": spelt(name), "name": name, "enabled": True, "parameters": parameters}
            for name, parameters in EFFECTS
        ],
        "transitions": transitions,
        "filters": [],
        "templates": [{"id": "split", "template_type": spelt("vertical"), "screens": 2, "cells": []}],
        "style_templates": [],
        "subtitles": [{"id": "s", "text": "Hello", "start_time": 0, "end_time": draw(st.integers(1, 3))}],
        "settings": {"export": {"format": "Mp4", "quality": draw(st.integers(1, 100)), "preset": "ultrafast"}},
    }


@st.composite
def _studio_clips(
    draw: st.DrawFn, name: str, start: float, end: float, media: Sequence[str], rust: bool
) -> dict[str, Any]:
    path = draw(st.sampled_from(list(media)))
    speed = draw(st.sampled_from([1, 1.0, 0.5, 2]))
    source_start = draw(st.sampled_from([0, 0.5, 1 / 3]))
    optional: dict[str, Any] = {
        "source_end": source_start + (end - start) * speed,
        "opacity": 0.5,
        "effects": [draw(st.sampled_from(EFFECTS))[0]],
        "template_id": "split",
        "transform": {"scale_x": 0.5, "scale_y": 0.5},
        "crop": {"left": 2},
        "color_correction": {"contrast": 1.2},
        "properties": {"notes": None, "tags": ["x"]},
    }
    chosen = {field: value for field, value in optional.items() if draw(st.booleans())}
    if "template_id" in chosen:
        chosen["template_cell"] = draw(st.integers(0, 1))
    source: dict[str, Any] = {"source": {"File": path}} if rust else {"source_path": path}
    times = {"start_time": start, "end_time": end, "source_start": source_start, "speed": speed}
    return {"id": name, **source, **times, **chosen}


_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -1, 0.5, 1e308, -1e308, 5e-324, 10**17, "", "0", "a", "Generated", "x" * 600])
    | st.text(max_size=8)
)
json_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
"""Any JSON value, small."""


def json_objects() -> st.SearchStrategy[dict[str, Any]]:
    """Draw a JSON object with the names of a project and anything under them."""
    names = st.sampled_from(
        ["format", "timeline", "tracks", "clips", "rate", "size", "duration", "settings", "subtitles", "sections"]
    )
    return st.dictionaries(names | st.text(max_size=8), json_values, max_size=5)


@st.composite
def mutated(draw: st.DrawFn, projects: st.SearchStrategy[dict[str, Any]], most: int = 3) -> dict[str, Any]:
    """Draw a project in which up to `most` values are replaced, removed, doubled or renamed."""
    project = copy.deepcopy(draw(projects))
    for _ in range(draw(st.integers(1, most))):
        places = _places(project)
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        change = draw(st.sampled_from(["replace", "replace", "remove", "double", "rename"]))
        if change == "replace":
            holder[key] = copy.deepcopy(draw(json_values))
        elif change == "remove" or (change == "rename" and isinstance(holder, list)):
            del holder[key]
        elif change == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif isinstance(holder, dict):
            holder[key + "_"] = holder.pop(key)
        if not project:
            break
    return project


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in a JSON value, as its holder and key."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        holder = todo.pop()
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        found += [(holder, key) for key in keys]
        todo += [holder[key] for key in keys if isinstance(holder[key], dict | list) and holder[key]]
    return found
