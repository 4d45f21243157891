"""The door for project files: read one, find out what it is, and hand back the one timeline model.

Formats: our own JSON ("format": "kinofarm/1") and Timeline Studio's ProjectSchema. What each field means stands
in docs/format.md. To add a format: one module in `tasks/compiler/imports`, one row in `IMPORTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.errors import KinofarmError
from tasks.compiler.imports import json_text, kinofarm, timeline_studio
from tasks.compiler.imports.imported import Imported, as_it_stands
from tasks.compiler.model import Timeline
from tasks.compiler.notice import Notice


@dataclass(frozen=True)
class Loaded:
    """A project as it was read.

    base: the folder of the project file, where relative media paths start.
    in_file: turns a place in the model, as a later check names it, into the place in the project file.
    extras: unknown fields by their place in the file; they change nothing.
    """

    timeline: Timeline
    warnings: tuple[Notice, ...]
    base: Path
    in_file: Callable[[str], str] = as_it_stands
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Importer:
    """A project format: how to tell it, and how to read it from parsed JSON."""

    name: str
    recognises: Callable[[Mapping[str, Any]], bool]
    read: Callable[[dict[str, Any]], Imported]


IMPORTERS: Mapping[str, Importer] = {
    "kinofarm": Importer("our own JSON", kinofarm.recognises, kinofarm.read),
    "timeline-studio": Importer("Timeline Studio's ProjectSchema", timeline_studio.recognises, timeline_studio.read),
}
"""Tried in this order; the first that recognises the file reads it."""

_NOT_YET = {
    ".otio": "OpenTimelineIO",
    ".otioz": "OpenTimelineIO",
    ".otiod": "OpenTimelineIO",
    ".edl": "an edit decision list (EDL)",
    ".fcpxml": "Final Cut Pro XML",
    ".xml": "Final Cut Pro 7 XML",
    ".aaf": "AAF",
}


def load(path: Path) -> Loaded:
    """Read a project file into the timeline model.

    Raises:  FORMAT-001 to FORMAT-019 for a file that cannot be read, FORMAT-020 to FORMAT-079 with the place in
             the file for what stands in it. Nothing else is raised, whatever the file holds.
    """
    if path.suffix.lower() in _NOT_YET and path.exists():
        raise KinofarmError("FORMAT-014", kind=_NOT_YET[path.suffix.lower()])
    imported = load_object(json_text.parse(json_text.read_bytes(path)))
    return Loaded(
        timeline=imported.timeline,
        warnings=imported.warnings,
        base=path.parent.resolve(),
        in_file=imported.in_file,
        extras=imported.extras,
    )


def load_object(project: dict[str, Any]) -> Imported:
    """Read a project that is parsed JSON already.

    Raises:  FORMAT-013 to FORMAT-079.
    """
    for importer in IMPORTERS.values():
        if importer.recognises(project):
            return importer.read(project)
    if "OTIO_SCHEMA" in project:
        raise KinofarmError("FORMAT-014", kind=_NOT_YET[".otio"])
    if timeline_studio.is_saved_file(project):
        raise KinofarmError("FORMAT-014", kind="a saved file of Timeline Studio (.tlsp)")
    raise KinofarmError("FORMAT-013")
