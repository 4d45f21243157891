"""Advice: each suggestion is made of a project that has the matter, and not of one that has not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tasks.compiler.editing.advice import Suggestion, advice
from tasks.compiler.model import Timeline
from tests.tasks.compiler.films import PAL, Studio, clip, join, timeline, title, track


def plain(studio: Studio, *tracks: Any, **more: Any) -> Timeline:
    """A film with nothing to be said of."""
    source = studio.counted("good.mp4", 100)
    return timeline(*(tracks or [track(clip("a", source, 0, 50))]), duration=50, **more)


def suggested(studio: Studio, film: Timeline, platform: str | None = None) -> list[Suggestion]:
    return list(advice(film, studio.check(film), platform))


def codes(studio: Studio, film: Timeline, platform: str | None = None) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in suggested(studio, film, platform)]


def irregular(frames: int) -> list[Fraction]:
    return [n / PAL + (n % 3) * Fraction(11, 1000) for n in range(frames)]


def of_another_rate(studio: Studio) -> Timeline:
    return plain(studio, track(clip("a", studio.counted("sixty.mp4", 120, Fraction(60)), 0, 50)))


def of_any_rate(studio: Studio) -> Timeline:
    return plain(studio, track(clip("a", studio.counted("vfr.mp4", 100, times=irregular(100)), 0, 50)))


def of_a_large_picture(studio: Studio) -> Timeline:
    return plain(studio, track(clip("a", studio.counted("large.mp4", 60, size=(192, 192)), 0, 50)))


def cut_often(studio: Studio) -> Timeline:
    source = studio.counted("gop.mp4", 100, options={"g": "100", "keyint_min": "100", "sc_threshold": "0"})
    return plain(studio, track(*(clip(f"c{n}", source, n * 10, n * 10 + 10) for n in range(5))))


def covered(studio: Studio) -> Timeline:
    source = studio.counted("good.mp4", 100)
    return plain(
        studio, track(clip("under", source, 5, 40)), track(clip("over", source, 0, 25), clip("on", source, 25, 50))
    )


def switched_off(studio: Studio) -> Timeline:
    source = studio.counted("good.mp4", 100)
    return plain(studio, track(clip("a", source, 0, 50)), track(clip("b", source, 0, 50), enabled=False))


def empty(studio: Studio) -> Timeline:
    return plain(studio, track(clip("a", studio.counted("good.mp4", 100), 0, 50)), track(kind="audio"))


def unseen(studio: Studio) -> Timeline:
    source = studio.counted("good.mp4", 100)
    return plain(studio, track(clip("a", source, 0, 50)), track(clip("b", source, 0, 50, opacity=0)))


def idle(studio: Studio) -> Timeline:
    source = studio.counted("good.mp4", 100)
    still = {"kind": "brightness", "parameters": {"intensity": 1}}
    works = {"kind": "brightness", "parameters": {"intensity": 0.5}}
    return plain(studio, track(clip("a", source, 0, 50, effects=[works, still])))


FILE = "the first clip's file"
CASES: dict[str, tuple[Callable[[Studio], Timeline], str]] = {
    "ADVICE-001": (of_another_rate, FILE),
    "ADVICE-002": (of_a_large_picture, FILE),
    "ADVICE-003": (of_any_rate, FILE),
    "ADVICE-004": (cut_often, FILE),
    "ADVICE-005": (covered, "tracks[0].clips[0]"),
    "ADVICE-006": (switched_off, "tracks[1]"),
    "ADVICE-007": (empty, "tracks[1]"),
    "ADVICE-008": (unseen, "tracks[1].clips[0]"),
    "ADVICE-009": (idle, "tracks[0].clips[0].effects[1]"),
}


def test_nothing_is_said_of_a_film_that_is_as_it_should_be(studio: Studio) -> None:
    assert codes(studio, plain(studio)) == []


@pytest.mark.parametrize("code", CASES)
def test_each_matter_is_found_where_it_is_and_nothing_else_with_it(studio: Studio, code: str) -> None:
    make, where = CASES[code]
    film = make(studio)
    (found,) = suggested(studio, film)
    source = film.tracks[0].clips[0].source
    assert (found.code, found.where) == (code, source.path if where == FILE else where)  # type: ignore[union-attr]
    assert found.message
    assert found.hint


def test_a_clip_that_shows_for_one_frame_is_not_covered(studio: Studio) -> None:
    source = studio.counted("good.mp4", 100)
    under = track(clip("under", source, 0, 50))
    assert codes(studio, plain(studio, under, track(clip("over", source, 0, 49)))) == []
    assert codes(studio, plain(studio, under, track(clip("over", source, 0, 50, opacity=0.9)))) == []
    joined = track(
        clip("x", source, 0, 25), clip("y", source, 25, 50, source_start="1"), joins=[join("x", "y", 20, 30)]
    )
    assert codes(studio, plain(studio, joined, track(clip("over", source, 0, 50)))) == [
        ("ADVICE-005", "tracks[0].clips[0]"),
        ("ADVICE-005", "tracks[0].clips[1]"),
    ]


def test_what_is_heard_is_not_called_useless(studio: Studio) -> None:
    tone = studio.recorded("tone.wav", np.full((2, 96_000), 0.1, np.float32))
    picture = track(clip("a", studio.counted("good.mp4", 100), 0, 50))
    assert codes(studio, plain(studio, picture, track(clip("s", tone, 0, 50), kind="audio"))) == []
    silent = plain(studio, picture, track(clip("s", tone, 0, 50, volume=0), kind="audio"))
    assert codes(studio, silent) == [("ADVICE-008", "tracks[1].clips[0]")]
    rising = {"volume": [{"frame": 0, "value": 0}, {"frame": 40, "value": 1}]}
    risen = plain(studio, picture, track(clip("s", tone, 0, 50, volume=0, keyframes=rising), kind="audio"))
    assert codes(studio, risen) == []


def test_a_platform_that_would_refuse_the_film_says_so_before_it_is_rendered(studio: Studio) -> None:
    film = timeline(track(title("t", 0, 25)), duration=25, export={"container": "mkv"})
    found = suggested(studio, film, "instagram-reel")
    assert {one.gain for one in found} == {"platform"}
    assert any("container" in one.message for one in found)
    assert codes(studio, film) == []
