"""From OpenTimelineIO's objects to the one timeline model.

What would be seen or heard and can't be carried over is a warning that names the clip; what nothing on the screen depends
on rides along in `metadata` (see `carried`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Imported, Warnings
from tasks.compiler.imports.interchange.adapters import Parsed
from tasks.compiler.imports.interchange.carried import foreign, own, valid
from tasks.compiler.imports.interchange.clips import Reading, mark, to_clip, to_transition
from tasks.compiler.imports.interchange.doubles import heard_once
from tasks.compiler.imports.interchange.nesting import (
    AUDIO,
    VIDEO,
    Row,
    Rows,
    Window,
    length_of,
    seen_inside,
    through,
    unread_effects,
)
from tasks.compiler.imports.interchange.references import plain
from tasks.compiler.imports.interchange.times import counts_frames, rate_of
from tasks.compiler.imports.timeline_studio.grid import Grid, nearly_broadcast
from tasks.compiler.model import Timeline, Track

DEFAULT_RATE = Fraction(24)
DEFAULT_SIZE = (1920, 1080)
"""Taken with a warning where neither the file nor our own metadata say more."""

_CLIP = re.compile(r"(tracks\[\d+\](?:\.(?:clips|transitions)\[\d+\])?)(.*)")


def to_timeline(parsed: Parsed) -> Imported:
    """Return the model of what an interchange file holds.

    Raises:  FORMAT-007, 016, 020 to 024, 045, 050 and 065 to 072, with the place in the file.
    """
    film, warnings = parsed.timeline, Warnings(per_place=True)
    ours = own(film, "")
    rate = _rate(film, warnings)
    width, height = _size(ours, parsed, warnings)
    stack = film.tracks
    silent = not ours and parsed.detached and any(_holds_sound(part) for part in stack)
    reading = Reading(Grid(rate=rate, width=width, height=height), warnings, silent)
    for name in parsed.left_out:
        warnings.add("FORMAT-115", where="", name=plain(name))
    length = length_of(stack, "tracks")
    window = seen_inside(stack, Window(Fraction(0), Fraction(0), length), "tracks")
    duration = reading.grid.frames(window.lasts, "tracks")
    if duration < 1:
        raise KinofarmError("FORMAT-024", where="tracks", reason="nothing lies on its tracks")
    mark(stack.markers, window, "", "tracks", reading)
    places: dict[str, str] = {}
    origins: dict[str, dict[str, str]] = {}
    laid: list[Track] = []
    nested: set[str] = set()
    for number, part in enumerate(stack):
        for track, origin in _tracks(part, window, number, reading):
            origins[track.id] = origin
            laid.append(track)
            if track.kind == "audio" and getattr(part, "kind", VIDEO) == VIDEO:
                nested.add(track.id)
    tracks = heard_once(laid, nested, rate) if not ours else tuple(laid)
    for position, track in enumerate(tracks):
        at = origins[track.id]
        places |= {f"tracks[{position}]{inner}": place for inner, place in at.items() if not inner or inner[0] == "."}
        places |= {f"tracks[{position}].clips[{n}]": at[clip.id] for n, clip in enumerate(track.clips)}
    fields = {
        "name": plain(film.name),
        "size": {"width": width, "height": height},
        **{name: value for name, value in ours.items() if name not in ("rate", "format")},
        "rate": rate,
        "duration": duration,
        "tracks": tracks,
        "markers": tuple(sorted(reading.markers, key=lambda marker: marker.time)),
        "metadata": foreign(film, start=_start(film), stack=plain(stack.name)),
    }
    timeline = valid(Timeline, fields, "")
    return Imported(timeline=timeline, warnings=warnings.all(), in_file=_back(places))


def _rate(film: Any, warnings: Warnings) -> Fraction:
    """Return the film's rate: that of its start time, else of its first clip on a video track, else of any."""
    start = film.global_start_time
    times = [*([start] if start is not None else []), *_clip_times(film.tracks, VIDEO), *_clip_times(film.tracks, None)]
    rates = (rate_of(time, "tracks") for time in times)
    rate = next((rate for rate in rates if counts_frames(rate)), None)
    if rate is None:
        warnings.add("FORMAT-101", where="", field="the frame rate", value=DEFAULT_RATE)
        return DEFAULT_RATE
    if (near := nearly_broadcast(rate)) and near != rate:
        warnings.add("FORMAT-104", where="", rate=f"{float(rate):g}", near=f"{float(near):.3f}")
    return rate


