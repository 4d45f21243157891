"""A store with a machine's own copies before it: what was put or fetched here once is not fetched again.

The far store is the truth: what is put goes there first, and whether a key is present is asked there. Where there is no room
for a copy, the artefact goes straight to whoever wants it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from infra.cache.copies import Copies
from infra.cache.store import ChunkStore, Key, Stored, Usage


class LayeredStore:
    """A `ChunkStore` before another one.

    Args:    far: the store that all machines share. copies: this machine's own.
    """

    def __init__(self, far: ChunkStore, copies: Copies) -> None:
        self.far = far
        self.copies = copies

    def put(self, key: Key, source: Path, *, sha256: str | None = None, consume: bool = False) -> Stored:
        """See `ChunkStore.put`."""
        stored = self.far.put(key, source, sha256=sha256)
        if stored.sha256 == sha256:
            self.copies.keep(stored, source, consume=consume)
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
        held = self.copies.held(key, into, size, sha256, compare=compare, link=link)
        if held is not None:
            return held
        far = Stored(key=key, size=self.far.size(key) if size is None else size, sha256=sha256 or "")

        def fetch(place: Path) -> Path:
            return self.far.get(key, place, size=size, sha256=sha256, link=link)

        return self.copies.made(far, into, fetch, link=link) or fetch(into)

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
        self.copies.index.discard(key)
        return self.far.delete(key)

    def free(self) -> int | None:
        """See `ChunkStore.free`."""
        return self.far.free()

    def usage(self) -> Usage:
        """See `ChunkStore.usage`."""
        return self.far.usage()

    def sweep(self, older: float = 86_400) -> int:
        """See `ChunkStore.sweep`."""
        return self.far.sweep(older) + self.copies.folder.sweep(older)
