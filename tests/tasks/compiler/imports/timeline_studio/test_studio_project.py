"""A whole ProjectSchema: rate, size, length, unknown fields and limits."""

from __future__ import annotations

import gc
import time
from fractions import Fraction
from typing import Any

import pytest

from tasks.compiler.load import load_object
from tasks.compiler.model import Size
from tests.studio import clip, project, read, refusal, track, warned


def test_the_film_lasts_as_long_as_the_timeline_says() -> None:
    assert read(project(timeline={"duration": 10})).duration == 250
    assert read(project(timeline={"duration": 300.3}, fps=29.97)).duration == 9000


def test_without_a_duration_the_film_ends_with_the_last_clip_of_any_track() -> None:
    written = project(track(clip("a", 0, 3)), track(clip("b", 0, 5), enabled=False), track(kind="Audio"))
    assert read(written).duration == 125


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        ({"duration": 0}, ("FORMAT-024", "timeline.duration")),
        ({"duration": 0.0}, ("FORMAT-024", "timeline.duration")),
        ({"duration": 0.001}, ("FORMAT-024", "timeline.duration")),
        ({"duration": -1}, ("FORMAT-023", "timeline.duration")),
        ({"duration": 1e15}, ("FORMAT-020", "timeline.duration")),
        ({"duration": 1e9}, ("FORMAT-045", "timeline.duration")),
        ({"duration": "10"}, ("FORMAT-020", "timeline.duration")),
        ({"duration": True}, ("FORMAT-020", "timeline.duration")),
        ({"fps": 0}, ("FORMAT-046", "timeline.fps")),
        ({"fps": -25}, ("FORMAT-046", "timeline.fps")),
        ({"fps": 1000}, ("FORMAT-046", "timeline.fps")),
        ({"fps": "fast"}, ("FORMAT-020", "timeline.fps")),
        ({"resolution": [1280]}, ("FORMAT-020", "timeline.resolution")),
        ({"resolution": [1281, 720]}, ("FORMAT-050", "timeline.resolution")),
        ({"resolution": [0, 0]}, ("FORMAT-050", "timeline.resolution")),
        ({"resolution": [1e6, 720]}, ("FORMAT-050", "timeline.resolution")),
        ({"sample_rate": 10}, ("FORMAT-020", "timeline.sample_rate")),
        ({"aspect_ratio": 5}, ("FORMAT-020", "timeline.aspect_ratio")),
    ],
)
def test_a_timeline_that_cannot_be_is_refused(timeline: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(project(timeline=timeline)) == expected


def test_a_project_without_clips_and_duration_has_no_length() -> None:
    assert refusal(project(track())) == ("FORMAT-024", "timeline.duration")
    assert refusal({"timeline": {}}) == ("FORMAT-024", "timeline.duration")


def test_a_title_card_film_needs_no_clips_when_it_has_a_duration() -> None:
    assert read({"timeline": {"duration": 2, "fps": 25, "resolution": [640, 360]}}).duration == 50


@pytest.mark.parametrize("ratio", ["Ratio16x9", "ratio16x9", "Custom", {"Custom": 2.35}])
def test_the_aspect_ratio_is_informative(ratio: Any) -> None:
    assert read(project(timeline={"aspect_ratio": ratio})).size == Size(width=1280, height=720)


def test_what_the_timeline_leaves_out_is_the_editor_s_default_and_said() -> None:
    imported = load_object({"timeline": {"duration": 1}, "tracks": []})
    assert (imported.timeline.rate, imported.timeline.size, imported.timeline.sample_rate) == (
        30,
        Size(width=1920, height=1080),
        48_000,
    )
    assert warned(imported) == [("FORMAT-101", "timeline.fps"), ("FORMAT-101", "timeline.resolution")]


def test_settings_override_rate_and_size_and_pixels_stay_those_of_the_timeline() -> None:
    settings = {"frame_rate": 50, "resolution": {"width": 640, "height": 360}}
    templates = [{"id": "t", "regions": [{"x": 640, "y": 0, "width": 640, "height": 720}]}]
    written = project(track(clip(template_id="t", template_cell=0)), settings=settings, templates=templates)
    imported = load_object(written)
    assert (imported.timeline.rate, imported.timeline.size) == (50, Size(width=640, height=360))
    placed = imported.timeline.tracks[0].clips[0]
    assert (placed.end, placed.cell and placed.cell.x) == (100, 0.5)
    assert warned(imported) == [("FORMAT-108", "timeline.fps"), ("FORMAT-108", "timeline.resolution")]
    assert refusal(project(settings={"frame_rate": 0})) == ("FORMAT-046", "settings.frame_rate")
    assert refusal(project(settings={"resolution": {"width": 5, "height": 5}})) == ("FORMAT-050", "settings.resolution")


@pytest.mark.parametrize("fps", [29.97, "30000/1001", 29.97002997])
def test_a_fractional_rate_is_exact(fps: Any) -> None:
    assert read(project(fps=fps)).rate == Fraction(30000, 1001)


def test_a_rate_that_only_looks_like_a_broadcast_rate_is_said() -> None:
    imported = load_object(project(fps=23.98))
    assert imported.timeline.rate == Fraction(1199, 50)
    assert warned(imported) == [("FORMAT-104", "timeline.fps")]


def test_unknown_fields_are_kept_and_said_once_for_each_name() -> None:
    written = project(
        track(clip("a", colour="red"), clip("b", 2, 4, colour="blue"), hue=1),
        plugin={"x": 1},
        settings={"export": {"turbo": True}},
        metadata={"name": "Film", "rating": 5},
    )
    imported = load_object(written)
    assert imported.timeline.name == "Film"
    assert imported.extras == {
        "plugin": {"x": 1},
        "metadata.rating": 5,
        "tracks[0].hue": 1,
        "tracks[0].clips[0].colour": "red",
        "tracks[0].clips[1].colour": "blue",
        "settings.export.turbo": True,
    }
    assert [code for code, _ in warned(imported)] == ["FORMAT-100"] * 5


def test_free_fields_of_the_format_are_not_unknown() -> None:
    written = project(
        track(clip(properties={"notes": "n", "tags": ["x"], "custom_metadata": {"k": [1]}}), locked=True),
        metadata={"name": "n", "description": "d", "created_at": "2026", "modified_at": "2026", "author": "a"},
        settings={"preview": {"resolution": [640, 360], "fps": 25}, "custom": {"k": 1}},
    )
    assert load_object(written).extras == {}


def test_null_is_absent_everywhere() -> None:
    written = project(
        track(clip(speed=None, crop=None, effects=None, source=None), effects=None),
        effects=None,
        settings={"export": None, "resolution": None},
        metadata=None,
    )
    assert load_object(written).warnings == ()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"tracks": [track() for _ in range(201)]}, ("FORMAT-016", "tracks")),
        ({"tracks": [{"clips": [None] * 60_000}, {"clips": [None] * 60_000}]}, ("FORMAT-016", "tracks")),
        ({"subtitles": [None] * 100_000}, ("FORMAT-016", "subtitles")),
        ({"effects": [None] * 10_001}, ("FORMAT-016", "effects")),
        ({"tracks": {}}, ("FORMAT-020", "tracks")),
        ({"tracks": [[]]}, ("FORMAT-020", "tracks[0]")),
        ({"tracks": [{}]}, ("FORMAT-021", "tracks[0].track_type")),
        ({"metadata": {"name": "x" * 501}}, ("FORMAT-020", "metadata.name")),
    ],
)
def test_a_project_of_the_wrong_shape_is_refused(more: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal({**project(), **more}) == expected


def test_ten_times_the_clips_take_ten_times_the_time_to_read() -> None:
    """Not more: what looks at every clip for every clip would take a hundred times as long."""

    def taken(count: int) -> float:
        clips = [
            clip(str(n), n * 2 / 3, (n + 1) * 2 / 3, source_start=n % 7 / 30, crop={"left": 2}) for n in range(count)
        ]
        written = project(track(*clips[: count // 2]), track(*clips[count // 2 :], id="V2"), fps=30)
        gc.collect()
        gc.disable()  # how often it runs depends on what all tests before have left
        try:
            begun = time.process_time()
            assert read(written).duration == 20 * count
            return time.process_time() - begun
        finally:
            gc.enable()

    assert min(taken(10_000) for _ in range(2)) < 30 * min(taken(1_000) for _ in range(3))
