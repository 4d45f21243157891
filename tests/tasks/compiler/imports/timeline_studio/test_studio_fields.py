"""Single values of a Timeline Studio file, in every shape that they come in."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic_core import PydanticCustomError

from tasks.compiler.imports.timeline_studio.fields import colour, kebab, number, parameter, squash
from tasks.compiler.imports.timeline_studio.grid import Grid, frame_rate, nearly_broadcast
from tasks.compiler.imports.timeline_studio.names import (
    FILTER_LOOKS,
    PICTURE_EFFECTS,
    SOUND_EFFECTS,
    TRANSITIONS,
    effect_name,
    filter_name,
    transition_name,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (0.1 + 0.2, Fraction(3, 10)),
        (10 / 30, Fraction(1, 3)),
        (1000 * 1001 / 30000, Fraction(1001, 30)),
        (0.1, Fraction(1, 10)),
        (12.345678, Fraction(12345678, 1_000_000)),
        (7, Fraction(7)),
    ],
)
def test_a_float_is_the_simple_number_that_it_came_from(written: float, meant: Fraction) -> None:
    assert number(written) == meant


@given(st.integers(0, 500_000), st.sampled_from([24, 25, 30, 50, 60, 24000 / 1001, 30000 / 1001, 60000 / 1001]))
def test_a_frame_written_as_float_seconds_is_that_frame_again(frame: int, fps: float) -> None:
    grid = Grid(rate=frame_rate(number(fps)), width=1280, height=720)
    assert grid.frames(number(frame / fps), "") == frame
    assert grid.frames(number(float(frame / grid.rate)), "") == frame


@pytest.mark.parametrize(("seconds", "frame"), [(0.02, 0), (0.06, 2), (0.1, 2), (0.14, 4), (0.0201, 1), (0, 0)])
def test_seconds_are_rounded_half_to_even(seconds: float, frame: int) -> None:
    assert Grid(rate=Fraction(25), width=16, height=16).frames(number(seconds), "") == frame


@given(st.fractions(0, 10_000), st.fractions(1, 240))
def test_rounding_in_integers_is_python_s_own_rounding(seconds: Fraction, rate: Fraction) -> None:
    assert Grid(rate=rate, width=16, height=16).frames(seconds, "") == round(seconds * rate)


def test_a_source_time_within_a_microsecond_of_a_frame_is_that_frame() -> None:
    grid = Grid(rate=Fraction(30), width=16, height=16)
    assert grid.source_time(Fraction("0.333333")) == Fraction(1, 3)
    assert grid.source_time(Fraction("0.33333")) == Fraction("0.33333")
    assert grid.source_time(Fraction("1.25")) == Fraction("1.25")


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (29.97002997, Fraction(30000, 1001)),
        (23.98, Fraction(1199, 50)),
        (25, Fraction(25)),
        (12.5, Fraction(25, 2)),
        (30, Fraction(30)),
    ],
)
def test_broadcast_rates_are_exact_fractions(fps: float, rate: Fraction) -> None:
    assert frame_rate(number(fps)) == rate


def test_a_rate_close_to_a_broadcast_rate_is_noticed() -> None:
    assert nearly_broadcast(Fraction("23.98")) == Fraction(24000, 1001)
    assert nearly_broadcast(Fraction("29.97")) is None
    assert nearly_broadcast(Fraction(30)) is None
    assert nearly_broadcast(Fraction(24)) is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("#FFaa00", "#ffaa00"),
        ("#fa0", "#ffaa00"),
        ("#fa08", "#ffaa0088"),
        ("#11223344", "#11223344"),
        ("0x00ff00", "#00ff00"),
        ("rgb(255, 136, 0)", "#ff8800"),
        ("rgba(0, 0, 0, 0.5)", "#00000080"),
        ("rgb(100% 0% 0% / 50%)", "#ff000080"),
        ("Orange", "#ffa500"),
        ("rebeccapurple", "#663399"),
        ("transparent", "#00000000"),
        (0xFF8800FF, "#ff8800ff"),
        (255, "#000000ff"),
    ],
)
def test_colours_come_as_names_hex_functions_and_numbers(written: Any, read: str) -> None:
    assert colour(written) == read


@pytest.mark.parametrize("written", ["", "#12345", "ff8800", "no-colour", "rgb(1,2)", "rgb(300,0,0)", "rgb(nan,0,0)",
                                     -1, 2**32, True, 1.5, None, [], "#" * 5000])  # fmt: skip
def test_what_is_no_colour_is_refused(written: Any) -> None:
    with pytest.raises(PydanticCustomError):
        colour(written)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (1.2, 1.2),
        (True, True),
        ("text", "text"),
        ([1, 2.5], (1, 2.5)),
        ({"type": "Float", "value": 1.2}, 1.2),
        ({"Float": 1.2}, 1.2),
        ({"Int": 3}, 3),
        ({"float-array": [1, 2]}, (1, 2)),
        ({"type": "Color", "value": 0x00FF00FF}, "#00ff00ff"),
        ({"Color": "#00ff00"}, "#00ff00"),
        ({"FilePath": "luts/a.cube"}, "luts/a.cube"),
        ({"Bool": False}, False),
    ],
)
def test_parameters_come_in_three_shapes(written: Any, read: Any) -> None:
    assert parameter(written) == read


@pytest.mark.parametrize("written", [None, {}, {"Vec3": 1}, {"type": 1, "value": 2}, ["a"], [[1]], {"a": {"b": 1}}])
def test_what_is_no_parameter_is_refused(written: Any) -> None:
    with pytest.raises(PydanticCustomError):
        parameter(written)


@given(st.sampled_from([*PICTURE_EFFECTS, *SOUND_EFFECTS]))
def test_every_effect_is_known_in_both_spellings(name: str) -> None:
    rust = "".join(word.capitalize() for word in name.split("-"))
    assert effect_name(name) == effect_name(rust) == name
    assert kebab(rust) == name
    assert squash(rust) == squash(name)


@given(st.sampled_from(sorted(TRANSITIONS)))
def test_every_transition_is_known_in_both_spellings(name: str) -> None:
    assert transition_name(name) == transition_name("".join(word.capitalize() for word in name.split("-"))) == name


def test_looks_transitions_of_ffmpeg_and_unknown_names() -> None:
    assert [filter_name(name) for name in ("SLog", "s-log", "Rec709", "VintageFilm", "Brightness", "no-such")] == [
        "s-log",
        "s-log",
        "rec709",
        "vintage-film",
        "brightness",
        None,
    ]
    assert set(map(filter_name, FILTER_LOOKS)) == set(FILTER_LOOKS)
    names = (
        "dissolve",
        "xfade:dissolve",
        "wipeleft",
        "WipeLeft",
        "circleopen",
        "Cube3D",
        "xfade:nothing",
        "custom",
        "a:b",
    )
    assert [transition_name(name) for name in names] == [
        "dissolve",
        "xfade:dissolve",
        "xfade:wipeleft",
        "xfade:wipeleft",
        "xfade:circleopen",
        "cube-3d",
        None,
        None,
        None,
    ]
