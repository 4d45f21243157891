"""The kit of the interchange tests: OpenTimelineIO's objects in few words, and what the model makes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Imported
from tasks.compiler.load import load, load_object
from tasks.compiler.model import Clip, Timeline

RATE = 24


def time(frames: float, rate: float = RATE) -> otio.opentime.RationalTime:
    return otio.opentime.RationalTime(frames, rate)


def span(start: float, frames: float, rate: float = RATE) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(time(start, rate), time(frames, rate))


def shot(
    name: str,
    start: float = 0,
    frames: float = 10,
    *,
    file: str | None = "",
    has: tuple[float, float] | None = (0, 100),
    rate: float = RATE,
    effects: Sequence[Any] = (),
    markers: Sequence[Any] = (),
) -> otio.schema.Clip:
    """A clip of NAME.mp4, or of another file; None: of none. has: the available range of its media."""
    media = otio.schema.MissingReference()
    if file is not None:
        known = None if has is None else span(*has, rate)
        media = otio.schema.ExternalReference(target_url=file or f"{name}.mp4", available_range=known)
    clip = otio.schema.Clip(name, media, span(start, frames, rate))
    clip.effects.extend(effects)
    clip.markers.extend(markers)
    return clip


def gap(frames: float) -> otio.schema.Gap:
    return otio.schema.Gap(source_range=span(0, frames))


def dissolve(before: float, after: float, kind: str = "SMPTE_Dissolve") -> otio.schema.Transition:
    return otio.schema.Transition(kind, kind, time(before), time(after))


def row(*children: Any, kind: str = "Video", name: str = "", **more: Any) -> otio.schema.Track:
    return otio.schema.Track(name, list(children), kind=kind, **more)


def layers(*children: Any, **more: Any) -> otio.schema.Stack:
    return otio.schema.Stack(children=list(children), **more)


def faster(factor: float) -> otio.schema.LinearTimeWarp:
    return otio.schema.LinearTimeWarp(time_scalar=factor)


def film(*tracks: Any, **more: Any) -> otio.schema.Timeline:
    made = otio.schema.Timeline("film", **more)
    made.tracks.extend(tracks)
    return made


def imported(what: Any) -> Imported:
    """What the farm makes of an object, by way of its JSON."""
    return load_object(json.loads(what.to_json_string()))


def read(*tracks: Any, **more: Any) -> Timeline:
    return imported(film(*tracks, **more)).timeline


def placed(clips: Sequence[Clip]) -> list[tuple[str, int, int, float]]:
    """Name, start, end and the frame of the source (at RATE) that each clip begins with."""
    return [(clip.name, clip.start, clip.end, float(clip.source_start * RATE)) for clip in clips]


def warned(found: Imported) -> list[str]:
    """The codes of an import's warnings, but for the frame's size, which is always missing here."""
    return [warning.code for warning in found.warnings if warning.code != "FORMAT-101"]


def refusal(what: Any, tmp_path: Path | None = None) -> str:
    with pytest.raises(KinofarmError) as caught:
        load(what) if isinstance(what, Path) else imported(what)
    assert caught.value.hint
    return caught.value.code
