"""The index: the least recently used go first, and what a live job needs never goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex, Limits
from infra.cache.store import ChunkStore, Usage
from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from tests.infra.jobs.farm import key_of, picture, planned


@pytest.fixture
def cache(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "cache")


@pytest.fixture
def index(engine: Engine, cache: FolderStore) -> CacheIndex:
    return CacheIndex(engine, cache, Limits())


def evict(index: CacheIndex, most: int) -> tuple[str, ...]:
    """Evict down to so many bytes."""
    return CacheIndex(index.engine, index.store, Limits(bytes=most)).evict()


def keep(index: CacheIndex, cache: ChunkStore, folder: Path, name: str, size: int = 10) -> None:
    file = folder / name
    file.write_bytes(b"x" * size)
    index.record(cache.put(key_of(name), file), "picture", {"frames": 50})


def rendered(engine: Engine, index: CacheIndex, cache: ChunkStore, folder: Path, names: str) -> None:
    ledger = Ledger(engine)
    while (claim := ledger.claim("shard")) is not None:
        keep(index, cache, folder, claim.work["name"])
        assert ledger.finish(claim.key, claim.token, {})


def test_an_entry_knows_its_use(index: CacheIndex, cache: FolderStore, tmp_path: Path) -> None:
    keep(index, cache, tmp_path, "a")
    index.touch([key_of("a"), key_of("unknown")])
    index.touch([key_of("a")])
    index.touch([])
    entry = index.entries([key_of("a"), key_of("unknown")])[key_of("a")]
    assert (entry.kind, entry.size, entry.uses, entry.facts) == ("picture", 10, 2, {"frames": 50})
    assert entry.last_used > entry.created_at
    assert index.usage() == Usage(entries=1, bytes=10)


def test_the_least_recently_used_go_until_the_rest_fits(index: CacheIndex, cache: FolderStore, tmp_path: Path) -> None:
    for name in "abcd":
        keep(index, cache, tmp_path, name)
    index.touch([key_of("a")])
    assert evict(index, 40) == ()
    assert evict(index, 25) == (key_of("b"), key_of("c"))
    assert cache.usage() == index.usage() == Usage(entries=2, bytes=20)
    assert cache.has(key_of("a"))
    assert evict(index, 0) == (key_of("d"), key_of("a"))
    assert evict(index, 0) == ()


def test_what_a_live_job_needs_stays(engine: Engine, index: CacheIndex, cache: FolderStore, tmp_path: Path) -> None:
    store = JobStore(engine)
    job = planned(store, "ab")
    rendered(engine, index, cache, tmp_path, "ab")
    keep(index, cache, tmp_path, "idle")
    keep(index, cache, tmp_path, "film")
    store.plan(job.id, [picture(name, at) for at, name in enumerate("ab")], cache.present, film_key=key_of("film"))
    assert evict(index, 0) == (key_of("idle"),)
    store.advance(job.id, "cancelled")
    assert set(evict(index, 0)) == {key_of("a"), key_of("b"), key_of("film")}


def test_an_evicted_chunk_is_missing_to_the_next_plan(
    engine: Engine, index: CacheIndex, cache: FolderStore, tmp_path: Path
) -> None:
    store = JobStore(engine)
    job = planned(store, "ab")
    rendered(engine, index, cache, tmp_path, "ab")
    store.advance(job.id, "cancelled")
    assert evict(index, 10) == (key_of("a"),)
    assert Ledger(engine).waiting() == 0
    again = planned(store, "", present=cache.present)
    wanted = [picture("a", 0), picture("b", 1)]
    assert store.plan(again.id, wanted, cache.present) == (key_of("a"),)
    rendered(engine, index, cache, tmp_path, "a")
    assert store.snapshot(again.id).finished


def test_a_job_that_plans_first_keeps_what_eviction_had_chosen(
    engine: Engine, index: CacheIndex, cache: FolderStore, tmp_path: Path
) -> None:
    store = JobStore(engine)
    job = planned(store, "a")
    rendered(engine, index, cache, tmp_path, "a")
    store.advance(job.id, "cancelled")
    (chosen,) = CacheIndex(engine, cache, Limits(bytes=0))._excess(0, entries=0) or ()
    planned(store, "a", present=cache.present)
    assert not index._evicted(chosen)
    assert cache.has(chosen)


def test_a_damaged_artefact_is_discarded_whoever_needs_it(
    engine: Engine, index: CacheIndex, cache: FolderStore, tmp_path: Path
) -> None:
    store = JobStore(engine)
    job = planned(store, "a")
    rendered(engine, index, cache, tmp_path, "a")
    index.discard(key_of("a"))
    assert not cache.has(key_of("a"))
    assert store.snapshot(job.id).states == {"ready": 1}
    assert Ledger(engine).waiting() == 1


def test_an_entry_without_artefact_is_dropped_when_its_turn_comes(
    index: CacheIndex, cache: FolderStore, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO cache_entries (place, key, kind, size, sha256) VALUES ('farm', :key, 'sound', 5, :key)"),
            {"key": key_of("a")},
        )
    assert evict(index, 0) == (key_of("a"),)
    assert index.usage() == Usage(entries=0, bytes=0)
