"""Media roots: the folders from which a project may read, and the one way from a written path to a file.

A relative path starts at the project file's folder, and where nothing lies there at each further root in turn: a project that
was sent over the network lies in a folder of the farm's own, and its media beside nothing of it. After symbolic links are resolved a path must lie in a
root: the project's own folder or one that the operator named. What a project says is hostile: an address, a
protocol prefix (`concat:`, `file:`, `pipe:`), a device or a link that leads out is refused, each with its code.

The path that comes back is absolute and free of links. Whoever hands it to ffmpeg still names the demuxer (`-f`)
and the protocol (`file:`), so that a name such as `take%d.png` is one literal file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from infra.errors import KinofarmError

SCHEMES = ("s3://", "upload://")
"""Of addresses that can be fetched."""
LONGEST = 4096
"""Bytes in a path: Linux's PATH_MAX."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.,_-]*:")
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


class Elsewhere(Protocol):
    """What fetches media that lie in no folder of this machine."""

    def file(self, address: str, where: str) -> Path:
        """Return the regular file to which an address (s3://..., upload://...) was fetched, the same one each time.

        Raises:  KinofarmError PATH-005, PATH-006, PATH-010 to PATH-014, CACHE-00x, with the place `where`.
        """


class MediaRoots:
    """The folders that a project may read from.

    Args:
        base: the project file's folder; relative paths start here first, and it is a root itself.
        extra: further roots: the setting `media_roots` and, on the command line, `--media-root`.
        elsewhere: fetches what an address names, in S3 or of an upload; None: addresses are refused.
    """

    def __init__(self, base: Path, extra: Iterable[Path] = (), elsewhere: Elsewhere | None = None) -> None:
        self._elsewhere = elsewhere
        self.base = Path(os.path.realpath(base))
        self.roots = (self.base, *(Path(os.path.realpath(root)) for root in extra))

    def resolve(self, text: str, where: str = "") -> Path:
        """Return the regular, readable file that a project means by a path.

        Args:
            text: the path as the project writes it.
            where: the place in the project file, e.g. "tracks[0].clips[2].source.path"; the error carries it.
        Returns: an absolute path without symbolic links, inside a root or fetched.
        Raises:  KinofarmError PATH-001 missing, PATH-002 outside every root, PATH-003 a link that leads out, PATH-004 an
            address, PATH-005 not usable as a path, PATH-006 a folder, PATH-007 a device, pipe or socket, PATH-008 not
            readable, PATH-009 a Windows path on another system; what fetching an address raises.
        """
        if self._elsewhere is not None and text.startswith(SCHEMES) and not _unwritable(text):
            return self._elsewhere.file(text, where)
        _refuse_what_is_no_path(text, where)
        written = next((root / text for root in self.roots if os.path.exists(root / text)), self.base / text)  # noqa: PTH110 (asks without raising)
        try:
            found = Path(os.path.realpath(written))
        except OSError:
            raise KinofarmError("PATH-001", where=where, path=text, base=str(self.base), clips="") from None
        self._require_inside(found, written, where, text)
        try:
            mode = found.stat().st_mode
        except PermissionError:
            raise KinofarmError("PATH-008", where=where, path=text) from None
        except OSError:
            raise KinofarmError("PATH-001", where=where, path=text, base=str(self.base), clips="") from None
        if stat.S_ISDIR(mode):
            raise KinofarmError("PATH-006", where=where, path=text)
        if not stat.S_ISREG(mode):
            raise KinofarmError("PATH-007", where=where, path=text, kind=_kind(mode))
        if not os.access(found, os.R_OK):
            raise KinofarmError("PATH-008", where=where, path=text)
        return found

    def held(self, path: Path, where: str = "") -> Path:
        """Return where an absolute path that was found once leads now, links resolved; whether anything lies there is not asked.

        Raises:  KinofarmError PATH-002 outside every root, PATH-003 a link that leads out.
        """
        found = Path(os.path.realpath(path))
        self._require_inside(found, path, where, str(path))
        return found

    def places(self, text: str) -> Iterator[Path]:
        """Yield where a path that `resolve` found missing could mean something else than a file: under each root in turn.

        Links are resolved in the folders that it names and not in its last part, and what leads out is left out.
        """
        for root in self.roots:
            folder = Path(os.path.realpath((root / text).parent))
            if self.contains(folder):
                yield folder / Path(text).name

    def contains(self, path: Path) -> bool:
        """Say whether an absolute path lies in one of the roots; links are not followed here."""
        return any(path.is_relative_to(root) for root in self.roots)

    def _require_inside(self, found: Path, written: Path, where: str, text: str) -> None:
        """Raises:  KinofarmError PATH-002, PATH-003. found: what a path that is `written` so leads to."""
        if not self.contains(found):
            # A name that stays inside as it is written can only have left through a link.
            leaves_by_link = self.contains(Path(os.path.normpath(written)))
            raise KinofarmError("PATH-003" if leaves_by_link else "PATH-002", where=where, path=text, clips="")


def _refuse_what_is_no_path(text: str, where: str) -> None:
    if not text.strip():
        raise KinofarmError("PATH-005", where=where, reason="it is empty")
    if reason := _unwritable(text):
        raise KinofarmError("PATH-005", where=where, reason=reason)
    if _WINDOWS.match(text):
        if os.name != "nt":
            raise KinofarmError("PATH-009", where=where, path=text, clips="")
        return
    if scheme := _SCHEME.match(text):
        raise KinofarmError("PATH-004", where=where, path=text, scheme=scheme.group())


def _unwritable(text: str) -> str:
    """Why no file can be named so; empty: it can."""
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text):
        return "it holds control characters"
    try:
        length = len(os.fsencode(text))
    except UnicodeEncodeError:
        return "it holds half a character (a lone surrogate)"
    return f"it is longer than {LONGEST} bytes" if length > LONGEST else ""


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"
