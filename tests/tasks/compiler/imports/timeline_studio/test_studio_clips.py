"""Tracks and clips of a ProjectSchema."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tasks.compiler.load import load_object
from tasks.compiler.model import Cell, ColourCorrection, Crop, MediaSource, Transform
from tests.studio import clip, first_clip, project, read, refusal, track, warned, with_clip


def test_a_clip_with_nothing_but_a_file_and_times_has_the_defaults() -> None:
    made = first_clip(project(track(clip("a", 1, 3))))
    assert (made.start, made.end, made.source_start, made.speed) == (25, 75, 0, 1)
    assert (made.volume, made.opacity, made.crop, made.transform, made.cell, made.effects) == (
        1,
        1,
        None,
        None,
        None,
        (),
    )
    assert made.source == MediaSource(path="media/a.mp4")


@pytest.mark.parametrize(
    "source",
    [
        {"source": {"File": "b.mp4"}},
        {"source": {"file": "b.mp4"}},
        {"source": {"type": "File", "value": "b.mp4"}},
        {"source_path": "b.mp4"},
        {"source_path": "b.mp4", "source": None},
    ],
)
def test_a_source_comes_in_either_shape(source: dict[str, Any]) -> None:
    written = clip()
    del written["source_path"]
    assert first_clip(project(track({**written, **source}))).source == MediaSource(path="b.mp4")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"source_path": ""}, ("FORMAT-043", "tracks[0].clips[0].source_path")),
        ({"source_path": None, "source": {"File": ""}}, ("FORMAT-043", "tracks[0].clips[0].source")),
        ({"source_path": None, "source": "Generated"}, ("FORMAT-041", "tracks[0].clips[0].source")),
        ({"source_path": None, "source": {"Stream": "http://x"}}, ("FORMAT-042", "tracks[0].clips[0].source")),
        ({"source_path": None, "source": {"Device": "cam"}}, ("FORMAT-042", "tracks[0].clips[0].source")),
        ({"source_path": None, "source": {"Folder": "x"}}, ("FORMAT-020", "tracks[0].clips[0].source")),
        ({"source_path": None, "source": 5}, ("FORMAT-020", "tracks[0].clips[0].source")),
        ({"source_path": None, "source": {"File": {"a": 1}}}, ("FORMAT-020", "tracks[0].clips[0].source")),
        ({"source_path": None, "source": {"File": "x" * 5000}}, ("FORMAT-020", "tracks[0].clips[0].source")),
        ({"source_path": "x" * 5000}, ("FORMAT-020", "tracks[0].clips[0].source_path")),
        ({"style_template_id": "t"}, ("FORMAT-049", "tracks[0].clips[0]")),
        ({"speed": 0}, ("FORMAT-029", "tracks[0].clips[0].speed")),
        ({"speed": -1}, ("FORMAT-029", "tracks[0].clips[0].speed")),
        ({"speed": 101}, ("FORMAT-020", "tracks[0].clips[0].speed")),
        ({"speed": "fast"}, ("FORMAT-020", "tracks[0].clips[0].speed")),
        ({"start": -0.5}, ("FORMAT-023", "tracks[0].clips[0].start_time")),
        ({"source_start": -1}, ("FORMAT-023", "tracks[0].clips[0].source_start")),
        ({"end": 0}, ("FORMAT-025", "tracks[0].clips[0].end_time")),
        ({"start": 2, "end": 1}, ("FORMAT-025", "tracks[0].clips[0].end_time")),
        ({"end": 0.01}, ("FORMAT-025", "tracks[0].clips[0].end_time")),
        ({"end": 1e308}, ("FORMAT-020", "tracks[0].clips[0].end_time")),
        ({"end": 9e6}, ("FORMAT-045", "tracks[0].clips[0].end_time")),
        ({"opacity": 1.5}, ("FORMAT-020", "tracks[0].clips[0].opacity")),
        ({"opacity": "1"}, ("FORMAT-020", "tracks[0].clips[0].opacity")),
        ({"volume": -1}, ("FORMAT-020", "tracks[0].clips[0].volume")),
        ({"crop": {"left": -1}}, ("FORMAT-020", "tracks[0].clips[0].crop.left")),
        ({"crop": {"left": 1.5}}, ("FORMAT-020", "tracks[0].clips[0].crop.left")),
        ({"transform": {"scale_x": 0}}, ("FORMAT-020", "tracks[0].clips[0].transform.scale_x")),
        ({"color_correction": {"gamma": 0}}, ("FORMAT-020", "tracks[0].clips[0].color_correction.gamma")),
        ({"audio_track_index": -1}, ("FORMAT-020", "tracks[0].clips[0].audio_track_index")),
        ({"effects": ["gone"]}, ("FORMAT-031", "tracks[0].clips[0].effects[0]")),
        ({"filters": ["gone"]}, ("FORMAT-031", "tracks[0].clips[0].filters[0]")),
        ({"template_id": "gone"}, ("FORMAT-031", "tracks[0].clips[0].template_id")),
    ],
)
def test_a_clip_that_cannot_be_is_refused_with_its_place(more: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(with_clip(**more)) == expected


def test_a_clip_without_its_times_is_refused_by_name() -> None:
    written = clip()
    del written["end_time"]
    assert refusal(project(track(written))) == ("FORMAT-021", "tracks[0].clips[0].end_time")


def test_picture_settings_come_through_as_they_stand() -> None:
    made = first_clip(
        with_clip(
            crop={"left": 10, "top": 2, "right": 0, "bottom": 4},
            transform={"scale_x": 0.5, "scale_y": 0.25, "position_x": -0.1, "rotation": 90},
            color_correction={"brightness": 0.1, "hue": 30},
            opacity=0.5,
            audio_track_index=1,
        )
    )
    assert made.crop == Crop(left=10, top=2, bottom=4)
    assert made.transform == Transform(scale_x=0.5, scale_y=0.25, position_x=-0.1, rotation=90)
    assert made.colour_correction == ColourCorrection(brightness=0.1, hue=30)
    assert type(made.crop) is Crop
    assert made.source == MediaSource(path="media/a.mp4", audio_stream=1)
    assert made.opacity == 0.5


def test_the_source_range_must_fit_the_place_within_a_frame_after_speed() -> None:
    assert first_clip(with_clip(source_start=1, source_end=3.04)).source_start == 1
    assert first_clip(with_clip(source_start=1, source_end=5, speed=2)).speed == 2
    assert first_clip(with_clip(source_start=0, source_end=1, speed=0.5)).speed == Fraction(1, 2)
    assert refusal(with_clip(source_start=1, source_end=3.05)) == ("FORMAT-027", "tracks[0].clips[0].source_end")
    assert refusal(with_clip(source_start=1, source_end=3, speed=2)) == ("FORMAT-027", "tracks[0].clips[0].source_end")
    assert refusal(with_clip(source_start=3, source_end=1)) == ("FORMAT-027", "tracks[0].clips[0].source_end")


@pytest.mark.parametrize("name", ["logo.png", "Photo.JPG", "folder.mp4/still.webp"])
def test_the_source_range_of_a_still_is_ignored(name: str) -> None:
    assert first_clip(with_clip(source_path=name, source_start=0, source_end=0)).end == 50


def test_source_times_stay_exact() -> None:
    assert first_clip(with_clip(source_start=10 / 24)).source_start == Fraction(5, 12)
    assert first_clip(with_clip(source_start=0.0123)).source_start == Fraction(123, 10_000)


def test_clips_are_put_in_order_and_errors_found_later_name_their_place_in_the_file() -> None:
    effects = [
        {"id": "b", "effect_type": "blur", "parameters": {}},
        {"id": "off", "effect_type": "Sepia", "enabled": False},
    ]
    second = clip("b", 2, 3, effects=["off", "b", "sepia"], filters=["Hlg"])
    imported = load_object(project(track(second, clip("a", 0, 2)), effects=effects))
    assert [one.id for one in imported.timeline.tracks[0].clips] == ["a", "b"]
    assert [one.kind for one in imported.timeline.tracks[0].clips[1].effects] == ["filter-hlg", "blur", "sepia"]
    assert imported.in_file("tracks[0].clips[1].end") == "tracks[0].clips[0].end_time"
    assert imported.in_file("tracks[0].clips[0].source.path") == "tracks[0].clips[1].source_path"
    assert imported.in_file("tracks[0].clips[1]") == "tracks[0].clips[0]"
    assert imported.in_file("tracks[0].clips[1].transform.scale_x") == "tracks[0].clips[0].transform.scale_x"
    assert imported.in_file("tracks[0].clips[1].effects[0]") == "tracks[0].clips[0].filters[0]"
    assert imported.in_file("tracks[0].clips[1].effects[1]") == "tracks[0].clips[0].effects[1]"
    assert imported.in_file("tracks[0].clips[1].effects[1].parameters.radius") == "effects[0].parameters.radius"
    assert imported.in_file("tracks[0].clips[1].effects[2].parameters.intensity") == "tracks[0].clips[0].effects[2]"
    assert imported.in_file("tracks[7].clips[0]") == "tracks[7].clips[0]"
    assert imported.in_file("export.video") == "export.video"


def test_two_clips_of_one_id_are_refused_also_on_different_tracks() -> None:
    assert refusal(project(track(clip("a")), track(clip("a")))) == ("FORMAT-030", "tracks[1].clips[0].id")


def test_clips_without_an_id_get_one() -> None:
    one, two = clip(), clip("", 2, 4)
    del one["id"]
    assert [made.id for made in read(project(track(one, two))).tracks[0].clips] == ["0-0", "0-1"]


def test_tracks_keep_their_order_kind_and_volume() -> None:
    timeline = read(
        project(
            track(clip("a"), id="low"),
            track(clip("b"), kind="audio", id="music", volume=0.5, enabled=False, effects=["AudioFadeIn"]),
            track(kind="subtitle", id="subs"),
        )
    )
    assert [(one.id, one.kind, one.enabled, one.volume) for one in timeline.tracks] == [
        ("low", "video", True, 1),
        ("music", "audio", False, 0.5),
        ("subs", "video", True, 1),
    ]
    assert timeline.tracks[1].effects[0].kind == "audio-fade-in"


def test_a_file_on_a_subtitle_track_is_not_built() -> None:
    assert refusal(project(track(clip(), kind="Subtitle"))) == ("FORMAT-040", "tracks[0].clips[0]")


def test_an_unknown_kind_of_track_is_refused() -> None:
    assert refusal(project(track(clip(), kind="Midi"))) == ("FORMAT-020", "tracks[0].track_type")


def test_volumes_beyond_the_editor_s_slider_are_used_with_a_warning() -> None:
    imported = load_object(project(track(clip(volume=1.5), volume=3)))
    assert imported.timeline.tracks[0].clips[0].volume == 1.5
    assert warned(imported) == [("FORMAT-102", "tracks[0].volume"), ("FORMAT-102", "tracks[0].clips[0].volume")]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ({"x": 50, "y": 0, "width": 50, "height": 100}, Cell(x=0.5, y=0, width=0.5, height=1)),
        (
            {"x": 0, "y": 0, "width": 50, "height": 50, "fit_mode": "Cover", "align_x": "Left", "align_y": "bottom"},
            Cell(x=0, y=0, width=0.5, height=0.5, fit="cover", align_x="left", align_y="bottom"),
        ),
        ({"x": 0, "y": 0, "width": 50, "height": 50, "fit_mode": "Fit"}, Cell(x=0, y=0, width=0.5, height=0.5)),
        (
            {"x": 0, "y": 0, "width": 50, "height": 50, "fit_mode": "stretch", "scale": 1.5},
            Cell(x=0, y=0, width=0.5, height=0.5, fit="fill", scale=1.5),
        ),
        (
            {"x": 0, "y": 0, "width": 50, "height": 50, "fit_mode": "None"},
            Cell(x=0, y=0, width=0.5, height=0.5, fit="none"),
        ),
    ],
)
def test_cells_are_fractions_of_the_frame(cell: dict[str, Any], expected: Cell) -> None:
    templates = [{"id": "t", "template_type": "Custom", "screens": 1, "cells": [{"index": 3, **cell}]}]
    written = project(track(clip(template_id="t", template_cell=3)), templates=templates)
    assert first_clip(written).cell == expected


def test_regions_are_pixels_of_the_timeline_with_padding() -> None:
    region = {"x": 640, "y": 0, "width": 640, "height": 720, "padding": 32}
    templates = [{"id": "t", "regions": [{"x": 0, "y": 0, "width": 1, "height": 1}, region]}]
    made = first_clip(project(track(clip(template_id="t", template_position=1)), templates=templates))
    assert made.cell == Cell(x=0.525, y=32 / 720, width=576 / 1280, height=656 / 720)


@pytest.mark.parametrize(
    ("kind", "screens", "cell", "box"),
    [
        ("Vertical", 2, 1, (0.5, 0, 0.5, 1)),
        ("horizontal", 4, 3, (0, 0.75, 1, 0.25)),
        ("Grid", 5, 4, (1 / 3, 0.5, 1 / 3, 0.5)),
        ("grid", 25, 24, (0.8, 0.8, 0.2, 0.2)),
    ],
)
def test_a_plain_split_needs_no_cells(kind: str, screens: int, cell: int, box: tuple[float, ...]) -> None:
    templates = [{"id": "t", "template_type": kind, "screens": screens}]
    made = first_clip(project(track(clip(template_id="t", template_cell=cell)), templates=templates)).cell
    assert made is not None
    assert (made.x, made.y, made.width, made.height) == pytest.approx(box)
    assert made.fit == "cover"


def test_thirds_that_add_up_to_a_hair_more_than_the_frame_are_cut_to_it() -> None:
    cells = [{"index": 0, "x": 66.6666667, "y": 0, "width": 33.3333334, "height": 100}]
    made = first_clip(project(track(clip(template_id="t")), templates=[{"id": "t", "cells": cells}])).cell
    assert made is not None
    assert made.x + made.width <= 1


@pytest.mark.parametrize(
    ("template", "index", "expected"),
    [
        ({"template_type": "Diagonal", "screens": 5}, 0, ("FORMAT-020", "templates[0].screens")),
        ({"template_type": "Grid", "screens": 26}, 0, ("FORMAT-020", "templates[0].screens")),
        ({"template_type": "Grid", "screens": 4}, 4, ("FORMAT-044", "tracks[0].clips[0]")),
        ({"template_type": "Grid", "screens": 4}, None, ("FORMAT-044", "tracks[0].clips[0]")),
        ({"template_type": "Custom"}, 0, ("FORMAT-021", "templates[0].cells")),
        ({"cells": [{"x": 60, "y": 0, "width": 50, "height": 100}]}, 0, ("FORMAT-020", "templates[0].cells[0].x")),
        ({"cells": [{"x": 0, "y": 0, "width": 0, "height": 100}]}, 0, ("FORMAT-020", "templates[0].cells[0].width")),
        ({"regions": [{"x": 0, "y": 0, "width": 9e5, "height": 9}]}, 0, ("FORMAT-020", "templates[0].regions[0].x")),
    ],
)
def test_a_cell_that_cannot_be_is_refused(
    template: dict[str, Any], index: int | None, expected: tuple[str, str]
) -> None:
    written = project(track(clip(template_id="t", template_cell=index)), templates=[{"id": "t", **template}])
    assert refusal(written) == expected
