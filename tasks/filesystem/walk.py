"""Going through a folder: every file in it and in those below it, by its name from there on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

HIDDEN = (".", "~$", "._")


def entries(
    folder: Path, recursive: bool = True, without: Iterable[Path] = ()
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what lies in a folder and is no folder, with its name from there on ("day 1/clip.mov").

    Hidden files, names that are not Unicode (they can be kept in no database) and links to folders are passed over, and so
    is a folder below that can't be read.

    Args:    without: folders not to look into.
    Raises:  OSError when the folder itself can't be read.
    """
    return _entries(str(folder), "", recursive, {os.path.abspath(path) for path in without})  # noqa: PTH100


def _entries(folder: str, above: str, recursive: bool, without: set[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        listed = list(entries)
    for entry in listed:
        if entry.name.startswith(HIDDEN) or not _is_text(entry.name):
            continue
        name = f"{above}{entry.name}"
        try:
            inner = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue
        if not inner:
            yield name, entry
        elif recursive and os.path.abspath(entry.path) not in without:  # noqa: PTH100
            try:
                yield from _entries(entry.path, f"{name}/", recursive, without)
            except OSError:  # gone, or closed to us
                continue


def _is_text(name: str) -> bool:
    """Names that are not Unicode can't be kept in the database, nor named in a report."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
