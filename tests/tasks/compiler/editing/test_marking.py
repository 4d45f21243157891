"""Markers of what was found: over exactly the frames whose source moment lies in the time in which it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st

from infra.errors import KinofarmError
from tasks.compiler.editing.marking import FOUND, Seen, with_markers
from tasks.compiler.imports.interchange.clips import COLOURS
from tasks.compiler.imports.interchange.writing import to_otio
from tasks.compiler.model import MOST_MARKERS, Timeline
from tasks.compiler.pace import source_time
from tests.tasks.compiler.films import clip, timeline, track

DOG = Seen(name="dog", begin=Fraction(2), end=Fraction(4), comment="93 %, pets")


def marked(film: Timeline, *seen: Seen, stills: Sequence[str] = (), origin: str = "one") -> Timeline:
    made, count = with_markers(film, {"x.mp4"}, stills, seen or (DOG,), origin)
    ours = [mark for mark in made.markers if mark.metadata.get(FOUND, {}).get("origin") == origin]  # type: ignore[union-attr]
    assert len(ours) >= count
    return made


def places(film: Timeline) -> list[tuple[int, int, str]]:
    return [(mark.time, mark.time + mark.duration, mark.name) for mark in film.markers]


@pytest.mark.parametrize(
    ("shown", "place"),
    [
        (
            {},
            (60, 110),
        ),  # 25 frames a second: from second 2 to 4 of the file, ten frames after the timeline's beginning
        ({"source_start": "1"}, (35, 85)),
        ({"source_start": "3"}, (10, 35)),
        ({"speed": "2"}, (35, 60)),
        ({"speed": "1/2"}, (110, 160)),
        (
            {"reverse": True},
            (60, 110),
        ),  # 150 frames backwards: the 50th to the 100th from the end are the same two seconds
        ({"reverse": True, "source_start": "1"}, (85, 135)),
        ({"reverse": True, "speed": "2"}, (110, 135)),
        ({"freeze": True, "source_start": "2"}, (10, 160)),
    ],
)
def test_a_marker_lies_where_the_thing_is_seen(shown: dict[str, Any], place: tuple[int, int]) -> None:
    film = timeline(track(clip("a", "x.mp4", 10, 160, **shown)), duration=200)
    assert places(marked(film)) == [(*place, "dog")]


@pytest.mark.parametrize(
    "shown", [{"source_start": "4"}, {"freeze": True, "source_start": "4"}, {"speed": "1/100"}, {"path": "y.mp4"}]
)
def test_what_a_clip_does_not_show_is_not_marked(shown: dict[str, Any]) -> None:
    path = shown.pop("path", "x.mp4")
    film = timeline(track(clip("a", path, 10, 160, **shown)), duration=200)
    assert places(marked(film)) == []


@given(
    speeds=st.lists(st.floats(0.05, 8), min_size=1, max_size=5),
    start=st.fractions(0, 6, max_denominator=1000),
    begin=st.fractions(0, 12, max_denominator=1000),
    length=st.fractions(0, 5, max_denominator=1000),
    reverse=st.booleans(),
)
def test_along_a_ramp_the_marked_frames_are_those_that_show_it(
    speeds: list[float], start: Fraction, begin: Fraction, length: Fraction, reverse: bool
) -> None:
    keys = {"speed": [{"frame": 9 * number, "value": speed} for number, speed in enumerate(speeds)]}
    made = clip("a", "x.mp4", 3, 63, source_start=str(start), keyframes=keys, reverse=reverse)
    film = timeline(track(made), duration=70)
    (shown,) = film.tracks[0].clips
    moments = [source_time(shown, frame, film.rate) for frame in range(60)]
    wanted = [3 + n for n, at in enumerate(moments[::-1] if reverse else moments) if begin <= at < begin + length]
    found = marked(film, Seen(name="dog", begin=begin, end=begin + length)).markers
    assert [frame for mark in found for frame in range(mark.time, mark.time + mark.duration)] == wanted
    assert len(found) == bool(wanted)


def test_each_clip_that_shows_it_has_its_marker_and_a_picture_with_its_own_sound_one() -> None:
    silence = Seen(name="silence", begin=Fraction(2), end=Fraction(3), of="sound")
    pictures = track(clip("a", "x.mp4", 0, 100), clip("b", "x.mp4", 100, 200, freeze=True, source_start="2"))
    sounds = track(clip("s", "x.mp4", 0, 100), clip("t", "x.mp4", 100, 180), kind="audio")
    off = track(clip("o", "x.mp4", 5, 100), enabled=False)
    made = marked(timeline(pictures, sounds, off, duration=200), DOG, silence)
    assert [(*place, mark.clip) for place, mark in zip(places(made), made.markers, strict=True)] == [
        (50, 100, "dog", "a"),
        (50, 75, "silence", "a"),
        (100, 200, "dog", "b"),
        (150, 175, "silence", "t"),
    ]


def test_a_still_shows_what_is_in_it_for_as_long_as_it_stands() -> None:
    film = timeline(track(clip("a", "x.mp4", 10, 160)), duration=200)
    cat = Seen(name="cat", begin=Fraction(0), end=Fraction(1, 25))
    assert places(marked(film, cat, stills=["x.mp4"])) == [(10, 160, "cat")]


def test_done_again_it_takes_the_place_of_what_it_left_and_leaves_all_else() -> None:
    film = timeline(track(clip("a", "x.mp4", 0, 150)), duration=200, markers=[{"time": 50, "name": "dog"}])
    cat = Seen(name="cat", begin=Fraction(1), end=Fraction(2))
    once = marked(film, DOG, cat)
    assert places(once) == [(25, 50, "cat"), (50, 50, "dog"), (50, 100, "dog")]
    assert marked(once, DOG, cat) == once
    moved = once.model_copy(update={"tracks": timeline(track(clip("a", "x.mp4", 5, 150)), duration=200).tracks})
    assert places(marked(moved, DOG)) == [(25, 50, "cat"), (50, 50, "dog"), (55, 105, "dog")]
    assert len(marked(once, DOG, origin="two").markers) == 4


def test_a_marker_says_what_it_is_of_in_an_interchange_file_too() -> None:
    (mark,) = marked(timeline(track(clip("a", "x.mp4", 0, 150)), duration=200)).markers
    assert mark.colour in COLOURS.values()
    made = to_otio(marked(timeline(track(clip("a", "x.mp4", 0, 150)), duration=200)))
    assert '"comment": "93 %, pets"' in made
    assert '"name": "dog"' in made


def test_more_markers_than_a_timeline_may_have_are_refused() -> None:
    marks = [{"time": number % 200} for number in range(MOST_MARKERS)]
    film = timeline(track(clip("a", "x.mp4", 0, 150)), duration=200, markers=marks)
    with pytest.raises(KinofarmError, match="FORMAT-016"):
        marked(film)
