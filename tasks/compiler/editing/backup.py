"""Backups: a project and all that it reads in one file that opens anywhere, an `.otioz` as OpenTimelineIO defines it.

It is a zip of which nothing is compressed (media don't get smaller): content.otio, version.txt and media/, and beside them our
own JSON, which the farm's importer reads, since it is exact. Every program that knows the format reads the rest. Without media it is the project alone, whose paths
then lead to where the files lie now.

Source: OpenTimelineIO's "File Bundles".
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from infra.errors import KinofarmError
from tasks.compiler.editing.writing import project_text
from tasks.compiler.imports.interchange.bundles import CONTENT, EXACT, MAX_MEMBERS, MEDIA
from tasks.compiler.model import Timeline
from tasks.compiler.relinking.relink import with_paths
from tasks.filesystem.publish import put_in_place, staged

SUFFIX = ".otioz"
VERSION = "1.0.0"
"""Of the bundle's form, as version.txt holds it."""

_LONGEST = 150
"""Bytes of a member's name without its folder."""
_HARMFUL = re.compile(r"[^\w.()+@ -]")
_BLOCK = 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The same project is the same backup, byte for byte."""


def paths_of(timeline: Timeline) -> tuple[str, ...]:
    """Return every path that a timeline reads, each once, in the order of the timeline."""
    found: dict[str, None] = {}

    def noted(path: str) -> str:
        found[path] = None
        return path

    with_paths(timeline, noted)
    return tuple(found)


def size_of(files: Iterable[Path]) -> int:
    """Return how many bytes the files of a backup have together, each counted once."""
    return sum(file.stat().st_size for file in set(files))


def write_backup(timeline: Timeline, files: Mapping[str, Path], target: Path) -> None:
    """Write a backup, whole or not at all.

    Args:    files: the file of each path that is to be in it; a path without one stays as it is written.
    Raises:  KinofarmError EDIT-006 for more files than a bundle may hold, MEDIA-009 for one that can't be read or that
             changes while it is, PUBLISH-00x.
    """
    if len(set(files.values())) > MAX_MEMBERS - 3:
        raise KinofarmError("EDIT-006", reason=f"a backup holds at most {MAX_MEMBERS - 3} files")
    names = _names(files.values())
    inside = with_paths(timeline, lambda path: names[files[path]] if path in files else path)
    with staged(target) as hidden:
        hidden.chmod(0o600)
        with zipfile.ZipFile(hidden, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(zipfile.ZipInfo(EXACT, _EPOCH), project_text(inside, "kinofarm"))
            archive.writestr(zipfile.ZipInfo(CONTENT, _EPOCH), project_text(inside, "otio"))
            archive.writestr(zipfile.ZipInfo("version.txt", _EPOCH), f"{VERSION}\n")
            for file, name in names.items():
                _add(archive, file, name)
        put_in_place([(hidden, target)])


def _names(files: Iterable[Path]) -> Mapping[Path, str]:
    """A name in the archive for each file: its own where that is harmless and not taken."""
    made: dict[Path, str] = {}
    taken: set[str] = set()
    for file in files:
        if file in made:
            continue
        plain = _HARMFUL.sub("_", file.name).lstrip(".") or "file"
        plain = plain.encode()[-_LONGEST:].decode(errors="ignore")
        name, number = plain, 2
        while name.casefold() in taken:
            name, number = f"{number}-{plain}", number + 1
        taken.add(name.casefold())
        made[file] = f"{MEDIA}/{name}"
    return made


def _add(archive: zipfile.ZipFile, file: Path, name: str) -> None:
    try:
        with file.open("rb") as source:
            size = file.stat().st_size
            info = zipfile.ZipInfo(name, _EPOCH)
            with archive.open(info, "w", force_zip64=True) as member:
                copied = _copied(source.read, member.write, size)
            if copied != size:
                raise KinofarmError("MEDIA-009", file=file.name, reason="it changed while it was copied")
    except FileNotFoundError:
        raise KinofarmError("MEDIA-009", file=file.name, reason="it is gone") from None


def _copied(read: Callable[[int], bytes], write: Callable[[bytes], object], size: int) -> int:
    """Copy at most a byte more than there should be; return how many there were."""
    count = 0
    while count <= size and (block := read(_BLOCK)):
        write(block)
        count += len(block)
    return count
