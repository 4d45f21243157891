"""Relinking: found by name, by length, or standing in; what is too short is repeated to the frame."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from apps.cli.main import main
from infra.errors import KinofarmError
from tasks.compiler.imports.interchange.writing import to_otio
from tasks.compiler.load import load
from tasks.compiler.model import MediaSource, Timeline
from tasks.compiler.relinking.passes import Edges, lengths
from tasks.compiler.relinking.relink import Relinked, rebased, relink
from tasks.filesystem.roots import MediaRoots
from tasks.media.facts import MediaFacts
from tasks.media.remembered import quick_look
from tests.tasks.compiler.films import Studio, clip, counted, join, near, recorded, timeline, track
from tests.tasks.compiler.imports.interchange.test_adapters import timelines as timelines


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Shot.mkv of 30 frames, long.mp4 of 60, and tone.wav of two seconds."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "deep").mkdir()
    counted(folder / "deep" / "Shot.mkv", 30)
    counted(folder / "long.mp4", 60)
    recorded(folder / "tone.wav", np.zeros((2, 96_000), np.float32), codec="pcm_s16le")
    (folder / "notes.txt").write_text("no media")
    return folder


def relinked(film: Timeline, shelf: Path, base: Path, loop: bool = False) -> Relinked:
    return relink(
        film, MediaRoots(base), shelf, quick_look, loop=loop, written=lambda path: str(path.relative_to(shelf))
    )


def files(done: Relinked) -> list[tuple[str, str]]:
    return [(found.how, Path(found.file).name) for found in done.found]


def codes(done: Relinked) -> list[str]:
    return [warning.code for warning in done.warnings]


def media(path: str, **more: Any) -> dict[str, Any]:
    return {"source": {"kind": "media", "path": path, **more}}


def test_files_are_found_by_name_in_any_case_and_folder(shelf: Path, tmp_path: Path) -> None:
    film = timeline(
        track(
            clip("a", "D:\\cut\\SHOT.mov", 0, 10),
            clip("b", "", 10, 20, **media("gone", offline=True)) | {"name": "shot.mp4"},
            clip("c", "other.mp4", 20, 30),
        ),
        duration=30,
    )
    done = relinked(film, shelf, tmp_path)
    assert files(done) == [("name", "Shot.mkv"), ("name", "Shot.mkv"), ("not found", "")]
    assert codes(done) == ["FORMAT-126"]
    assert [one.source.path for one in done.timeline.tracks[0].clips] == ["deep/Shot.mkv", "deep/Shot.mkv", "other.mp4"]  # type: ignore[union-attr]


def test_files_are_found_by_the_length_that_is_told_of_them(shelf: Path, tmp_path: Path) -> None:
    film = timeline(track(clip("a", "", 0, 10, **media("gone.mov", length="2.4"))), duration=10)
    assert files(relinked(film, shelf, tmp_path)) == [("length", "long.mp4")]


def test_what_is_there_stays_as_it_is(shelf: Path) -> None:
    film = timeline(track(clip("a", "long.mp4", 0, 10)), duration=10)
    assert relinked(film, shelf, shelf) == Relinked(timeline=film, found=(), warnings=())


def test_timecodes_count_from_the_earliest_moment_used(shelf: Path, tmp_path: Path) -> None:
    clips = [clip(name, "", at, at + 5, **media("shot", timecode=None), source_start=begin)
             for name, at, begin in (("a", 0, 3601), ("b", 5, "3600.2"))]  # fmt: skip
    done = relinked(timeline(track(*clips), duration=10), shelf, tmp_path)
    assert [one.source_start for one in done.timeline.tracks[0].clips] == [Fraction(4, 5), 0]


def test_a_short_file_is_told_and_with_loop_repeated_to_the_frame(shelf: Path, tmp_path: Path, studio: Studio) -> None:
    film = timeline(track(clip("a", "shot.mp4", 0, 75, source_start="0.4")), duration=75)
    assert codes(relinked(film, shelf, tmp_path)) == ["FORMAT-129"]
    done = relinked(film, shelf, tmp_path, loop=True)
    assert codes(done) == ["FORMAT-130"]
    studio.source("deep", lambda path: path.symlink_to(shelf / "deep"))
    counted_file = studio.counted("Shot30.mkv", 30)
    text = done.timeline.model_dump_json().replace("deep/Shot.mkv", counted_file)
    wanted = [*range(10, 30), *range(30), *range(25)]
    assert near(studio.numbers(Timeline.model_validate_json(text)), wanted)


def test_with_loop_anything_of_the_right_kind_stands_in(shelf: Path, tmp_path: Path) -> None:
    film = timeline(
        track(clip("a", "one.mp4", 0, 50), clip("b", "two.mp4", 50, 70)),
        track(clip("c", "one.mp4", 0, 60), kind="audio"),
        duration=70,
    )
    done = relinked(film, shelf, tmp_path, loop=True)
    assert files(done) == [("stand-in", "Shot.mkv"), ("stand-in", "long.mp4"), ("stand-in", "tone.wav")]
    assert codes(done) == ["FORMAT-127", "FORMAT-130", "FORMAT-127", "FORMAT-127", "FORMAT-130"]


def test_a_file_of_another_kind_is_told(shelf: Path, tmp_path: Path) -> None:
    film = timeline(track(clip("a", "shot.wav", 0, 10), kind="audio"), duration=10)
    done = relinked(film, shelf, tmp_path)
    assert (files(done), codes(done)) == ([("name", "Shot.mkv")], ["FORMAT-128"])


def test_transitions_keep_their_handles_in_repeated_files(shelf: Path, studio: Studio, tmp_path: Path) -> None:
    film = timeline(
        track(
            clip("a", "one.mp4", 0, 70),
            clip("b", "two.mp4", 70, 150, speed=2),
            clip("c", "shot.mp4", 150, 190),
            joins=[join("a", "b", 65, 76), join("b", "c", 145, 152)],
        ),
        duration=190,
    )
    done = relinked(film, shelf, tmp_path, loop=True)
    row = done.timeline.tracks[0]
    assert len(row.clips) > 5
    names = [one.id for one in row.clips]
    assert [(one.from_clip, one.to_clip) for one in row.transitions] == [
        (names[names.index("b") - 1], "b"),
        (names[names.index("c") - 1], "c"),
    ]
    check_in(done.timeline, shelf)


def check_in(film: Timeline, shelf: Path) -> None:
    from tasks.compiler.check import check

    check(film, MediaRoots(shelf), quick_look)


@given(
    st.integers(1, 500),
    st.integers(1, 60),
    st.integers(1, 60),
    st.builds(Edges, before=st.integers(0, 9), after=st.integers(0, 9), head=st.integers(0, 9), tail=st.integers(0, 9)),
)
def test_passes_cover_a_clip_once_and_keep_room_for_handles(frames: int, whole: int, first: int, edges: Edges) -> None:
    found = lengths(frames, whole, min(first, whole), edges)
    if found is None:
        return
    assert sum(found) == frames
    assert all(one > 0 for one in found)
    assert all(one <= whole for one in found)
    assert found[0] <= min(first, whole)
    assert found[-1] + edges.after <= (whole if len(found) > 1 else min(first, whole))
    if len(found) > 1:
        assert found[0] >= edges.head
        assert found[-1] >= edges.tail


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KinofarmError) as caught:
        relinked(timeline(duration=5), tmp_path / "none", tmp_path)
    assert caught.value.code == "CLI-020"


def test_the_commands_relink_and_export(
    shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINOFARM_HOME", str(tmp_path / "home"))
    film = timeline(track(clip("a", "shot.mp4", 0, 50)), duration=50)
    (tmp_path / "cut.otio").write_text(to_otio(film))
    assert main(["check", str(tmp_path / "cut.otio")]) == 3
    assert "kinofarm relink" in capsys.readouterr().err
    assert main(["relink", str(tmp_path / "cut.otio"), "--media", str(shelf), "--loop", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["how"] for one in told["clips"]] == ["name"]
    assert told["project"] == str(tmp_path / "cut.kinofarm.json")
    assert main(["check", told["project"], "--media-root", str(shelf)]) == 0
    assert main(["export", told["project"], "-o", str(tmp_path / "again.otio")]) == 0
    again, first = (load(tmp_path / name).timeline for name in ("again.otio", "cut.kinofarm.json"))
    assert [one.source_start for one in again.tracks[0].clips] == [one.source_start for one in first.tracks[0].clips]
    assert main(["export", told["project"], "-o", str(tmp_path / "again.mov")]) == 2
    assert main(["relink", told["project"], "--media", str(shelf), "-o", told["project"]]) == 3


def remembered(probe: Any) -> Any:
    seen: dict[Path, Any] = {}

    def look(path: Path) -> MediaFacts:
        if path not in seen:
            try:
                seen[path] = probe(path)
            except KinofarmError as error:
                seen[path] = error
        if isinstance(seen[path], KinofarmError):
            raise seen[path]
        found: MediaFacts = seen[path]
        return found

    return look


def test_all_real_timelines_relinked_to_real_media_pass_the_check(
    timelines: Path, real_media: Path, studio: Studio, tmp_path: Path
) -> None:
    from tasks.compiler.check import check
    from tasks.compiler.plan import plan

    probe = remembered(quick_look)
    roots = MediaRoots(tmp_path, [real_media])
    for path in sorted(timelines.iterdir()):
        done = relink(load(path).timeline, roots, real_media, probe, loop=True, written=str)
        assert "FORMAT-126" not in codes(done)
        checked = check(done.timeline, roots, probe)
        if path.suffix == ".otio":
            assert plan(checked, studio.way()).chunks


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["transition.otio", "dissolve_test.edl", "nested_example.otio", "premiere_example.xml"]
)
def test_real_timelines_relinked_to_real_media_render(
    name: str, timelines: Path, real_media: Path, studio: Studio, tmp_path: Path
) -> None:
    from tasks.compiler.check import check
    from tasks.compiler.plan import plan

    roots = MediaRoots(tmp_path, [real_media])
    film = load(timelines / name).timeline
    done = relink(film, roots, real_media, remembered(quick_look), loop=True, written=str).timeline
    small = done.model_copy(update={"size": done.size.model_copy(update={"width": 320, "height": 180})})
    found = plan(check(small, roots, remembered(studio.probe)), studio.way())
    assert sum(frames_in(studio.rendered(chunk.work)) for chunk in found.chunks) == film.duration


def frames_in(path: Path) -> int:
    import av

    with av.open(str(path)) as file:
        return sum(1 for _ in decoded(file))


def decoded(file: Any) -> Iterator[Any]:
    yield from file.decode(video=0)


def test_paths_are_rewritten_for_another_folder(tmp_path: Path) -> None:
    lut = {"kind": "lut", "parameters": {"file": "looks/a.cube"}}
    film = timeline(track(clip("a", "media/a.mp4", 0, 9, effects=[lut]), effects=[lut]), duration=9)
    assert rebased(film, tmp_path, tmp_path) == film
    moved = rebased(film, tmp_path, tmp_path / "cuts").tracks[0]
    made = moved.clips[0]
    assert isinstance(made.source, MediaSource)
    assert made.source.path == str(tmp_path / "media/a.mp4")
    assert [one.effects[0].parameters["file"] for one in (made, moved)] == [str(tmp_path / "looks/a.cube")] * 2
    inside = rebased(film, tmp_path / "old", tmp_path).tracks[0].clips[0].source
    assert isinstance(inside, MediaSource)
    assert inside.path == "old/media/a.mp4"
