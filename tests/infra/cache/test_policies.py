"""Who goes first: every policy against a model, and a cache under ten times its load."""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Engine, text

from infra.cache.folder import FolderStore
from infra.cache.index import FARM, ORDERS, CacheIndex, Limits, Policy
from infra.cache.store import Stored, Usage
from infra.errors import KinofarmError
from tests.infra.cache.stores import STORES
from tests.infra.jobs.farm import key_of

MEGABYTE = 10**6
SIZES = {name: 1 + 7 * number % 23 for number, name in enumerate("abcdefghij")}


@dataclass
class Entry:
    size: int
    created: int
    used: int
    uses: int = 0


@dataclass
class Model:
    """What the cache is to do, by the words of its documentation."""

    limits: Limits
    entries: dict[str, Entry] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    clock: int = 0

    def record(self, name: str) -> bool:
        self.clock += 1
        if name in self.entries:
            self.entries[name].used = self.clock
            return True
        victims = self._victims(SIZES[name], 1)
        if victims is None:
            return False
        for victim in victims:
            del self.entries[victim]
        self.entries[name] = Entry(SIZES[name], self.clock, self.clock)
        return True

    def touch(self, names: Iterable[str]) -> None:
        self.clock += 1
        for name in set(names) & self.entries.keys():
            self.entries[name].used, self.entries[name].uses = self.clock, self.entries[name].uses + 1

    def _victims(self, more: int, entries: int) -> list[str] | None:
        most = self.limits
        over = 0 if most.bytes is None else sum(entry.size for entry in self.entries.values()) + more - most.bytes
        many = 0 if most.entries is None else len(self.entries) + entries - most.entries
        victims: list[str] = []
        for name in sorted(self.entries.keys() - set(self.pins.values()), key=self._turn):
            if over <= 0 and many <= 0:
                break
            victims.append(name)
            over, many = over - self.entries[name].size, many - 1
        return victims if over <= 0 and many <= 0 else None

    def _turn(self, name: str) -> tuple[int, ...]:
        entry = self.entries[name]
        return {
            "lru": (entry.used,),
            "lfu": (entry.uses, entry.used),
            "fifo": (entry.created,),
        }[self.limits.policy]


NAMES = st.sampled_from(sorted(SIZES))
ACTS = st.one_of(
    st.tuples(st.just("record"), NAMES),
    st.tuples(st.just("touch"), st.lists(NAMES, min_size=1, max_size=1)),
    st.tuples(st.just("pin"), NAMES),
    st.tuples(st.just("unpin"), NAMES),
)


@pytest.mark.parametrize("policy", ORDERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    most=st.none() | st.integers(0, 80),
    many=st.none() | st.integers(0, 8),
    acts=st.lists(ACTS, min_size=5, max_size=40),
)
def test_a_policy_does_what_its_model_does(
    engine: Engine, tmp_path: Path, policy: Policy, most: int | None, many: int | None, acts: list[tuple[str, str]]
) -> None:
    limits, place = Limits(bytes=most, entries=many, policy=policy), uuid.uuid4().hex
    model, index = Model(limits), CacheIndex(engine, FolderStore(tmp_path / place), limits, place)
    for act, what in acts:
        if act == "record":
            assert model.record(what) == _recorded(index, what), (what, model)
        elif act == "touch":
            model.touch(what)
            index.touch([key_of(name) for name in what])
        elif act == "pin" and what in model.entries:
            model.pins[what] = what
            index._pin([key_of(what)], what, 60)
        elif act == "unpin":
            model.pins.pop(what, None)
            index._unpin(what)
        kept = {name: entry.uses for name, entry in model.entries.items()}
        found = index.entries([key_of(name) for name in SIZES])
        assert {name: found[key_of(name)].uses for name in SIZES if key_of(name) in found} == kept
        sizes = [entry.size for entry in model.entries.values()]
        assert index.usage() == Usage(entries=len(sizes), bytes=sum(sizes))


def _recorded(index: CacheIndex, name: str) -> bool:
    try:
        index.record(Stored(key=key_of(name), size=SIZES[name], sha256=key_of(name)), "picture")
    except KinofarmError as full:
        if full.code != "CACHE-007":
            raise
        return False
    return True


def test_what_was_not_used_for_too_long_goes_first_and_in_any_case(engine: Engine, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "cache")
    index = CacheIndex(engine, store, Limits(bytes=1000, idle=3600, policy="fifo"))
    for name in "abcd":
        assert _recorded(index, name)
    with engine.begin() as connection:
        old = {"keys": [key_of("c"), key_of("d")]}
        connection.execute(
            text("UPDATE cache_entries SET last_used = now() - interval '2 hours' WHERE key = ANY(:keys)"), old
        )
    with index.pinned([key_of("d")], "reader", 60):
        assert index.evict() == (key_of("c"),)
    assert index.evict() == (key_of("d"),)
    assert set(index.entries(map(key_of, "abcd"))) == {key_of("a"), key_of("b")}


def test_a_pin_whose_time_is_over_holds_nothing(engine: Engine, tmp_path: Path) -> None:
    index = CacheIndex(engine, FolderStore(tmp_path), Limits(entries=1), "machine")
    assert _recorded(index, "a")
    index._pin([key_of("a")], "reader", 60)
    assert not _recorded(index, "b")
    index._pin([key_of("a")], "reader", 0)
    assert _recorded(index, "b")
    assert set(index.entries(map(key_of, "ab"))) == {key_of("b")}


def test_the_disk_keeps_what_it_must_keep_free(engine: Engine, tmp_path: Path) -> None:
    class Disk(FolderStore):
        left = 100

        def free(self) -> int:
            return self.left

        def delete(self, key: str) -> bool:
            self.left += SIZES["c"]
            return True

    store = Disk(tmp_path)
    index = CacheIndex(engine, store, Limits(free=50))
    assert _recorded(index, "c")
    store.left = 50 + SIZES["d"] - SIZES["c"]
    assert _recorded(index, "d")
    assert set(index.entries(map(key_of, "cd"))) == {key_of("d")}
    store.left = 10
    assert not _recorded(index, "e")
    assert set(index.entries(map(key_of, "cde"))) == {key_of("d")}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_cache_of_200_mb_under_a_load_of_2_gb_keeps_its_limit_and_what_is_leased(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    store = STORES[kind](request, tmp_path)
    index = CacheIndex(engine, store, Limits(bytes=200 * MEGABYTE), FARM)
    block, most, lost = os.urandom(8 * MEGABYTE), [0], []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            most[0] = max(most[0], store.usage().bytes)

    def load(worker: int) -> None:
        for number in range(63):
            name = f"{worker}-{number}"
            file = tmp_path / name
            content = name.encode() + block
            file.write_bytes(content)
            sha256 = hashlib.sha256(content).hexdigest()
            with index.pinned([key_of(name)], f"lease {name}", 60):
                index.record(Stored(key=key_of(name), size=len(content), sha256=sha256), "picture")
                store.put(key_of(name), file, sha256=sha256, consume=True)
                index.touch([key_of(name)])
                if not store.has(key_of(name)):
                    lost.append(name)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(load, range(4)))
    finally:
        ended.set()
        watching.join()
    assert not lost
    assert 150 * MEGABYTE < most[0] <= 200 * MEGABYTE
    assert store.usage() == index.usage()
