"""From a project file to a checked project: what the check finds is named by its place in the project file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.compiler.order import Order, examine, read, warnings_of
from tasks.media.probe import probe
from tests.media_factory import MediaFactory
from tests.studio import clip, project, track


def source(folder: Path, media_factory: MediaFactory) -> None:
    """Lay a film of three seconds at 25 into the folder."""
    shutil.copy(media_factory.video(frames=75), folder / "a.mp4")


def order(folder: Path, written: dict[str, object]) -> Order:
    (folder / "p.json").write_text(json.dumps(written))
    return Order(project=str(folder / "p.json"))


def refusal(folder: Path, written: dict[str, object]) -> tuple[str, str]:
    wanted = order(folder, written)
    with pytest.raises(KinofarmError) as caught:
        examine(wanted, read(wanted), (), probe)
    return caught.value.code, caught.value.where


def test_a_finding_names_the_place_in_the_file_and_not_in_the_model(
    tmp_path: Path, media_factory: MediaFactory
) -> None:
    source(tmp_path, media_factory)

    def shot(name: str, start: float, end: float) -> dict[str, object]:
        return clip(name, start, end, source_path="a.mp4")

    overlap = project(track(shot("late", 1, 3), shot("early", 0, 2)))
    assert refusal(tmp_path, overlap) == ("CHECK-014", "tracks[0].clips[0]")
    beyond = project(track(shot("b", 2, 3), shot("a", 0, 1)), timeline={"duration": 2})
    assert refusal(tmp_path, beyond) == ("CHECK-002", "tracks[0].clips[0].end_time")
    long = project(track(shot("b", 5, 9), shot("a", 0, 1)))
    assert refusal(tmp_path, long) == ("CHECK-007", "tracks[0].clips[0].end_time")
    missing = project(track(clip("b", 5, 9, source_path="gone.mp4"), shot("a", 0, 1)))
    assert refusal(tmp_path, missing) == ("PATH-001", "tracks[0].clips[0].source_path")
    grain = {"id": "g", "effect_type": "FilmGrain", "parameters": {"intensity": 5}}
    rough = project(track(shot("a", 0, 1)), track({**shot("b", 0, 1), "effects": ["g"]}), effects=[grain])
    assert refusal(tmp_path, rough) == ("CHECK-010", "effects[0].parameters.intensity")


def test_warnings_of_the_check_name_the_place_in_the_file(tmp_path: Path, media_factory: MediaFactory) -> None:
    source(tmp_path, media_factory)
    wanted = order(
        tmp_path,
        project(
            track(clip("b", 1, 2, source_path="a.mp4", source_start=1), clip("a", 0, 1, source_path="a.mp4")),
            transitions=[
                {"transition_type": "Fade", "enabled": False},
                {"transition_type": "Fade", "duration": 0.2, "from_clip_id": "a", "to_clip_id": "b"},
            ],
        ),
    )
    found = read(wanted)
    (warning,) = warnings_of(found, examine(wanted, found, (), probe))
    assert (warning["code"], warning["where"]) == ("CHECK-903", "transitions[1]")
