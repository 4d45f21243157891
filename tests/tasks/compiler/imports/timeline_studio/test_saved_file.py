"""The editor's saved file: the same film as its ProjectSchema, and what only it can say."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.compiler.imports.imported import Imported
from tasks.compiler.load import load, load_object
from tasks.compiler.model import Cell, Clip, Transform
from tests.studio import refusal, warned
from tests.tasks.compiler.films import Studio, counted, recorded

EXAMPLES = Path(__file__).parents[5] / "examples"


def clip(name: str = "a", start: float = 0, duration: float = 2, **more: Any) -> dict[str, Any]:
    return {"id": name, "mediaId": "m", "startTime": start, "duration": duration, **more}


def track(*clips: dict[str, Any], kind: str = "video", **more: Any) -> dict[str, Any]:
    return {"id": more.pop("id", f"t-{kind}"), "type": kind, "clips": list(clips), **more}


def saved(*tracks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "fps": 25,
        "sampleRate": 48000,
        "globalTracks": list(tracks),
        "resources": {"media": [{"id": "m", "path": "media/a.mp4"}]},
        "settings": {"resolution": {"width": 1280, "height": 720}},
        **more,
    }


def read(*tracks: dict[str, Any], **more: Any) -> Imported:
    return load_object(saved(*tracks, **more))


def first(**more: Any) -> Clip:
    return read(track(clip(**more))).timeline.tracks[0].clips[0]


def test_one_film_in_three_spellings_has_the_same_chunk_keys(studio: Studio) -> None:
    folder = studio.folder / "media"
    folder.mkdir(exist_ok=True)
    counted(folder / "wide.mp4", 260, size=(64, 36))
    counted(folder / "close.mp4", 260, size=(64, 36))
    recorded(folder / "music.wav", np.zeros((2, 480_000), np.float32), codec="pcm_s16le")
    picture(folder / "logo.png")
    keys = []
    for name in ("two-shots.rust.json", "two-shots.editor.json", "two-shots.tlsp"):
        found = load(EXAMPLES / name)
        assert found.warnings == ()
        plan = studio.plan(found.timeline)
        keys.append(([chunk.work.key for chunk in plan.chunks], plan.sound.key))
    assert keys[0] == keys[1] == keys[2]


def picture(path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (32, 18), "red").save(path)


def test_it_is_found_itself_or_under_timeline_or_project() -> None:
    bare = saved(track(clip()))
    assert (
        load_object({"timeline": bare}).timeline
        == load_object({"project": bare}).timeline
        == load_object(bare).timeline
    )
    outside = {"timeline": {k: v for k, v in bare.items() if k != "resources"}, "resources": bare["resources"]}
    assert load_object(outside).timeline == load_object(bare).timeline


def test_tracks_of_sections_and_global_ones_lie_in_their_order() -> None:
    sections = [{"startTime": 0, "endTime": 2, "tracks": [track(clip("a"), id="top", order=5)]},
                {"startTime": 2, "endTime": 4, "tracks": [track(clip("b", 2), id="low", order=1)]}]  # fmt: skip
    found = read(track(clip("c"), id="mid", order=3), sections=sections).timeline
    assert [(one.id, one.clips[0].start) for one in found.tracks] == [("low", 50), ("mid", 0), ("top", 0)]


def test_times_speed_and_pitch() -> None:
    made = first(start=1, mediaStartTime=3, mediaEndTime=7, playbackRate=2, maintainPitch=False, isReversed=True)
    assert (made.start, made.end, made.source_start, made.speed) == (25, 75, 3, 2)
    assert (made.keep_pitch, made.reverse) == (False, True)
    assert first(offset=1.5).source_start == Fraction(3, 2)
    found = read(track(clip(speed=3, playbackRate=2)))
    assert (found.timeline.tracks[0].clips[0].speed, warned(found)) == (
        3,
        [("FORMAT-108", "globalTracks[0].clips[0].playbackRate")],
    )


def switches(*tracks: dict[str, Any]) -> list[tuple[str, bool, float]]:
    return [(one.id, one.enabled, one.volume) for one in read(*tracks).timeline.tracks]


def test_muted_hidden_and_solo_tracks() -> None:
    pictures = [track(clip("a"), id="v1", isMuted=True), track(clip("b"), id="v2", isHidden=True)]
    sounds = [track(clip("c"), kind="music", id="a1", isMuted=True), track(clip("d"), kind="sfx", id="a2", volume=0.5)]
    assert switches(*pictures, *sounds) == [("v1", True, 0), ("v2", False, 1), ("a1", False, 1), ("a2", True, 0.5)]
    pictures[0]["isSolo"] = True
    assert [one[1] for one in switches(*pictures, *sounds)] == [True, False, False, True]
    sounds[0] |= {"isSolo": True, "isMuted": False}
    assert [one[1] for one in switches(*pictures, *sounds)] == [True, False, True, False]


def test_effects_and_filters_in_their_order_and_pan_of_a_track() -> None:
    used = [
        {"effectId": "blur", "customParams": {"radius": 3}, "order": 2, "startTime": 0.4, "duration": 1},
        {"effectId": "Sepia", "customParams": {}, "order": 1},
        {"effectId": "invert", "isEnabled": False},
    ]
    looks = [{"filterId": "s-log", "customParams": {"contrast": 0.9}}]
    found = read(track(clip(effects=used, filters=looks), pan=-0.5, trackEffects=[{"effectId": "grayscale"}])).timeline
    made = [(one.kind, dict(one.parameters), one.start, one.end) for one in found.tracks[0].clips[0].effects]
    assert made == [
        ("filter-s-log", {"contrast": 0.9}, None, None),
        ("sepia", {}, None, None),
        ("blur", {"radius": 3}, 10, 35),
    ]
    assert [(one.kind, dict(one.parameters)) for one in found.tracks[0].effects] == [
        ("grayscale", {}),
        ("audio-pan", {"pan": -0.5}),
    ]


def test_transitions_join_the_clip_before_or_after() -> None:
    def use(kind: str, **more: Any) -> dict[str, Any]:
        return {"transitionId": "fade", "duration": 0.8, "type": kind, **more}

    clips = [
        clip("a", 0, 2, transitions=[use("in"), use("out")]),
        clip("b", 2, 2, mediaStartTime=1, transitions=[use("in", duration=2), use("cross")]),
        clip("c", 4, 2, mediaStartTime=1),
    ]
    found = read(track(*clips))
    made = [(one.kind, one.from_clip, one.to_clip, one.start, one.end) for one in found.timeline.tracks[0].transitions]
    assert made == [("fade", "a", "b", 40, 60), ("fade", "b", "c", 90, 110)]
    assert warned(found) == [("FORMAT-118", "globalTracks[0].clips[0].transitions[0]")]


def test_a_box_of_the_frames_shape_is_a_transform_any_other_a_cell() -> None:
    made = first(position={"x": 0.725, "y": 0.025, "width": 0.25, "height": 0.25, "rotation": 30, "scaleX": 2})
    assert made.transform == Transform(scale_x=0.5, scale_y=0.25, position_x=0.35, position_y=-0.35, rotation=30)
    made = first(position={"x": 0.5, "y": 0, "width": 0.5, "height": 1})
    assert (made.transform, made.cell) == (None, Cell(x=0.5, y=0, width=0.5, height=1))
    assert first(position={"x": 0, "y": 0, "width": 1, "height": 1}).transform is None
    out = saved(track(clip(position={"x": 0.8, "y": 0, "width": 0.5, "height": 1})))
    assert refusal(out) == ("FORMAT-076", "globalTracks[0].clips[0].position")


def test_the_colour_panel_becomes_effects_and_a_neutral_one_none() -> None:
    grading: dict[str, Any] = {
        "colorWheels": {
            "lift": {"r": 0.1, "g": 0, "b": 0},
            "gamma": {"r": 0, "g": 0, "b": 0},
            "gain": {"r": 1, "g": 1, "b": 1.2},
        },
        "basicParameters": {"temperature": 20, "contrast": 10, "pivot": 0.5, "saturation": -25, "luminance": 5},
        "curves": {
            "master": [{"x": 1, "y": 1}, {"x": 0, "y": 0}],
            "red": [{"x": 0, "y": 0}, {"x": 0.5, "y": 0.6}, {"x": 1, "y": 1}],
        },
        "lut": {"file": "looks/film.cube", "intensity": 80, "isEnabled": True},
    }
    made = [
        (one.kind, dict(one.parameters)) for one in first(colorGrading=grading, effects=[{"effectId": "sepia"}]).effects
    ]
    assert made == [
        ("sepia", {}),
        ("lift-gamma-gain", {"lift_r": 0.1, "lift_g": 0, "lift_b": 0, "gain_r": 1, "gain_g": 1, "gain_b": 1.2}),
        ("filter-neutral", {"temperature": 20, "brightness": 0.05, "contrast": 1.1, "saturation": 0.75}),
        ("curves", {"red": (0, 0, 0.5, 0.6, 1, 1)}),
        ("lut", {"file": "looks/film.cube", "intensity": 80}),
    ]
    neutral = {
        "colorWheels": {},
        "basicParameters": {},
        "curves": {"master": []},
        "lut": {"file": "", "isEnabled": False},
    }
    assert first(colorGrading=neutral).effects == ()


def test_markers_become_the_timelines() -> None:
    marks = [
        {"time": 1, "name": "Two", "type": "Chapter", "color": "#f80"},
        {"time": 0, "name": "One"},
        {"time": 9, "name": "out"},
    ]
    found = read(track(clip()), markers=marks)
    made = [(one.time, one.name, one.kind, one.colour) for one in found.timeline.markers]
    assert made == [(0, "One", "note", None), (25, "Two", "chapter", "#ff8800")]
    assert warned(found) == [("FORMAT-125", "markers[2]")]


def test_titles_and_lines() -> None:
    style = {
        "id": "s",
        "duration": 2,
        "elements": [{"id": "e", "elementType": "text", "properties": {"text": "Hi", "fontSize": 40}}],
    }
    lines = track({"text": "Line", "startTime": 0.5, "duration": 1, "style": {"fontSize": 30}}, kind="subtitle")
    title = track({"id": "n", "startTime": 0, "duration": 2, "styleTemplate": {"styleTemplateId": "s"}}, kind="title")
    resources = {"media": [], "styleTemplates": [style]}
    found = read(title, lines, resources=resources).timeline
    assert found.tracks[0].clips[0].source.elements[0].text == "Hi"  # type: ignore[union-attr]
    assert [(one.text, one.start, one.end, one.style.font_size) for one in found.subtitles] == [("Line", 12, 38, 45)]
    assert read(title, lines | {"isHidden": True}, resources=resources).timeline.subtitles == ()


@pytest.mark.parametrize(
    ("tracks", "code", "where"),
    [
        ([track(clip(mediaId="gone"))], "FORMAT-031", "globalTracks[0].clips[0].mediaId"),
        ([track(clip(duration=0))], "FORMAT-025", "globalTracks[0].clips[0].duration"),
        ([track(clip(startTime=-1))], "FORMAT-023", "globalTracks[0].clips[0].startTime"),
        ([track(clip(mediaEndTime=9))], "FORMAT-027", "globalTracks[0].clips[0].mediaEndTime"),
        ([track(clip(effects=[{"effectId": "nope"}]))], "FORMAT-032", "globalTracks[0].clips[0].effects[0]"),
        ([track(clip(effects=[{"effectId": "custom"}]))], "FORMAT-021", "globalTracks[0].clips[0].effects[0]"),
        ([track(kind="hologram")], "FORMAT-020", "globalTracks[0].type"),
        ([track(clip(), clip())], "FORMAT-030", "globalTracks[0].clips[1].id"),
    ],
)
def test_errors_name_the_place_in_the_saved_file(tracks: list[Any], code: str, where: str) -> None:
    assert refusal(saved(*tracks)) == (code, where)
    nested = {"project": saved(*tracks)}
    assert refusal(nested) == (code, f"project.{where}")


def test_what_the_check_finds_is_named_by_its_place_in_the_file_too() -> None:
    found = read(track(clip()), sections=[{"tracks": [track(clip("b"), id="s", order=-1)]}])
    assert found.in_file("tracks[0].clips[0].source.path") == "sections[0].tracks[0].clips[0].mediaId"
    assert found.in_file("tracks[1].clips[0].end") == "globalTracks[0].clips[0].duration"


def test_unknown_fields_are_told_with_their_place() -> None:
    found = read(track(clip(glow=5)), theme="dark")
    assert set(warned(found)) == {("FORMAT-100", "theme"), ("FORMAT-100", "globalTracks[0].clips[0].glow")}
    assert found.extras == {"theme": "dark", "globalTracks[0].clips[0].glow": 5}
