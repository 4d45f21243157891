"""Publish by rename: a reader of the output sees the whole file or the one that was there before, never a part.

The new files are written beside their places under hidden names (so that the rename stays on one file system),
flushed to the disk and renamed, companions (manifest, contact sheet) first and the film last: where the film is, all that
belongs to it is there too.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.errors import KinofarmError
from tasks.filesystem.owner import is_left, mark

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers that mean that the disk, or the user's share of it, is full."""

SPARE = 64 * 2**20
"""Bytes that must stay free beyond what the film is expected to need."""

_HIDDEN = ".kinofarm-"


def check_target(target: Path, *, keep: Iterable[Path] = (), need: int = 0) -> Path:
    """Check before rendering that a film can be published at a place; return the place, absolute.

    Missing folders are made only when something is published, so that an error leaves nothing behind.

    Args:
        target: the film's file name to be.
        keep: files that it must not overwrite: the project and its sources.
        need: bytes that the output is expected to take.
    Raises:  KinofarmError PUBLISH-001 it is one of `keep`, PUBLISH-002 not a place for a file, PUBLISH-003 not writable,
        PUBLISH-004 too little space.
    """
    place = _absolute(target)
    for kept in keep:
        if _same(place, kept):
            raise KinofarmError("PUBLISH-001", path=str(target))
    with _translated(place):
        if place.is_dir():
            raise KinofarmError("PUBLISH-002", path=str(target), reason="it is a folder")
        if place.exists() and not place.is_file():
            raise KinofarmError("PUBLISH-002", path=str(target), reason="it is a device, pipe or socket")
        folder = _nearest(place.parent)
        if not folder.is_dir():
            raise KinofarmError("PUBLISH-002", path=str(target), reason=f"{folder} is a file, not a folder")
        _require_writable(folder)
        free = shutil.disk_usage(folder).free
    if need and free < need + SPARE:
        raise KinofarmError("PUBLISH-004", path=str(folder), free=_megabytes(free), needed=_megabytes(need + SPARE))
    return place


def check_folder(target: Path, *, keep: Iterable[Path] = ()) -> Path:
    """Check before rendering that a folder of pictures can be published at a place; return the place, absolute.

    Raises:  KinofarmError PUBLISH-001 it is one of `keep`, PUBLISH-002 it is a file, PUBLISH-003 not writable, PUBLISH-011
        it is a folder that is not empty.
    """
    place = _absolute(target)
    for kept in keep:
        if _same(place, kept):
            raise KinofarmError("PUBLISH-001", path=str(target))
    with _translated(place):
        if place.exists() and not place.is_dir():
            raise KinofarmError("PUBLISH-002", path=str(target), reason="it is a file, and this goes into a folder")
        if place.is_dir() and any(place.iterdir()):
            raise KinofarmError("PUBLISH-011", path=str(target))
        folder = _nearest(place.parent)
        if not folder.is_dir():
            raise KinofarmError("PUBLISH-002", path=str(target), reason=f"{folder} is a file, not a folder")
        _require_writable(folder)
    return place


def publish_folder(write: Callable[[Path], object], target: Path, companions: Mapping[Path, bytes]) -> None:
    """Publish a folder of files: written under a hidden name and renamed, so that a reader sees all of it or nothing.

    Args:
        write: writes the files into the empty folder that it is given.
        target: where the folder goes; it may be there already as long as it is empty.
        companions: the contents of further files by their places.
    Raises:  KinofarmError PUBLISH-002, PUBLISH-003, PUBLISH-005, PUBLISH-006, PUBLISH-011, and what `write` raises.
    """
    place = check_folder(target)
    sweep_hidden(place.parent)
    with _translated(place):
        made = _make_folders(place.parent)
        hidden = place.parent / f"{_HIDDEN}{mark()}-{secrets.token_hex(8)}"
        hidden.mkdir()
    try:
        with _translated(place):
            write(hidden)
        with _all_staged([*companions]) as files:
            for (companion, content), file in zip(companions.items(), files, strict=True):
                with _translated(companion):
                    file.write_bytes(content)
            put_in_place(list(zip(files, companions, strict=True)))
        with _translated(place):
            hidden.replace(place)
            _flush(place.parent)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        _remove_if_empty(made)


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Yield a hidden, empty file beside the target to write into; it is gone at the end unless `put_in_place` moved it.

    Raises:  KinofarmError PUBLISH-002, PUBLISH-003, PUBLISH-005, PUBLISH-006, also for an OSError of the block.
    """
    place = _absolute(target)
    with _translated(place):
        made = _make_folders(place.parent)
        hidden = place.parent / f"{_HIDDEN}{mark()}-{secrets.token_hex(8)}{place.suffix}"
        # Not mkstemp: the published file gets the permissions that any new file of this user gets.
        os.close(os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        with _translated(place):
            yield hidden
    finally:
        hidden.unlink(missing_ok=True)
        _remove_if_empty(made)


def sweep_hidden(folder: Path) -> int:
    """Remove hidden files that killed processes of this machine left in an output's folder; return how many."""
    swept = 0
    for file in folder.glob(f"{_HIDDEN}*") if folder.is_dir() else ():
        if is_left(file, _HIDDEN):
            if file.is_dir():
                shutil.rmtree(file, ignore_errors=True)
            else:
                file.unlink(missing_ok=True)
            swept += 1
    return swept


