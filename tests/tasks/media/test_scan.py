"""Scanning a folder: each file once, several at once, what is known not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.errors import KinofarmError
from infra.library.medium import MediumState
from tasks.media.numbered import Medium, medium_at
from tasks.media.scan import Progress, media_of, scan


@dataclass
class Remembered:
    size: int
    error: Mapping[str, Any] | None = None

    def holds(self, state: MediumState) -> bool:
        return state.size == self.size


def lying(files: list[Path]) -> list[Medium]:
    """The files as media, as they are."""
    return [medium_at(path) for path in files]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{number:02}.mov" for number in range(20)]
    for path in made:
        path.write_bytes(b"film")
    return made


def test_media_files_are_found_by_their_names_in_all_folders_but_not_through_links(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    for name in ("a.MOV", "notes.txt", ".hidden.mp4", "day 1/b.wav", "day 1/cover.HEIC", ".trash/c.mov"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (tmp_path / "outside.mov").touch()
    (folder / "link.mov").symlink_to(tmp_path / "outside.mov")
    (folder / "linked").symlink_to(tmp_path)
    assert {str(path.relative_to(folder)) for path, _, _ in media_of(folder)} == {
        "a.MOV",
        "day 1/b.wav",
        "day 1/cover.HEIC",
    }
    assert [path.name for path, _, _ in media_of(folder, recursive=False)] == ["a.MOV"]
    with pytest.raises(OSError):
        list(media_of(tmp_path / "none"))


def test_each_file_is_looked_into_once_and_so_many_at_once(files: list[Path]) -> None:
    seen: list[Path] = []
    at_work = most = 0
    lock = threading.Lock()

    def look(path: Path) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
            seen.append(path)
        time.sleep(0.01)
        with lock:
            at_work -= 1

    told: list[Progress] = []
    done = scan(lying(files), {}, look, at_once=4, tell=lambda progress: told.append(progress) or True)
    assert sorted(seen) == files
    assert most == 4
    assert done == Progress(found=20, done=20)
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert (told[0].done, told[-1]) == (0, done)


def test_what_is_known_is_not_looked_into_again_unless_it_changed(files: list[Path]) -> None:
    known = {str(path): Remembered(4) for path in files[:15]} | {str(files[15]): Remembered(4, {"code": "MEDIA-001"})}
    files[3].write_bytes(b"another film")
    seen: list[Path] = []
    done = scan(lying(files), known, seen.append, at_once=2, tell=lambda _: True)
    assert sorted(seen) == [files[3], *files[16:]]
    assert done == Progress(found=20, done=20, known=15, broken=1)


def test_a_file_with_an_error_is_counted_and_an_error_of_the_farms_ends_the_scan(files: list[Path]) -> None:
    def look(path: Path) -> None:
        if path == files[5]:
            raise KinofarmError("MEDIA-001", file=path.name, reason="of a test")

    assert scan(lying(files), {}, look, at_once=3, tell=lambda _: True).broken == 1

    def lost(path: Path) -> None:
        raise KinofarmError("DB-001", reason="of a test")

    with pytest.raises(KinofarmError) as caught:
        scan(lying(files), {}, lost, at_once=3, tell=lambda _: True)
    assert caught.value.code == "DB-001"


def test_a_scan_that_is_stopped_begins_no_further_file(files: list[Path]) -> None:
    seen: list[Path] = []

    def look(path: Path) -> None:
        seen.append(path)
        time.sleep(0.1)

    done = scan(lying(files), {}, look, at_once=2, tell=lambda progress: progress.done < 6)
    assert 6 <= len(seen) < 20, "it is asked twice a second"
    assert done.done == len(seen)
