"""Plan: how a film is cut into chunks, and what their keys hang on."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings, strategies as st

from infra.errors import KinofarmError
from tasks.compiler.boundaries import boundaries, passages
from tasks.compiler.check import check
from tasks.compiler.layers import Shown
from tasks.compiler.model import Timeline
from tasks.compiler.plan import SOURCES_AT_ONCE, Plan, Way, plan, plan_frame
from tasks.filesystem.roots import MediaRoots
from tasks.media.facts import MediaFacts
from tasks.subtitles.fonts import font_catalogue
from tests.strategies import MEDIA, timelines
from tests.tasks.compiler.films import Studio, clip, flat, join, timeline, title, track
from tests.tasks.compiler.made_up import facts

WAY = Way(chunk_seconds=10, gop_seconds=2, ffmpeg="ffmpeg version 0", fonts=font_catalogue())
FILES = [f"m{number}.mp4" for number in range(8)]

HOSTILE = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that nobody opens: their facts are made up."""
    place = tmp_path_factory.mktemp("plan")
    for name in (*FILES, *MEDIA):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(b"0")
    return place


def planned(folder: Path, film: Timeline, start: int = 0, end: int | None = None, way: Way = WAY) -> Plan:
    return plan(check(film, MediaRoots(folder), facts), way, start, end)


def shots(count: int, frames: int = 60, first: int = 0, at: int = 0) -> list[dict[str, Any]]:
    """That many clips one after the other, each of its own."""
    return [
        clip(f"c{n}", FILES[n % 8], at + i * frames, at + (i + 1) * frames, source_start=(n * 37) % 3000)
        for i, n in enumerate(range(first, first + count))
    ]


def keys(found: Plan) -> list[str]:
    return [chunk.work.key for chunk in found.chunks]


def assert_whole(found: Plan, start: int, end: int) -> None:
    edges = [(chunk.start, chunk.end) for chunk in found.chunks]
    assert edges[0][0] == start
    assert edges[-1][1] == end
    assert all(a[1] == b[0] for a, b in pairwise(edges))
    assert all(left < right for left, right in edges)
    assert [chunk.index for chunk in found.chunks] == list(range(len(edges)))
    assert all(chunk.work.frames == chunk.frames for chunk in found.chunks)


@given(timelines(longest=400), st.sampled_from([0.1, 1, 10]))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_chunks_cover_the_film_once_and_never_end_inside_a_transition(
    folder: Path, film: Timeline, seconds: float
) -> None:
    try:
        project = check(film, MediaRoots(folder), facts)
    except KinofarmError:
        reject()
    shown = Shown(project)
    edges = boundaries(project, shown.items, round(seconds * film.rate), 0, film.duration)
    assert (edges[0], edges[-1]) == (0, film.duration)
    assert all(left < right for left, right in pairwise(edges))
    for item in shown.items:
        if item.into is not None:
            assert not any(item.start < edge < item.end for edge in edges)
    assert all(left[1] <= right[0] for left, right in pairwise(passages(shown.items)))


def test_chunks_are_about_as_long_as_wanted_and_end_at_cuts(folder: Path) -> None:
    found = planned(folder, timeline(track(*shots(200)), duration=12_000))
    lengths = [chunk.frames for chunk in found.chunks]
    assert 200 <= sum(lengths) / len(lengths) <= 300
    assert max(lengths) <= 375
    assert all(chunk.end % 60 == 0 for chunk in found.chunks)


def test_one_long_take_is_divided_evenly(folder: Path) -> None:
    found = planned(folder, timeline(track(clip("a", FILES[0], 0, 10_000)), duration=10_000))
    assert {chunk.frames for chunk in found.chunks} == {250}


def test_a_chunk_may_be_as_long_as_a_transition_needs(folder: Path) -> None:
    row = [clip("a", FILES[0], 0, 1000), clip("b", FILES[1], 1000, 2000, source_start=100)]
    found = planned(folder, timeline(track(*row, joins=[join("a", "b", 200, 1800)]), duration=2000))
    assert_whole(found, 0, 2000)
    assert max(chunk.frames for chunk in found.chunks) >= 1600
    assert not any(200 < chunk.start < 1800 for chunk in found.chunks)


