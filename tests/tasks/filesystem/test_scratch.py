"""Scratch folders come and go with their attempts."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from infra.errors import KinofarmError
from tasks.filesystem.owner import mark
from tasks.filesystem.scratch import scratch, sweep


def test_a_scratch_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    with scratch(tmp_path / "home", "chunk") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "x.mp4").write_bytes(b"x")
        assert folder.stat().st_mode & 0o077 == 0
    assert list((tmp_path / "home").iterdir()) == []


def test_a_scratch_folder_goes_when_the_attempt_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch(tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_two_attempts_never_share_a_folder(tmp_path: Path) -> None:
    with scratch(tmp_path) as one, scratch(tmp_path) as other:
        assert one != other


def test_a_sweep_removes_what_dead_processes_left_and_nothing_else(tmp_path: Path) -> None:
    machine = mark().partition("-")[0]
    gone = max(psutil.pids()) + 100_000
    (tmp_path / f"attempt-{machine}-{gone}-1700000000-chunk-abc").mkdir()
    (tmp_path / f"attempt-{machine}-{os.getpid()}-1-recycled-abc").mkdir()
    (tmp_path / f"attempt-0123abcd-{gone}-1700000000-another-machine-abc").mkdir()
    (tmp_path / "someone-elses").mkdir()
    with scratch(tmp_path) as mine:
        assert sweep(tmp_path, older=3600) == 0
        assert sweep(tmp_path, older=0) == 2
        assert mine.is_dir()
    another = f"attempt-0123abcd-{gone}-1700000000-another-machine-abc"
    assert {folder.name for folder in tmp_path.iterdir()} == {"someone-elses", another}


def test_a_home_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    with pytest.raises(KinofarmError, match="PUBLISH-003"), scratch(tmp_path / "home"):
        pass
