"""A machine's own copies: fetched once, within their limits, never instead of what is meant."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Engine

from infra.cache.copies import Copies
from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex, Limits
from infra.cache.layered import LayeredStore
from infra.cache.store import Usage
from infra.errors import KinofarmError
from tests.infra.jobs.farm import key_of


class Far(FolderStore):
    """A far store that counts what is fetched from it."""

    fetched = 0

    def get(self, *args, **kwargs) -> Path:  # type: ignore[no-untyped-def]
        self.fetched += 1
        return super().get(*args, **kwargs)


@pytest.fixture
def far(tmp_path: Path) -> Far:
    return Far(tmp_path / "far")


@pytest.fixture
def store(engine: Engine, far: Far, tmp_path: Path) -> LayeredStore:
    near = FolderStore(tmp_path / "near")
    return LayeredStore(far, Copies(near, CacheIndex(engine, near, Limits(bytes=100), "here")))


def written(folder: Path, name: str, size: int = 40) -> tuple[str, Path]:
    file = folder / name
    file.write_bytes(name.encode() * size)
    return hashlib.sha256(file.read_bytes()).hexdigest(), file


def test_what_was_put_or_fetched_here_is_not_fetched_again(store: LayeredStore, far: Far, tmp_path: Path) -> None:
    sha256, file = written(tmp_path, "a")
    store.put(key_of("a"), file, sha256=sha256)
    far.put(key_of("b"), written(tmp_path, "b")[1])
    for _ in range(3):
        assert store.get(key_of("a"), tmp_path / "out", sha256=sha256, compare=False).read_bytes() == b"a" * 40
        assert store.get(key_of("b"), tmp_path / "out").read_bytes() == b"b" * 40
    assert far.fetched == 1
    assert store.copies.index.usage() == store.copies.folder.usage() == Usage(entries=2, bytes=80)


def test_the_copies_stay_within_their_limit(store: LayeredStore, far: Far, tmp_path: Path) -> None:
    for name in "abcdef":
        far.put(key_of(name), written(tmp_path, name)[1])
    for name in "abcdefedcba":
        assert store.get(key_of(name), tmp_path / "out").read_bytes() == name.encode() * 40
        assert store.copies.folder.usage() == store.copies.index.usage()
        assert store.copies.folder.usage().bytes <= 100
    assert far.usage().entries == 6


def test_what_does_not_fit_goes_straight_to_whoever_wants_it(store: LayeredStore, far: Far, tmp_path: Path) -> None:
    far.put(key_of("large"), written(tmp_path, "large", 50)[1])
    assert len(store.get(key_of("large"), tmp_path / "out").read_bytes()) == 250
    assert store.copies.folder.usage() == store.copies.index.usage() == Usage(entries=0, bytes=0)
    assert not list((tmp_path / "near").rglob("*.*"))


def test_another_artefact_of_the_same_work_is_not_taken_for_the_one_that_is_meant(
    store: LayeredStore, far: Far, tmp_path: Path
) -> None:
    stale, file = written(tmp_path, "stale", 10)
    store.copies.folder.put(key_of("a"), file)
    store.copies.index.record(store.copies.folder.put(key_of("a"), file), "copy")
    sha256, file = written(tmp_path, "right", 10)
    far.put(key_of("a"), file, sha256=sha256)
    for compare in (False, True):
        found = store.get(key_of("a"), tmp_path / "out", sha256=sha256, compare=compare)
        assert found.read_bytes() == b"right" * 10
    assert stale != sha256


def test_a_copy_that_was_damaged_is_fetched_anew(store: LayeredStore, far: Far, tmp_path: Path) -> None:
    sha256, file = written(tmp_path, "a")
    store.put(key_of("a"), file, sha256=sha256)
    place = store.copies.folder._place(key_of("a"))
    place.chmod(0o644)
    place.write_bytes(b"b" * 40)
    assert store.get(key_of("a"), tmp_path / "out", sha256=sha256).read_bytes() == b"a" * 40
    assert far.fetched == 1


def test_presence_is_asked_of_the_far_store(store: LayeredStore, far: Far, tmp_path: Path) -> None:
    store.put(key_of("a"), written(tmp_path, "a")[1])
    far.delete(key_of("a"))
    assert not store.has(key_of("a"))
    assert store.present([key_of("a")]) == frozenset()
    with pytest.raises(KinofarmError, match="CACHE-002"):
        store.size(key_of("a"))
