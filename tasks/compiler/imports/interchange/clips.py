"""Clips, transitions and markers of interchange files, at whole frames of the film."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.interchange.carried import WRITTEN, foreign, own, valid
from tasks.compiler.imports.interchange.nesting import VIDEO, Passage, Piece, Window, unread_effects
from tasks.compiler.imports.interchange.references import plain, source_of
from tasks.compiler.imports.interchange.times import span
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.compiler.model import Clip, Marker, MediaSource, Source, TitleSource, Transition

_FINEST_TIME, _FINEST_SPEED = 10**11, 9 * 10**15
"""Largest denominators of a source time and a speed: JSON carries eighteen digits exactly."""

_SPEEDS = (Fraction(1, 100), Fraction(100))

_SAID_BY_STRUCTURE = ("start", "end", "source_start", "speed", "reverse", "freeze", "metadata")
"""Fields of a clip that OpenTimelineIO says itself: our own metadata don't overrule them."""

COLOURS = {
    "PINK": "#ffc0cb",
    "RED": "#ff0000",
    "ORANGE": "#ffa500",
    "YELLOW": "#ffff00",
    "GREEN": "#00ff00",
    "CYAN": "#00ffff",
    "BLUE": "#0000ff",
    "PURPLE": "#800080",
    "MAGENTA": "#ff00ff",
    "BLACK": "#000000",
    "WHITE": "#ffffff",
}
"""OpenTimelineIO's names of marker colours, as CSS has them."""


@dataclass
class Reading:
    """What is known and found while one file is read. silent: clips on video tracks leave their sound to audio tracks."""

    grid: Grid
    warnings: Warnings
    silent: bool
    markers: list[Marker] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def name_for(self, wanted: str, otherwise: str) -> str:
        """Return an id that no other clip or track has."""
        found = wanted if wanted and wanted not in self.ids else otherwise
        while found in self.ids:
            found += "+"
        self.ids.add(found)
        return found


def to_clip(piece: Piece, kind: str, ident: str, reading: Reading) -> Clip | None:
    """Return a piece as a clip; None where it is shorter than a frame, with a warning.

    Raises:  FORMAT-020 to 022, 065 and 072 with the place.
    """
    item, window, place = piece.item, piece.window, piece.place
    grid = reading.grid
    start, end = _frames(window, grid, place)
    name = plain(item.name)
    if end <= start:
        reading.warnings.add("FORMAT-121", where=place, clip=name)
        return None
    if isinstance(item, otio.schema.Gap):
        return Clip(id=ident, source=TitleSource(), start=start, end=end, metadata={WRITTEN: {"gap": True}})
    if not isinstance(item, otio.schema.Clip):
        reading.warnings.add("FORMAT-120", where=place, clip=name, effect=f"its kind {type(item).__name__}")
        return None
    ours = own(item, place)
    source, lost = _source(item, ours.pop("source", None), place)
    reference = _as_written(item.media_reference)
    if lost:
        reading.warnings.add("FORMAT-122", where=place, clip=name, reason=lost)
    elif isinstance(source, MediaSource) and source.offline:
        reading.warnings.add("FORMAT-123", where=place, clip=name, file=source.path)
    for effect in unread_effects(item):
        shown = plain(effect.name or effect.effect_name or "without a name")
        reading.warnings.add("FORMAT-120", where=place, clip=name, effect=shown)
    if isinstance(source, TitleSource) and kind != VIDEO:
        return None
    timed = _timed(source, window, grid, name, place) if isinstance(source, MediaSource) else {}
    said = {key: value for key, value in ours.items() if key not in (*_SAID_BY_STRUCTURE, "id")}
    fields = {
        "name": name,
        **({"volume": 0.0} if kind == VIDEO and reading.silent and isinstance(source, MediaSource) else {}),
        **said,
        **timed,
        "id": reading.name_for(plain(ours.get("id", "")), ident),
        "source": source,
        "start": start,
        "end": end,
        "metadata": foreign(item, reference=reference, whole=item.source_range is None or None),
    }
    made = valid(Clip, fields, place)
    mark(item.markers, window, made.id, place, reading)
    return made


