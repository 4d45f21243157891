"""Where a project's paths may lead."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.filesystem.roots import MediaRoots


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "media").mkdir(parents=True)
    (folder / "media" / "a.mp4").write_bytes(b"a")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.mp4").write_bytes(b"b")
    return folder


def refused(roots: MediaRoots, text: str) -> str:
    with pytest.raises(KinofarmError) as caught:
        roots.resolve(text, "tracks[0].clips[0].source.path")
    assert caught.value.where == "tracks[0].clips[0].source.path"
    assert caught.value.hint
    return caught.value.code


def test_a_relative_path_starts_at_the_project_file(project: Path) -> None:
    assert MediaRoots(project).resolve("media/a.mp4") == (project / "media" / "a.mp4").resolve()


def test_an_absolute_path_inside_a_root_is_fine(project: Path) -> None:
    assert MediaRoots(project).resolve(str(project / "media" / "a.mp4")).name == "a.mp4"


def test_an_extra_root_opens_another_folder(project: Path, tmp_path: Path) -> None:
    assert refused(MediaRoots(project), "../outside/b.mp4") == "PATH-002"
    roots = MediaRoots(project, [tmp_path / "outside"])
    assert roots.resolve("../outside/b.mp4") == (tmp_path / "outside" / "b.mp4").resolve()


def test_a_relative_path_that_leads_to_nothing_starts_at_the_next_root(project: Path, tmp_path: Path) -> None:
    farm = tmp_path / "farm" / "media"
    farm.mkdir(parents=True)
    for name in ("a.mp4", "c.mp4"):
        (farm / name).write_bytes(b"of the farm")
    roots = MediaRoots(project, [tmp_path / "outside", tmp_path / "farm"])
    assert roots.resolve("media/c.mp4") == (farm / "c.mp4").resolve()
    assert roots.resolve("b.mp4") == (tmp_path / "outside" / "b.mp4").resolve()
    assert roots.resolve("media/a.mp4").read_bytes() == b"a", "the project's own goes first"
    assert refused(roots, "media/none.mp4") == "PATH-001"
    (tmp_path / "secret").write_bytes(b"secret")
    assert refused(roots, "../secret") == "PATH-002"
    (farm / "out.mp4").symlink_to(tmp_path / "secret")
    assert refused(roots, "media/out.mp4") in ("PATH-002", "PATH-003")


def test_a_folder_whose_name_begins_like_a_root_is_outside(project: Path, tmp_path: Path) -> None:
    (tmp_path / "project-2").mkdir()
    (tmp_path / "project-2" / "c.mp4").write_bytes(b"c")
    assert refused(MediaRoots(project), str(tmp_path / "project-2" / "c.mp4")) == "PATH-002"


def test_a_missing_file_has_its_own_code_but_outside_nothing_is_told(project: Path) -> None:
    assert refused(MediaRoots(project), "media/none.mp4") == "PATH-001"
    assert refused(MediaRoots(project), "/etc/none.mp4") == "PATH-002"


def test_a_link_inside_is_followed_and_a_link_out_is_refused(project: Path, tmp_path: Path) -> None:
    (project / "in.mp4").symlink_to("media/a.mp4")
    (project / "out.mp4").symlink_to(tmp_path / "outside" / "b.mp4")
    (project / "folder").symlink_to(tmp_path / "outside")
    assert MediaRoots(project).resolve("in.mp4").name == "a.mp4"
    assert refused(MediaRoots(project), "out.mp4") == "PATH-003"
    assert refused(MediaRoots(project), "folder/b.mp4") == "PATH-003"


def test_links_in_a_circle_are_a_missing_file(project: Path) -> None:
    (project / "x.mp4").symlink_to("y.mp4")
    (project / "y.mp4").symlink_to("x.mp4")
    assert refused(MediaRoots(project), "x.mp4") == "PATH-001"


def test_a_root_that_is_itself_a_link_holds_what_it_leads_to(project: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(project)
    assert MediaRoots(tmp_path / "alias").resolve("media/a.mp4").is_relative_to(project.resolve())


@pytest.mark.parametrize(
    "text",
    [
        "http://example.org/a.mp4", "https://example.org/a.mp4", "concat:a.mp4|b.mp4", "file:media/a.mp4", "FILE:///etc/passwd",
        "pipe:0", "data:video/mp4;base64,AAAA", "subfile,,start,0,end,10,,:media/a.mp4", "async:cache:media/a.mp4", "rtsp+tls:x",
    ],
)  # fmt: skip
def test_an_address_or_a_protocol_prefix_is_refused(project: Path, text: str) -> None:
    assert refused(MediaRoots(project), text) == "PATH-004"


@pytest.mark.parametrize("text", ["", "  ", "a\0b.mp4", "a\nb.mp4", "a\x85b.mp4", "\ud800.mp4", "x" * 5000])
def test_what_cannot_be_a_path_is_refused(project: Path, text: str) -> None:
    assert refused(MediaRoots(project), text) == "PATH-005"


@pytest.mark.skipif(os.name == "nt", reason="there these are paths")
@pytest.mark.parametrize("text", [r"C:\media\a.mp4", "d:/media/a.mp4", r"\\server\share\a.mp4"])
def test_a_windows_path_says_so(project: Path, text: str) -> None:
    assert refused(MediaRoots(project), text) == "PATH-009"


def test_a_folder_a_pipe_a_socket_and_a_device_are_no_files(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(MediaRoots(project), "media") == "PATH-006"
    os.mkfifo(project / "fifo.mp4")
    assert refused(MediaRoots(project), "fifo.mp4") == "PATH-007"
    monkeypatch.chdir(project)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.mp4")
        assert refused(MediaRoots(project), "s.mp4") == "PATH-007"
    assert refused(MediaRoots(project, [Path("/dev")]), "/dev/null") == "PATH-007"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_says_so(project: Path) -> None:
    (project / "media" / "a.mp4").chmod(0)
    assert refused(MediaRoots(project), "media/a.mp4") == "PATH-008"


def test_names_that_look_like_patterns_are_literal(project: Path) -> None:
    for name in ("take%d.png", "take*.png", "take[1].png", "~", "$HOME", "a,b;c'd.png", "Folge 1: Anfang.mp4"):
        (project / name).write_bytes(b"x")
        assert MediaRoots(project).resolve(name).name == name


def test_a_colon_in_a_name_is_written_with_a_dot_before_it(project: Path) -> None:
    (project / "take:1.mp4").write_bytes(b"x")
    assert refused(MediaRoots(project), "take:1.mp4") == "PATH-004"
    assert MediaRoots(project).resolve("./take:1.mp4").name == "take:1.mp4"
