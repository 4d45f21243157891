"""The stores that have to pass the contract: a name, and how to make one that is empty."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from infra.cache.copies import Copies
from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex, Limits
from infra.cache.layered import LayeredStore
from infra.cache.s3 import S3Store, connect
from infra.cache.store import ChunkStore
from infra.swift import REGION, EmbeddedS3


def folder(request: pytest.FixtureRequest, scratch: Path) -> ChunkStore:
    return FolderStore(scratch / "cache")


def s3(request: pytest.FixtureRequest, scratch: Path) -> S3Store:
    return bucket_on(request.getfixturevalue("s3_server"))


def layered(request: pytest.FixtureRequest, scratch: Path) -> ChunkStore:
    near = FolderStore(scratch / "near")
    index = CacheIndex(request.getfixturevalue("engine"), near, Limits(bytes=1_000_000), "machine")
    return LayeredStore(s3(request, scratch), Copies(near, index))


def bucket_on(server: EmbeddedS3) -> S3Store:
    """Return a store in a new bucket."""
    client = connect(server.endpoint, REGION, server.access_key, server.secret_key)
    store = S3Store(client, f"b{uuid.uuid4().hex}", "farm/")
    store.ensure()
    return store


STORES: Mapping[str, Callable[[pytest.FixtureRequest, Path], ChunkStore]] = {
    "folder": folder,
    "s3": s3,
    "copies before s3": layered,
}
