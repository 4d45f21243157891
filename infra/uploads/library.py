"""The library of uploaded files, on the machine that keeps the farm.

    HOME/uploads/incoming/<id>            what has arrived of an upload that is not whole yet
    HOME/uploads/objects/ab/<sha256>      a whole file, once for each content, read-only
    HOME/uploads/files/<id>/<name>        an upload, by the name that it was given: another link to its content's object

Where an upload goes on is what its row and its file agree on: the smaller of the two numbers, and what is beyond goes. A row
never counts a byte that is not on the disk. Whoever appends to an upload holds a lock on its file (flock), which the kernel
lets go when his process ends, however that ends.

Source:  flock(2), link(2), fsync(2); PostgreSQL, advisory locks.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Engine

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.uploads.appending import Appending, translated
from infra.uploads.names import safe_name
from infra.uploads.records import Upload, UploadRecords, finished, is_used, locked

FOLDER = "uploads"
"""In the farm's home."""


class Uploads:
    """The uploads of a farm.

    Args:    folder: where they lie; it is made when the first one comes. most: bytes of one upload. free: bytes that stay
             free on its disk.
    Raises:  every method: KinofarmError DB-001, DB-002, UPLOAD-007 for what the disk refuses.
    """

    def __init__(self, engine: Engine, folder: Path, *, most: int, free: int, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience
        self.most = most
        self.free = free
        self.records = UploadRecords(engine, patience=patience)
        self._incoming = folder / "incoming"
        self._objects = folder / "objects"
        self._files = folder / "files"

    def begin(self, name: str, size: int, who: str) -> Upload:
        """Take on an upload of so many bytes; one of no bytes is whole at once.

        Args:    name: whatever the file is called; it is made safe.
        Raises:  KinofarmError UPLOAD-004 too large, UPLOAD-006 no room.
        """
        if size > self.most:
            raise KinofarmError("UPLOAD-004", size=size, limit=self.most)
        with translated():
            for folder in (self._incoming, self._objects, self._files):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.check_room(size)
        upload = self.records.add(uuid4(), safe_name(name), size, who)
        return upload if size else self.get(upload.id)

    def get(self, upload: UUID) -> Upload:
        """Return an upload, with the byte at which it goes on. One whose last byte came before its server died becomes whole here.

        Raises:  KinofarmError UPLOAD-001.
        """
        found = self._known(upload)
        if found.whole:
            return found
        with translated():
            received = min(found.received, _length(self._incoming / str(upload)))
        if received == found.size:
            try:
                with self.appending(upload, received) as at_work:
                    return at_work.keep()
            except KinofarmError as error:
                if error.code not in ("UPLOAD-002", "UPLOAD-003"):
                    raise
                return self._known(upload)  # somebody else makes it whole, or has done so
        return found.model_copy(update={"received": received})

    def newest(self, limit: int) -> tuple[Upload, ...]:
        """Return the newest uploads, the newest first."""
        return self.records.newest(limit)

    @contextlib.contextmanager
    def appending(self, upload: UUID, offset: int) -> Iterator[Appending]:
        """Let the block append to an upload, alone; see `open`."""
        opened = self.open(upload, offset)
        try:
            yield opened
        finally:
            opened.close()

    def open(self, upload: UUID, offset: int) -> Appending:
        """Return what appends to an upload that is not whole, for one caller; he closes it.

        Raises:  KinofarmError UPLOAD-001, UPLOAD-002 when it goes on elsewhere, UPLOAD-003 while
                 somebody else appends to it, UPLOAD-006.
        """
        found = self._known(upload)
        if found.whole:
            raise KinofarmError("UPLOAD-002", expected=found.size, offset=offset)
        with translated():
            handle = self._locked(upload)
        try:
            found = self._known(upload)  # as it is now that nobody else is at work on it
            with translated():
                start = min(found.received, os.fstat(handle).st_size)
                if found.whole or offset != start:
                    raise KinofarmError("UPLOAD-002", expected=found.size if found.whole else start, offset=offset)
                if start < os.fstat(handle).st_size:
                    os.ftruncate(handle, start)
            if start < found.size:
                self.check_room(found.size - start)
        except BaseException as error:
            if isinstance(error, KinofarmError) and error.code == "UPLOAD-001":
                (self._incoming / str(upload)).unlink(missing_ok=True)  # it was deleted meanwhile
            os.close(handle)
            raise
        return Appending(self, handle, found, start)

    def finish(self, upload: Upload, handle: int) -> Upload:
        """Make an upload whole, all bytes of which are on the disk: called by who holds its lock.

        Raises:  KinofarmError UPLOAD-001 when it was deleted meanwhile.
        """
        with translated():
            with open(handle, "rb", closefd=False) as file:
                file.seek(0)
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            self._linked(upload, sha256)
            (self._incoming / str(upload.id)).unlink(missing_ok=True)
        return self._known(upload.id)

    def file(self, upload: UUID) -> Path:
        """Return the file of a whole upload.

        Raises:  KinofarmError PATH-013 when there is none, PATH-014 when it is not whole.
        """
        address = f"upload://{upload}"
        try:
            found = self.get(upload)
        except KinofarmError as error:
            if error.code != "UPLOAD-001":
                raise
            raise KinofarmError("PATH-013", path=address, clips="") from None
        if not found.whole:
            raise KinofarmError("PATH-014", path=address, received=found.received, size=found.size)
        place = self._files.absolute() / str(upload) / found.name
        if not place.is_file():
            raise KinofarmError("PATH-013", path=address, clips="")
        return place

    def delete(self, upload: UUID) -> None:
        """Remove an upload, and its content when no other upload has it.

        Raises:  KinofarmError UPLOAD-001, UPLOAD-003 while somebody appends to it, UPLOAD-014 while a job is planned with it.
        """
        found = self._known(upload)
        if found.whole and self.records.needed(f"{self._files.absolute() / str(upload)}/"):
            raise KinofarmError("UPLOAD-014", upload=str(upload))
        with translated():
            handle = None if found.whole else self._locked(upload)
            try:
                self.records.remove(upload)
                self._removed(upload)
            finally:
                if handle is not None:
                    os.close(handle)
            if found.sha256 is not None:
                self._let_go(found.sha256)

    def forget(self, seconds: float) -> int:
        """Delete the uploads that are not whole and did not go on for so long; return how many."""
        gone = 0
        for upload in self.records.idle(seconds):
            try:
                if not self.get(upload).whole:
                    self.delete(upload)
                    gone += 1
            except KinofarmError as error:
                if error.code not in ("UPLOAD-001", "UPLOAD-003"):
                    raise
        return gone

    def sweep(self) -> int:
        """Remove what processes that were killed left: files of which no row speaks; return how many."""
        with translated():
            incoming, files = _ids(self._incoming), _ids(self._files)
            objects = [each.name for each in self._objects.glob("[0-9a-f][0-9a-f]/*")]
            known = self.records.known({*incoming, *files})  # after the look: a row comes before its file
            left = [each for each in (*incoming, *files) if each not in known]
            for upload in left:
                self._removed(upload)
            done = [each for each in incoming if known.get(each)]
            for upload in done:
                (self._incoming / str(upload)).unlink(missing_ok=True)
            unused = set(objects) - self.records.used(objects)
            for sha256 in unused:
                self._let_go(sha256)
        return len({*left}) + len(done) + len(unused)

    def check_room(self, wanted: int) -> None:
        """See that the disk takes so many bytes more, and keeps free what it should.

        Raises:  KinofarmError UPLOAD-006.
        """
        free = self.room()
        if free < wanted + self.free:
            raise KinofarmError("UPLOAD-006", wanted=wanted, free=free, kept=self.free)

    def room(self) -> int:
        """Return the bytes that are free on the disk."""
        with translated():
            return shutil.disk_usage(self._incoming).free

    def _known(self, upload: UUID) -> Upload:
        found = self.records.get(upload)
        if found is None:
            raise KinofarmError("UPLOAD-001", upload=str(upload))
        return found

    def _locked(self, upload: UUID) -> int:
        """Open an upload's file with its lock held.

        Raises:  KinofarmError UPLOAD-003, OSError.
        """
        place = self._incoming / str(upload)
        try:
            handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError:  # all of it is here and linked already: it is only to be finished
            handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise KinofarmError("UPLOAD-003") from None
        return handle

    @surviving
    def _linked(self, upload: Upload, sha256: str) -> None:
        """Give the file of an upload its two names, and write down that it is whole; doing it again changes nothing."""
        incoming, shared = self._incoming / str(upload.id), self._object(sha256)
        shown = self._files / str(upload.id) / upload.name
        with transaction(self.engine) as connection:
            locked(connection, sha256)
            for folder in (shared.parent, shown.parent):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):  # the same content came before, or we were here before
                shared.hardlink_to(incoming)
            shared.chmod(0o444)
            with contextlib.suppress(FileExistsError):
                shown.hardlink_to(shared)
            for folder in (shared.parent, self._objects, shown.parent, self._files):
                _sync(folder)
            if not finished(connection, upload.id, sha256):
                raise KinofarmError("UPLOAD-001", upload=str(upload.id))

    @surviving
    def _let_go(self, sha256: str) -> None:
        """Remove the object of a content that no upload has."""
        with transaction(self.engine) as connection:
            locked(connection, sha256)
            if not is_used(connection, sha256):
                self._object(sha256).unlink(missing_ok=True)

    def _removed(self, upload: UUID) -> None:
        (self._incoming / str(upload)).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._files / str(upload))

    def _object(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256


def _length(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _ids(folder: Path) -> list[UUID]:
    """The uploads that a folder has something of."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for each in folder.iterdir():
            with contextlib.suppress(ValueError):
                found.append(UUID(each.name))
    return found


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
