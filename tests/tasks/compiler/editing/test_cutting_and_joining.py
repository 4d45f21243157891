"""Cutting and joining: wherever a film is cut, its parts show what it showed, and put together they are the film again."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from infra.errors import KinofarmError
from tasks.compiler.check import CheckedProject, check
from tasks.compiler.editing.cutting import part, split
from tasks.compiler.editing.joining import merged
from tasks.compiler.effects import EFFECTS
from tasks.compiler.model import Timeline
from tasks.compiler.plan import plan_frame
from tasks.compiler.work import Work
from tasks.filesystem.roots import MediaRoots
from tasks.media.probe import probe
from tests.tasks.compiler.films import Studio, clip, join, timeline, title, track

LENGTH = 120


@pytest.fixture(scope="module")
def film(studio: Studio) -> Timeline:
    """Everything that a cut must be exact about: speeds, ramps, reverse, freezes, eased numbers, transitions, text."""
    source = studio.counted("cutting.mp4", 200)
    ramp = [{"frame": 0, "value": 0.5, "easing": "ease-in-out"}, {"frame": 30, "value": 2}]
    zoom = [{"frame": 3, "value": 1, "easing": "ease-out-back"}, {"frame": 28, "value": 1.5}]
    glow = {"frame": 0, "value": 0.2, "easing": "ease-in"}, {"frame": 60, "value": 1}
    main = track(
        clip("a", source, 0, 30, source_start="1", keyframes={"transform.scale_x": zoom}),
        clip("b", source, 30, 60, source_start="3/2", speed="3/2", reverse=True),
        clip("c", source, 60, 90, source_start="1/2", keyframes={"speed": ramp}, reverse=True),
        clip("d", source, 90, 120, source_start="2", freeze=True),
        joins=[join("a", "b", 26, 34)],
        effects=[{"kind": "brightness", "keyframes": {"intensity": list(glow)}, "start": 5, "end": 100}],
    )
    over = track(
        clip("e", source, 10, 80, source_start="1", keyframes={"speed": ramp, "opacity": zoom_in()}, cell=corner()),
        title("words", 85, 110, box={"width": 0.5}),
    )
    lines = [{"text": "one", "start": 0, "end": 50}, {"text": "two", "start": 55, "end": 118, "language": "de"}]
    marks = [{"time": 0, "kind": "chapter", "name": "first"}, {"time": 70, "kind": "chapter", "name": "second"}]
    return timeline(main, over, duration=LENGTH, subtitles=lines, markers=marks)


def zoom_in() -> list[dict[str, Any]]:
    return [{"frame": 0, "value": 0.1, "easing": "ease-out"}, {"frame": 70, "value": 0.9}]


def corner() -> dict[str, Any]:
    return {"x": 0.5, "y": 0, "width": 0.5, "height": 0.5}


def checked(studio: Studio, film: Timeline) -> CheckedProject:
    return check(film, MediaRoots(studio.folder), cache(probe))


def look(studio: Studio, project: CheckedProject, frame: int) -> Work:
    """The work that shows a frame: what decides its key decides its look."""
    return plan_frame(project, studio.way(), frame)


def same_look(studio: Studio, one: Work, other: Work) -> bool:
    """Equal keys are equal pictures; where they differ (a half of what moves stands still) the pictures tell."""
    return one.key == other.key or bool(np.abs(pixels(studio, one) - pixels(studio, other)).max() <= 2)


def pixels(studio: Studio, work: Work) -> np.ndarray:
    with av.open(str(studio.rendered(work))) as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24").astype(int)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.filter_too_much])
@given(cuts=st.sets(st.integers(1, LENGTH - 1), min_size=1, max_size=3), looks=st.data())
def test_parts_show_what_the_film_showed_and_are_the_film_when_joined(
    studio: Studio, film: Timeline, cuts: set[int], looks: Any
) -> None:
    assume(not any(26 <= cut <= 34 for cut in cuts))  # in the transition
    edges = sorted(cuts)
    parts = split(film, edges)
    assert [each.duration for each in parts] == np.diff([0, *edges, LENGTH]).tolist()
    again = merged(parts)
    assert again.duration == LENGTH
    whole, joined = checked(studio, film), checked(studio, Timeline.model_validate_json(again.model_dump_json()))
    beside = [checked(studio, each) for each in parts]
    near = {frame for cut in edges for frame in (cut - 1, cut)}
    for frame in sorted(near | looks.draw(st.sets(st.integers(0, LENGTH - 1), min_size=3, max_size=3))):
        wanted = look(studio, whole, frame)
        number = sum(edge <= frame for edge in edges)
        assert same_look(studio, look(studio, beside[number], frame - ([0, *edges][number])), wanted), f"part {frame}"
        assert same_look(studio, look(studio, joined, frame), wanted), f"whole {frame}"


def test_the_sound_of_parts_is_the_sound_of_the_film(studio: Studio) -> None:
    noise = np.random.default_rng(5).uniform(-0.4, 0.4, (2, 48_000 * 6)).astype(np.float32)
    source = studio.recorded("noise.wav", noise)
    fade = {"kind": "audio-fade", "parameters": {"fade_in": 0.2, "fade_out": 0.4}}
    film = timeline(track(clip("s", source, 0, 100, source_start="1", effects=[fade]), kind="audio"), duration=100)
    whole, parts = studio.samples(film), split(film, [40, 70])
    together = np.concatenate([studio.samples(each) for each in parts])
    assert np.abs(together - whole).max() < 1e-4
    with pytest.raises(KinofarmError, match="EDIT-004"):
        split(film, [3])
    assert np.abs(studio.samples(merged(parts)) - whole).max() < 1e-4


def test_a_still_of_a_part_is_the_still_of_the_film(studio: Studio, film: Timeline) -> None:
    late = part(film, 65, 120)
    for frame in (65, 80, 90, 119):
        assert np.array_equal(studio.still(late, frame - 65), studio.still(film, frame))
    assert [mark.name for mark in late.markers] == ["first", "second"]
    assert [(mark.time, mark.name) for mark in late.markers] == [(0, "first"), (5, "second")]
    assert [(line.text, line.start, line.end) for line in late.subtitles] == [("two", 0, 53)]


@pytest.mark.parametrize("cut", [27, 30, 33])
def test_a_cut_that_would_break_a_transition_is_refused_with_its_place(film: Timeline, cut: int) -> None:
    with pytest.raises(KinofarmError, match="EDIT-001") as refused:
        split(film, [cut])
    assert refused.value.where == "tracks[0].transitions[0]"


def test_what_moves_in_a_title_is_not_cut(studio: Studio) -> None:
    box = {"animations": [{"kind": "slide-in", "duration": 10}, {"kind": "fade-out", "duration": 10}]}
    film = timeline(track(title("t", 0, 50, box=box)), duration=50)
    for cut in (5, 45, 25):
        with pytest.raises(KinofarmError, match="EDIT-003") as refused:
            split(film, [cut])
        assert refused.value.where == "tracks[0].clips[0]"
    entering = timeline(track(title("t", 0, 50, box={"animations": box["animations"][:1]})), duration=50)
    first, second = split(entering, [25])
    kinds = [[move.kind for move in each.tracks[0].clips[0].source.elements[0].animations] for each in (first, second)]
    assert kinds == [["slide-in"], []]


ON_PICTURES = [name for name, row in EFFECTS.items() if row.on == "picture" and name not in ("lut", "custom")]
"""But for those that need a file or filters of one's own."""


