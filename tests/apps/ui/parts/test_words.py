"""Numbers in words."""

from __future__ import annotations

import pytest

from apps.ui.parts.words import count, duration, several, size, speed


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (3599, "59 min"),
        (7500, "2 h 5 min"),
        (200_000, "2 days"),
    ],
)
def test_a_time_is_told_as_people_say_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("bytes_", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (123_456_789, "123 MB"),
        (4.2e9, "4.2 GB"),
        (7e15, "7,000 TB"),
    ],
)
def test_bytes_are_told_in_decimal_units(bytes_: float, words: str) -> None:
    assert size(bytes_) == words.replace(",", "")


def test_thousands_are_set_apart_and_one_is_singular() -> None:
    assert count(1234567) == "1\u202f234\u202f567"
    assert several(1, "job") == "1 job"
    assert several(0, "entry", "entries") == "0 entries"
    assert speed(3.14) == "3.1"
    assert speed(240.7) == "241"
