"""Our own project format: the timeline model itself as JSON, published as JSON Schema.

Unlike foreign formats it refuses unknown fields, since a misspelt one would change nothing without a word.
A number that moves may be written where the number stands, as a list of keyframes; the model has it in `keyframes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_args

from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.counts import check_counts
from tasks.compiler.imports.imported import Imported
from tasks.compiler.imports.places import refused
from tasks.compiler.model import FORMAT, Animated, Timeline, Track

SCHEMA_ID = "urn:kinofarm:project:1"

_TIMES = ("start", "end", "source_start", "duration")

_CLIP = re.compile(r"tracks\[(\d+)\]\.clips\[(\d+)\]")
_MOVING = re.compile(r"\.keyframes\.")
_MOVING_PARAMETER = re.compile(r"(\.effects\[\d+\])\.keyframes\.")

_ANIMATED: tuple[str, ...] = get_args(Animated)
_DEFINED_BY = {"": "Clip", "crop": "Crop", "transform": "Transform", "colour_correction": "ColourCorrection"}


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
    lifted = _lifted(project)
    try:
        timeline = Timeline.model_validate(lifted)
    except ValidationError as error:
        found = _of_time(error, lifted) or refused(error, lifted)
        raise KinofarmError(found.code, where=_as_written(found.where), **found.params) from None
    orders = [sorted(range(len(track.clips)), key=partial(_time, track)) for track in timeline.tracks]
    tracks = tuple(
        track.model_copy(update={"clips": tuple(track.clips[number] for number in order)})
        for track, order in zip(timeline.tracks, orders, strict=True)
    )

    def in_file(where: str) -> str:
        where = _as_written(where)
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
    keys = {"type": "array", "items": {"$ref": "#/$defs/Keyframe"}, "minItems": 1}
    for name in _ANIMATED:
        part, _, field = name.rpartition(".")
        fields = made["$defs"][_DEFINED_BY[part]]["properties"]
        fields[field] = {"anyOf": [fields[field], keys]}
    made["$defs"]["Effect"]["properties"]["parameters"]["additionalProperties"]["anyOf"].append(keys)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **made,
        "title": "Kinofarm project",
        "description": "A film to be: its tracks from the bottom up, the subtitles over them, and how to export it. "
        "Positions are whole frames, ranges are half-open, source times are seconds. docs/format.md explains each field.",
        "required": ["format", *made["required"]],
    }


def _lifted(project: dict[str, Any]) -> dict[str, Any]:
    """Return the project with its lists of keyframes where the model has them."""
    tracks = project.get("tracks")
    if not isinstance(tracks, list):
        return project
    lifted = (_lifted_in(track, "clips", _lifted_clip) for track in tracks)
    return {**project, "tracks": [_lifted_in(track, "effects", _lifted_effect) for track in lifted]}


def _lifted_in(holder: Any, field: str, lift: Callable[[Any], Any]) -> Any:
    if not isinstance(holder, dict) or not isinstance(holder.get(field), list):
        return holder
    return {**holder, field: [lift(each) for each in holder[field]]}


def _lifted_clip(clip: Any) -> Any:
    if not isinstance(clip, dict):
        return clip
    clip = _lifted_in(clip, "effects", _lifted_effect)
    keys: dict[str, Any] = {}
    for name in _ANIMATED:
        part, _, field = name.rpartition(".")
        holder = clip.get(part) if part else clip
        if isinstance(holder, dict) and isinstance(holder.get(field), list):
            keys[name] = holder[field]
            rest = {name: value for name, value in holder.items() if name != field}
            clip = {**clip, part: rest} if part else rest
    return _with_keyframes(clip, keys)


def _lifted_effect(effect: Any) -> Any:
    parameters = effect.get("parameters") if isinstance(effect, dict) else None
    if not isinstance(parameters, dict):
        return effect
    keys = {name: value for name, value in parameters.items() if _are_keyframes(value)}
    rest = {name: value for name, value in parameters.items() if name not in keys}
    return _with_keyframes({**effect, "parameters": rest}, keys)


def _with_keyframes(holder: dict[str, Any], keys: dict[str, Any]) -> dict[str, Any]:
    written = holder.get("keyframes", {})
    if not keys or not isinstance(written, dict):
        return holder
    return {**holder, "keyframes": {**written, **keys}}


def _are_keyframes(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(key, dict) for key in value)


def _as_written(where: str) -> str:
    """The place of a keyframe in the file: where the number itself would stand."""
    return _MOVING.sub(".", _MOVING_PARAMETER.sub(r"\1.parameters.", where))


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
