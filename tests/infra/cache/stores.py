"""The stores that have to pass the contract: a name, and how to make one in an empty folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from infra.cache.folder import FolderStore
from infra.cache.store import ChunkStore


def folder(scratch: Path) -> ChunkStore:
    return FolderStore(scratch / "cache")


STORES: Mapping[str, Callable[[Path], ChunkStore]] = {"folder": folder}
