"""Layers: what is seen when, from which clip, and what is not opened at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.compiler.check import CheckedProject, check
from tasks.compiler.layers import Picture, Run, Shown, is_text, picture
from tasks.filesystem.roots import MediaRoots
from tasks.media.facts import MediaFacts
from tests.tasks.compiler import made_up
from tests.tasks.compiler.films import clip, join, timeline, title, track

SMALL = {"transform": {"scale_x": 0.5, "scale_y": 0.5}}
FILES = ("a.mp4", "b.png", "c.wav", "clear.mov", "tall.mp4")


@pytest.fixture
def project(tmp_path: Path) -> Any:
    for name in FILES:
        (tmp_path / name).write_bytes(b"0")

    def facts(path: Path) -> MediaFacts:
        if path.name == "clear.mov":
            return made_up.file(made_up.picture(alpha=True, pixel_format="yuva420p"), content="clear")
        if path.name == "tall.mp4":
            return made_up.file(made_up.picture(width=1080, height=1920), content="tall")
        return made_up.facts(path)

    def checked(*tracks: Any, duration: int = 100) -> CheckedProject:
        film = timeline(*tracks, duration=duration, size={"width": 1280, "height": 720})
        return check(film, MediaRoots(tmp_path), facts)

    return checked


def seen(project: CheckedProject, start: int = 0, end: int = 100) -> tuple[list[Any], list[Any]]:
    """The base and the overlays as (start, end, clip ids)."""
    found: Picture = picture(Shown(project), start, end)
    return [_plain(run) for run in found.base], [_plain(run) for run in found.overlays]


def _plain(run: Run) -> tuple[int, int, str]:
    names = "" if run.item is None else ">".join(one.id for one in run.item.clips)
    return run.start, run.end, names


def test_a_clip_that_fills_the_frame_hides_what_lies_below(project: Any) -> None:
    found = project(track(clip("low", "a.mp4", 0, 100)), track(clip("high", "a.mp4", 20, 60)))
    assert seen(found) == ([(0, 20, "low"), (20, 60, "high"), (60, 100, "low")], [])


@pytest.mark.parametrize(
    "looks",
    [
        SMALL,
        {"opacity": 0.99},
        {"transform": {"position_x": 0.1}},
        {"transform": {"rotation": 45, "scale_x": 4, "scale_y": 4}},
        {"cell": {"x": 0, "y": 0, "width": 0.5, "height": 1, "fit": "cover"}},
        {"source": {"kind": "media", "path": "clear.mov"}},
        {"source": {"kind": "media", "path": "tall.mp4"}},
    ],
)
def test_a_clip_that_leaves_something_free_lies_over_it(project: Any, looks: dict[str, Any]) -> None:
    found = project(track(clip("low", "a.mp4", 0, 100)), track(clip("high", "a.mp4", 20, 60) | looks))
    assert seen(found) == ([(0, 100, "low")], [(20, 60, "high")])


@pytest.mark.parametrize(
    "looks", [{"transform": {"scale_x": 2, "scale_y": 2}}, {"transform": {"rotation": 180}}, {"crop": {"left": 0}}]
)
def test_a_clip_that_covers_every_pixel_hides_what_lies_below(project: Any, looks: dict[str, Any]) -> None:
    found = project(track(clip("low", "a.mp4", 0, 100)), track(clip("high", "a.mp4", 0, 100, **looks)))
    assert seen(found) == ([(0, 100, "high")], [])


def test_the_lowest_solid_clip_is_the_base_even_if_it_is_small(project: Any) -> None:
    found = project(track(clip("low", "a.mp4", 10, 50, **SMALL)), track(clip("high", "a.mp4", 20, 30, **SMALL)))
    assert seen(found) == ([(0, 10, ""), (10, 50, "low"), (50, 100, "")], [(20, 30, "high")])


def test_what_is_not_solid_lies_over_black(project: Any) -> None:
    found = project(track(clip("low", "clear.mov", 10, 50)))
    assert seen(found) == ([(0, 100, "")], [(10, 50, "low")])


@pytest.mark.parametrize(
    "looks", [{"opacity": 0}, {"transform": {"position_x": 2}}, {"source": {"kind": "media", "path": "c.wav"}}]
)
def test_a_clip_that_is_not_seen_is_not_opened(project: Any, looks: dict[str, Any]) -> None:
    found = project(track(clip("low", "a.mp4", 0, 100)), track(clip("high", "a.mp4", 20, 60) | looks))
    assert seen(found) == ([(0, 100, "low")], [])


def test_tracks_that_are_off_and_sound_tracks_show_nothing(project: Any) -> None:
    found = project(
        track(clip("off", "a.mp4", 0, 100), enabled=False), track(clip("sound", "a.mp4", 0, 100), kind="audio")
    )
    assert seen(found) == ([(0, 100, "")], [])


def test_a_transition_is_one_item_between_its_clips(project: Any) -> None:
    row = [clip("a", "a.mp4", 0, 50, source_start=5), clip("b", "a.mp4", 50, 100, source_start=5)]
    found = project(track(*row, joins=[join("a", "b", 40, 60)]))
    assert seen(found) == ([(0, 40, "a"), (40, 60, "a>b"), (60, 100, "b")], [])
    assert seen(found, 45, 55) == ([(45, 55, "a>b")], [])


def test_a_transition_hides_only_what_both_its_clips_hide(project: Any) -> None:
    row = [clip("a", "a.mp4", 0, 50, source_start=5), clip("b", "a.mp4", 50, 100, source_start=5, **SMALL)]
    found = project(track(clip("low", "a.mp4", 0, 100)), track(*row, joins=[join("a", "b", 40, 60)]))
    assert seen(found) == ([(0, 40, "a"), (40, 100, "low")], [(40, 60, "a>b"), (60, 100, "b")])


def test_a_transition_may_take_the_whole_of_a_clip(project: Any) -> None:
    row = [clip("a", "b.png", 0, 50), clip("b", "b.png", 50, 60), clip("c", "b.png", 60, 100)]
    found = project(track(*row, joins=[join("a", "b", 45, 55), join("b", "c", 55, 65)]))
    assert seen(found) == ([(0, 45, "a"), (45, 55, "a>b"), (55, 65, "b>c"), (65, 100, "c")], [])


def test_a_transition_leads_out_of_what_is_not_seen(project: Any) -> None:
    row = [clip("a", "a.mp4", 0, 50, opacity=0, source_start=5), clip("b", "a.mp4", 50, 100, source_start=5)]
    found = project(track(*row, joins=[join("a", "b", 40, 60)]))
    assert seen(found) == ([(0, 60, ""), (60, 100, "b")], [(40, 60, "a>b")])


def test_overlays_come_from_the_bottom_up_then_in_time(project: Any) -> None:
    found = project(
        track(clip("base", "a.mp4", 0, 100)),
        track(clip("p", "a.mp4", 10, 20, **SMALL), clip("q", "a.mp4", 30, 70, **SMALL)),
        track(clip("r", "a.mp4", 15, 40, **SMALL)),
    )
    assert seen(found)[1] == [(10, 20, "p"), (30, 70, "q"), (15, 40, "r")]
    assert seen(found, 35, 90)[1] == [(35, 70, "q"), (35, 40, "r")]


def test_an_overlay_covered_for_a_while_comes_back(project: Any) -> None:
    found = project(
        track(clip("base", "a.mp4", 0, 100)),
        track(clip("p", "a.mp4", 10, 90, **SMALL)),
        track(clip("top", "a.mp4", 40, 50)),
    )
    assert seen(found) == (
        [(0, 40, "base"), (40, 50, "top"), (50, 100, "base")], [(10, 40, "p"), (50, 90, "p")]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("looks", "text"),
    [
        ({}, True),
        ({"opacity": 0.5}, False),
        ({"transform": {"position_x": 0.1}}, False),
        ({"crop": {"left": 10}}, False),
        ({"cell": {"x": 0, "y": 0, "width": 0.5, "height": 0.5}}, False),
        ({"colour_correction": {"brightness": 0.1}}, False),
        ({"effects": [{"kind": "sepia"}]}, False),
    ],
)
def test_a_title_is_drawn_as_text_unless_something_is_done_to_it(
    project: Any, looks: dict[str, Any], text: bool
) -> None:
    (item,) = Shown(project(track(title("t", 0, 50, **looks)))).items
    assert is_text(item) is text


def test_a_title_beside_a_transition_is_drawn_as_a_picture(project: Any) -> None:
    row = track(clip("a", "b.png", 0, 50), title("t", 50, 100), joins=[join("a", "t", 40, 60)])
    assert [is_text(item) for item in Shown(project(row)).items] == [False, False, False]


def test_a_titles_track_effect_makes_it_a_picture(project: Any) -> None:
    (item,) = Shown(project(track(title("t", 0, 50), effects=[{"kind": "sepia"}]))).items
    assert not is_text(item)


def test_asking_for_a_range_finds_just_what_shows_in_it(project: Any) -> None:
    row = [clip(f"c{n}", "a.mp4", n * 10, n * 10 + 10) for n in range(10)]
    shown = Shown(project(track(*row), track(clip("p", "a.mp4", 25, 45, **SMALL))))
    for start in range(100):
        for end in (start + 1, start + 7, 100):
            wanted = [item for item in shown.items if item.start < end and start < item.end]
            assert shown.within(start, end) == wanted