def test_a_ripple_edit_reuses_the_chunks_after_it(folder: Path) -> None:
    before = planned(folder, timeline(track(*shots(100)), duration=6000))
    inserted = [*shots(10), clip("new", FILES[3], 600, 637, source_start=5), *shots(90, first=10, at=637)]
    after = planned(folder, timeline(track(*inserted), duration=6037))
    fresh = set(keys(after)) - set(keys(before))
    assert 1 <= len(fresh) <= 4
    assert len(after.chunks) > 15


def test_moving_the_whole_tail_leaves_its_keys(folder: Path) -> None:
    joins = [join("c20", "c21", 1250, 1270)]
    text = [title("t", 2000, 2100)]
    before = planned(folder, timeline(track(*shots(100), joins=joins), track(*text), duration=6000))
    later = [join("c20", "c21", 1250 + 500, 1270 + 500)]
    moved = timeline(track(*shots(100, at=500), joins=later), track(title("t", 2500, 2600)), duration=6500)
    assert len(set(keys(planned(folder, moved))) - set(keys(before))) <= 2


def test_keys_hold_no_path_no_id_and_no_name(folder: Path, tmp_path: Path) -> None:
    film = timeline(track(*shots(20)), track(title("t", 100, 200)), duration=1200, name="One")
    for name in FILES:
        shutil.copy(folder / name, tmp_path / f"other-{name}")
    renamed = film.model_dump(mode="json")
    renamed["name"] = "Two"
    for number, row in enumerate(renamed["tracks"]):
        row["id"], row["name"] = f"x{number}", f"Row {number}"
        for place, one in enumerate(row["clips"]):
            one["id"], one["name"] = f"y{place}", f"Clip {place}"
            if one["source"]["kind"] == "media":
                one["source"]["path"] = f"other-{one['source']['path']}"

    def same_facts(path: Path) -> MediaFacts:
        return facts(path.with_name(path.name.removeprefix("other-")))

    other = plan(check(Timeline.model_validate(renamed), MediaRoots(tmp_path), same_facts), WAY)
    one = planned(folder, film)
    assert keys(other) == keys(one)
    assert other.sound.key == one.sound.key
    for work in (*(chunk.work for chunk in one.chunks), one.sound):
        written = str([stage.argv for stage in work.stages]) + str([file.text for file in work.files])
        assert str(folder) not in written
        assert not re.search(r"m\d\.mp4|c\d+\b.*id", written)


def test_one_changed_title_changes_only_the_chunks_that_show_it(folder: Path) -> None:
    def film(colour: str) -> Timeline:
        titles = [title("a", 0, 100), title("b", 3000, 3100, colour=colour), title("c", 5000, 5100)]
        return timeline(track(*shots(100)), track(*titles), duration=6000)

    before, after = planned(folder, film("#ff0000")), planned(folder, film("#00ff00"))
    changed = [new for old, new in zip(before.chunks, after.chunks, strict=True) if old.work.key != new.work.key]
    assert 1 <= len(changed) <= 2
    assert all(chunk.start < 3100 and chunk.end > 3000 for chunk in changed)
    assert before.sound.key == after.sound.key


def test_what_decides_the_bytes_is_in_the_key(folder: Path) -> None:
    film = timeline(track(*shots(3)), duration=180)
    plain = keys(planned(folder, film))
    others = [
        film.model_copy(update={"export": film.export.model_copy(update={"video": video})})
        for video in (film.export.video.model_copy(update={"crf": 20}), film.export.video.model_copy(update={"gop": 7}))
    ]
    assert all(keys(planned(folder, other)) != plain for other in others)
    assert keys(planned(folder, film, way=Way(10, 2, "ffmpeg version 1", WAY.fonts))) != plain


def test_a_range_of_the_film_is_covered_too(folder: Path) -> None:
    found = planned(folder, timeline(track(*shots(100)), duration=6000), 777, 4321)
    assert_whole(found, 777, 4321)
    assert found.samples == (4321 * 1920) - 777 * 1920


def test_a_montage_opens_no_more_files_at_once_than_it_may(folder: Path) -> None:
    found = planned(folder, timeline(track(*shots(250, frames=1)), duration=250))
    assert_whole(found, 0, 250)
    assert max(chunk.work.stages[0].argv.count("-i") for chunk in found.chunks) <= SOURCES_AT_ONCE


