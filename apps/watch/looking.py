"""Looking into a watched folder: which files are there, and which of them are whole.

A file is whole when size and time of change stayed the same for so many looks, and no process has it open for writing
(which can be seen on Linux, for files on this machine). Whether it can be rendered is found out after that.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from infra.jobs.arrivals import Sighting
from infra.storable import bigint
from tasks.filesystem.walk import entries

UNFINISHED = (
    *(".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload", ".tmp", ".temp", ".!qb"),
    *(".!ut", ".bc!", ".aria2", ".copying", ".uploading", ".upload", ".swp", ".lock", ".bak", "~"),
)
"""What the names of files end in that programs have not finished."""
REPORT = ".report.json"
PROC = Path("/proc")


def files(
    folder: Path, wanted: Iterable[str], suffixes: Iterable[str], recursive: bool, without: Iterable[Path] = ()
) -> dict[str, Sighting]:
    """Return the files of a folder that may become jobs, by name.

    Args:    wanted: patterns of names; none: every file with one of the `suffixes`. without: folders not to look into.
    Raises:  OSError when the folder itself can't be read.
    """
    patterns, endings = tuple(wanted), tuple(suffixes)
    found = {}
    for name, entry in entries(folder, recursive, without):
        if not _is_wanted(PurePosixPath(name).name, patterns, endings):
            continue
        try:
            state = entry.stat(follow_symlinks=False)
        except OSError:  # gone meanwhile
            continue
        if stat.S_ISREG(state.st_mode) and state.st_size:
            found[name] = sighting(name, state)
    return found


def sighting(name: str, state: os.stat_result) -> Sighting:
    """Return a file as it was seen, from what the file system says of it."""
    return Sighting(name=name, size=state.st_size, modified_ns=bigint(state.st_mtime_ns))


def _is_wanted(name: str, patterns: tuple[str, ...], suffixes: tuple[str, ...]) -> bool:
    low = name.lower()
    if low.endswith(UNFINISHED) or low.endswith((REPORT, ".manifest.json")):
        return False
    if patterns:
        return any(fnmatch.fnmatch(low, pattern.lower()) for pattern in patterns)
    return low.endswith(suffixes)


class Settling:
    """Which files have stopped changing. Forgets what is not seen any more.

    Args:    looks: at which a file must be found unchanged in a row, the first one included.
    """

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self._seen: dict[str, tuple[Sighting, int]] = {}

    def look(self, found: Mapping[str, Sighting]) -> tuple[Sighting, ...]:
        """Take what was found now; return the files that have stayed the same for long enough."""
        before = self._seen
        self._seen = {}
        for name, sighting in found.items():
            was, looks = before.get(name, (sighting, 0))
            self._seen[name] = (sighting, looks + 1 if was == sighting else 1)
        return tuple(sighting for sighting, looks in self._seen.values() if looks >= self.looks)

    @property
    def unsettled(self) -> bool:
        """Whether some file may still change."""
        return any(looks < self.looks for _, looks in self._seen.values())


def being_written(paths: Iterable[Path]) -> frozenset[Path]:
    """Return those of the files that a process on this machine, which we may look into, has open for writing."""
    wanted = {}
    for path in paths:
        try:
            state = path.stat()
        except OSError:
            continue
        wanted[state.st_dev, state.st_ino] = path
    if not wanted or not PROC.is_dir():
        return frozenset()
    return frozenset(wanted[found] for found in _written(wanted.keys()))


def _written(wanted: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    looked_for = frozenset(wanted)
    for process in os.scandir(PROC):
        if not process.name.isdigit():
            continue
        try:
            handles = list(os.scandir(f"{process.path}/fd"))
        except OSError:  # ended, or not ours
            continue
        for handle in handles:
            try:
                state = handle.stat()
                if (place := (state.st_dev, state.st_ino)) in looked_for and _is_for_writing(process.path, handle.name):
                    yield place
            except OSError:
                continue


def _is_for_writing(process: str, handle: str) -> bool:
    text = Path(process, "fdinfo", handle).read_text()
    flags = next(line.split()[1] for line in text.splitlines() if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
