"""Subtitles of a ProjectSchema."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.compiler.load import load_object
from tasks.subtitles.model import Subtitle, TextStyle
from tests.studio import project, refusal, warned


def written(**more: Any) -> dict[str, Any]:
    return project(subtitles=[{"id": "s", "text": "Words", "start_time": 0.5, "end_time": 1.5, **more}])


def made(**more: Any) -> Subtitle:
    (found,) = load_object(written(**more)).timeline.subtitles
    return found


def test_a_plain_subtitle_stands_at_the_bottom_centre() -> None:
    assert made() == Subtitle(id="s", text="Words", start=12, end=38)


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ({"x": 20, "y": 80, "align_x": "Left", "align_y": "Top"}, (0.2, 0.8, "left", "top")),
        ({"x": 50, "y": 100, "align_y": "bottom", "margin": {"bottom": 72}}, (0.5, 0.9, "center", "bottom")),
        ({"x": 0, "y": 50, "align_x": "left", "align_y": "center", "margin": 128}, (0.1, 0.5, "left", "center")),
        ({"type": "Relative", "align_x": "Right", "align_y": "Top"}, (0.95, 0.07, "right", "top")),
        ({"Relative": {"align_x": "center", "align_y": "center"}}, (0.5, 0.5, "center", "center")),
        ({"type": "Absolute", "x": 640, "y": 72}, (0.5, 0.1, "left", "top")),
        ({"absolute": {"x": 128, "y": 360, "align_x": "center"}}, (0.1, 0.5, "center", "top")),
        (None, (0.5, 0.93, "center", "bottom")),
    ],
)
def test_positions_come_in_every_shape(position: Any, expected: tuple[Any, ...]) -> None:
    found = made(position=position)
    assert (found.x, found.y, found.align_x, found.align_y) == expected


def test_styles_are_measured_in_1080_lines() -> None:
    style = {
        "font_family": "Roboto",
        "font_size": 40,
        "font_weight": 700,
        "color": 0xFFFF00FF,
        "stroke_color": "black",
        "stroke_width": 2,
        "shadow_x": 2,
        "shadow_y": -2,
        "shadow_blur": 4,
        "background_color": "#000000",
        "background_opacity": 0.5,
        "padding": {"top": 4, "right": 8},
        "line_height": 1.5,
        "letter_spacing": 1,
        "max_width": 60,
    }
    found = made(style=style, position={"align_x": "left"})
    assert found.max_width == 0.6
    assert found.style == TextStyle(
        font_family="Roboto",
        font_size=60,
        weight=700,
        colour="#ffff00ff",
        stroke_colour="#000000",
        stroke_width=3,
        shadow_x=3,
        shadow_y=-3,
        shadow_blur=6,
        background_colour="#00000080",
        padding=12,
        letter_spacing=1.5,
        line_height=1.5,
        align="left",
    )


def test_animations_of_subtitles() -> None:
    found = made(
        animations=[{"animation_type": "Blink", "duration": 0.4}, {"animation_type": "FadeOut", "duration": 1}]
    )
    assert [animation.kind for animation in found.animations] == ["blink", "fade-out"]
    odd = written(animations=[{"animation_type": "Wobble", "duration": 1}])
    assert refusal(odd) == ("FORMAT-032", "subtitles[0].animations[0].animation_type")


def test_what_is_not_seen_is_left_out() -> None:
    lines = [
        {"id": "off", "text": "x", "start_time": 0, "end_time": 1, "enabled": False},
        {"id": "empty", "text": " \n", "start_time": 0, "end_time": 1},
        {"id": "late", "text": "x", "start_time": 2, "end_time": 3},
        {"id": "long", "text": "x", "start_time": 1, "end_time": 9},
    ]
    imported = load_object(project(subtitles=lines))
    assert [(one.id, one.end) for one in imported.timeline.subtitles] == [("long", 50)]
    assert warned(imported) == [
        ("FORMAT-106", "subtitles[1].text"),
        ("FORMAT-106", "subtitles[2]"),
        ("FORMAT-106", "subtitles[3].end_time"),
    ]
    assert imported.in_file("subtitles[0].end") == "subtitles[3].end_time"
    assert imported.in_file("subtitles[9]") == "subtitles[9]"


def test_round_corners_and_languages_are_kept() -> None:
    imported = load_object(written(style={"border_radius": 4, "background_color": "#000"}, language="zh-Hant"))
    (line,) = imported.timeline.subtitles
    assert (line.style.radius, line.language) == (6, "zh-Hant")
    assert not imported.warnings


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"end_time": 0.5}, ("FORMAT-025", "subtitles[0].end_time")),
        ({"start_time": -1}, ("FORMAT-023", "subtitles[0].start_time")),
        ({"text": None}, ("FORMAT-021", "subtitles[0].text")),
        ({"text": "x" * 10_001}, ("FORMAT-020", "subtitles[0].text")),
        ({"position": {"type": "Sticky"}}, ("FORMAT-020", "subtitles[0].position.type")),
        ({"position": {"x": 5000}}, ("FORMAT-020", "subtitles[0].position.x")),
        ({"position": {"x": "left"}}, ("FORMAT-020", "subtitles[0].position.x")),
        ({"style": {"font_size": 5000}}, ("FORMAT-020", "subtitles[0].style.font_size")),
        ({"style": {"max_width": 0}}, ("FORMAT-020", "subtitles[0].style.max_width")),
        ({"style": {"padding": {"top": "x"}}}, ("FORMAT-020", "subtitles[0].style.padding")),
        ({"style": {"background_opacity": 2}}, ("FORMAT-020", "subtitles[0].style.background_opacity")),
    ],
)
def test_a_subtitle_that_cannot_be_is_refused(more: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(written(**more)) == expected
