"""The port to a store of finished artefacts: chunks, sound passes, films, each under the key of the work that made it.

A store knows bytes, not meaning: which entries are used, and which may go, is kept in `infra.cache.index`.
Every store passes the contract suite in `tests/infra/cache/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value

Key = str
"""64 hex digits."""

_KEY = re.compile(r"[0-9a-f]{64}")


def valid(key: Key) -> Key:
    """Return the key.

    Raises:  KinofarmError CACHE-001 when it is none.
    """
    if not _KEY.fullmatch(key):
        raise KinofarmError("CACHE-001", key=key)
    return key


class Stored(Value):
    """What lies in the store under a key."""

    key: Key
    size: int = Field(ge=0)
    sha256: str


class Usage(Value):
    entries: int
    bytes: int


class ChunkStore(Protocol):
    """A store of whole, immutable artefacts by key.

    A key is there with all its bytes, or not at all. Two writers of one key are both fine: one of the two whole
    artefacts stays. All methods may be called from any thread and any process at once.
    """

    def put(self, key: Key, source: Path, *, sha256: str | None = None, consume: bool = False) -> Stored:
        """Store the file `source` under `key` and return what the store holds now.

        An entry that is already there stays (the returned sha256 is then that entry's own, which may differ:
        encoders with threads need not repeat themselves to the byte).

        Args:    sha256: of the source, verified while it is stored. consume: the source may be moved away.
        Raises:  KinofarmError CACHE-001 (bad key), CACHE-003 (bytes differ from sha256), CACHE-004 (cannot write).
        """

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
        """Lay the artefact at the path `into` (replacing what is there) and return that path.

        Args:    size, sha256: what it must have. compare: read every byte for it; False: the caller does so itself, and
                 sha256 only says which artefact is meant where a store holds several. link: the caller only reads the
                 file, so a store may hard-link it; pass False for a file that others will own or change.
        Raises:  KinofarmError CACHE-002 (not there), CACHE-003 (not the wanted bytes), CACHE-004 (cannot write).
        """

    def has(self, key: Key) -> bool:
        """Whether the key is there."""

    def present(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Return those of the keys that are there."""

    def size(self, key: Key) -> int:
        """Return the artefact's size in bytes.

        Raises:  KinofarmError CACHE-002.
        """

    def delete(self, key: Key) -> bool:
        """Remove the artefact; return whether there was one. Readers that have it open, or linked, keep it."""

    def free(self) -> int | None:
        """Return the bytes that its disk can still take; None: that is not known."""

    def usage(self) -> Usage:
        """Count entries and bytes (walks the store: seconds for 100,000 entries)."""

    def sweep(self, older: float = 86_400) -> int:
        """Remove what writers that died left behind more than `older` seconds ago; return how many."""