def put_in_place(moves: Sequence[tuple[Path, Path]]) -> None:
    """Flush hidden files and rename them to their places, in order: the film comes last.

    Args:  moves: pairs of a file from `staged` and its target.
    Raises:  KinofarmError PUBLISH-002, PUBLISH-003, PUBLISH-005, PUBLISH-006.
    """
    for hidden, target in moves:
        with _translated(target):
            if _absolute(target).is_dir():
                raise KinofarmError("PUBLISH-002", path=str(target), reason="it is a folder")
            _flush(hidden)
            _keep_mode(_absolute(target), hidden)
    for hidden, target in moves:
        place = _absolute(target)
        with _translated(target):
            hidden.replace(place)
            _flush(place.parent)


def publish(film: Path, target: Path, companions: Mapping[Path, bytes] | None = None) -> None:
    """Publish a finished film and what goes with it.

    Args:
        film: the verified file, anywhere; it is copied, since a link would let an edit of the output reach the cache.
        target: where it goes.
        companions: the contents of further files by their places, e.g. the manifest.
    Raises:  KinofarmError PUBLISH-002, PUBLISH-003, PUBLISH-005, PUBLISH-006; then no part of any file is left
        behind.
    """
    moves: list[tuple[Path, Path]] = []
    sweep_hidden(_absolute(target).parent)
    with _all_staged([*(companions or {}), target]) as hidden:
        for (place, content), file in zip((companions or {}).items(), hidden, strict=False):
            with _translated(place):
                file.write_bytes(content)
            moves.append((file, place))
        with _translated(target):
            shutil.copyfile(film, hidden[-1])
        put_in_place([*moves, (hidden[-1], target)])


@contextmanager
def _all_staged(targets: Sequence[Path]) -> Iterator[list[Path]]:
    if not targets:
        yield []
        return
    with staged(targets[0]) as first, _all_staged(targets[1:]) as rest:
        yield [first, *rest]


def _absolute(target: Path) -> Path:
    """Return the place that a name means, links in its folder followed; a link at the place itself is replaced, not followed."""
    return Path(os.path.realpath(target.parent)) / target.name


def _same(place: Path, kept: Path) -> bool:
    if Path(os.path.realpath(kept)) == Path(os.path.realpath(place)):
        return True
    try:
        return place.samefile(kept)
    except OSError:
        return False


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _require_writable(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(prefix=_HIDDEN, dir=folder):
            pass
    except OSError as error:
        if error.errno in FULL:
            raise KinofarmError("PUBLISH-005", path=str(folder)) from None
        raise KinofarmError("PUBLISH-003", path=str(folder), reason=error.strerror or "it is not writable") from None


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it that are missing; return what was made, the innermost first."""
    missing = []
    while not folder.exists() and folder != folder.parent:
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
    return missing


def _remove_if_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _keep_mode(place: Path, hidden: Path) -> None:
    """Give a file the permissions of the one that it is about to replace, where there is one."""
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        return
    hidden.chmod(mode & 0o777)


def _flush(path: Path) -> None:
    flags = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) * path.is_dir()
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems have no fsync for folders
            raise
    finally:
        os.close(handle)


@contextmanager
def _translated(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise KinofarmError("PUBLISH-005", path=str(target.parent)) from None
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise KinofarmError("PUBLISH-003", path=str(target.parent), reason=error.strerror) from None
        if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise KinofarmError("PUBLISH-002", path=str(target), reason=error.strerror) from None
        raise KinofarmError("PUBLISH-006", path=str(target), reason=error.strerror or "an error") from None


def _megabytes(count: int) -> str:
    return f"{count / 2**20:.0f} MiB"
