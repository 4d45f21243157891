"""Scanning a folder: every medium in it is looked into, several at once, but those that are known already.

    report = scan(media_of(folder), known, look, at_once=4, tell=tell)

A medium is a file, or numbered pictures. What looks, and what is known, are given; one that gives an error is a result like another.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Protocol

from infra.errors import KinofarmError
from infra.library.medium import MediumState
from infra.values import Value
from tasks.filesystem.walk import entries
from tasks.media.numbered import Medium, state_of
from tasks.media.numbered_groups import Group, grouped

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".flv", ".wmv", ".asf", ".mxf", ".ts", ".m2ts", ".mts"),
    *(".mpg", ".mpeg", ".ogv", ".dv", ".wav", ".w64", ".aif", ".aiff", ".caf", ".flac", ".mp3", ".aac", ".ac3"),
    *(".eac3", ".m4a", ".ogg", ".oga", ".opus", ".wv", ".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff"),
    *(".bmp", ".heic", ".heif", ".avif", ".jxl"),
)
"""What the names of media files end in."""
TELL_SECONDS = 0.5

logger = logging.getLogger("kinofarm.scan")


class Known(Protocol):
    """What is remembered of a medium."""

    @property
    def error(self) -> Mapping[str, Any] | None: ...
    def holds(self, state: MediumState) -> bool: ...


class Progress(Value):
    """How far a scan is. done: of the media found. known: of those, media that had not changed. broken: with an error."""

    found: int = 0
    done: int = 0
    known: int = 0
    broken: int = 0


def media_of(folder: Path, recursive: bool = True, sequences: bool = True) -> Iterator[Medium]:
    """Yield the media in a folder, by what their names end in; links are no files of it.

    Args:    sequences: numbered pictures are one medium; else each picture is one.
    Raises:  OSError when the folder can't be read.
    """
    folders: dict[str, dict[str, os.DirEntry[str]]] = {}
    for name, entry in entries(folder, recursive):
        if name.lower().endswith(SUFFIXES) and entry.is_file(follow_symlinks=False):
            folders.setdefault(name.rpartition("/")[0], {})[entry.name] = entry
    for below, files in folders.items():
        for group in media_in(folder / below, files, sequences):
            with contextlib.suppress(OSError):  # gone meanwhile
                yield medium_of(
                    folder / below, group, [files[name].stat(follow_symlinks=False) for name in group.files]
                )


def media_in(folder: Path, names: Iterable[str], sequences: bool = True) -> Iterable[Group]:
    """Return what is one medium, of regular files in a folder."""
    if not sequences:
        return (Group(name, (name,)) for name in names)
    return grouped(names, lambda name: os.path.lexists(folder / name))


def medium_of(folder: Path, group: Group, stats: Sequence[os.stat_result]) -> Medium:
    """Return what some files of a folder are as one medium. stats: of the group's files, in their order."""
    path = folder / group.name
    if not group.numbers:
        return Medium(path, MediumState.of(stats[0]))
    return Medium(path, state_of(list(zip(group.numbers, stats, strict=True))), len(stats))


def scan(
    media: Iterable[Medium],
    known: Mapping[str, Known],
    look: Callable[[Path], None],
    *,
    at_once: int,
    tell: Callable[[Progress], bool],
) -> Progress:
    """Look into every medium that is not known as it is.

    Args:
        known: what is remembered, by path.
        look: looks into one and remembers what it finds; called from several threads.
        at_once: media.
        tell: told about twice a second how far it is; False: no further one is begun, and one whose look ends in FFMPEG-001, as it
            was to stop, is not counted.
    Returns: how far it came.
    Raises:  KinofarmError: what `look` raises that may go better later (`retry`); other errors are counted as broken.
    """
    listed = sorted(media, key=lambda medium: medium.path)
    progress = Progress(found=len(listed))
    waiting = []
    for path, state, _ in listed:
        remembered = known.get(str(path))
        if remembered is not None and remembered.holds(state):
            broken = remembered.error is not None
            progress = _more(progress, known=1, broken=int(broken))
        else:
            waiting.append(path)
    with ThreadPoolExecutor(at_once, "scan") as threads:
        open_ones: set[Future[bool | None]] = set()
        rest = iter(waiting)
        going_on, told_at = tell(progress), time.monotonic()
        while True:
            while going_on and len(open_ones) < at_once and (following := next(rest, None)) is not None:
                open_ones.add(threads.submit(_well, look, following))
            if not open_ones:
                break
            ended, open_ones = wait(open_ones, TELL_SECONDS, FIRST_COMPLETED)
            for one in ended:
                well = one.result()
                if well is not None:
                    progress = _more(progress, broken=int(not well))
            if time.monotonic() - told_at >= TELL_SECONDS:
                going_on, told_at = going_on and tell(progress), time.monotonic()
    tell(progress)
    return progress


def _well(look: Callable[[Path], None], path: Path) -> bool | None:
    """Look into a medium; return whether it has facts, None when that was stopped."""
    try:
        look(path)
    except KinofarmError as error:
        if error.code.startswith(("DB-", "CACHE-")):
            raise
        return None if error.code == "FFMPEG-001" else False
    except Exception:  # a fault of ours: the other media are to be looked into
        logger.exception("looking into %s failed", path)
        return False
    return True


def _more(progress: Progress, known: int = 0, broken: int = 0) -> Progress:
    return Progress(
        found=progress.found,
        done=progress.done + 1,
        known=progress.known + known,
        broken=progress.broken + broken,
    )
