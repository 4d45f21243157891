"""Which files of a watched folder are looked at, and when one is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.watch.keeping import file_system
from apps.watch.looking import Settling, being_written, files
from infra.jobs.arrivals import Sighting

SUFFIXES = (".mov", ".json")


def laid(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_projects_and_media_are_looked_at_and_nothing_unfinished_hidden_or_empty(tmp_path: Path) -> None:
    laid(tmp_path, "a.mov", "B.MOV", "p.json", "deep/er/c.mov")
    laid(tmp_path, ".a.mov", "~$p.json", "._a.mov", "a.mov.part", "a.mov.crdownload", "a.mov~", "a.tmp", ".git/a.mov")
    laid(tmp_path, "a.mov.report.json", "film.manifest.json", "a.txt", "done/d.mov")
    (tmp_path / "empty.mov").touch()
    (tmp_path / "link.mov").symlink_to(tmp_path / "a.mov")
    (tmp_path / "folder.mov").mkdir()
    os.mkfifo(tmp_path / "pipe.mov")
    found = files(tmp_path, (), SUFFIXES, True, [tmp_path / "done"])
    assert sorted(found) == ["B.MOV", "a.mov", "deep/er/c.mov", "p.json"]
    assert sorted(files(tmp_path, (), SUFFIXES, False)) == ["B.MOV", "a.mov", "p.json"]


def test_a_file_of_any_time_is_seen_and_seen_to_change(tmp_path: Path) -> None:
    laid(tmp_path, "a.mov")
    seen = set()
    for seconds in (10_500_000_000, 10_500_000_001, -12_000_000_000):
        os.utime(tmp_path / "a.mov", (seconds, seconds))
        seen.add(files(tmp_path, (), SUFFIXES, True)["a.mov"].modified_ns)
    assert len(seen) == 3
    assert all(-(2**63) <= modified < 2**63 for modified in seen), "as the database has it"


def test_patterns_stand_for_suffixes(tmp_path: Path) -> None:
    laid(tmp_path, "a.mov", "b.mov", "c.txt", "c.txt.part")
    assert sorted(files(tmp_path, ["b.*", "*.TXT"], SUFFIXES, True)) == ["b.mov", "c.txt"]


def test_names_that_are_no_unicode_are_left_alone(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"\xff.mov")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert files(tmp_path, (), SUFFIXES, True) == {}


def test_a_folder_that_is_not_there_is_an_error_and_not_empty(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files(tmp_path / "gone", (), SUFFIXES, True)


def one(size: int, modified: int = 1) -> dict[str, Sighting]:
    return {"a": Sighting(name="a", size=size, modified_ns=modified)}


def test_a_file_is_whole_once_it_was_found_unchanged_so_many_times() -> None:
    settling = Settling(3)
    grows = [settling.look(one(size)) for size in (1, 2, 3, 3)]
    assert grows == [(), (), (), ()]
    assert settling.unsettled
    assert settling.look(one(3)) == (one(3)["a"],)
    assert not settling.unsettled
    assert settling.look(one(3, modified=2)) == ()  # touched: from the beginning
    settling.look({})  # gone, and back: from the beginning
    assert settling.look(one(3, modified=2)) == ()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Path]:
    """A file that another process has open for writing."""
    file = tmp_path / "open.mov"
    code = "import sys; handle = open(sys.argv[1], 'wb'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        yield file
        process.stdin.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")
def test_a_file_that_a_process_has_open_for_writing_is_not_whole(writer: Path, tmp_path: Path) -> None:
    read = tmp_path / "read.mov"
    read.write_bytes(b"x")
    with read.open("rb"):
        assert being_written([writer, read, tmp_path / "gone.mov"]) == {writer}
    assert being_written([]) == frozenset()


def test_the_nearest_mount_tells_the_file_system() -> None:
    mounted = [("/", "ext4"), ("/mnt/share", "nfs4"), ("/mnt/share/local", "xfs")]
    assert file_system(Path("/mnt/share/in"), mounted) == "nfs4"
    assert file_system(Path("/mnt/share/local/in"), mounted) == "xfs"
    assert file_system(Path("/mnt/shared"), mounted) == "ext4"
