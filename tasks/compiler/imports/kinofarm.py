"""Our own project format: the timeline model itself as JSON, published as JSON Schema.

Unlike foreign formats it refuses unknown fields, since a misspelt one would change nothing without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.counts import check_counts
from tasks.compiler.imports.imported import Imported
from tasks.compiler.imports.places import refused
from tasks.compiler.model import FORMAT, Timeline, Track

SCHEMA_ID = "urn:kinofarm:project:1"

_TIMES = ("start", "end", "source_start", "duration")

_CLIP = re.compile(r"tracks\[(\d+)\]\.clips\[(\d+)\]")


def recognises(project: Mapping[str, Any]) -> bool:
    """Say whether the object calls itself ours, in any version."""
    name = project.get("format")
    return isinstance(name, str) and name.startswith("kinofarm/")


def read(project: dict[str, Any]) -> Imported:
    """Read our own JSON. Clips may stand in any order; the timeline has them in order of time.

    Raises:  FORMAT-015 for another version, FORMAT-016 for too much, FORMAT-020 to 024 for a field.
    """
    if project["format"] != FORMAT:
        raise KinofarmError("FORMAT-015", where="format", version=project["format"], known=FORMAT)
    check_counts(project)
    try:
        timeline = Timeline.model_validate(project)
    except ValidationError as error:
        raise _of_time(error, project) or refused(error, project) from None
    orders = [sorted(range(len(track.clips)), key=partial(_time, track)) for track in timeline.tracks]
    tracks = tuple(
        track.model_copy(update={"clips": tuple(track.clips[number] for number in order)})
        for track, order in zip(timeline.tracks, orders, strict=True)
    )

    def in_file(where: str) -> str:
        match = _CLIP.match(where)
        row, number = (int(match[1]), int(match[2])) if match else (len(orders), 0)
        if match is None or row >= len(orders) or number >= len(orders[row]):
            return where
        return f"tracks[{row}].clips[{orders[row][number]}]{where[match.end() :]}"

    return Imported(timeline=timeline.model_copy(update={"tracks": tracks}), in_file=in_file)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of our own format, as `kinofarm schema` prints it.

    Source:  JSON Schema draft 2020-12.
    """
    made = Timeline.model_json_schema()
    made["properties"]["format"].pop("default", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **made,
        "title": "Kinofarm project",
        "description": "A film to be: its tracks from the bottom up, the subtitles over them, and how to export it. "
        "Positions are whole frames, ranges are half-open, source times are seconds. docs/format.md explains each field.",
        "required": ["format", *made["required"]],
    }


def _of_time(error: ValidationError, project: dict[str, Any]) -> KinofarmError | None:
    """The error that has a code of its own: a negative time, a film without length; None for any other."""
    first = error.errors(include_url=False)[0]
    field, value = first["loc"][-1], first["input"]
    if field not in _TIMES or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    where = refused(error, project).where
    if value < 0:
        return KinofarmError("FORMAT-023", where=where, field=field, value=value)
    if field == "duration" and value == 0:
        return KinofarmError("FORMAT-024", where=where, reason="its duration is 0")
    return None


def _time(track: Track, number: int) -> tuple[int, int]:
    clip = track.clips[number]
    return clip.start, clip.end
