"""Our own project format: the timeline model itself as JSON, published as JSON Schema.

Unlike foreign formats it refuses unknown fields, since a misspelt one would change nothing without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.consistency import Places, check_consistency
from tasks.compiler.imports.counts import check_counts
from tasks.compiler.imports.imported import Imported
from tasks.compiler.imports.places import refused
from tasks.compiler.model import FORMAT, Clip, Timeline, Track

SCHEMA_ID = "urn:kinofarm:project:1"


def recognises(project: Mapping[str, Any]) -> bool:
    """Say whether the object calls itself ours, in any version."""
    name = project.get("format")
    return isinstance(name, str) and name.startswith("kinofarm/")


def read(project: dict[str, Any]) -> Imported:
    """Read our own JSON. Clips may stand in any order; the timeline has them in order of time.

    Raises:  FORMAT-015 for another version, FORMAT-016 for too much, FORMAT-020 to 022 for a field,
             FORMAT-025 to 038 for parts that contradict each other.
    """
    if project["format"] != FORMAT:
        raise KinofarmError("FORMAT-015", where="format", version=project["format"], known=FORMAT)
    check_counts(project)
    try:
        timeline = Timeline.model_validate(project)
    except ValidationError as error:
        raise refused(error, project) from None
    tracks: list[Track] = []
    clips: dict[tuple[int, int], str] = {}
    for row, track in enumerate(timeline.tracks):
        order = sorted(range(len(track.clips)), key=lambda number: _time(track.clips[number]))
        clips.update({(row, column): f"tracks[{row}].clips[{number}]" for column, number in enumerate(order)})
        tracks.append(track.model_copy(update={"clips": tuple(track.clips[number] for number in order)}))
    timeline = timeline.model_copy(update={"tracks": tuple(tracks)})
    transitions = {
        (row, number): f"tracks[{row}].transitions[{number}]"
        for row, track in enumerate(tracks)
        for number in range(len(track.transitions))
    }
    subtitles = {number: f"subtitles[{number}]" for number in range(len(timeline.subtitles))}
    check_consistency(timeline, Places(clips=clips, transitions=transitions, subtitles=subtitles))
    places = {
        clip.id: clips[row, column] for row, track in enumerate(tracks) for column, clip in enumerate(track.clips)
    }
    return Imported(timeline=timeline, places=places)


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


def _time(clip: Clip) -> tuple[int, int]:
    return clip.start, clip.end
