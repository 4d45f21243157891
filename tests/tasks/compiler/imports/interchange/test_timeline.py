"""OpenTimelineIO into the model: times, nesting, transitions, speed, markers, and what can't be carried over."""

from __future__ import annotations

import json
from contextlib import suppress
from fractions import Fraction
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from infra.errors import KinofarmError
from tasks.compiler.load import load_object
from tasks.compiler.model import MediaSource, Timeline, TitleSource
from tests.strategies import mutated
from tests.tasks.compiler.imports.interchange.cuts import (
    dissolve,
    faster,
    film,
    gap,
    imported,
    layers,
    placed,
    read,
    refusal,
    row,
    shot,
    span,
    time,
    warned,
)


def test_clips_follow_each_other_and_gaps_leave_room() -> None:
    found = read(row(shot("a", 5, 10), gap(6), shot("b", 0, 4)), row(shot("c", 1, 12)))
    assert (found.rate, found.duration) == (24, 20)
    assert placed(found.tracks[0].clips) == [("a", 0, 10, 5), ("b", 16, 20, 0)]
    assert placed(found.tracks[1].clips) == [("c", 0, 12, 1)]


def test_source_times_count_from_the_available_ranges_start() -> None:
    clip = read(row(shot("a", 86410, 10, has=(86400, 50)))).tracks[0].clips[0]
    assert isinstance(clip.source, MediaSource)
    assert (clip.source_start, clip.source.timecode, clip.source.length) == (Fraction(10, 24), 3600, Fraction(50, 24))
    assert refusal(film(row(shot("a", 3, 10, has=(5, 50))))) == "FORMAT-072"


@pytest.mark.parametrize(
    ("written", "rate"),
    [(29.97, Fraction(30000, 1001)), (23.976023976023978, Fraction(24000, 1001)), (25.0, Fraction(25))],
)
def test_broadcast_rates_are_exact(written: float, rate: Fraction) -> None:
    found = read(row(shot("a", 30, 60, rate=written)))
    assert (found.rate, found.duration, found.tracks[0].clips[0].source_start) == (rate, 60, 30 / rate)


def test_the_rate_is_the_start_times_then_the_first_video_clips() -> None:
    sound, picture = row(shot("s", 0, 50, rate=25), kind="Audio"), row(shot("a", 0, 15, rate=30))
    assert read(sound, picture).rate == 30
    assert read(sound, picture, global_start_time=time(0, 60)).rate == 60
    found = read(row(shot("a", 0, 2, rate=1), shot("b", 0, 48)))  # the first counts seconds
    assert (found.rate, placed(found.tracks[0].clips)) == (24, [("a", 0, 48, 0), ("b", 48, 96, 0)])


def test_speed_reversal_and_freeze_frames_keep_a_clips_length() -> None:
    effects = [[faster(2)], [faster(-0.5)], [otio.schema.FreezeFrame()], [faster(2), faster(-1)]]
    clips = read(row(*(shot("a", 4, 10, effects=effect) for effect in effects))).tracks[0].clips
    assert [(clip.speed, clip.reverse, clip.freeze) for clip in clips] == [
        (2, False, False),
        (Fraction(1, 2), True, False),
        (1, False, True),
        (2, True, False),
    ]
    assert [(clip.start, clip.end) for clip in clips] == [(0, 10), (10, 20), (20, 30), (30, 40)]


def test_a_nested_stack_is_cut_to_its_range_and_its_layers_lie_over_each_other() -> None:
    inner = layers(row(shot("a", 0, 10), shot("b", 7, 10)), row(gap(4), shot("c", 2, 8)))
    inner.source_range = span(5, 9)
    found = read(row(shot("x", 0, 6), inner, shot("y", 0, 3)), row(shot("top", 0, 18)))
    names = [[clip.name for clip in track.clips] for track in found.tracks]
    assert names == [["x", "a", "b", "y"], ["c"], ["top"]]
    assert placed(found.tracks[0].clips)[1:3] == [("a", 6, 11, 5), ("b", 11, 15, 7)]
    assert placed(found.tracks[1].clips) == [("c", 6, 13, 3)]


