"""Out again: what was imported is written the same, and our own projects survive the way through OpenTimelineIO."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from tasks.compiler.imports.interchange.writing import to_otio
from tasks.compiler.load import load, load_object
from tasks.compiler.model import Timeline
from tests.tasks.compiler.imports.interchange.cuts import dissolve, faster, film, gap, imported, row, shot, span, time
from tests.tasks.compiler.imports.interchange.test_adapters import timelines as timelines

EXAMPLES = Path(__file__).parents[5] / "examples"


def told(item: Any) -> Any:
    """Everything that an item says but its metadata, times as seconds."""
    if isinstance(item, otio.core.Composition):
        marks = [told(marker) for marker in item.markers]
        return (
            type(item).__name__,
            item.name,
            getattr(item, "kind", ""),
            item.enabled,
            marks,
            [told(one) for one in item],
        )
    if isinstance(item, otio.schema.Transition):
        return "Transition", item.name, item.transition_type, item.in_offset, item.out_offset
    if isinstance(item, otio.schema.Marker):
        return item.name, item.color, item.comment, ranged(item.marked_range)
    effects = [(type(one).__name__, getattr(one, "time_scalar", None)) for one in item.effects]
    media: Any = None
    if isinstance(item, otio.schema.Clip):
        found = item.media_reference
        media = type(found).__name__, found.name, getattr(found, "target_url", ""), ranged(found.available_range)
    marks = [told(marker) for marker in item.markers]
    name = item.name if isinstance(item, otio.schema.Clip) else ""
    return type(item).__name__, name, ranged(item.source_range), effects, media, marks


def ranged(found: Any) -> Any:
    return None if found is None else (found.start_time, found.duration)


def through(timeline: Timeline) -> Timeline:
    return load_object(json.loads(to_otio(timeline))).timeline


def same_again(original: otio.schema.Timeline) -> None:
    written = otio.adapters.read_from_string(to_otio(imported(original).timeline), "otio_json")
    assert (written.name, written.global_start_time) == (original.name, original.global_start_time)
    assert told(written.tracks) == told(original.tracks)


@pytest.mark.parametrize("name", ["multitrack.otio", "transition.otio"])
def test_real_files_come_out_as_they_came_in(name: str, timelines: Path) -> None:
    same_again(otio.adapters.read_from_file(str(timelines / name)))


@pytest.mark.parametrize("name", ["nested_example.otio", "fcpx_example.fcpxml", "premiere_example.xml", "trims.aaf"])
def test_what_was_laid_flat_stays_as_it_is_from_then_on(name: str, timelines: Path) -> None:
    first = load(timelines / name).timeline
    assert bare(through(first)) == bare(first)


def bare(timeline: Timeline) -> dict[str, Any]:
    found = timeline.model_dump(mode="json")
    for holder in (found, *found["tracks"], *found["markers"]):
        holder.pop("metadata")
    for track in found["tracks"]:
        for thing in (*track["clips"], *track["transitions"]):
            thing.pop("metadata")
    return found


def test_everything_that_opentimelineio_knows_comes_out_again() -> None:
    whole = shot("whole", has=(50, 30))
    whole.source_range = None
    whole.metadata["studio"] = {"take": 3, "notes": ["good", None, 0.5]}
    marks = [otio.schema.Marker("look", span(14, 2), "CYAN", comment="why")]
    clips = [
        shot("a", 10, 20, has=(5, 100), markers=marks),
        dissolve(3, 4),
        shot("b", 12, 9, effects=[faster(1.5)]),
        gap(7),
        shot("c", 20, 12, effects=[faster(-2)], markers=[otio.schema.Marker("back", span(24, 4), "GREEN")]),
        dissolve(5, 0),
        gap(6),
        whole,
        shot("gone", 86400, 8, file=None),
        shot("still", 3, 5, effects=[otio.schema.FreezeFrame()]),
        shot("open", 7, 5, has=None),
        otio.schema.Clip("black", otio.schema.GeneratorReference("b", "black"), span(0, 5)),
        gap(11),
    ]
    off = row(shot("x", 1, 4), name="off")
    off.enabled = False
    original = film(row(*clips, name="main"), off, row(gap(2), shot("s"), kind="Audio"), global_start_time=time(86400))
    original.tracks.markers.append(otio.schema.Marker("chapter", span(30, 0), "RED"))
    same_again(original)
    again = imported(original).timeline
    assert through(again) == again
    assert again.tracks[0].clips[4].metadata["studio"] == {"take": 3, "notes": ["good", None, 0.5]}


@pytest.mark.parametrize("rate", [23.976023976023978, 29.97002997002997, 25.0])
def test_other_rates_come_out_as_they_came_in(rate: float) -> None:
    same_again(film(row(shot("a", 30, 60, rate=rate), shot("b", 7, 5, rate=rate))))


@pytest.mark.parametrize("name", ["hello.kinofarm.json", "two-shots.rust.json"])
def test_our_own_projects_survive_the_way_through_opentimelineio(name: str) -> None:
    project = load(EXAMPLES / name).timeline
    found = bare(through(project))
    wanted = bare(project)
    assert found == wanted


def test_what_our_metadata_say_is_as_hostile_as_everything_else() -> None:
    from infra.errors import KinofarmError

    original = film(row(shot("a")))
    for path, value in (("opacity", 7), ("source", {"kind": "title", "elements": 5}), ("colour", "red")):
        original.tracks[0][0].metadata["kinofarm"] = {path: value}
        with pytest.raises(KinofarmError) as caught:
            imported(original)
        assert caught.value.where.startswith("tracks.children[0].children[0].metadata.kinofarm")
