"""Every interchange format's way from the file to the model: one function for each row of `IMPORTERS`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.errors import KinofarmError
from tasks.compiler.imports import json_text, kinofarm
from tasks.compiler.imports.imported import Imported
from tasks.compiler.imports.interchange import adapters, bundles
from tasks.compiler.imports.interchange.timeline import to_timeline
from tasks.compiler.notice import notice


def read_otio(project: dict[str, Any]) -> Imported:
    """Read an `.otio` that is parsed JSON already."""
    return to_timeline(adapters.from_otio(project))


def read_archive(path: Path, unpack_into: Path | None) -> Imported:
    """Read an `.otioz`.

    Raises:  FORMAT-075 when it brings media and there is no place to unpack them; as `bundles` and `read_otio` do.
    """
    data, brings_media = bundles.timeline_of_archive(path)
    project = json_text.parse(data)
    imported = kinofarm.read(project) if kinofarm.recognises(project) else read_otio(project)
    if not brings_media:
        return imported
    if unpack_into is None:
        raise KinofarmError("FORMAT-075")
    return replace(imported, base=bundles.unpack(path, unpack_into))


def read_folder(path: Path, unpack_into: Path | None) -> Imported:
    """Read an `.otiod`, whose media paths start at the folder itself."""
    if not path.exists():
        raise KinofarmError("FORMAT-001", path=str(path))
    return replace(read_otio(json_text.parse(bundles.timeline_of_folder(path))), base=path)


def read_edl(path: Path, unpack_into: Path | None) -> Imported:
    """Read an EDL; its rate is a guess, which is said."""
    imported = to_timeline(adapters.from_edl(path))
    guess = notice("FORMAT-116", rate=imported.timeline.rate)
    return replace(imported, warnings=(guess, *imported.warnings))


def read_fcp7(path: Path, unpack_into: Path | None) -> Imported:
    """Read Final Cut Pro 7 XML."""
    return to_timeline(adapters.from_fcp7(path))


def read_fcpxml(path: Path, unpack_into: Path | None) -> Imported:
    """Read Final Cut Pro XML."""
    return to_timeline(adapters.from_fcpxml(path))


def read_aaf(path: Path, unpack_into: Path | None) -> Imported:
    """Read an AAF."""
    return to_timeline(adapters.from_aaf(path))