def test_many_layers_at_one_moment_are_not_cut_into_single_frames(folder: Path) -> None:
    small = {"transform": {"scale_x": 0.1, "scale_y": 0.1}}
    tracks = [track(*(one | small for one in shots(5, frames=50))) for _ in range(60)]
    found = planned(folder, timeline(*tracks, duration=250))
    assert_whole(found, 0, 250)
    assert len(found.chunks) <= 5


def test_a_graph_too_long_for_an_argument_goes_as_a_file(folder: Path) -> None:
    effects = [{"kind": "color-correction", "parameters": {"midtones_r": 0.1, "gamma": 1.1}}] * 3
    tracks = [track(clip("a", FILES[0], 0, 50, opacity=0.5, effects=effects)) for _ in range(60)]
    work = planned(folder, timeline(*tracks, duration=50)).chunks[0].work
    assert max(len(argument) for argument in work.stages[0].argv) < 131_072
    assert work.files[0].name == "graph-000.txt"
    assert "-/filter_complex" in work.stages[0].argv
    assert len(work.files[0].text) > 100_000


def test_a_long_graph_renders_from_its_file(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    name = studio.counted("v.mp4", 100)
    film = timeline(track(clip("a", name, 0, 5)), duration=6)
    wanted = studio.pictures(film)
    monkeypatch.setattr("tasks.compiler.argv.LONGEST", 10)
    assert np.array_equal(studio.pictures(film), wanted)
    assert np.array_equal(wanted[5], flat(16))


def test_ten_thousand_clips_are_planned_in_reasonable_time(folder: Path) -> None:
    """A tenth of them in a tenth of the time: the measured 15 s for all would be long for a test."""
    row = shots(1000, frames=50)
    joins = [join(f"c{n}", f"c{n + 1}", n * 50 + 45, n * 50 + 55) for n in range(100, 999, 2)]
    film = timeline(track(*[one | {"source_start": 5} for one in row], joins=joins), duration=50_000)
    began = time.process_time()
    found = planned(folder, film)
    assert time.process_time() - began < 15
    assert_whole(found, 0, 50_000)


def test_a_single_frame_is_the_films_graph_without_its_encoder(folder: Path) -> None:
    project = check(timeline(track(*shots(3)), duration=180), MediaRoots(folder), facts)
    work = plan_frame(project, WAY, 70)
    assert (work.frames, work.suffix) == (1, ".png")
    assert work.stages[0].argv.count("-i") == 1


@given(st.one_of(timelines(), timelines(longest=3)), st.sampled_from([0.05, 1, 10]))
@HOSTILE
def test_a_timeline_is_planned_or_refused_and_never_anything_else(folder: Path, film: Timeline, seconds: float) -> None:
    with contextlib.suppress(KinofarmError):
        found = planned(folder, film, way=Way(seconds, 2, "ffmpeg version 0", WAY.fonts))
        assert_planned(found, film)


def assert_planned(found: Plan, film: Timeline) -> None:
    assert_whole(found, 0, film.duration)
    assert found.samples == int(film.duration * film.sample_rate / film.rate)
    for work in (*(chunk.work for chunk in found.chunks), found.sound):
        assert_sane(work)


def assert_sane(work: Any) -> None:
    """Every input is a placeholder or a generator, every name in the graph is made once and used once."""
    known = {use.sha256 for use in work.media}
    for stage in work.stages:
        argv = stage.argv
        assert all(isinstance(argument, str) and "\0" not in argument for argument in argv)
        assert all(argument for argument in argv)
        inputs = [argv[place + 1] for place, argument in enumerate(argv) if argument == "-i"]
        for name in inputs:
            media = re.fullmatch(r"media:([0-9a-f]{64})", name)
            generated = re.fullmatch(r"(color|anullsrc)@\d+=[a-z0-9_=:@/.,]+", name)
            assert (media and media[1] in known) or generated or re.fullmatch(r"part-\d+\.f32", name), name
        graph = argv[argv.index("-filter_complex") + 1]
        pads = re.findall(r"(?<!\\)\[(\w+|\d+:\d+)\]", graph)
        read = {f"{number}:" for number in range(len(inputs))}
        assert read == {re.match(r"\d+:", pad)[0] for pad in pads if ":" in pad}  # type: ignore[index]
        names = [pad for pad in pads if ":" not in pad]
        assert names.count("out") == 1
        assert all(names.count(name) == 2 for name in set(names) - {"out"})
    assert work.stages[-1].argv[-1] == "out"