def _clip_times(stack: Any, kind: str | None) -> Iterator[Any]:
    for part in stack:
        if kind is None or getattr(part, "kind", VIDEO) == kind:
            for clip in part.find_clips() if isinstance(part, otio.core.Composition) else [part]:
                if isinstance(clip, otio.core.Item) and clip.source_range is not None:
                    yield clip.source_range.duration


def _size(ours: Mapping[str, Any], parsed: Parsed, warnings: Warnings) -> tuple[int, int]:
    said = ours.get("size")
    if isinstance(said, dict) and all(type(said.get(name)) is int for name in ("width", "height")):
        return said["width"], said["height"]
    if parsed.size is None:
        shown = f"{DEFAULT_SIZE[0]} x {DEFAULT_SIZE[1]}"
        warnings.add("FORMAT-101", where="", field="the frame's size", value=shown)
    width, height = parsed.size or DEFAULT_SIZE
    if not (16 <= width <= 16384 and 16 <= height <= 16384):
        raise KinofarmError("FORMAT-050", where="", width=width, height=height)
    return width + width % 2, height + height % 2


def _holds_sound(part: Any) -> bool:
    """Say whether a track is one of sound, or holds one."""
    if getattr(part, "kind", None) == AUDIO:
        return True
    return isinstance(part, otio.core.Composition) and any(_holds_sound(one) for one in part)


def _tracks(part: Any, window: Window, number: int, reading: Reading) -> Iterator[tuple[Track, dict[str, str]]]:
    """Yield the tracks that one of the file's becomes, more than one where it holds stacks, with their places in it."""
    place = f"tracks.children[{number}]"
    kind = part.kind if isinstance(part, otio.schema.Track) else VIDEO
    if kind not in (VIDEO, AUDIO):
        reading.warnings.add("FORMAT-117", where=place, track=plain(part.name), kind=plain(kind, 80))
        return
    seen = through(part, (Fraction(0), length_of(part, place)), window)
    rows = Rows(reading.warnings)
    if seen is not None:
        for effect in unread_effects(part) if isinstance(part, otio.core.Composition) else ():
            shown = plain(effect.name or effect.effect_name or "without a name")
            reading.warnings.add("FORMAT-120", where=place, clip=plain(part.name), effect=shown)
        rows.lay(part, seen, kind, 0, place)
        if isinstance(part, otio.core.Composition):
            mark(part.markers, seen, "", place, reading)
    ends = reading.grid.frames(seen.at + seen.lasts, place) if seen else 0
    found = [(kind, row) for row in rows.of(kind) or [Row()]]
    found += [(AUDIO, row) for row in rows.of(AUDIO) if kind == VIDEO]
    for layer, (row_kind, row) in enumerate(found):
        yield _track(part, row_kind, row, ends, number, layer, reading)


def _track(
    part: Any, kind: str, row: Row, ends: int, number: int, layer: int, reading: Reading
) -> tuple[Track, dict[str, str]]:
    place = f"tracks.children[{number}]"
    ours = own(part, place) if layer == 0 and isinstance(part, otio.schema.Track) else {}
    made_up = f"{'V' if kind == VIDEO else 'A'}{number + 1}" + (f"-{layer + 1}" if layer else "")
    ident = reading.name_for(plain(ours.get("id", "")), made_up)
    made = [
        (clip, piece.place)
        for position, piece in enumerate(row.pieces)
        if (clip := to_clip(piece, kind, f"{ident}:{position + 1}", reading)) is not None
    ]
    made.sort(key=lambda pair: (pair[0].start, pair[0].end))
    clips = tuple(clip for clip, _ in made)
    joined = [(join, passage.place) for passage in row.passages if (join := to_transition(passage, clips, reading))]
    fields: dict[str, Any] = {
        "name": plain(part.name) if layer == 0 else plain(f"{part.name} {layer + 1}".strip()),
        **{name: ours[name] for name in ("name", "volume", "effects") if name in ours},
        "id": ident,
        "kind": "video" if kind == VIDEO else "audio",
        "enabled": bool(part.enabled),
        "clips": clips,
        "transitions": tuple(join for join, _ in joined),
        "metadata": foreign(part, length=ends) if layer == 0 else {},
    }
    places: dict[str, str] = {"": place}
    places |= {clip.id: where for clip, where in made}
    places |= {f".transitions[{position}]": where for position, (_, where) in enumerate(joined)}
    return valid(Track, fields, place), places


def _start(film: Any) -> dict[str, float] | None:
    start = film.global_start_time
    return None if start is None else {"value": start.value, "rate": start.rate}


def _back(places: Mapping[str, str]) -> Callable[[str], str]:
    def in_file(where: str) -> str:
        match = _CLIP.match(where)
        return places[match[1]] + match[2] if match and match[1] in places else where

    return in_file
