"""Media that lie in no folder of a project's: what it names as s3://bucket/folder/file, or as upload://ID, becomes a file.

Of an object a job reads a hard link of its own, so that a machine's copy may be evicted under it. An upload is read where it
lies: its path outlasts the process that planned with it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from uuid import UUID

from infra.errors import KinofarmError
from infra.media_buckets import MediaBuckets
from infra.uploads.library import Uploads

UPLOAD = "upload://"
LONGEST_NAME = 200
"""Bytes of a file name that is kept."""


class MediaAtHand:
    """The objects and uploads that one project names, as files in a folder that goes with the work on it.

    Args:    buckets, uploads, folder: return what they say; they are called when an address is asked for.
    """

    def __init__(
        self, buckets: Callable[[], MediaBuckets], uploads: Callable[[], Uploads], folder: Callable[[], Path]
    ) -> None:
        self._buckets = buckets
        self._uploads = uploads
        self._folder = folder
        self._files: dict[str, Path] = {}

    def file(self, address: str, where: str) -> Path:
        """Return the file of an address, always the same; see `tasks.filesystem.roots.Elsewhere`.

        Raises:  KinofarmError PATH-005, PATH-006, PATH-010 to PATH-014, CACHE-004 to CACHE-007, UPLOAD-007, FARM-043, DB-00x, with
                 `where`.
        """
        if address not in self._files:
            try:
                laid = self._uploaded(address) if address.startswith(UPLOAD) else self._fetched(address)
            except KinofarmError as error:
                raise KinofarmError(error.code, where=where, **dict(error.params)) from None
            self._files[address] = laid
        return self._files[address]

    def known_as(self, file: Path) -> Path:
        """Under which path facts of a file are remembered: its address, since an object's file goes with the job."""
        return next((Path(address) for address, laid in self._files.items() if laid == file), file)

    def _fetched(self, address: str) -> Path:
        buckets = self._buckets()
        found = buckets.look(address)
        name = PurePosixPath(found.key).name
        if len(name.encode()) > LONGEST_NAME:
            name = f"source{PurePosixPath(name).suffix[:10]}"
        place = self._folder() / f"media-{len(self._files)}"
        place.mkdir(exist_ok=True)  # there it is when an earlier try came to nothing
        return buckets.lay(found, place / name)

    def _uploaded(self, address: str) -> Path:
        try:
            upload = UUID(address.removeprefix(UPLOAD))
        except ValueError:
            raise KinofarmError("PATH-005", reason="an upload is named upload://ID") from None
        return self._uploads().file(upload)
