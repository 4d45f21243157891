"""What every store of artefacts promises. A new store passes this file by a row in `stores.py`."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.cache.store import ChunkStore, Stored, Usage
from infra.errors import KinofarmError
from tests.infra.cache.stores import STORES

KEY, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ChunkStore:
    return STORES[request.param](request, tmp_path)


def file_of(folder: Path, content: bytes, name: str = "chunk.mp4") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_what_was_put_comes_back(store: ChunkStore, tmp_path: Path) -> None:
    source = file_of(tmp_path, b"frames")
    assert not store.has(KEY)
    assert store.put(KEY, source, sha256=digest(b"frames")) == Stored(key=KEY, size=6, sha256=digest(b"frames"))
    assert source.read_bytes() == b"frames"
    assert (store.has(KEY), store.size(KEY)) == (True, 6)
    target = tmp_path / "scratch.mp4"
    assert store.get(KEY, target, size=6, sha256=digest(b"frames")) == target
    assert target.read_bytes() == b"frames"


def test_an_empty_artefact_is_an_artefact(store: ChunkStore, tmp_path: Path) -> None:
    assert store.put(KEY, file_of(tmp_path, b"")).size == 0
    assert store.has(KEY)


def test_a_consumed_source_is_stored_all_the_same(store: ChunkStore, tmp_path: Path) -> None:
    store.put(KEY, file_of(tmp_path, b"frames"), consume=True)
    assert store.get(KEY, tmp_path / "out").read_bytes() == b"frames"


def test_other_bytes_than_announced_are_refused_and_not_kept(store: ChunkStore, tmp_path: Path) -> None:
    for consume in (False, True):
        with pytest.raises(KinofarmError, match="CACHE-003"):
            store.put(KEY, file_of(tmp_path, b"frames"), sha256=digest(b"other"), consume=consume)
        assert not store.has(KEY)
    assert store.usage() == Usage(entries=0, bytes=0)


def test_the_first_artefact_of_a_key_stays(store: ChunkStore, tmp_path: Path) -> None:
    store.put(KEY, file_of(tmp_path, b"first"))
    assert store.put(KEY, file_of(tmp_path, b"second!")).sha256 == digest(b"first")
    assert store.get(KEY, tmp_path / "out").read_bytes() == b"first"


def test_writers_at_once_leave_one_whole_artefact(store: ChunkStore, tmp_path: Path) -> None:
    contents = [bytes([number]) * 300_000 for number in range(8)]

    def write(number: int) -> Stored:
        return store.put(KEY, file_of(tmp_path, contents[number], f"{number}.mp4"), sha256=digest(contents[number]))

    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(write, range(8)))
    kept = store.get(KEY, tmp_path / "out").read_bytes()
    assert kept in contents
    assert digest(kept) in {each.sha256 for each in stored}
    assert store.usage().entries == 1
    store.delete(KEY)
    assert store.usage() == Usage(entries=0, bytes=0)


def test_readers_and_a_deleter_see_all_or_nothing(store: ChunkStore, tmp_path: Path) -> None:
    content = os.urandom(200_000)
    source = file_of(tmp_path, content)
    codes = {"CACHE-002"}

    def read(number: int) -> None:
        for _ in range(20):
            try:
                found = store.get(KEY, tmp_path / f"out-{number}", size=len(content)).read_bytes()
            except KinofarmError as error:
                codes.add(error.code)
            else:
                assert found == content

    def churn(number: int) -> None:
        for _ in range(20):
            store.put(KEY, source)
            store.delete(KEY)

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(read if number % 2 else churn, number) for number in range(6)]:
            done.result()
    assert codes == {"CACHE-002"}


def test_what_is_not_there_is_said_so(store: ChunkStore, tmp_path: Path) -> None:
    assert not store.delete(KEY)
    for ask in (lambda: store.size(KEY), lambda: store.get(KEY, tmp_path / "out")):
        with pytest.raises(KinofarmError, match="CACHE-002"):
            ask()
    assert not (tmp_path / "out").exists()


def test_a_damaged_artefact_is_not_handed_out(store: ChunkStore, tmp_path: Path) -> None:
    store.put(KEY, file_of(tmp_path, b"frames"))
    for wrong in ({"size": 5}, {"sha256": digest(b"frame")}):
        with pytest.raises(KinofarmError, match="CACHE-003"):
            store.get(KEY, tmp_path / "out", **wrong)
        assert not (tmp_path / "out").exists()


def test_a_copy_may_be_changed_by_its_owner(store: ChunkStore, tmp_path: Path) -> None:
    store.put(KEY, file_of(tmp_path, b"frames"))
    film = store.get(KEY, tmp_path / "film.mp4", link=False)
    with film.open("r+b") as file:
        file.write(b"edited")
    assert store.get(KEY, tmp_path / "out").read_bytes() == b"frames"


def test_getting_replaces_what_lies_there(store: ChunkStore, tmp_path: Path) -> None:
    store.put(KEY, file_of(tmp_path, b"frames"))
    target = file_of(tmp_path, b"old", "out")
    assert store.get(KEY, target).read_bytes() == b"frames"
    assert store.get(KEY, target).read_bytes() == b"frames"


def test_presence_usage_and_deletion(store: ChunkStore, tmp_path: Path) -> None:
    store.put(KEY, file_of(tmp_path, b"123"))
    store.put(OTHER, file_of(tmp_path, b"45"))
    missing = "ef" * 32
    assert store.present([KEY, missing, OTHER]) == {KEY, OTHER}
    assert store.usage() == Usage(entries=2, bytes=5)
    held = store.get(KEY, tmp_path / "held")
    assert store.delete(KEY)
    assert not store.delete(KEY)
    assert held.read_bytes() == b"123"
    assert store.present([KEY, OTHER]) == {OTHER}
    assert store.usage() == Usage(entries=1, bytes=2)


def test_a_key_is_a_key(store: ChunkStore, tmp_path: Path) -> None:
    for bad in ("", "AB" * 32, "../" + "a" * 61, "a" * 63, "a" * 64 + "\n"):
        with pytest.raises(KinofarmError, match="CACHE-001"):
            store.put(bad, file_of(tmp_path, b"x"))
        with pytest.raises(KinofarmError, match="CACHE-001"):
            store.has(bad)


def test_a_missing_source_is_an_error_of_ours(store: ChunkStore, tmp_path: Path) -> None:
    with pytest.raises(KinofarmError, match="CACHE-004"):
        store.put(KEY, tmp_path / "gone.mp4")


def test_sweeping_an_orderly_store_finds_nothing(store: ChunkStore, tmp_path: Path) -> None:
    store.put(KEY, file_of(tmp_path, b"123"))
    assert store.sweep(older=0) == 0
    assert store.has(KEY)
