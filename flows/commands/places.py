"""Files and folders on the farm's machine that requests name: over the network they have to lie in a media root."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from uuid import UUID

from infra.commands import Call
from infra.errors import KinofarmError
from infra.services import uploads_folder
from infra.settings import Settings
from infra.uploads.library import Uploads
from tasks.filesystem.roots import MediaRoots
from tasks.media.numbered import medium_at, parsed


def file_of(call: Call, path: str | None, upload: UUID | None, field: str) -> Path:
    """Return the file on the farm's machine that a path, or else an upload, means; or numbered pictures, by their name there.

    Args:    path: over the network it must lie in a media root. field: of the request, that holds it.
    Raises:  KinofarmError PATH-0xx.
    """
    if upload is not None:
        try:
            return call.services.get(Uploads).file(upload)
        except KinofarmError as error:
            raise KinofarmError(error.code, where="upload", **dict(error.params)) from None
    path = path or ""
    if not call.remote:
        return Path(path).absolute()
    roots = call.services.get(Settings).media_roots
    if not roots:
        raise KinofarmError("PATH-002", where=field, path=path, clips="")
    allowed = MediaRoots(roots[0], roots)
    try:
        return allowed.resolve(path, field)
    except KinofarmError as error:
        if error.code != "PATH-001" or parsed(Path(path)) is None:
            raise
        return _sequence(allowed, path, error)


def held(call: Call, path: Path, field: str) -> Path:
    """Return where a path leads that was found before and written down: by now a link may lie in its place.

    Args:    path: of a file, of numbered pictures or of an upload; over the network it must lie in a media root still. field: of the
             request, that names it.
    Raises:  KinofarmError PATH-0xx.
    """
    upload = upload_at(call, path)
    if upload is not None:
        return file_of(call, None, upload, field)
    if not call.remote:
        return path
    roots = call.services.get(Settings).media_roots
    if not roots:
        raise KinofarmError("PATH-002", where=field, path=str(path), clips="")
    return MediaRoots(roots[0], roots).held(path, field)


def _sequence(roots: MediaRoots, path: str, missing: KinofarmError) -> Path:
    """Numbered pictures in a media root, which were looked for as one file.

    Raises:  `missing` when none of them is there.
    """
    for place in roots.places(path):
        with contextlib.suppress(OSError):
            return medium_at(place).path
    raise missing


def address_of(call: Call, file: Path) -> str:
    """Return how a timeline names a file that `file_of` gave: an upload by its id, any other by its path."""
    upload = upload_at(call, file)
    return str(file) if upload is None else f"upload://{upload}"


def upload_at(call: Call, file: Path) -> UUID | None:
    """Return the id of the upload that lies there, if it is one's place."""
    files = uploads_folder(call.services.get(Settings)) / "files"
    with contextlib.suppress(ValueError, IndexError):
        return UUID(file.relative_to(files).parts[0])
    return None


def film_name(file: Path, of_it: str) -> str:
    """Return what a film is called that is made of a media file. of_it: what it is of that file, such as its proxy."""
    stem = "".join(letter if letter.isprintable() else "_" for letter in file.stem[:50])
    return f"{stem}-{of_it}"


def roots_for(call: Call, file: Path) -> tuple[str, ...]:
    """Return the folders, beside the media roots, from which a film of a file may be read that `file_of` gave.

    Who is on the farm's machine may have any file of it rendered, as `kinofarm render` lets him: its folder is one.
    """
    return () if call.remote or _in_roots(call, file) else (str(file.parent),)


def _in_roots(call: Call, file: Path) -> bool:
    settings = call.services.get(Settings)
    real = Path(os.path.realpath(file))
    return any(
        real.is_relative_to(os.path.realpath(root)) for root in (*settings.media_roots, uploads_folder(settings))
    )


def folder_of(call: Call, path: str, field: str) -> Path:
    """Return the folder on the farm's machine that a path means, links resolved.

    Args:    path: over the network it must lie in a media root. field: of the request, that holds it.
    Raises:  KinofarmError PATH-002.
    """
    if not call.remote:
        return Path(os.path.realpath(path))
    roots = [Path(os.path.realpath(root)) for root in call.services.get(Settings).media_roots]
    for root in roots:
        with contextlib.suppress(OSError, ValueError):  # no folder can be called so
            folder = Path(os.path.realpath(root / path))
            if folder.is_dir() and any(folder.is_relative_to(each) for each in roots):
                return folder
    raise KinofarmError("PATH-002", where=field, path=path, clips="")
