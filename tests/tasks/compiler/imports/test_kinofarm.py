"""Our own project format: what it takes, how it is refused, and the JSON Schema that describes it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from tasks.compiler.imports import kinofarm
from tasks.compiler.load import load, load_object
from tasks.compiler.model import Timeline
from tests.strategies import timelines
from tests.studio import read, refusal

VALIDATOR = jsonschema.Draft202012Validator(kinofarm.schema())
EXAMPLES = Path(__file__).parents[4] / "examples"


def own(**more: Any) -> dict[str, Any]:
    return {"format": "kinofarm/1", "rate": 25, "size": {"width": 640, "height": 360}, "duration": 50, **more}


def clip(name: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    return {"id": name, "source": {"kind": "media", "path": "a.mp4"}, "start": start, "end": end, **more}


def track(*clips: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "V1", "kind": "video", "clips": list(clips), **more}


def test_the_smallest_project() -> None:
    timeline = read(own(rate="30000/1001"))
    assert (timeline.rate, timeline.duration, timeline.tracks) == (Fraction(30000, 1001), 50, ())


def test_clips_are_put_in_order_and_their_place_in_the_file_is_remembered() -> None:
    imported = load_object(own(tracks=[track(), track(clip("b", 20, 30), clip("a", 0, 20))]))
    assert [one.id for one in imported.timeline.tracks[1].clips] == ["a", "b"]
    assert imported.in_file("tracks[1].clips[0].end") == "tracks[1].clips[1].end"
    assert imported.in_file("tracks[1].clips[1]") == "tracks[1].clips[0]"
    assert imported.in_file("tracks[9].clips[1]") == "tracks[9].clips[1]"
    assert imported.in_file("tracks[1].clips[9]") == "tracks[1].clips[9]"
    assert imported.in_file("subtitles[0].end") == "subtitles[0].end"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"format": "kinofarm/2"}, ("FORMAT-015", "format")),
        ({"rate": 0}, ("FORMAT-020", "rate")),
        ({"rate": "fast"}, ("FORMAT-020", "rate")),
        ({"rate": "123456789/10000000"}, ("FORMAT-020", "rate")),
        ({"rate": None}, ("FORMAT-020", "rate")),
        ({"duration": 0}, ("FORMAT-024", "duration")),
        ({"duration": 10**17}, ("FORMAT-020", "duration")),
        ({"duration": 1.5}, ("FORMAT-020", "duration")),
        ({"size": {"width": 641, "height": 360}}, ("FORMAT-020", "size.width")),
        ({"size": {"width": 640}}, ("FORMAT-021", "size.height")),
        ({"export": {"container": []}}, ("FORMAT-020", "export.container")),
        ({"colour": "red"}, ("FORMAT-022", "colour")),
        ({"tracks": [track(clip("a", 0, 9, opacity=2))]}, ("FORMAT-020", "tracks[0].clips[0].opacity")),
        ({"tracks": [track(clip("a", 0, 9, sped=2))]}, ("FORMAT-022", "tracks[0].clips[0].sped")),
        ({"tracks": [track(), track(clip("a", -1, 9))]}, ("FORMAT-023", "tracks[1].clips[0].start")),
        ({"tracks": [track(clip("a", 0, 9, source={"kind": "x"}))]}, ("FORMAT-020", "tracks[0].clips[0].source")),
        (
            {"tracks": [track(clip("a", 0, 9, source={"kind": "media"}))]},
            ("FORMAT-021", "tracks[0].clips[0].source.path"),
        ),
        (
            {"tracks": [track(clip("a", 0, 9, effects=[{"kind": "blur", "parameters": {"radius": {}}}]))]},
            ("FORMAT-020", "tracks[0].clips[0].effects[0].parameters.radius"),
        ),
        ({"tracks": [track(clip("a", 0, 9, source_start=-1))]}, ("FORMAT-023", "tracks[0].clips[0].source_start")),
        ({"tracks": [{"clips": [None] * 60_000}]}, ("FORMAT-016", "tracks")),
        ({"tracks": [{"transitions": [None] * 60_000}]}, ("FORMAT-016", "tracks")),
    ],
)
def test_a_field_that_cannot_be_is_refused_with_its_place(more: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(own(**more)) == expected


@given(timelines())
@settings(max_examples=50, deadline=None)
def test_a_timeline_written_as_json_is_the_same_when_read_again(timeline: Timeline) -> None:
    written = json.loads(timeline.model_dump_json())
    assert read(written) == timeline
    VALIDATOR.validate(written)


def test_the_schema_is_a_schema_of_draft_2020_12() -> None:
    schema = kinofarm.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:kinofarm:project:1"
    assert "format" in schema["required"]
    assert json.dumps(schema)


def test_the_schema_refuses_what_the_importer_refuses() -> None:
    assert VALIDATOR.is_valid(own())
    for wrong in (own(format="kinofarm/2"), own(duration=0), own(colour="red"), own(size={"width": 640}), {}):
        assert not VALIDATOR.is_valid(wrong)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.name)
def test_every_example_loads_without_a_warning(path: Path) -> None:
    loaded = load(path)
    assert loaded.warnings == ()
    assert loaded.extras == {}
    written = json.loads(path.read_text(encoding="utf-8"))
    if kinofarm.recognises(written):
        VALIDATOR.validate(written)


def test_the_examples_show_every_format_and_spelling() -> None:
    written = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in EXAMPLES.glob("*.json")}
    assert any(kinofarm.recognises(one) for one in written.values())
    kinds = {one["tracks"][0]["track_type"] for one in written.values() if not kinofarm.recognises(one)}
    assert kinds == {"Video", "video"}


def test_both_spellings_of_one_project_make_the_same_timeline() -> None:
    rust, editor = (load(EXAMPLES / f"two-shots.{name}.json").timeline for name in ("rust", "editor"))
    assert rust == editor
