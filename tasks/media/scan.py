"""Scanning a folder: every media file in it is looked into, several at once, but those that are known already.

    report = scan(files_of(folder), known, look, remember, at_once=4)

What looks, what is known and where it is remembered are given; a file that gives an error is a result like another.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Protocol

from infra.errors import KinofarmError
from infra.values import Value
from tasks.filesystem.walk import entries

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".flv", ".wmv", ".asf", ".mxf", ".ts", ".m2ts", ".mts"),
    *(".mpg", ".mpeg", ".ogv", ".dv", ".wav", ".w64", ".aif", ".aiff", ".caf", ".flac", ".mp3", ".aac", ".ac3"),
    *(".eac3", ".m4a", ".ogg", ".oga", ".opus", ".wv", ".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff"),
    *(".bmp", ".heic", ".heif", ".avif", ".jxl"),
)
"""What the names of media files end in."""
TELL_SECONDS = 0.5


class Known(Protocol):
    """What is remembered of a file."""

    @property
    def error(self) -> Mapping[str, Any] | None: ...
    def holds(self, stat: os.stat_result) -> bool: ...


class Progress(Value):
    """How far a scan is. done: of the files found. known: of those, files that had not changed. broken: with an error."""

    found: int = 0
    done: int = 0
    known: int = 0
    broken: int = 0


def files_of(folder: Path, recursive: bool = True) -> Iterator[Path]:
    """Yield the media files in a folder, by what their names end in; links are no files of it.

    Raises:  OSError when the folder can't be read.
    """
    for name, entry in entries(folder, recursive):
        if name.lower().endswith(SUFFIXES) and entry.is_file(follow_symlinks=False):
            yield folder / name


def scan(
    files: Iterable[Path],
    known: Mapping[str, Known],
    look: Callable[[Path], None],
    *,
    at_once: int,
    tell: Callable[[Progress], bool],
) -> Progress:
    """Look into every file that is not known as it is.

    Args:
        known: what is remembered, by path.
        look: looks into a file and remembers what it finds; called from several threads.
        at_once: files.
        tell: told about twice a second how far it is; False: no further file is begun.
    Returns: how far it came.
    Raises:  KinofarmError: what `look` raises that may go better later (`retry`); other errors are counted as broken.
    """
    listed = sorted(files)
    progress = Progress(found=len(listed))
    waiting = []
    for path in listed:
        remembered = known.get(str(path))
        if remembered is not None and _holds(remembered, path):
            broken = remembered.error is not None
            progress = _more(progress, known=1, broken=int(broken))
        else:
            waiting.append(path)
    with ThreadPoolExecutor(at_once, "scan") as threads:
        open_ones: set[Future[bool]] = set()
        rest = iter(waiting)
        going_on, told_at = tell(progress), time.monotonic()
        while True:
            while going_on and len(open_ones) < at_once and (following := next(rest, None)) is not None:
                open_ones.add(threads.submit(_well, look, following))
            if not open_ones:
                break
            ended, open_ones = wait(open_ones, TELL_SECONDS, FIRST_COMPLETED)
            for one in ended:
                progress = _more(progress, broken=int(not one.result()))
            if time.monotonic() - told_at >= TELL_SECONDS:
                going_on, told_at = going_on and tell(progress), time.monotonic()
    tell(progress)
    return progress


def _well(look: Callable[[Path], None], path: Path) -> bool:
    """Look into a file; return whether it has facts."""
    try:
        look(path)
    except KinofarmError as error:
        if error.code.startswith(("DB-", "CACHE-")):
            raise
        return False
    return True


def _holds(remembered: Known, path: Path) -> bool:
    try:
        return remembered.holds(path.stat())
    except OSError:
        return False


def _more(progress: Progress, known: int = 0, broken: int = 0) -> Progress:
    return Progress(
        found=progress.found,
        done=progress.done + 1,
        known=progress.known + known,
        broken=progress.broken + broken,
    )