@pytest.mark.parametrize("kind", ON_PICTURES)
def test_effects_look_the_same_at_a_cut_and_beside_it(studio: Studio, kind: str) -> None:
    source = studio.counted("cutting.mp4", 200)
    film = timeline(track(clip("a", source, 0, 50, source_start="1", effects=[{"kind": kind}])), duration=50)
    whole, parts = checked(studio, film), [checked(studio, each) for each in split(film, [20])]
    for frame in (0, 18, 19):
        assert look(studio, parts[0], frame).key == look(studio, whole, frame).key
    for frame in (20, 21, 49):
        assert look(studio, parts[1], frame - 20).key == look(studio, whole, frame).key


@pytest.mark.parametrize("kind", ["audio-tempo", "audio-normalize"])
def test_a_sound_that_was_stretched_or_measured_as_a_whole_is_not_cut(kind: str) -> None:
    film = timeline(track(clip("a", "a.wav", 0, 50, effects=[{"kind": kind}]), kind="audio"), duration=50)
    with pytest.raises(KinofarmError, match="EDIT-004") as refused:
        split(film, [20])
    assert refused.value.where == "tracks[0].clips[0]"


@pytest.mark.parametrize("cuts", [[0], [120], [50, 50], [60, 50], [-3]])
def test_cuts_outside_of_the_film_or_out_of_order_are_refused(film: Timeline, cuts: list[int]) -> None:
    with pytest.raises(KinofarmError, match="EDIT-002"):
        split(film, cuts)


