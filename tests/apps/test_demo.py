"""The demo's project: made once, the same everywhere, and a film that shows what the farm can do."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import pytest

from apps.demo import make_project
from apps.demo.scenes import SCENES


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("demo"))


def test_a_second_call_draws_nothing(demo: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in demo.parent.rglob("*")}
    assert make_project(demo.parent) == demo
    assert {path: path.stat().st_mtime_ns for path in demo.parent.rglob("*")} == before


def test_every_clip_lies_within_its_source(demo: Path) -> None:
    project = json.loads(demo.read_text())
    for track in project["tracks"]:
        for clip in track["clips"]:
            if clip["source"] == "Generated":
                continue
            with av.open(str(demo.parent / clip["source"]["File"])) as file:
                assert file.duration is not None
                assert Fraction(repr(clip["source_end"])) <= Fraction(file.duration, av.time_base), clip["id"]


def test_pictures_are_h264_with_sound(demo: Path) -> None:
    files = list((demo.parent / "media").iterdir())
    assert len(files) == len(SCENES)
    for path in files:
        with av.open(str(path)) as file:
            assert len(file.streams.audio) == 1
            assert [stream.codec_context.name for stream in file.streams.video] in (["h264"], [])


def test_times_fall_on_whole_frames(demo: Path) -> None:
    project = json.loads(demo.read_text())
    rate = project["timeline"]["fps"]
    times = [
        clip[edge] for track in project["tracks"] for clip in track["clips"] for edge in ("start_time", "end_time")
    ]
    times += [transition["start_time"] for transition in project["transitions"]]
    assert all(round(time * rate, 6) == round(time * rate) for time in times)
