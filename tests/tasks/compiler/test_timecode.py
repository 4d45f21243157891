"""Times as people write them."""

from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from infra.errors import KinofarmError
from tasks.compiler.timecode import parse_range, parse_time, timecode

PAL = Fraction(25)
NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("text", "rate", "frame"),
    [
        ("0", PAL, 0),
        ("12.5", PAL, 312),
        ("12.5s", PAL, 312),
        ("f123", PAL, 123),
        ("F7", PAL, 7),
        ("1:30", PAL, 2250),
        ("90:05.5", PAL, 135137),
        ("01:02:03.250", PAL, 93081),
        ("01:02:03:12", PAL, 93087),
        ("00:00:01:00", NTSC, 30),
        ("10", NTSC, 299),
    ],
)
def test_a_time_names_the_frame_that_is_shown_then(text: str, rate: Fraction, frame: int) -> None:
    assert parse_time(text, rate) == frame


@pytest.mark.parametrize(
    "text", ["", "-1", "f", "1:2:3:4:5", "00:00:00:25", "00:61:00:00", "nan", "1e3", "1:75", "f9999999999"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(KinofarmError) as refused:
        parse_time(text, PAL)
    assert refused.value.code == "CLI-001"


def test_a_range_is_half_open_and_its_sides_may_be_left_out() -> None:
    assert parse_range("10-20", PAL, 1000) == (250, 500)
    assert parse_range("-f5", PAL, 1000) == (0, 5)
    assert parse_range("f5-", PAL, 1000) == (5, 1000)
    assert parse_range("00:00:10:00-00:00:20:00", PAL, 1000) == (250, 500)


@pytest.mark.parametrize("text", ["10", "20-10", "f5-f5", "0-41"])
def test_an_empty_range_and_one_past_the_end_are_refused(text: str) -> None:
    with pytest.raises(KinofarmError) as refused:
        parse_range(text, PAL, 1000)
    assert refused.value.code == "CLI-002"


@given(st.integers(0, 10_000_000), st.sampled_from([PAL, NTSC, Fraction(24000, 1001), Fraction(60)]))
def test_timecode_reads_back_as_the_same_frame(frame: int, rate: Fraction) -> None:
    assert parse_time(timecode(frame, rate), rate) == frame
