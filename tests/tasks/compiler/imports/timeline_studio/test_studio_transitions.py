"""Which clips a transition joins, and over which frames it lies."""

from __future__ import annotations

from typing import Any

import pytest

from infra.errors import KinofarmError
from tasks.compiler.load import load_object
from tasks.compiler.model import Transition
from tests.studio import clip, project, read, refusal, track, warned

CUT = 50
"""Frame of the cut between the clips a and b."""


def pair(*transitions: dict[str, Any], overlap: float = 0, fps: Any = 25) -> dict[str, Any]:
    clips = (clip("a", 0, 2), clip("b", 2 - overlap, 6), clip("c", 8, 10))
    return project(track(*clips), fps=fps, transitions=list(transitions))


def made(**more: Any) -> Transition:
    overlap = more.pop("overlap", 0)
    written = pair({"id": "t", "transition_type": "Dissolve", **more}, overlap=overlap)
    (found,) = load_object(written).timeline.tracks[0].transitions
    return found


def window(**more: Any) -> tuple[int, int]:
    found = made(**more)
    return found.start - CUT, found.end - CUT


JOINED = {"from_clip_id": "a", "to_clip_id": "b"}


def test_a_window_that_contains_the_cut_lies_where_the_project_says() -> None:
    assert window(**JOINED, start_time=1.6, duration=1) == (-10, 15)
    assert window(**JOINED, start_time=2, duration=1) == (0, 25)


def test_a_window_that_does_not_contain_the_cut_is_centred_with_the_odd_frame_after_it() -> None:
    assert window(**JOINED, start_time=0, duration=1) == (-12, 13)
    assert window(**JOINED, start_time=1, duration=1) == (-12, 13)
    assert window(**JOINED, start_time=3, duration=0.8) == (-10, 10)
    assert window(**JOINED, duration=0.04) == (0, 1)


@pytest.mark.parametrize(
    "duration",
    [1, {"value": 1}, {"min": 0.1, "max": 3, "default": 2, "current": 1}, {"default": 1}, {"value": 1, "default": 3}],
)
def test_a_duration_comes_in_every_shape(duration: Any) -> None:
    assert window(**JOINED, duration=duration) == (-12, 13)


def test_without_a_duration_the_catalogue_s_holds() -> None:
    assert window(**JOINED) == (-19, 19)
    assert window(**JOINED, transition_type="xfade:dissolve") == (-12, 13)


def test_one_clip_s_id_is_enough() -> None:
    assert (made(from_clip_id="a").to_clip, made(to_clip_id="b").from_clip) == ("b", "a")


def test_without_ids_the_nearest_cut_within_the_duration_is_meant() -> None:
    assert window(start_time=1.2, duration=1) == (-20, 5)
    assert window(start_time=1, duration=1) == (-12, 13)
    assert window(start_time=3, duration=1) == (-12, 13)
    far = pair({"id": "t", "transition_type": "fade", "start_time": 3.1, "duration": 1})
    assert refusal(far) == ("FORMAT-036", "transitions[0]")


def test_of_cuts_at_one_time_the_enabled_video_track_s_is_meant_then_the_lowest() -> None:
    def cut(name: str, **more: Any) -> dict[str, Any]:
        return track(clip(f"{name}1", 0, 2), clip(f"{name}2", 2, 4), **more)

    written = project(
        cut("music", kind="Audio"),
        cut("off", enabled=False),
        cut("low"),
        cut("high"),
        transitions=[{"id": "t", "transition_type": "Fade", "start_time": 2, "duration": 1}],
    )
    assert [len(one.transitions) for one in load_object(written).timeline.tracks] == [0, 0, 1, 0]


def test_where_clips_overlap_the_window_is_the_overlap() -> None:
    assert window(**JOINED, start_time=0, duration=0.8, overlap=0.8) == (-20, 0)
    assert window(start_time=1.1, duration=0.8, overlap=0.8) == (-20, 0)
    imported = load_object(pair({"id": "t", "transition_type": "fade", **JOINED, "duration": 1}, overlap=0.8))
    assert imported.timeline.tracks[0].transitions[0].end == CUT
    assert warned(imported) == [("FORMAT-105", "transitions[0]")]


def test_parameters_have_easing_and_direction_among_them() -> None:
    found = made(**JOINED, easing="EaseInOut", direction="Left", parameters={"intensity": {"Float": 0.5}})
    assert found.parameters == {"intensity": 0.5, "easing": "ease-in-out", "direction": "left"}
    assert made(**JOINED, parameters={"direction": "Up"}).parameters == {"direction": "up"}


