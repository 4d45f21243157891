"""A store with a machine's own copies before it: what was put or fetched here once is not fetched again.

The far store is the truth: what is put goes there first, and whether a key is present is asked there. The near folder has
an index and limits of its own, so that room is made before anything is downloaded into it; where none can be made, the
artefact goes straight to whoever wants it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from pathlib import Path

from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore, Key, Stored, Usage
from infra.errors import KinofarmError

logger = logging.getLogger("kinofarm.cache")


class LayeredStore:
    """A `ChunkStore` before another one.

    Args:    far: the store that all machines share. near: this machine's folder; index: its entries.
    """

    def __init__(self, far: ChunkStore, near: FolderStore, index: CacheIndex) -> None:
        self.far = far
        self.near = near
        self.index = index

    def put(self, key: Key, source: Path, *, sha256: str | None = None, consume: bool = False) -> Stored:
        """See `ChunkStore.put`."""
        stored = self.far.put(key, source, sha256=sha256)
        if stored.sha256 == sha256 and self._has_room(stored):
            with contextlib.suppress(KinofarmError):  # a copy less is no loss
                self.near.put(key, source, sha256=sha256, consume=consume)
        if consume:
            source.unlink(missing_ok=True)
        return stored

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
        held = self._held(key, into, size, sha256, compare, link)
        if held is not None:
            return held
        far = Stored(key=key, size=self.far.size(key) if size is None else size, sha256=sha256 or "")
        if not self._has_room(far):
            return self.far.get(key, into, size=size, sha256=sha256, link=link)
        draft = self.near.draft(key)
        try:
            self.far.get(key, draft, size=size, sha256=sha256)
            self.index.record(self.near.put(key, draft, consume=True), "copy")
            return self.near.get(key, into, size=size, link=link)
        except KinofarmError as error:
            if error.code not in ("CACHE-002", "CACHE-007"):
                raise
        finally:
            draft.unlink(missing_ok=True)
        return self.far.get(key, into, size=size, sha256=sha256, link=link)  # the copy was evicted at once

    def has(self, key: Key) -> bool:
        """See `ChunkStore.has`."""
        return self.far.has(key)

    def present(self, keys: Iterable[Key]) -> frozenset[Key]:
        """See `ChunkStore.present`."""
        return self.far.present(keys)

    def size(self, key: Key) -> int:
        """See `ChunkStore.size`."""
        return self.far.size(key)

    def delete(self, key: Key) -> bool:
        """See `ChunkStore.delete`; copies on other machines go as they grow old."""
        self.index.discard(key)
        return self.far.delete(key)

    def free(self) -> int | None:
        """See `ChunkStore.free`."""
        return self.far.free()

    def usage(self) -> Usage:
        """See `ChunkStore.usage`."""
        return self.far.usage()

    def sweep(self, older: float = 86_400) -> int:
        """See `ChunkStore.sweep`."""
        return self.far.sweep(older) + self.near.sweep(older)

    def _held(
        self, key: Key, into: Path, size: int | None, sha256: str | None, compare: bool, link: bool
    ) -> Path | None:
        """Lay this machine's copy at `into`; None when there is none, or another one (which is dropped)."""
        try:
            if sha256 is not None and not compare:
                entry = self.index.entries([key]).get(key)
                if entry is None or entry.sha256 != sha256:
                    self.index.discard(key)
                    return None
            found = self.near.get(key, into, size=size, sha256=sha256, compare=compare, link=link)
        except KinofarmError as error:
            if error.code == "CACHE-003":
                logger.warning("this machine's copy of %s is dropped: %s", key[:12], error.detail)
                self.index.discard(key)
            elif error.code != "CACHE-002":
                raise
            return None
        self.index.touch([key])
        return found

    def _has_room(self, stored: Stored) -> bool:
        try:
            self.index.record(stored, "copy")
        except KinofarmError as full:
            if full.code != "CACHE-007":
                raise
            return False
        return True
