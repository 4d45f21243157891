"""The door for project files: formats are told apart, and nothing but a KinofarmError ever comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from infra.errors import KinofarmError
from tasks.compiler.imports import json_text
from tasks.compiler.imports.imported import Imported
from tasks.compiler.load import Loaded, load, load_object
from tasks.compiler.model import Timeline
from tests.strategies import json_objects, mutated, studio_projects, timelines
from tests.studio import project

EXAMPLES = [
    json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[3] / "examples").glob("*.*"))
    if path.suffix in (".json", ".tlsp")
]
OWN = {"format": "kinofarm/1", "rate": 25, "size": {"width": 640, "height": 360}, "duration": 50}


def refusal(path: Path) -> str:
    with pytest.raises(KinofarmError) as caught:
        load(path)
    return caught.value.code


def test_a_loaded_project_knows_its_folder(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(project()))
    loaded = load(tmp_path / "p.json")
    assert isinstance(loaded, Loaded)
    assert (loaded.base, loaded.timeline.duration, loaded.warnings) == (tmp_path.resolve(), 50, ())


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({}, "FORMAT-013"),
        ({"format": "other"}, "FORMAT-013"),
        ({"format": 5, "colour": 1}, "FORMAT-013"),
        ({"format": "kinofarm/9"}, "FORMAT-015"),
        ({"sections": [], "globalTracks": [], "fps": 25}, "FORMAT-024"),
        ({"timeline": {"sections": 5}}, "FORMAT-020"),
        ({"project": {"globalTracks": []}, "tracks": []}, "FORMAT-024"),
        ({"OTIO_SCHEMA": "Timeline.1"}, "FORMAT-066"),
        ({"tracks": []}, "FORMAT-024"),
    ],
)
def test_formats_are_told_apart(written: dict[str, Any], code: str, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(written))
    assert refusal(tmp_path / "p.json") == code


@pytest.mark.parametrize("suffix", [".otio", ".edl", ".xml", ".fcpxml", ".aaf", ".OTIOZ", ".otiod"])
def test_interchange_files_are_told_by_their_suffix(suffix: str, tmp_path: Path) -> None:
    assert refusal(tmp_path / f"p{suffix}") == "FORMAT-001"
    (tmp_path / f"p{suffix}").write_text("x")
    assert refusal(tmp_path / f"p{suffix}") in {"FORMAT-006", "FORMAT-066", "FORMAT-073"}


def test_the_interchange_library_is_imported_late() -> None:
    script = "import sys, apps.cli.main, tasks.compiler.order; sys.exit('opentimelineio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_what_is_called_a_media_file_and_is_none_is_refused_as_one(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom\xff\xfe" * 10)
    assert refusal(tmp_path / "film.mp4") == "MEDIA-002"
    (tmp_path / "film.txt").write_bytes(b"\x00\x00\x00\x20ftypisom\xff\xfe" * 10)
    assert refusal(tmp_path / "film.txt") == "FORMAT-005"


def attempt(data: bytes) -> Imported | KinofarmError:
    try:
        return load_object(json_text.parse(data))
    except KinofarmError as error:
        return error


def either(written: Any) -> bool:
    """Read what was written and return whether that succeeded; an error must be one that a user can act on, with words that fit on a screen."""
    found = attempt(json.dumps(written).encode())
    if isinstance(found, KinofarmError):
        assert found.hint
        assert len(found.message) < 1000
        assert len(found.where) < 1000
        assert json.dumps(found.as_dict())
        return False
    assert Timeline.model_validate_json(found.timeline.model_dump_json()) == found.timeline
    return True


def test_generated_projects_are_mostly_read() -> None:
    outcomes: list[bool] = []

    @given(studio_projects())
    @settings(max_examples=100, deadline=None)
    def generated(written: dict[str, Any]) -> None:
        outcomes.append(either(written))

    generated()
    assert sum(outcomes) > len(outcomes) / 2


@given(mutated(studio_projects()))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_projects_are_read_or_refused(written: dict[str, Any]) -> None:
    either(written)


@given(mutated(st.sampled_from(EXAMPLES)))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_examples_are_read_or_refused(written: dict[str, Any]) -> None:
    either(written)


@given(mutated(timelines().map(lambda timeline: timeline.model_dump(mode="json"))))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_projects_of_our_own_are_read_or_refused(written: dict[str, Any]) -> None:
    either(written)


@given(
    json_objects()
    | json_objects().map(lambda found: {**OWN, **found})
    | json_objects().map(lambda found: {**project(), **found})
)
@settings(max_examples=300, deadline=None)
def test_arbitrary_objects_are_read_or_refused(written: dict[str, Any]) -> None:
    either(written)


@given(st.binary(max_size=200) | st.text(st.sampled_from('{}[]",:\\u0dDnNaN1e'), max_size=60).map(str.encode))
@settings(max_examples=500, deadline=None)
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    found = attempt(data)
    assert isinstance(found, Imported) or found.hint


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_most_generated_projects_get_past_the_importer(data: st.DataObject) -> None:
    written = data.draw(studio_projects())
    found = attempt(json.dumps(written).encode())
    # What the generator leaves to chance: nothing to play, and a transition by time that meets another track's cut.
    assert isinstance(found, Imported) or found.code in {"FORMAT-024", "FORMAT-036", "FORMAT-037"}