def test_parameters_come_in_either_spelling() -> None:
    camel = made(**JOINED, transition_type="Pixelize", parameters={"blockSize": {"Int": 8}, "easing": "EaseOutBounce"})
    assert camel.parameters == {"block_size": 8, "easing": "ease-out-bounce"}
    snake = made(**JOINED, transition_type="wipe-diagonal", direction="TopLeft", parameters={"intensity": 0.5})
    assert snake.parameters == {"intensity": 0.5, "direction": "topleft"}
    assert made(**JOINED, transition_type="iris", parameters={"shape": "Diamond"}).parameters == {"shape": "diamond"}
    assert made(**JOINED, easing="None").parameters == {}


def test_a_project_may_let_edge_frames_stand_still() -> None:
    for custom, freezes in ((None, False), ({"k": 1}, False), ({"freeze_handles": True}, True)):
        assert read(project(settings={"custom": custom})).freeze_handles == freezes
    assert refusal(project(settings={"custom": {"freeze_handles": 3}})) == (
        "FORMAT-020",
        "settings.custom.freeze_handles",
    )


def test_a_disabled_transition_is_left_out() -> None:
    written = pair({"transition_type": "NoSuch", "enabled": False})
    assert load_object(written).timeline.tracks[0].transitions == ()


@pytest.mark.parametrize(
    ("transition", "expected"),
    [
        ({"transition_type": "Sparkle", **JOINED}, ("FORMAT-032", "transitions[0].transition_type")),
        ({"transition_type": "xfade:custom", **JOINED}, ("FORMAT-032", "transitions[0].transition_type")),
        (
            {"transition_type": "Fade", "from_clip_id": "a", "to_clip_id": "z"},
            ("FORMAT-031", "transitions[0].to_clip_id"),
        ),
        ({"transition_type": "Fade", "from_clip_id": "z"}, ("FORMAT-031", "transitions[0].from_clip_id")),
        ({"transition_type": "Fade", "from_clip_id": "a", "to_clip_id": "c"}, ("FORMAT-035", "transitions[0]")),
        ({"transition_type": "Fade", "from_clip_id": "b", "to_clip_id": "a"}, ("FORMAT-035", "transitions[0]")),
        ({"transition_type": "Fade", "from_clip_id": "c"}, ("FORMAT-035", "transitions[0]")),
        ({"transition_type": "Fade", "to_clip_id": "a"}, ("FORMAT-035", "transitions[0]")),
        ({"transition_type": "Fade"}, ("FORMAT-021", "transitions[0].start_time")),
        ({"transition_type": "Fade", **JOINED, "duration": 0}, ("FORMAT-025", "transitions[0].duration")),
        ({"transition_type": "Fade", **JOINED, "duration": -1}, ("FORMAT-023", "transitions[0].duration")),
        ({"transition_type": "Fade", **JOINED, "duration": {"current": -1}}, ("FORMAT-023", "transitions[0].duration")),
        ({"transition_type": "Fade", **JOINED, "duration": {}}, ("FORMAT-020", "transitions[0].duration")),
        ({"transition_type": "Fade", **JOINED, "duration": "1"}, ("FORMAT-020", "transitions[0].duration")),
        ({"transition_type": "Fade", **JOINED, "duration": 5000}, ("FORMAT-020", "transitions[0].duration")),
        ({"transition_type": "Fade", **JOINED, "duration": 10}, ("FORMAT-037", "transitions[0]")),
        ({"transition_type": "Fade", "start_time": -1, **JOINED}, ("FORMAT-023", "transitions[0].start_time")),
    ],
)
def test_a_transition_that_cannot_be_is_refused(transition: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(pair(transition)) == expected


def test_errors_found_later_name_the_transition_in_the_file() -> None:
    off = {"transition_type": "Fade", "enabled": False}
    imported = load_object(pair(off, {"transition_type": "Fade", **JOINED}))
    assert imported.in_file("tracks[0].transitions[0]") == "transitions[1]"
    assert imported.in_file("tracks[0].transitions[0].end") == "transitions[1].duration"
    assert imported.in_file("tracks[0].transitions[5]") == "tracks[0].transitions[5]"


def test_thousands_of_transitions_on_thousands_of_cuts_find_theirs_quickly() -> None:
    count = 4000
    clips = [clip(str(n), n, n + 1) for n in range(count)]
    written = project(
        track(*clips),
        transitions=[{"transition_type": "fade", "start_time": n - 0.2, "duration": 0.4} for n in range(1, count)],
    )
    assert len(load_object(written).timeline.tracks[0].transitions) == count - 1


def test_an_unknown_transition_names_its_clip() -> None:
    with pytest.raises(KinofarmError) as caught:
        load_object(pair({"id": "t", "transition_type": "Sparkle", **JOINED}))
    assert '"a"' in caught.value.detail
