"""Publishing: the whole file or none, and nothing that the project needs is overwritten."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import psutil
import pytest

from infra.errors import KinofarmError
from tasks.filesystem import publish as publishing
from tasks.filesystem.owner import mark
from tasks.filesystem.publish import check_target, publish, put_in_place, staged


def code_of(call: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(KinofarmError) as caught:
        call(*args, **kwargs)  # type: ignore[operator]
    return caught.value.code


def test_a_film_and_its_manifest_appear_whole(tmp_path: Path) -> None:
    film, target = tmp_path / "scratch.mp4", tmp_path / "out" / "deep" / "film.mp4"
    film.write_bytes(b"new film")
    publish(film, target, {target.with_suffix(".manifest.json"): b"{}\n"})
    assert target.read_bytes() == b"new film"
    assert sorted(file.name for file in target.parent.iterdir()) == ["film.manifest.json", "film.mp4"]


def test_what_was_there_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    film, target = tmp_path / "scratch.mp4", tmp_path / "film.mp4"
    film.write_bytes(b"new")
    target.write_bytes(b"old")
    target.chmod(0o640)
    publish(film, target)
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_new_file_gets_the_permissions_that_the_user_gives_new_files(tmp_path: Path) -> None:
    (tmp_path / "scratch.mp4").write_bytes(b"new")
    before = os.umask(0o027)
    try:
        publish(tmp_path / "scratch.mp4", tmp_path / "film.mp4")
    finally:
        os.umask(before)
    assert (tmp_path / "film.mp4").stat().st_mode & 0o777 == 0o640


def test_a_reader_that_has_the_old_file_open_keeps_it(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    target.write_bytes(b"old")
    with target.open("rb") as reader:
        (tmp_path / "scratch.mp4").write_bytes(b"new")
        publish(tmp_path / "scratch.mp4", target)
        assert reader.read() == b"old"


def test_a_failure_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "made" / "film.mp4"

    def write() -> None:
        with staged(target) as hidden:
            hidden.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_that_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"

    def write() -> None:
        with staged(target) as hidden:
            hidden.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    assert code_of(write) == "PUBLISH-005"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/shm").is_dir() or os.geteuid() != 0, reason="needs a small file system of its own")
def test_a_file_system_that_is_really_full_leaves_nothing_behind(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(shutil.disk_usage("/dev/shm").free + 2**20)
    folder = Path("/dev/shm") / f"kinofarm-{os.getpid()}"
    try:
        assert code_of(check_target, folder / "film.mp4", need=film.stat().st_size) == "PUBLISH-004"
        assert not folder.exists()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_project_and_its_sources_are_never_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_bytes(b"s")
    (tmp_path / "hard.mp4").hardlink_to(source)
    (tmp_path / "soft.mp4").symlink_to(source)
    for name in ("source.mp4", "hard.mp4", "soft.mp4", "x/../source.mp4"):
        assert code_of(check_target, tmp_path / name, keep=[source]) == "PUBLISH-001"
    assert check_target(tmp_path / "other.mp4", keep=[source]) == (tmp_path / "other.mp4").resolve()


def test_a_folder_and_a_device_are_no_place_for_a_film(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert code_of(check_target, tmp_path) == "PUBLISH-002"
    assert code_of(check_target, Path("/dev/null")) == "PUBLISH-002"
    assert code_of(check_target, tmp_path / "file" / "film.mp4") == "PUBLISH-002"


def test_checking_a_place_makes_no_folder(tmp_path: Path) -> None:
    assert check_target(tmp_path / "a" / "b" / "film.mp4").name == "film.mp4"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written_to_says_so(tmp_path: Path) -> None:
    for mode in (0o500, 0o000):
        tmp_path.chmod(mode)
        try:
            assert code_of(check_target, tmp_path / "film.mp4") == "PUBLISH-003"
            assert code_of(check_target, tmp_path / "deeper" / "film.mp4") == "PUBLISH-003"
        finally:
            tmp_path.chmod(0o700)


def test_too_little_space_is_said_before_anything_is_rendered(tmp_path: Path) -> None:
    assert code_of(check_target, tmp_path / "film.mp4", need=shutil.disk_usage(tmp_path).free) == "PUBLISH-004"


def test_nothing_is_put_in_place_when_one_of_the_places_is_taken(tmp_path: Path) -> None:
    film, manifest = tmp_path / "film.mp4", tmp_path / "film.manifest.json"
    film.mkdir()  # in the way, so that the film's rename fails
    with staged(manifest) as one, staged(film) as other:
        one.write_bytes(b"{}")
        assert code_of(put_in_place, [(one, manifest), (other, film)]) == "PUBLISH-002"
    assert not manifest.exists()
    assert not list(tmp_path.glob(f"{publishing._HIDDEN}*"))


def test_what_a_killed_process_left_beside_a_film_goes_with_the_next_one(tmp_path: Path) -> None:
    machine, gone = mark().partition("-")[0], max(psutil.pids()) + 100_000
    left = tmp_path / f".kinofarm-{machine}-{gone}-1700000000-0123456789abcdef.mp4"
    another = tmp_path / f".kinofarm-0123abcd-{gone}-1700000000-0123456789abcdef.mp4"
    for file in (left, another, tmp_path / "finished.mp4"):
        file.write_bytes(b"film")
    publish(tmp_path / "finished.mp4", tmp_path / "film.mp4")
    assert not left.exists()
    assert another.exists()
