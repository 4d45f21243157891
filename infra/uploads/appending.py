"""Appending to an upload: bytes go to the disk as they come, and count from when they are safe there.

Source:  fsync(2); tus 1.0.0, checksum.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from infra.errors import KinofarmError
from infra.uploads.records import Upload, UploadRecords

ALGORITHMS = ("sha1", "sha256")
"""Of checksums. tus asks every server for the first."""

SAFE_BYTES = 64 * 1024 * 1024
"""After so many bytes they are brought onto the disk and counted: what a process that is killed loses at most."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Checksum:
    """What the bytes of one request have to add up to. algorithm: one of `ALGORITHMS`."""

    algorithm: str
    digest: bytes


class Library(Protocol):
    """What appending needs of the library."""

    records: UploadRecords
    free: int

    def room(self) -> int: ...
    def check_room(self, wanted: int) -> None: ...
    def finish(self, upload: Upload, handle: int) -> Upload: ...


class Appending:
    """One request's bytes for an upload.

    Its methods are called one after the other, from any thread. Without `keep` nothing counts but what was safe before;
    with a checksum, that is nothing.

    Args:    handle: of the upload's file, with its lock held. start: where the bytes go.
    """

    def __init__(self, library: Library, handle: int, upload: Upload, start: int) -> None:
        self.upload = upload
        self.offset = start
        self._library = library
        self._handle: int | None = handle
        self._start = self._safe = start
        self._checksum: Checksum | None = None
        self._hash = hashlib.sha256()
        self._turn = threading.Lock()  # a server that is told to end closes while a thread may still write

    def expect(self, checksum: Checksum) -> None:
        """Keep these bytes only if they add up to a checksum. Called before the first of them."""
        self._checksum, self._hash = checksum, hashlib.new(checksum.algorithm, usedforsecurity=False)

    def write(self, block: bytes | bytearray) -> None:
        """Append bytes.

        Raises:  KinofarmError UPLOAD-006 when the disk is full, UPLOAD-007, UPLOAD-008 for more than were announced (as many
                 as were are taken), DB-00x. What was appended before may still be kept.
        """
        with self._turn, self._writing() as handle:
            surplus = self.offset + len(block) > self.upload.size
            wanted = memoryview(block)[: self.upload.size - self.offset]
            while wanted:
                written = os.pwrite(handle, wanted, self.offset)
                self._hash.update(wanted[:written])
                self.offset += written
                wanted = wanted[written:]
            if surplus:
                raise KinofarmError("UPLOAD-008", size=self.upload.size)
            if self.offset - self._safe >= SAFE_BYTES:
                os.fsync(handle)
                self._safe = self.offset
                if self._checksum is None:
                    self._library.records.received(self.upload.id, self.offset)
                self._library.check_room(0)

    def keep(self) -> Upload:
        """Count what was appended; return the upload, which is whole if nothing is missing.

        Raises:  KinofarmError UPLOAD-001, UPLOAD-005 when it has not the checksum, UPLOAD-007, DB-00x.
        """
        with self._turn, self._writing() as handle:
            if self._checksum is not None and not hmac.compare_digest(self._hash.digest(), self._checksum.digest):
                os.ftruncate(handle, self._start)
                raise KinofarmError("UPLOAD-005", algorithm=self._checksum.algorithm)
            os.fsync(handle)
            self._library.records.received(self.upload.id, self.offset)
            if self.offset == self.upload.size:
                return self._library.finish(self.upload, handle)
            return self.upload.model_copy(update={"received": self.offset, "updated_at": datetime.now(UTC)})

    def break_off(self) -> None:
        """The bytes ended before their time: keep what came, unless it can't be told whether it is right.

        Raises:  as `keep` does.
        """
        if self._checksum is None:
            self.keep()

    def close(self) -> None:
        """Let others at the upload."""
        with self._turn:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[int]:
        if self._handle is None:
            raise KinofarmError("UPLOAD-007", reason="the server ends")
        try:
            yield self._handle
        except OSError as error:
            if error.errno in _FULL:
                self._library.check_room(self.upload.size - self.offset)  # says how much is free
            raise KinofarmError("UPLOAD-007", reason=error.strerror or str(error)) from None


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what the disk refuses into UPLOAD-007."""
    try:
        yield
    except OSError as error:
        raise KinofarmError("UPLOAD-007", reason=error.strerror or str(error)) from None