def to_transition(passage: Passage, clips: Sequence[Clip], reading: Reading) -> Transition | None:
    """Return a passage between the two clips that meet at its cut; None where there are none, with a warning."""
    grid, place, item = reading.grid, passage.place, passage.item
    cut = grid.frames(passage.cut, place)
    before = next((clip for clip in clips if clip.end == cut), None)
    after = next((clip for clip in clips if clip.start == cut), None)
    start, end = (grid.frames(moment, place) for moment in (passage.start, passage.end))
    name = plain(item.name)
    if before is None or after is None or end <= start:
        reason = "no two clips meet there" if end > start else "it is shorter than a frame"
        reading.warnings.add("FORMAT-118", where=place, transition=name or item.transition_type, reason=reason)
        return None
    ours = own(item, place)
    written = plain(item.transition_type)
    if written != otio.schema.TransitionTypes.SMPTE_Dissolve and "kind" not in ours:
        reading.warnings.add("FORMAT-124", where=place, transition=written, first=before.name, second=after.name)
    said = {key: value for key, value in ours.items() if key in ("id", "kind", "parameters")}
    fields = {
        "id": "",
        "kind": "dissolve",
        **said,
        "from_clip": before.id,
        "to_clip": after.id,
        "start": start,
        "end": end,
        "metadata": foreign(item, name=name, type=written),
    }
    return valid(Transition, fields, place)


def mark(markers: Any, window: Window, owner: str, place: str, reading: Reading) -> None:
    """Keep the markers of an item, of whose own time `window` is shown; one outside of it is a warning."""
    for number, marker in enumerate(markers):
        where = f"{place}.markers[{number}]"
        start, length = span(marker.marked_range, where)
        name = plain(marker.name)
        shown = window.start <= start <= window.end if window.speed else start == window.start
        if not shown:
            reading.warnings.add("FORMAT-125", where=where, name=name)
            continue
        ours = own(marker, where)
        colour = str(marker.color or "").upper()
        frame = reading.grid.frames(max(Fraction(0), window.moment(start)), where)
        lasts = length / window.speed if window.speed else Fraction(0)
        fields = {
            "kind": ours.get("kind", "note"),
            "time": frame,
            "duration": reading.grid.frames(lasts, where),
            "name": name,
            "colour": ours.get("colour") or COLOURS.get(colour),
            "clip": owner,
            "metadata": foreign(marker, comment=plain(marker.comment), colour=colour),
        }
        reading.markers.append(valid(Marker, fields, where))


def _source(item: Any, ours: Any, place: str) -> tuple[Source, str]:
    """Return a clip's source, as our own metadata say where they say something, and what was lost of it."""
    if isinstance(ours, dict) and ours.get("kind") == "title":
        return valid(TitleSource, ours, place), ""
    source, lost = source_of(item, place)
    if isinstance(ours, dict) and isinstance(source, MediaSource):
        more = {name: value for name, value in ours.items() if name not in ("kind", "path")}
        source = valid(MediaSource, {**source.model_dump(), **more}, place)
    return source, lost


def _frames(window: Window, grid: Grid, place: str) -> tuple[int, int]:
    return grid.frames(window.at, place), grid.frames(window.at + window.lasts, place)


def _timed(source: MediaSource, window: Window, grid: Grid, name: str, place: str) -> dict[str, Any]:
    """Return from where and how fast a clip plays; its times count from the file's beginning where that is known."""
    start = window.start - (source.timecode or 0)
    if start < 0:
        raise KinofarmError("FORMAT-072", where=place, clip=name, seconds=round(float(-start), 3))
    still = window.speed == 0
    speed = Fraction(1) if still else _carried(window.speed, _FINEST_SPEED)
    if not _SPEEDS[0] <= speed <= _SPEEDS[1]:
        problem = f"its speed is {float(speed):g}, and one from 0.01 to 100 is wanted"
        raise KinofarmError("FORMAT-020", where=place, field="time_scalar", problem=problem)
    begins = _carried(grid.source_time(start), _FINEST_TIME)
    return {"source_start": begins, "speed": speed, "reverse": window.reverse and not still, "freeze": still}


def _carried(value: Fraction, finest: int) -> Fraction:
    """Return a number that JSON carries exactly."""
    return value if value.denominator <= finest else value.limit_denominator(finest)


def _as_written(reference: Any) -> dict[str, Any]:
    """Return how a media reference was written, where path and range alone would not bring it back."""
    if reference is None or (isinstance(reference, otio.schema.MissingReference) and not reference.name):
        return {}
    if isinstance(reference, otio.schema.ExternalReference):
        return {"name": plain(reference.name), "url": plain(reference.target_url, 4096)}
    found: dict[str, Any] = json.loads(otio.core.serialize_json_to_string(reference))
    return {"schema": found}
