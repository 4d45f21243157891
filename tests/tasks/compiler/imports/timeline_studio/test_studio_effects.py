"""Effects and filters of a ProjectSchema."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.compiler.load import load_object
from tasks.compiler.model import Effect
from tests.studio import clip, first_clip, project, refusal, track, warned


def applied(effect: dict[str, Any], field: str = "effects") -> tuple[Effect, ...]:
    return first_clip(project(track(clip(**{field: ["e"]})), **{field: [{"id": "e", **effect}]})).effects


def refused(effect: dict[str, Any], field: str = "effects") -> tuple[str, str]:
    return refusal(project(track(clip(**{field: ["e"]})), **{field: [{"id": "e", **effect}]}))


@pytest.mark.parametrize("kind", ["FilmGrain", "film-grain", "film_grain"])
def test_an_effect_has_the_catalogue_s_name_in_every_spelling(kind: str) -> None:
    made = applied({"effect_type": kind, "name": "Grain", "parameters": {"amount": {"Float": 0.4}, "seed": 3}})
    assert made == (Effect(id="e", kind="film-grain", parameters={"amount": 0.4, "seed": 3}),)


def test_times_of_an_effect_are_frames_of_the_clip() -> None:
    made = applied({"effect_type": "blur", "start_time": 0.5, "end_time": 1})
    assert (made[0].start, made[0].end) == (12, 25)
    assert refused({"effect_type": "blur", "start_time": 1, "end_time": 1}) == ("FORMAT-025", "effects[0].end_time")
    assert refused({"effect_type": "blur", "start_time": -1}) == ("FORMAT-023", "effects[0].start_time")


def test_a_disabled_effect_does_nothing() -> None:
    assert applied({"effect_type": "NoSuch", "enabled": False}) == ()
    assert applied({"filter_type": "NoSuch", "enabled": False}, "filters") == ()


def test_a_preset_gives_way_to_the_effect_s_own_parameters() -> None:
    presets = {"strong": {"params": {"intensity": 2, "radius": 9}}, "weak": {"intensity": 0.1}}
    effect = {"effect_type": "vignette", "presets": presets, "parameters": {"radius": 0.5}}
    assert applied({**effect, "preset": "strong"})[0].parameters == {"intensity": 2, "radius": 0.5}
    assert applied({**effect, "preset": "weak"})[0].parameters == {"intensity": 0.1, "radius": 0.5}
    assert applied(effect)[0].parameters == {"radius": 0.5}


def test_an_unknown_effect_is_refused_where_it_is_used() -> None:
    assert refused({"effect_type": "Sparkle"}) == ("FORMAT-032", "tracks[0].clips[0].effects[0]")
    assert refused({"filter_type": "Sparkle"}, "filters") == ("FORMAT-032", "tracks[0].clips[0].filters[0]")


def test_an_unknown_effect_that_nobody_uses_harms_nobody() -> None:
    assert first_clip(project(effects=[{"id": "x", "effect_type": "Sparkle"}])).effects == ()


def test_a_name_of_the_catalogue_may_stand_in_place_of_an_id() -> None:
    made = first_clip(project(track(clip(effects=["HueRotate"], filters=["s-log"])))).effects
    assert made == (Effect(id="s-log", kind="filter-s-log"), Effect(id="HueRotate", kind="hue-rotate"))


def test_a_filter_carries_its_parameters_and_intensity() -> None:
    made = applied({"filter_type": "VintageFilm", "intensity": 0.5, "parameters": {"grain": 0.2}}, "filters")
    assert made == (Effect(id="e", kind="filter-vintage-film", parameters={"grain": 0.2, "intensity": 0.5}),)


def test_a_custom_effect_becomes_its_filled_filter_template() -> None:
    parameters = {"radius": {"Float": 2.5}, "on": True, "mode": "soft"}
    made = applied(
        {"effect_type": "Custom", "ffmpeg_command": "gblur={radius}:{on}:m={mode}", "parameters": parameters}
    )
    assert made == (Effect(id="e", kind="custom", parameters={"filter": "gblur=2.5:1:m=soft"}),)
    made = applied({"filter_type": "custom", "custom_filter": "hue=s={s}", "parameters": {"s": 0}}, "filters")
    assert made[0].parameters == {"filter": "hue=s=0"}


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ({}, ("FORMAT-021", "effects[0]")),
        ({"ffmpeg_command": "blur={gone}"}, ("FORMAT-048", "effects[0]")),
        (
            {"ffmpeg_command": "blur={r}", "parameters": {"r": "1,movie=/etc/passwd"}},
            ("FORMAT-020", "effects[0].parameters.r"),
        ),
        ({"ffmpeg_command": "blur={r}", "parameters": {"r": [1, 2]}}, ("FORMAT-020", "effects[0].parameters.r")),
        ({"ffmpeg_command": "x" * 10_001}, ("FORMAT-020", "effects[0].ffmpeg_command")),
        ({"ffmpeg_command": "{r}" * 3000, "parameters": {"r": "x" * 200}}, ("FORMAT-020", "effects[0]")),
        ({"ffmpeg_command": "a", "parameters": {"r": {"x": 1}}}, ("FORMAT-020", "effects[0].parameters.r")),
        ({"ffmpeg_command": "a", "presets": {"p": 3}}, ("FORMAT-020", "effects[0].presets")),
        ({"ffmpeg_command": "a", "presets": {"p": {"x": {"y": 1}}}}, ("FORMAT-020", "effects[0].presets")),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(effect: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refused({"effect_type": "Custom", **effect}) == expected


def test_the_command_of_an_effect_of_the_catalogue_is_not_used() -> None:
    effect = {"id": "e", "effect_type": "Sepia", "ffmpeg_command": "movie=/etc/passwd"}
    imported = load_object(project(track(clip(effects=["e"])), effects=[effect]))
    assert imported.timeline.tracks[0].clips[0].effects == (Effect(id="e", kind="sepia"),)
    assert warned(imported) == [("FORMAT-107", "effects[0].ffmpeg_command")]


def test_effects_of_a_track_are_kept_on_the_track() -> None:
    effects = [{"id": "e", "effect_type": "AudioFadeOut", "parameters": {"duration": {"type": "Float", "value": 2}}}]
    imported = load_object(project(track(clip(), effects=["e"]), effects=effects))
    assert imported.timeline.tracks[0].effects[0].parameters == {"duration": 2}
    assert imported.in_file("tracks[0].effects[0].parameters.duration") == "effects[0].parameters.duration"
    assert imported.in_file("tracks[0].effects[0]") == "tracks[0].effects[0]"
    assert refusal(project(track(clip(), effects=["gone"]))) == ("FORMAT-031", "tracks[0].effects[0]")


def test_speed_and_reverse_become_the_clips_own() -> None:
    effects = [{"id": "s", "effect_type": "Speed", "parameters": {"rate": 1.5}}, {"id": "r", "effect_type": "reverse"},
               {"id": "b", "effect_type": "blur"}]  # fmt: skip
    made = first_clip(project(track(clip(effects=["s", "r", "b"], speed=2, source_end=6)), effects=effects))
    assert (made.speed, made.reverse, [effect.kind for effect in made.effects]) == (3, True, ["blur"])
    twice = first_clip(project(track(clip(effects=["r", "reverse"])), effects=effects))
    assert (twice.speed, twice.reverse, twice.effects) == (1, False, ())


def test_a_source_range_is_held_against_the_speed_with_its_effects() -> None:
    effects = [{"id": "s", "effect_type": "speed", "parameters": {"rate": 2}}]
    assert refusal(project(track(clip(effects=["s"], source_end=2)), effects=effects))[0] == "FORMAT-027"


def test_effects_on_time_change_whole_clips_only() -> None:
    assert refused({"effect_type": "speed", "end_time": 1}) == ("FORMAT-077", "tracks[0].clips[0].effects[0]")
    assert refused({"effect_type": "speed", "parameters": {"rate": 0}})[0] == "FORMAT-020"
    found = refusal(project(track(clip(), effects=["reverse"])))
    assert found == ("FORMAT-078", "tracks[0].effects[0]")


def test_places_of_other_effects_are_not_shifted_by_those_on_time() -> None:
    effects = [{"id": "s", "effect_type": "speed"}, {"id": "b", "effect_type": "blur"}]
    found = load_object(project(track(clip(effects=["s", "b"])), effects=effects))
    assert found.in_file("tracks[0].clips[0].effects[0].parameters") == "effects[1].parameters"
