"""A machine's own copies of artefacts that lie elsewhere: a folder with an index and limits of its own.

Room is made before anything is fetched; where none can be made, nothing is kept.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex
from infra.cache.store import Key, Stored
from infra.errors import KinofarmError

logger = logging.getLogger("kinofarm.cache")


class Copies:
    """Copies by key.

    Args:    folder: where they lie. index: its entries.
    """

    def __init__(self, folder: FolderStore, index: CacheIndex) -> None:
        self.folder = folder
        self.index = index

    def keep(self, stored: Stored, source: Path, *, consume: bool = False) -> None:
        """Keep a copy of a file, if there is room for it; a copy less is no loss."""
        if self._has_room(stored):
            with contextlib.suppress(KinofarmError):
                self.folder.put(stored.key, source, sha256=stored.sha256, consume=consume)

    def held(
        self,
        key: Key,
        into: Path,
        size: int | None = None,
        sha256: str | None = None,
        *,
        compare: bool = True,
        link: bool = True,
    ) -> Path | None:
        """Lay a copy at `into`, see `ChunkStore.get`; None when there is none, or another one (which is dropped).

        Raises:  KinofarmError CACHE-004, DB-00x.
        """
        try:
            if sha256 is not None and not compare:
                entry = self.index.entries([key]).get(key)
                if entry is None or entry.sha256 != sha256:
                    self.index.discard(key)
                    return None
            found = self.folder.get(key, into, size=size, sha256=sha256, compare=compare, link=link)
        except KinofarmError as error:
            if error.code == "CACHE-003":
                logger.warning("this machine's copy of %s is dropped: %s", key[:12], error.detail)
                self.index.discard(key)
            elif error.code != "CACHE-002":
                raise
            return None
        self.index.touch([key])
        return found

    def made(self, stored: Stored, into: Path, fetch: Callable[[Path], object], *, link: bool = True) -> Path | None:
        """Have an artefact fetched to the path that `fetch` is given, keep it as a copy, and lay that at `into`.

        Returns: None, with nothing laid down, when there is no room for a copy, or it was evicted at once.
        Raises:  KinofarmError CACHE-004, DB-00x, and what `fetch` raises.
        """
        if not self._has_room(stored):
            return None
        draft = self.folder.draft(stored.key)
        try:
            fetch(draft)
            self.index.record(self.folder.put(stored.key, draft, consume=True), "copy")
            return self.folder.get(stored.key, into, size=stored.size, link=link)
        except KinofarmError as error:
            if error.code not in ("CACHE-002", "CACHE-007"):
                raise
            return None
        finally:
            draft.unlink(missing_ok=True)

    def _has_room(self, stored: Stored) -> bool:
        try:
            self.index.record(stored, "copy")
        except KinofarmError as full:
            if full.code != "CACHE-007":
                raise
            return False
        return True
