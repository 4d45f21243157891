"""The folder store: what is true of folders only."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from infra.cache.folder import FolderStore
from infra.errors import KinofarmError

KEY = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "cache")


def source(folder: Path) -> Path:
    file = folder / "chunk.mp4"
    file.write_bytes(b"frames")
    return file


def test_an_artefact_is_moved_in_and_linked_out_without_a_copy(store: FolderStore, tmp_path: Path) -> None:
    file = source(tmp_path)
    inode = file.stat().st_ino
    store.put(KEY, file, consume=True)
    assert not file.exists()
    assert store.get(KEY, tmp_path / "out.mp4").stat().st_ino == inode
    assert store.get(KEY, tmp_path / "own.mp4", link=False).stat().st_ino != inode


def test_an_artefact_is_read_only_and_a_copy_is_not(store: FolderStore, tmp_path: Path) -> None:
    store.put(KEY, source(tmp_path))
    assert store.get(KEY, tmp_path / "out.mp4").stat().st_mode & 0o222 == 0
    assert store.get(KEY, tmp_path / "own.mp4", link=False).stat().st_mode & 0o200


def test_what_dead_writers_left_is_swept_when_it_is_old(store: FolderStore, tmp_path: Path) -> None:
    store.put(KEY, source(tmp_path))
    left = tmp_path / "cache" / "incoming" / f"{KEY}.dead"
    left.write_bytes(b"half")
    assert store.sweep() == 0
    time.sleep(0.02)
    assert store.sweep(older=0.01) == 1
    assert not left.exists()
    assert store.has(KEY)


def test_a_cache_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, no folder")
    with pytest.raises(KinofarmError, match="CACHE-004"):
        FolderStore(tmp_path / "cache").put(KEY, source(tmp_path))


def test_another_file_system_is_copied_from_and_to(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev or not os.access(memory, os.W_OK):
        pytest.skip("there is no second file system here")
    store = FolderStore(tmp_path / "cache")
    there = memory / f"kinofarm-test-{os.getpid()}.mp4"
    try:
        there.write_bytes(b"frames")
        store.put(KEY, there, consume=True)
        assert not there.exists()
        assert store.get(KEY, there).read_bytes() == b"frames"
    finally:
        there.unlink(missing_ok=True)
