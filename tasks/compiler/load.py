"""The door for project files: read one, find out what it is, and hand back the one timeline model.

What each format's fields mean stands in docs/format.md; docs/formats.md is made from `IMPORTERS`. To add a format: one
module in `tasks/compiler/imports`, one row here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.errors import KinofarmError
from tasks.compiler.imports import json_text, kinofarm, media, timeline_studio
from tasks.compiler.imports.imported import Imported, as_it_stands
from tasks.compiler.model import Timeline
from tasks.compiler.notice import Notice
from tasks.media.facts import MediaFacts
from tasks.media.remembered import quick_look

Probe = Callable[[Path], MediaFacts]


@dataclass(frozen=True)
class Loaded:
    """A project as it was read.

    base: the folder where relative media paths start: that of the project file, or of an unpacked bundle.
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
    """A project format: how to tell it, and how to read it.

    name, suffixes, comes_from: what the documentation says of it.
    recognises, read: for a format in JSON, told by what stands in it, whatever the file is called.
    read_file: for any other, told by its suffix; the second argument is the folder that bundles are unpacked into.
    read_media: for media files, told by their suffixes; the second argument probes one.
    written: `kinofarm export` writes it.
    """

    name: str
    suffixes: tuple[str, ...]
    comes_from: str
    recognises: Callable[[Mapping[str, Any]], bool] | None = None
    read: Callable[[dict[str, Any]], Imported] | None = None
    read_file: Callable[[Path, Path | None], Imported] | None = None
    read_media: Callable[[Path, Probe], Imported] | None = None
    written: bool = False


def _is_otio(project: Mapping[str, Any]) -> bool:
    return "OTIO_SCHEMA" in project


def _interchange(name: str) -> Any:
    """Return a reader of the interchange package, imported when it is first needed: OpenTimelineIO takes its time."""

    def read(*arguments: Any) -> Imported:
        from tasks.compiler.imports.interchange import reading

        found: Imported = getattr(reading, name)(*arguments)
        return found

    return read


IMPORTERS: Mapping[str, Importer] = {
    "kinofarm": Importer(
        "our own JSON",
        (".kinofarm.json", ".json"),
        "Kinofarm",
        recognises=kinofarm.recognises,
        read=kinofarm.read,
        written=True,
    ),
    "otio": Importer(
        "OpenTimelineIO",
        (".otio",),
        "OpenTimelineIO, Resolve, and every program with an adapter",
        recognises=_is_otio,
        read=_interchange("read_otio"),
        written=True,
    ),
    "otioz": Importer(
        "OpenTimelineIO with its media, an archive",
        (".otioz",),
        "OpenTimelineIO",
        read_file=_interchange("read_archive"),
    ),
    "otiod": Importer(
        "OpenTimelineIO with its media, a folder",
        (".otiod",),
        "OpenTimelineIO",
        read_file=_interchange("read_folder"),
    ),
    "edl": Importer(
        "CMX 3600 edit decision list", (".edl",), "nearly every editor", read_file=_interchange("read_edl")
    ),
    "fcp7": Importer(
        "Final Cut Pro 7 XML",
        (".xml",),
        "Premiere Pro, Resolve, Final Cut Pro 7",
        read_file=_interchange("read_fcp7"),
    ),
    "fcpxml": Importer("Final Cut Pro XML", (".fcpxml",), "Final Cut Pro", read_file=_interchange("read_fcpxml")),
    "aaf": Importer("Advanced Authoring Format", (".aaf",), "Media Composer", read_file=_interchange("read_aaf")),
    "tlsp": Importer(
        "Timeline Studio's saved file",
        (".tlsp",),
        "Timeline Studio",
        recognises=timeline_studio.is_saved_file,
        read=timeline_studio.read_saved_file,
    ),
    "timeline-studio": Importer(
        "Timeline Studio's ProjectSchema",
        (".json",),
        "Timeline Studio",
        recognises=timeline_studio.recognises,
        read=timeline_studio.read,
    ),
    "media": Importer(
        "a media file, as a film of one clip", media.SUFFIXES, "every camera and recorder", read_media=media.read
    ),
}
"""Those in JSON are tried in this order; the first that recognises the file reads it."""


def load(path: Path, unpack_into: Path | None = None, probe: Probe = quick_look) -> Loaded:
    """Read a project file into the timeline model.

    Args:    unpack_into: where the media of an archive go (`.otioz`); None: one that brings media is refused.
             probe: looks at a media file that is given as a project.
    Raises:  FORMAT-001 to FORMAT-019 for a file that cannot be read, FORMAT-020 to FORMAT-099 with the place in
             the file for what stands in it; for a media file MEDIA-00x, SECURITY-00x. Nothing else is raised, whatever the
             file holds.
    """
    row = by_suffix(path)
    if row is not None and row.read_file is not None:
        imported = row.read_file(path, unpack_into)
    elif row is not None and row.read_media is not None:
        imported = row.read_media(path, probe)
    else:
        imported = load_object(json_text.parse(json_text.read_bytes(path)))
    return Loaded(
        timeline=imported.timeline,
        warnings=imported.warnings,
        base=(imported.base or path.parent).resolve(),
        in_file=imported.in_file,
        extras=imported.extras,
    )


def by_suffix(path: Path) -> Importer | None:
    """Return the format that a file's suffix tells; None: it is JSON of some kind, or nothing that we know."""
    told = (row for row in IMPORTERS.values() if row.read_file or row.read_media)
    return next((row for row in told if path.suffix.lower() in row.suffixes), None)


def suffixes() -> frozenset[str]:
    """Return every suffix of a file that can be a project."""
    return frozenset(suffix for row in IMPORTERS.values() for suffix in row.suffixes)


def load_object(project: dict[str, Any]) -> Imported:
    """Read a project that is parsed JSON already.

    Raises:  FORMAT-013 to FORMAT-099.
    """
    for importer in IMPORTERS.values():
        if importer.recognises is not None and importer.read is not None and importer.recognises(project):
            return importer.read(project)
    raise KinofarmError("FORMAT-013")
