"""Bundles: media come along, and an archive can neither lead out of its folder nor fill the disk."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.compiler.load import load
from tests.tasks.compiler.imports.interchange.cuts import film, row, shot

TIMELINE = film(row(shot("a", file="media/a.mp4"))).to_json_string()


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("content.otio", TIMELINE)
        for name, data in members.items():
            made.writestr(f"media/{name}", data)
    return path


def refusal(path: Path, into: Path) -> str:
    with pytest.raises(KinofarmError) as caught:
        load(path, into)
    assert not into.exists() or list(into.iterdir()) == []
    return caught.value.code


def test_an_archives_media_are_unpacked_once_by_its_content(tmp_path: Path) -> None:
    path = archive(tmp_path / "film.otioz", **{"a.mp4": b"picture"})
    first = load(path, tmp_path / "bundles")
    assert (first.base / "media/a.mp4").read_bytes() == b"picture"
    assert first.base.parent == (tmp_path / "bundles").resolve()
    moved = path.rename(tmp_path / "moved.otioz")
    before = (first.base / "media/a.mp4").stat().st_mtime_ns
    again = load(moved, tmp_path / "bundles")
    assert (again.base, (again.base / "media/a.mp4").stat().st_mtime_ns) == (first.base, before)


def test_an_archive_with_media_needs_a_place_and_one_without_does_not(tmp_path: Path) -> None:
    with pytest.raises(KinofarmError) as caught:
        load(archive(tmp_path / "film.otioz", **{"a.mp4": b"x"}))
    assert caught.value.code == "FORMAT-075"
    assert load(archive(tmp_path / "bare.otioz")).base == tmp_path.resolve()


def test_a_folders_media_paths_start_at_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "film.otiod"
    (folder / "media").mkdir(parents=True)
    (folder / "content.otio").write_text(TIMELINE)
    assert load(folder).base == folder.resolve()
    with pytest.raises(KinofarmError) as caught:
        load(tmp_path / "none.otiod")
    assert caught.value.code == "FORMAT-001"


@pytest.mark.parametrize("name", ["media/../../evil", "/etc/evil", "media\\..\\evil", "media/c:evil"])
def test_a_name_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "film.otioz", **{"a.mp4": b"x"})
    with zipfile.ZipFile(path, "a") as made:
        made.writestr(name, b"x")
    assert refusal(path, tmp_path / "bundles") == "FORMAT-073"


def test_links_and_twins_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "link.otioz", **{"a.mp4": b"x"})
    link = zipfile.ZipInfo("media/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as made:
        made.writestr(link, "/etc/passwd")
    assert refusal(path, tmp_path / "bundles") == "FORMAT-073"
    path = archive(tmp_path / "twins.otioz", **{"a.mp4": b"x", "A.mp4": b"y"})
    assert refusal(path, tmp_path / "bundles") == "FORMAT-073"


def test_a_member_that_grows_out_of_all_proportion_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "film.otioz", **{"a.mp4": b"x"})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr("media/zeros.mov", bytes(4_000_000))
    assert refusal(path, tmp_path / "bundles") == "FORMAT-074"


def test_a_member_that_claims_to_be_smaller_than_it_is_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "film.otioz", **{"a.mp4": b"0123456789" * 100})
    data = path.read_bytes()
    central = data.rindex(b"PK\x01\x02")
    path.write_bytes(data[: central + 24] + (5).to_bytes(4, "little") + data[central + 28 :])
    assert refusal(path, tmp_path / "bundles") in {"FORMAT-073", "FORMAT-074"}


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_archive_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "film.otioz").write_bytes(data)
    assert refusal(tmp_path / "film.otioz", tmp_path / "bundles") == "FORMAT-073"
