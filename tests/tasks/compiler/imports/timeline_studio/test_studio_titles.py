"""Style templates of a ProjectSchema: titles of text and shapes."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.compiler.imports.timeline_studio.style_templates import STYLE_TEMPLATES
from tasks.compiler.load import load_object
from tasks.compiler.model import PictureElement, ShapeElement, TextElement, TitleSource
from tasks.subtitles.kinds import KINDS
from tasks.subtitles.model import Animation
from tasks.subtitles.shapes import SHAPES
from tests.studio import project, refusal, track, warned


def written(*elements: dict[str, Any], seconds: float = 4, **template: Any) -> dict[str, Any]:
    title = {"id": "i", "source": "Generated", "start_time": 0, "end_time": seconds, "style_template_id": "s"}
    return project(
        track({**title, "speed": 3, "source_start": 1}),
        style_templates=[{"id": "s", "name": "S", "category": "Title", "elements": list(elements), **template}],
    )


def title(*elements: dict[str, Any], **more: Any) -> TitleSource:
    source = load_object(written(*elements, **more)).timeline.tracks[0].clips[0].source
    assert isinstance(source, TitleSource)
    return source


TEXT = {
    "id": "headline",
    "element_type": "Text",
    "position": {"x": 10, "y": 20},
    "size": {"width": 50, "height": 10},
    "properties": {"text": "Hello"},
}


def test_text_has_its_box_style_and_words() -> None:
    properties = {
        "text": "Hello",
        "font_size": 60,
        "font_family": "Roboto",
        "color": "orange",
        "text_align": "Left",
        "font_weight": "Bold",
        "opacity": 0.5,
        "rotation": 10,
        "border_width": 2,
        "border_color": "#123",
        "background_color": "rgba(0,0,0,0.5)",
    }
    (made,) = title({**TEXT, "properties": properties}).elements
    assert isinstance(made, TextElement)
    assert (made.id, made.text, made.x, made.y, made.width, made.height) == ("headline", "Hello", 0.1, 0.2, 0.5, 0.1)
    assert (made.opacity, made.rotation, made.start, made.end) == (0.5, 10, 0, None)
    # 60 pixels of 720 lines are 90 of 1080.
    assert (made.style.font_size, made.style.stroke_width) == (90, 3)
    assert (made.style.font_family, made.style.colour, made.style.align, made.style.weight) == (
        "Roboto",
        "#ffa500",
        "left",
        700,
    )
    assert (made.style.stroke_colour, made.style.background_colour) == ("#112233", "#00000080")


def test_scale_grows_an_element_about_its_centre() -> None:
    (made,) = title({**TEXT, "properties": {"text": "x", "scale": 2, "font_size": 36}}).elements
    assert isinstance(made, TextElement)
    assert (made.x, made.y, made.width, made.height) == pytest.approx((-0.15, 0.15, 1, 0.2))
    assert made.style.font_size == 108


def test_shapes_and_lines() -> None:
    shape = {**TEXT, "element_type": "shape", "properties": {"shape_type": "Circle", "background_color": "#f00"}}
    box = {**TEXT, "element_type": "Shape", "properties": {"color": "#0f0", "border_radius": 10, "border_width": 4}}
    line = {"element_type": "Line", "size": {"width": 30, "height": 0}, "properties": {"color": "#00f"}}
    made = title(shape, box, line).elements
    assert all(isinstance(one, ShapeElement) for one in made)
    assert [(one.shape, one.fill) for one in made if isinstance(one, ShapeElement)] == [
        ("circle", "#ff0000"),
        ("rectangle", "#00ff00"),
        ("line", "#0000ff"),
    ]
    assert isinstance(made[1], ShapeElement)
    assert (made[1].radius, made[1].border_width) == (15, 6)
    assert made[2].height > 0


@pytest.mark.parametrize("timing", [{"start": 1, "end": 2}, {"in_time": 1, "out_time": 2}])
def test_timings_come_in_both_shapes(timing: dict[str, float]) -> None:
    (made,) = title({**TEXT, "timing": timing}, duration=3).elements
    assert (made.start, made.end) == (25, 50)


def test_a_clip_longer_than_its_template_holds_what_is_there_at_its_end() -> None:
    held, gone = title({**TEXT, "timing": {"start": 1, "end": 3}}, {**TEXT, "timing": {"end": 2}}, duration=3).elements
    assert (held.start, held.end) == (25, None)
    assert (gone.start, gone.end) == (0, 50)


def test_a_clip_shorter_than_its_template_is_cut_off() -> None:
    late = {**TEXT, "id": "late", "timing": {"start": 2, "end": 3}}
    (made,) = title({**TEXT, "timing": {"start": 0, "end": 2}}, late, duration=3, seconds=1).elements
    assert (made.id, made.end) == ("headline", None)


def test_the_ground_may_have_a_colour() -> None:
    assert title(background_color="navy").background == "#000080"
    assert title().background is None


def test_a_title_has_no_source_range_and_no_speed() -> None:
    clip = load_object(written(TEXT)).timeline.tracks[0].clips[0]
    assert (clip.source_start, clip.speed, clip.end) == (0, 1, 100)


def test_animations_are_counted_in_frames() -> None:
    animations = [
        {"animation_type": "FadeIn", "duration": 0.4},
        {"animation_type": "slide-out", "duration": 1, "delay": 0.2, "direction": "Right", "easing": "Linear"},
        {"animation_type": "TypeWriter", "duration": 1, "repeat": 3},
    ]
    (made,) = title({**TEXT, "animations": animations}).elements
    assert made.animations == (
        Animation(kind="fade-in", duration=10),
        Animation(kind="slide-out", duration=25, delay=5, direction="right", easing="linear"),
        Animation(kind="typewriter", duration=25, repeat=3),
    )


def one_animation(**more: Any) -> Animation:
    (made,) = title({**TEXT, "animations": [{"animation_type": "FadeIn", "duration": 1, **more}]}).elements
    return made.animations[0]


@pytest.mark.parametrize(
    ("written_", "easing"),
    [
        ("EaseInOut", "ease-in-out"),
        ("ease-out-cubic", "ease-out-cubic"),
        ("Bounce", "bounce"),
        ("quadIn", "ease-in-quad"),
    ],
)
def test_easings_come_in_every_spelling(written_: str, easing: str) -> None:
    assert one_animation(easing=written_).easing == easing


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_animation_is_read_in_both_spellings(name: str) -> None:
    path = {"path": [{"x": 0, "y": 0}, {"x": 10, "y": 5}]} if name == "motion-path" else {}
    camel = "".join(word.capitalize() for word in name.split("-"))
    for spelling in (name, camel):
        assert one_animation(animation_type=spelling, properties=path).kind == name


def test_a_motion_s_amount_is_in_the_units_of_its_kind() -> None:
    assert one_animation(animation_type="Shake", properties={"intensity": 8}).amount == 12  # 8 of 720 lines
    assert one_animation(animation_type="Slide", properties={"distance": 20}).amount == 0.2
    assert one_animation(animation_type="Rotate", properties={"degrees": 90}).amount == 90
    path = one_animation(animation_type="MotionPath", properties={"path": [{"x": 0, "y": 0}, {"x": 50, "y": -20}]}).path
    assert path == ((0, 0), (0.5, -0.2))


def test_repeats_and_orders_are_read() -> None:
    assert one_animation(repeat="infinite").repeat == 0
    assert one_animation(repeat=4, direction="alternate").order == "alternate"
    assert one_animation(direction="reverse").order == "reverse"


def test_a_property_that_means_nothing_is_named() -> None:
    fade = {"animation_type": "FadeIn", "duration": 1, "properties": {"sparkle": 3}}
    imported = load_object(written({**TEXT, "animations": [fade]}))
    assert warned(imported) == [("FORMAT-110", f"{E0}.animations[0].properties.sparkle")]


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_read(name: str) -> None:
    (made,) = title({**TEXT, "element_type": "Shape", "properties": {"shape_type": name.capitalize()}}).elements
    assert isinstance(made, ShapeElement)
    assert made.shape == name


def test_a_hexagon_is_a_polygon() -> None:
    (made,) = title({**TEXT, "element_type": "Shape", "properties": {"shape_type": "Hexagon"}}).elements
    assert isinstance(made, ShapeElement)
    assert (made.shape, made.points) == ("polygon", 6)


def test_pictures_keep_their_file_their_box_and_their_fit() -> None:
    image = {**TEXT, "element_type": "Image", "properties": {"src": "logo.png", "object_fit": "Cover"}}
    (made,) = title(image).elements
    assert isinstance(made, PictureElement)
    assert (made.path, made.fit, made.x, made.width) == ("logo.png", "cover", 0.1, 0.5)


def test_icons_are_characters_of_the_farm_s_fonts() -> None:
    (star,) = title({**TEXT, "element_type": "Icon", "properties": {"icon": "Star", "color": "#ff0"}}).elements
    assert isinstance(star, TextElement)
    assert (star.text, star.style.colour) == ("★", "#ffff00")
    (file,) = title({**TEXT, "element_type": "Icon", "properties": {"src": "icons/a.svg"}}).elements
    assert isinstance(file, PictureElement)


@pytest.mark.parametrize(("name", "seconds"), [
    ("modern-intro-1", 3), ("minimal-outro-1", 4), ("corporate-lower-third-1", 5), ("bold-title-1", 2.5),
    ("classic-overlay-1", 6),
])  # fmt: skip
def test_the_farm_s_own_templates_need_no_definition(name: str, seconds: float) -> None:
    assert STYLE_TEMPLATES[name]["duration"] == seconds
    clip = {"id": "i", "source": "Generated", "start_time": 0, "end_time": seconds, "style_template_id": name}
    imported = load_object(project(track(clip)))
    source = imported.timeline.tracks[0].clips[0].source
    assert isinstance(source, TitleSource)
    assert not imported.warnings
    assert len(source.elements) >= 2
    assert {element.kind for element in source.elements} >= {"text", "shape"}


def test_texts_and_colours_are_replaced_for_each_use() -> None:
    base = {"source": "Generated", "style_template_id": "bold-title-1"}
    changes = {"texts": {"title": "HELLO"}, "colors": {"title": "#ffffff", "block": "#000080"}}
    plain = {**base, "id": "a", "start_time": 0, "end_time": 2}
    custom = {**base, "id": "b", "start_time": 2, "end_time": 4, "customizations": changes}
    kept = {
        **base,
        "id": "c",
        "start_time": 4,
        "end_time": 6,
        "properties": {"custom_metadata": {"customizations": changes}},
    }
    imported = load_object(project(track(plain, custom, kept)))
    first, second, third = (clip.source for clip in imported.timeline.tracks[0].clips)
    assert isinstance(first, TitleSource)
    assert isinstance(second, TitleSource)
    assert second == third
    assert second != first
    block, words = second.elements
    assert isinstance(block, ShapeElement)
    assert isinstance(words, TextElement)
    assert (block.fill, words.text, words.style.colour) == ("#000080", "HELLO", "#ffffff")


def test_a_customisation_of_nothing_is_named() -> None:
    clip = {"id": "a", "source": "Generated", "start_time": 0, "end_time": 2, "style_template_id": "bold-title-1",
            "customizations": {"texts": {"headline": "HELLO"}}}  # fmt: skip
    assert warned(load_object(project(track(clip)))) == [("FORMAT-111", "tracks[0].clips[0].style_template_id")]


E0 = "style_templates[0].elements[0]"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"element_type": "Image"}, ("FORMAT-021", f"{E0}.properties.src")),
        (
            {"element_type": "Image", "properties": {"src": "https://a.b/c.png"}},
            ("FORMAT-052", f"{E0}.properties.src"),
        ),
        ({"element_type": "Icon", "properties": {"icon": "unicorn"}}, ("FORMAT-051", f"{E0}.properties.icon")),
        ({"element_type": "Particle"}, ("FORMAT-040", f"{E0}.element_type")),
        ({"element_type": "animation"}, ("FORMAT-040", f"{E0}.element_type")),
        ({"element_type": "Hologram"}, ("FORMAT-020", f"{E0}.element_type")),
        (
            {"element_type": "Shape", "properties": {"shape_type": "blob"}},
            ("FORMAT-040", f"{E0}.properties.shape_type"),
        ),
        ({"timing": {"start": 2, "end": 1}}, ("FORMAT-025", f"{E0}.timing.end")),
        ({"timing": {"in_time": -2}}, ("FORMAT-023", f"{E0}.timing.in_time")),
        ({"position": {"x": 5000}}, ("FORMAT-020", f"{E0}.position.x")),
        ({"size": {"width": 0}}, ("FORMAT-020", f"{E0}.size.width")),
        ({"properties": {"font_size": 9999}}, ("FORMAT-020", f"{E0}.properties.font_size")),
        ({"properties": {"color": "nope"}}, ("FORMAT-020", f"{E0}.properties.color")),
        ({"properties": {"opacity": 2}}, ("FORMAT-020", f"{E0}.properties.opacity")),
        ({"properties": {"font_weight": "huge"}}, ("FORMAT-020", f"{E0}.properties.font_weight")),
        (
            {"animations": [{"animation_type": "MotionPath", "duration": 1}]},
            ("FORMAT-021", f"{E0}.animations[0].properties.path"),
        ),
        (
            {"animations": [{"animation_type": "Zap", "duration": 1}]},
            ("FORMAT-032", f"{E0}.animations[0].animation_type"),
        ),
        ({"animations": [{"animation_type": "FadeIn"}]}, ("FORMAT-021", f"{E0}.animations[0].duration")),
        (
            {"animations": [{"animation_type": "FadeIn", "duration": 1, "repeat": 2.5}]},
            ("FORMAT-020", f"{E0}.animations[0].repeat"),
        ),
        (
            {"animations": [{"animation_type": "SlideIn", "duration": 1, "direction": "Inwards"}]},
            ("FORMAT-020", f"{E0}.animations[0].direction"),
        ),
        (
            {"animations": [{"animation_type": "FadeIn", "duration": 1, "easing": "Wobbly"}]},
            ("FORMAT-032", f"{E0}.animations[0].easing"),
        ),
        (
            {"animations": [{"animation_type": "Flicker", "duration": 1, "properties": {"intensity": 2}}]},
            ("FORMAT-020", f"{E0}.animations[0]"),
        ),
    ],
)
def test_an_element_that_cannot_be_is_refused(more: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(written({**TEXT, **more})) == expected


def test_a_style_template_that_is_not_in_the_file_is_refused() -> None:
    unknown = written(TEXT)
    unknown["style_templates"] = []
    assert refusal(unknown) == ("FORMAT-031", "tracks[0].clips[0].style_template_id")


def test_clips_of_one_length_share_one_title() -> None:
    project_ = written(TEXT)
    project_["tracks"][0]["clips"].append(
        {**project_["tracks"][0]["clips"][0], "id": "j", "start_time": 4, "end_time": 8}
    )
    first, second = load_object(project_).timeline.tracks[0].clips
    assert first.source is second.source


def test_a_large_template_cannot_be_used_without_end() -> None:
    many = written(*[TEXT] * 200)
    first = many["tracks"][0]["clips"][0]
    many["tracks"][0]["clips"] = [{**first, "id": str(n), "end_time": 0.04 * (n + 1)} for n in range(300)]
    assert refusal(many)[0] == "FORMAT-016"
