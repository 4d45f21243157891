"""OpenTimelineIO's bundles: `.otiod`, a folder, and `.otioz`, a zip archive, each with its timeline and its media.

An archive's media are unpacked once, by the archive's content, into a folder of the farm's; reading it again finds them
there. The archive is hostile: names that lead out, links, devices, encryption, too many or too large members and
members that grow beyond what they claim are refused, and nothing is left behind.

Source: OpenTimelineIO's "File Bundles" (content.otio, version.txt, media/).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from infra.errors import KinofarmError
from tasks.compiler.imports import json_text

CONTENT = "content.otio"
EXACT = "project.kinofarm.json"
"""Beside it in the farm's own backups: the same project exactly, since OpenTimelineIO's times are floats."""
MEDIA = "media"

MAX_MEMBERS = 10_000
MAX_UNPACKED = 2**40
"""Bytes of all media together; the disk's free space is the nearer limit."""

MAX_RATIO = 100
"""How many times its packed size a member may have: media are stored as they are, text packs tenfold."""

SPARE = 2 * 10**9
"""Bytes that stay free on the disk."""

_PIECE = 2**20


def timeline_of_folder(folder: Path) -> bytes:
    """Return the timeline of an `.otiod`, whose media paths start at the folder.

    Raises:  FORMAT-001 to FORMAT-004, FORMAT-073.
    """
    content = folder / CONTENT
    if content.is_symlink() or not content.exists():
        raise KinofarmError("FORMAT-073", reason=f"it has no {CONTENT}")
    return json_text.read_bytes(content)


def timeline_of_archive(path: Path) -> tuple[bytes, bool]:
    """Return the timeline of an `.otioz`, and whether it brings media.

    Raises:  FORMAT-001 to FORMAT-004, FORMAT-073, FORMAT-074.
    """
    with _opened(path) as archive:
        members = _members(archive)
        named = {one.filename: one for one in members}
        content = named.get(EXACT) or named.get(CONTENT)
        if content is None:
            raise KinofarmError("FORMAT-073", reason=f"it has no {CONTENT}")
        if content.file_size > json_text.MAX_BYTES:
            raise KinofarmError("FORMAT-004", size=content.file_size, limit=json_text.MAX_BYTES)
        data = b"".join(_read(archive, content, json_text.MAX_BYTES))
        return data, any(_is_media(one) for one in members)


def unpack(path: Path, into: Path) -> Path:
    """Return the folder that an archive's media lie in, under `into` by the archive's content; unpack them if need be.

    Raises:  FORMAT-003, FORMAT-073, FORMAT-074.
    """
    try:
        with path.open("rb") as file:
            name = hashlib.file_digest(file, "sha256").hexdigest()
        folder = into / name
        if folder.is_dir():
            return folder
        into.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=into))
    except OSError as error:
        raise KinofarmError("FORMAT-003", path=str(path), reason=error.strerror or str(error)) from None
    try:
        with _opened(path) as archive:
            members = [one for one in _members(archive) if _is_media(one)]
            _refuse_too_much(members, shutil.disk_usage(into).free - SPARE)
            for one in members:
                target = scratch / one.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    for piece in _read(archive, one, one.file_size):
                        file.write(piece)
        scratch.chmod(0o755)
        try:
            scratch.rename(folder)
        except OSError:
            if not folder.is_dir():  # somebody else unpacked it meanwhile: the same content
                raise
    except OSError as error:
        raise KinofarmError("FORMAT-003", path=str(path), reason=error.strerror or str(error)) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _is_media(member: zipfile.ZipInfo) -> bool:
    return not member.is_dir() and PurePosixPath(member.filename).parts[0] == MEDIA


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the archive's members, each of them harmless.

    Raises:  FORMAT-073, FORMAT-074.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise KinofarmError("FORMAT-074", what="files in it", count=len(members), limit=MAX_MEMBERS)
    seen: set[str] = set()
    for one in members:
        name, parts = one.filename, PurePosixPath(one.filename).parts
        mode = one.external_attr >> 16
        if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in name or "\x00" in name:
            raise KinofarmError("FORMAT-073", reason=f'the name "{name}" leads out of it')
        if any(len(os.fsencode(part)) > 255 for part in parts) or len(os.fsencode(name)) > 2000:
            raise KinofarmError("FORMAT-073", reason="a name in it is too long")
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
            raise KinofarmError("FORMAT-073", reason=f'"{name}" is a link or a device')
        if one.flag_bits & 0x1:
            raise KinofarmError("FORMAT-073", reason=f'"{name}" is encrypted')
        if name.casefold() in seen:
            raise KinofarmError("FORMAT-073", reason=f'"{name}" is in it twice')
        if one.file_size > MAX_RATIO * max(one.compress_size, 1024):
            raise KinofarmError(
                "FORMAT-074", what=f'bytes of "{name}"', count=one.file_size, limit=MAX_RATIO * one.compress_size
            )
        seen.add(name.casefold())
    return members


def _refuse_too_much(members: list[zipfile.ZipInfo], free: int) -> None:
    total, limit = sum(one.file_size for one in members), max(0, min(MAX_UNPACKED, free))
    if total > limit:
        raise KinofarmError(
            "FORMAT-074", what="bytes of media, beside what the disk has free", count=total, limit=limit
        )


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> Iterator[bytes]:
    """Yield a member's bytes, no more than it claims to have."""
    count = 0
    with archive.open(member) as file:
        while piece := file.read(_PIECE):
            count += len(piece)
            if count > min(limit, member.file_size):
                raise KinofarmError("FORMAT-074", what=f'bytes of "{member.filename}"', count=count, limit=limit)
            yield piece


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    json_text.readable(path, MAX_UNPACKED)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise KinofarmError("FORMAT-073", reason=str(error) or type(error).__name__) from None