def test_speed_and_reversal_of_a_stack_reach_its_clips() -> None:
    inner = row(shot("a", 0, 12), shot("b", 100, 8, has=(0, 200)))
    inner.source_range, inner.effects[:] = span(0, 10), [faster(2)]
    assert placed(read(row(inner)).tracks[0].clips) == [("a", 0, 6, 0), ("b", 6, 10, 100)]
    inner.effects[:] = [faster(-2)]
    found = read(row(inner)).tracks[0].clips
    assert placed(found) == [("b", 0, 4, 100), ("a", 4, 10, 0)]
    assert [(clip.speed, clip.reverse) for clip in found] == [(2, True)] * 2


def test_a_frozen_stack_shows_the_one_frame_of_the_clip_that_is_there() -> None:
    inner = row(shot("a", 0, 12), shot("b", 100, 8, has=(0, 200)))
    inner.source_range, inner.effects[:] = span(14, 5), [otio.schema.FreezeFrame()]
    clips = read(row(inner)).tracks[0].clips
    assert placed(clips) == [("b", 0, 5, 102)]
    assert clips[0].freeze


def test_a_dissolve_lies_over_its_offsets_round_the_cut() -> None:
    found = read(row(shot("a", 5, 10), dissolve(2, 3), shot("b", 9, 10)))
    (join,) = found.tracks[0].transitions
    assert (join.kind, join.start, join.end) == ("dissolve", 8, 13)
    assert [join.from_clip, join.to_clip] == [clip.id for clip in found.tracks[0].clips]


def test_a_dissolve_to_nothing_fades_out_into_an_empty_title() -> None:
    found = read(row(shot("a", 0, 10), dissolve(4, 0), gap(6)))
    first, nothing = found.tracks[0].clips
    assert nothing.source == TitleSource()
    assert (nothing.start, nothing.end, found.tracks[0].transitions[0].to_clip) == (10, 16, nothing.id)
    assert first.end == 10


def test_a_transition_without_two_clips_is_left_out_with_a_warning() -> None:
    found = imported(film(row(shot("a", 0, 10), dissolve(4, 0))))
    assert (found.timeline.tracks[0].transitions, warned(found)) == ((), ["FORMAT-118"])
    double = layers(row(shot("b", 5, 10)), row(shot("c", 5, 10)))
    found = imported(film(row(shot("a", 0, 10), dissolve(2, 2), double)))
    assert (found.timeline.tracks[0].transitions, warned(found)) == ((), ["FORMAT-118"])


def test_a_foreign_transition_is_rendered_as_a_dissolve_with_a_warning() -> None:
    found = imported(film(row(shot("a", 5, 10), dissolve(2, 3, "SMPTE_Wipe"), shot("b", 9, 10))))
    assert (found.timeline.tracks[0].transitions[0].kind, warned(found)) == ("dissolve", ["FORMAT-124"])


def test_each_clip_that_loses_something_is_named() -> None:
    blur = otio.schema.Effect("soft", "Blur")
    off = shot("off")
    off.enabled = False
    slug = otio.schema.Clip("slug", otio.schema.GeneratorReference(generator_kind="SMPTEBars"), span(0, 5))
    one = shot("one", effects=[blur])
    found = imported(film(row(one, one.clone(), off, slug, shot("gone", file=None), shot("dot", 0, 0.2))))
    told = [(warning.code, warning.where[-11:]) for warning in found.warnings if warning.code != "FORMAT-101"]
    assert told == [
        ("FORMAT-119", "children[2]"),
        ("FORMAT-120", "children[0]"),
        ("FORMAT-120", "children[1]"),
        ("FORMAT-122", "children[3]"),
        ("FORMAT-123", "children[4]"),
        ("FORMAT-121", "children[5]"),
    ]


def test_markers_come_to_the_frame_that_shows_them() -> None:
    def mark(name: str, at: float, length: float = 0, colour: str = "RED") -> otio.schema.Marker:
        return otio.schema.Marker(name, span(at, length), colour)

    clip = shot("a", 10, 10, effects=[faster(2)], markers=[mark("on", 14, 4), mark("off", 50)])
    made = film(row(gap(5), clip))
    made.tracks.markers.append(mark("own", 2, 0, "PURPLE"))
    found = imported(made)
    told = [(one.name, one.time, one.duration, one.colour, one.clip) for one in found.timeline.markers]
    assert told == [("own", 2, 0, "#800080", ""), ("on", 7, 2, "#ff0000", found.timeline.tracks[0].clips[0].id)]
    assert warned(found) == ["FORMAT-125"]


