"""The shelf: where finished artefacts lie, together with what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.cache.index import CacheIndex, Kind
from infra.cache.store import ChunkStore, Stored
from infra.errors import KinofarmError
from infra.jobs.joins import JoinProofs
from infra.jobs.records import Key


@dataclass(frozen=True)
class Shelf:
    """The store of artefacts, its index, and the joins that are proven."""

    store: ChunkStore
    index: CacheIndex
    joins: JoinProofs

    def keep(
        self, key: Key, source: Path, kind: Kind, sha256: str | None = None, facts: Mapping[str, Any] | None = None
    ) -> Stored:
        """Move a file into the store and return what lies there now: these bytes, or those that were there before.

        Raises:  KinofarmError CACHE-003, CACHE-004.
        """
        if sha256 is not None:  # entered before it is put: a crash in between leaves nothing uncounted
            self.index.record(Stored(key=key, size=source.stat().st_size, sha256=sha256), kind, facts)
        stored = self.store.put(key, source, sha256=sha256, consume=True)
        if stored.sha256 != sha256:
            self.index.record(stored, kind, facts)
        return stored

    def keep_source(self, sha256: Key, source: Path) -> None:
        """Copy a source into the store, under its content.

        Raises:  KinofarmError CACHE-003 when the file is not that content; CACHE-00x.
        """
        self.index.record(Stored(key=sha256, size=source.stat().st_size, sha256=sha256), "source")
        self.store.put(sha256, source, sha256=sha256)

    def fetch(self, key: Key, into: Path, size: int | None = None, sha256: str | None = None) -> Path | None:
        """Lay an artefact at `into` for reading; None when it is not there, or not whole (then it is thrown away).

        Args:    sha256: which bytes are meant, where two shards made the same; the caller proves what it gets.
        """
        try:
            return self.store.get(key, into, size=size, sha256=sha256, compare=False)
        except KinofarmError as error:
            if error.code not in ("CACHE-002", "CACHE-003"):
                raise
            if error.code == "CACHE-003":
                self.discard(key)
            return None

    def discard(self, key: Key) -> None:
        """Throw an artefact away; where it was a finished chunk, that is to be made again."""
        self.index.discard(key)

    def touch(self, keys: Iterable[Key]) -> None:
        """Say that these artefacts were used now."""
        self.index.touch(keys)
