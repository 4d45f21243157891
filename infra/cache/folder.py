"""A store of artefacts in a folder, on one machine or on a share.

    ROOT/ab/cd/abcd...       an artefact under its key, read-only
    ROOT/incoming/...        what is being written; from there it is linked into place, so that it appears whole

Source:  link(2), rename(2): atomic within one file system; fsync(2) on file and folder for what must outlast a crash.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.cache.store import Key, Stored, Usage, valid
from infra.errors import KinofarmError

BLOCK = 1024 * 1024
"""Bytes read at a time: enough for hashing at the disk's speed."""

_CANNOT_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES)


class FolderStore:
    """A `ChunkStore` in the folder `root`, which is made when it is first written to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / "incoming"

    def put(self, key: Key, source: Path, *, sha256: str | None = None, consume: bool = False) -> Stored:
        """See `ChunkStore.put`."""
        place = self._place(key)
        with self._translated():
            if (held := self._held(key, place)) is not None:
                return held
            self._incoming.mkdir(parents=True, exist_ok=True)
            draft = self._incoming / f"{key}.{uuid.uuid4().hex}"
            try:
                found = _moved(source, draft) if consume else _copied(source, draft)
                if sha256 is not None and found != sha256:
                    raise KinofarmError("CACHE-003", key=key, wanted=sha256, found=found)
                ours = Stored(key=key, size=draft.stat().st_size, sha256=found)
                place.parent.mkdir(parents=True, exist_ok=True)
                while not _linked(draft, place):
                    if (held := self._held(key, place)) is not None:  # another writer was first
                        return held
                _sync(place.parent)
            finally:
                draft.unlink(missing_ok=True)
        return ours

    def get(
        self,
        key: Key,
        into: Path,
        *,
        size: int | None = None,
        sha256: str | None = None,
        compare: bool = True,
        link: bool = True,
    ) -> Path:
        """See `ChunkStore.get`."""
        place = self._place(key)
        if not into.parent.is_dir():
            raise KinofarmError("CACHE-004", reason="the folder to lay it in is not there", folder=str(self.root))
        with self._translated(key):
            found = place.stat().st_size
            if size is not None and found != size:
                raise KinofarmError("CACHE-003", key=key, wanted=f"{size} bytes", found=f"{found} bytes")
            if compare and sha256 is not None and (digest := _digest(place)) != sha256:
                raise KinofarmError("CACHE-003", key=key, wanted=sha256, found=digest)
            draft = into.with_name(f".{into.name}.{uuid.uuid4().hex}")
            try:
                if not (link and _shared(place, draft)):
                    shutil.copyfile(place, draft)
                draft.replace(into)
            finally:
                draft.unlink(missing_ok=True)
        return into

    def has(self, key: Key) -> bool:
        """See `ChunkStore.has`."""
        return self._place(key).is_file()

    def present(self, keys: Iterable[Key]) -> frozenset[Key]:
        """See `ChunkStore.present`."""
        return frozenset(key for key in keys if self.has(key))

    def size(self, key: Key) -> int:
        """See `ChunkStore.size`."""
        with self._translated(key):
            return self._place(key).stat().st_size

    def delete(self, key: Key) -> bool:
        """See `ChunkStore.delete`."""
        with self._translated():
            try:
                self._place(key).unlink()
            except FileNotFoundError:
                return False
        return True

    def free(self) -> int | None:
        """See `ChunkStore.free`."""
        place = self.root
        while not place.exists() and place != place.parent:
            place = place.parent
        try:
            return shutil.disk_usage(place).free
        except OSError:
            return None

    def usage(self) -> Usage:
        """See `ChunkStore.usage`."""
        sizes = []
        for entry in self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(FileNotFoundError):
                sizes.append(entry.stat().st_size)
        return Usage(entries=len(sizes), bytes=sum(sizes))

    def draft(self, key: Key) -> Path:
        """Return a path in the store's own disk to write an artefact to before it is put by moving."""
        with self._translated():
            self._incoming.mkdir(parents=True, exist_ok=True)
        return self._incoming / f"{valid(key)}.{uuid.uuid4().hex}"

    def sweep(self, older: float = 86_400) -> int:
        """See `ChunkStore.sweep`."""
        limit = time.time() - older
        swept = 0
        for draft in self._incoming.glob("*"):
            with contextlib.suppress(OSError):
                if draft.stat().st_ctime < limit:
                    draft.unlink()
                    swept += 1
        return swept

    def _place(self, key: Key) -> Path:
        return self.root / valid(key)[:2] / key[2:4] / key

    def _held(self, key: Key, place: Path) -> Stored | None:
        try:
            return Stored(key=key, size=place.stat().st_size, sha256=_digest(place))
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def _translated(self, key: Key | None = None) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if key is not None:
                raise KinofarmError("CACHE-002", key=key) from None
            raise KinofarmError("CACHE-004", reason=error.strerror, folder=str(self.root)) from None
        except OSError as error:
            raise KinofarmError("CACHE-004", reason=error.strerror or str(error), folder=str(self.root)) from None


def _moved(source: Path, draft: Path) -> str:
    """Move `source` to `draft`, on the disk when this returns; return its sha256."""
    try:
        source.replace(draft)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        digest = _copied(source, draft)
        source.unlink()
        return digest
    digest = _digest(draft)
    _sealed(draft)
    return digest


def _copied(source: Path, draft: Path) -> str:
    """Copy `source` to `draft`, on the disk when this returns; return the sha256 of what was written."""
    digest = hashlib.sha256()
    with source.open("rb") as read, draft.open("xb") as written:
        while block := read.read(BLOCK):
            digest.update(block)
            written.write(block)
    _sealed(draft)
    return digest.hexdigest()


def _sealed(path: Path) -> None:
    path.chmod(0o444)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _linked(draft: Path, place: Path) -> bool:
    """Bring the whole file to its place; false when another is there."""
    try:
        place.hardlink_to(draft)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        draft.replace(place)  # a share without hard links: the last writer stays
    return True


def _shared(place: Path, draft: Path) -> bool:
    """Give the file a second name; false where that can't be done."""
    try:
        draft.hardlink_to(place)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        return False
    return True


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