def test_pictures_are_silent_where_audio_tracks_carry_the_sound() -> None:
    assert read(row(shot("a"))).tracks[0].clips[0].volume == 1
    found = read(row(shot("a")), row(shot("music"), kind="Audio"))
    assert [track.clips[0].volume for track in found.tracks] == [0, 1]


def test_the_sound_of_a_stack_gets_a_track_of_its_own_unless_an_audio_track_has_it() -> None:
    inner = layers(row(shot("a", 3, 9)), row(shot("a", 3, 9), kind="Audio"))
    found = read(row(inner.clone()))
    assert [(track.kind, placed(track.clips)) for track in found.tracks] == [
        ("video", [("a", 0, 9, 3)]),
        ("audio", [("a", 0, 9, 3)]),
    ]
    found = read(row(inner.clone()), row(inner.clone(), kind="Audio"))
    assert [(track.kind, len(track.clips)) for track in found.tracks] == [("video", 1), ("audio", 1)]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///Volumes/A%20B/c.mov", "/Volumes/A B/c.mov"),
        ("file://localhost/D%3a/media/c.mov", "D:/media/c.mov"),
        ("file:///C:/media/c.mov", "C:/media/c.mov"),
        ("file://server/share/c.mov", "//server/share/c.mov"),
        ("media/c 100%25.mov", "media/c 100%25.mov"),
        ("http://example.org/c.mov", "http://example.org/c.mov"),
    ],
)
def test_an_address_becomes_the_path_that_it_means(url: str, path: str) -> None:
    source = read(row(shot("a", file=url))).tracks[0].clips[0].source
    assert isinstance(source, MediaSource)
    assert source.path == path


def test_a_clip_without_any_length_is_refused() -> None:
    clip = shot("a", has=None)
    clip.source_range = None
    assert refusal(film(row(clip))) == "FORMAT-070"


@pytest.mark.parametrize(("value", "rate"), [(float("nan"), 24), (5, 0), (5, -1), (1e300, 24), (-5, 24)])
def test_times_that_make_no_sense_are_refused(value: float, rate: float) -> None:
    clip = shot("a")
    clip.source_range = otio.opentime.TimeRange(time(0), otio.opentime.RationalTime(value, rate))
    assert refusal(film(row(clip))) in {"FORMAT-065", "FORMAT-009", "FORMAT-012"}


def test_a_file_that_refers_to_itself_is_refused() -> None:
    written = json.loads(film(row(shot("a"))).to_json_string())
    written["tracks"]["OTIO_REF_ID"] = "S"
    written["tracks"]["children"][0]["children"].append({"OTIO_SCHEMA": "SerializableObjectRef.1", "id": "S"})
    assert refusal_of(written) == "FORMAT-068"


def test_nesting_without_end_and_what_is_no_timeline_are_refused() -> None:
    deep = row(shot("a"))
    for _ in range(26):
        deep = row(deep)
    assert refusal(film(deep)) == "FORMAT-007"
    assert refusal(shot("a")) == "FORMAT-069"
    assert refusal(film()) == "FORMAT-024"
    assert refusal_of({"OTIO_SCHEMA": "Timeline.99"}) == "FORMAT-066"


def refusal_of(written: dict[str, object]) -> str:
    with pytest.raises(KinofarmError) as caught:
        load_object(written)
    return caught.value.code


def damaged() -> st.SearchStrategy[dict[str, Any]]:
    """An .otio file in which something else than what belongs there stands."""
    marks = [otio.schema.Marker("m", span(2, 1))]
    inner = layers(row(shot("in", effects=[faster(2)])), row(shot("s"), kind="Audio"))
    inner.source_range = span(1, 8)
    whole = film(
        row(shot("a", 3, markers=marks), dissolve(2, 2), shot("b", 4), gap(5), inner, shot("n", file=None)),
        global_start_time=time(0),
    )
    return mutated(st.just(json.loads(whole.to_json_string())))


@given(damaged())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_files_are_read_or_refused(written: dict[str, Any]) -> None:
    with suppress(KinofarmError):  # nothing else comes out
        found = load_object(written).timeline
        assert Timeline.model_validate_json(found.model_dump_json()) == found