def test_projects_of_another_rate_or_size_are_not_merged() -> None:
    one = timeline(track(title("a", 0, 10)), duration=10)
    for other, what in (
        (timeline(track(title("a", 0, 10)), duration=10, rate=Fraction(30)), "frame rate"),
        (timeline(track(title("a", 0, 10)), duration=10, side=128), "size"),
    ):
        with pytest.raises(KinofarmError, match="EDIT-005") as refused:
            merged([one, one, other])
        assert what in refused.value.message
        assert "number 3" in refused.value.message


def test_merged_tracks_meet_by_kind_order_and_making(studio: Studio) -> None:
    source = studio.counted("loud.mp4", 50, sound=np.zeros((2, 96_000), np.float32))
    loud = {"kind": "audio-fade-in", "parameters": {"duration": 1}}
    first = timeline(
        track(clip("x", source, 0, 20)), track(clip("x", source, 0, 20), kind="audio"), duration=20, name="one"
    )
    second = timeline(
        track(clip("x", source, 0, 10)),
        track(clip("y", source, 0, 10), volume=0.5),
        track(clip("x", source, 0, 10), kind="audio", effects=[loud]),
        duration=10,
        markers=[{"time": 3, "kind": "chapter", "clip": "y"}],
        subtitles=[{"text": "hello", "start": 1, "end": 4}],
    )
    found = merged([first, second])
    assert [(row.kind, row.volume, len(row.clips)) for row in found.tracks] == [
        ("video", 1, 2),
        ("video", 0.5, 1),
        ("audio", 1, 1),
        ("audio", 1, 1),
    ]
    assert [[one.id for one in row.clips] for row in found.tracks] == [["x", "x~2"], ["y"], ["x~2"], ["x"]]
    assert found.markers[0].clip == "y"
    assert (found.markers[0].time, found.subtitles[0].start) == (23, 21)
    late = next(row for row in found.tracks if row.effects)
    assert (late.effects[0].start, late.effects[0].end) == (20, 30)
    assert studio.check(found).timeline.duration == 30


def test_a_track_that_listens_to_another_goes_on_listening_to_it() -> None:
    duck = {"kind": "audio-ducking", "parameters": {"track": "voice"}}

    def scene() -> Timeline:
        voice = track(title("v", 0, 10)) | {"id": "voice", "kind": "video"}
        music = track(title("m", 0, 10), effects=[duck]) | {"id": "music"}
        return timeline(voice, music, duration=10)

    found = merged([scene(), scene().model_copy(update={"tracks": tuple(scene().tracks)})])
    heard = [effect.parameters["track"] for row in found.tracks for effect in row.effects]
    assert {*heard} <= {row.id for row in found.tracks}
    assert len(heard) == 2
