"""Bad input: each kind has its own code and a hint, the exit code is not 0, and nothing is written or contacted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import Document, media_clip, timeline, track, written
from tests.media_factory import MediaFactory


def _one(clip: Document, **more: Any) -> Document:
    return timeline(50, track("V", clip), **more)


def _missing(desk: Path, media: Path) -> Document:
    return _one(media_clip("nowhere.mp4", 0, 50))


def _truncated(desk: Path, media: Path) -> Document:
    (desk / "half.mp4").write_bytes(media.read_bytes()[: media.stat().st_size // 2])
    return _one(media_clip("half.mp4", 0, 50))


def _no_media(desk: Path, media: Path) -> Document:
    (desk / "letter.mp4").write_text("Dear farm, this is a letter.\n" * 100)
    return _one(media_clip("letter.mp4", 0, 50))


def _past_the_end(desk: Path, media: Path) -> Document:
    (desk / "short.mp4").write_bytes(media.read_bytes())
    return timeline(500, track("V", media_clip("short.mp4", 0, 500)))


def _overlapping(desk: Path, media: Path) -> Document:
    (desk / "a.mp4").write_bytes(media.read_bytes())
    return timeline(50, track("V", media_clip("a.mp4", 0, 30, id="a"), media_clip("a.mp4", 20, 50, id="b")))


def _negative(desk: Path, media: Path) -> Document:
    (desk / "a.mp4").write_bytes(media.read_bytes())
    return _studio("a.mp4", start_time=-2.0, end_time=1.0)


def _empty(desk: Path, media: Path) -> Document:
    document = _studio("a.mp4")
    document["timeline"]["duration"] = 0
    return document


def _unknown_effect(desk: Path, media: Path) -> Document:
    (desk / "a.mp4").write_bytes(media.read_bytes())
    return _one(media_clip("a.mp4", 0, 50, effects=[{"kind": "turn-into-gold"}]))


def _outside(desk: Path, media: Path) -> Document:
    return _one(media_clip("../../etc/hostname", 0, 50))


def _symlink(desk: Path, media: Path) -> Document:
    (desk / "link.mp4").symlink_to(media)
    return _one(media_clip("link.mp4", 0, 50))


def _playlist(desk: Path, media: Path) -> Document:
    (desk / "list.mp4").write_text("#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
    return _one(media_clip("list.mp4", 0, 50))


def _address(text: str) -> Callable[[Path, Path], Document]:
    return lambda desk, media: _one(media_clip(text, 0, 50))


def _writing_arguments(desk: Path, media: Path) -> Document:
    (desk / "a.mp4").write_bytes(media.read_bytes())
    document = _one(media_clip("a.mp4", 0, 50))
    document["export"]["ffmpeg_args"] = ["-vstats_file", str(desk / "written.log")]
    return document


def _studio(path: str, **clip: Any) -> Document:
    """A Timeline Studio project of one clip."""
    found = {"id": "c", "source_path": path, "start_time": 0.0, "end_time": 2.0, **clip}
    tracks = [{"id": "V", "track_type": "Video", "clips": [found]}]
    settings = {"duration": 2.0, "fps": 25, "resolution": [320, 180]}
    return {"version": "1.0.0", "metadata": {"name": "bad"}, "timeline": settings, "tracks": tracks}


CASES: dict[str, tuple[Callable[[Path, Path], Document], str]] = {
    "missing file": (_missing, "PATH-001"),
    "truncated media": (_truncated, "MEDIA-002"),
    "not a media file": (_no_media, "MEDIA-001"),
    "clip past the end of its source": (_past_the_end, "CHECK-007"),
    "overlapping clips on a track": (_overlapping, "CHECK-014"),
    "negative time": (_negative, "FORMAT-023"),
    "zero-length timeline": (_empty, "FORMAT-024"),
    "unknown effect": (_unknown_effect, "CHECK-009"),
    "a path out of every media root": (_outside, "PATH-002"),
    "a symlink out": (_symlink, "PATH-003"),
    "a playlist named .mp4": (_playlist, "SECURITY-001"),
    "a URL": (_address("https://example.org/a.mp4"), "PATH-004"),
    "an ffmpeg_args that writes a file": (_writing_arguments, "SECURITY-003"),
}
"""Each kind has a code of its own."""

ADDRESSES = ("concat:a.mp4|b.mp4", "file:/etc/hostname", "http://127.0.0.1:1/a.mp4", "data:video/mp4;base64,AAAA")


@pytest.fixture
def lonely(tmp_path: Path) -> Kinofarm:
    """Kinofarm without a farm: a render that is refused must not start one."""
    return Kinofarm(tmp_path / "home")


@pytest.fixture
def media(media_factory: MediaFactory) -> Path:
    return media_factory.video(50)


def _refused(lonely: Kinofarm, desk: Path, project: Path) -> dict[str, str]:
    """Render, expect a refusal that leaves everything as it was, and return the error."""
    before = sorted(desk.rglob("*"))
    answer = lonely.run("render", project, "-o", desk / "out" / "film.mp4", "--json")
    assert answer.code not in (0, 1), answer.err
    error: dict[str, str] = answer.document["error"]
    assert error["code"] in answer.err
    assert error["message"]
    assert error["hint"]
    assert sorted(desk.rglob("*")) == before, "something was written"
    assert not (lonely.home / "postgres").exists(), "a farm was started"
    assert lonely.processes() == []
    return error


@pytest.mark.parametrize("case", CASES)
def test_is_refused(lonely: Kinofarm, desk: Path, media: Path, case: str) -> None:
    build, code = CASES[case]
    assert _refused(lonely, desk, written(desk / "project.json", build(desk, media)))["code"] == code


def test_each_kind_has_a_code_of_its_own() -> None:
    assert len({code for _, code in CASES.values()}) == len(CASES)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_no_file(lonely: Kinofarm, desk: Path, media: Path, address: str) -> None:
    project = written(desk / "project.json", _address(address)(desk, media))
    assert _refused(lonely, desk, project)["code"] == "PATH-004"


@pytest.mark.parametrize("time", ["NaN", "Infinity", "1e999"])
def test_a_time_that_is_no_number_is_refused(lonely: Kinofarm, desk: Path, time: str) -> None:
    text = json.dumps(_studio("a.mp4")).replace("2.0", time)
    project = desk / "project.json"
    project.write_text(text)
    assert _refused(lonely, desk, project)["code"].startswith("FORMAT-")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_ten_megabytes_of_nested_json_are_refused(lonely: Kinofarm, desk: Path, opening: str, closing: str) -> None:
    depth = 10 * 2**20 // len(opening + closing)
    project = desk / "project.json"
    project.write_text(opening * depth + ("1" if closing == "}" else "") + closing * depth)
    assert _refused(lonely, desk, project)["code"].startswith("FORMAT-")


def test_an_error_names_its_place_in_the_file(lonely: Kinofarm, desk: Path, media: Path) -> None:
    (desk / "a.mp4").write_bytes(media.read_bytes())
    clips = [media_clip("a.mp4", 0, 10), media_clip("a.mp4", 10, 20), media_clip("gone.mp4", 20, 30)]
    project = written(desk / "project.json", timeline(50, track("A"), track("V", *clips)))
    assert _refused(lonely, desk, project)["where"].startswith("tracks[1].clips[2]")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_that_cannot_be_written_is_refused_first(lonely: Kinofarm, desk: Path, media: Path) -> None:
    (desk / "a.mp4").write_bytes(media.read_bytes())
    project = written(desk / "project.json", _one(media_clip("a.mp4", 0, 50)))
    answer = lonely.run("render", project, "-o", "/proc/film.mp4", "--json")
    assert answer.code == 3
    assert answer.error.startswith("PUBLISH-")
