"""Subtitles out of a timeline and into one: words and frames come through, and no text does harm."""

from __future__ import annotations

import contextlib
import warnings
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from infra.errors import KinofarmError
from tasks.compiler.editing.speech import Form, subtitle_files, with_speech
from tasks.compiler.model import Timeline
from tasks.subtitles.reading import MOST_LINES, MOST_TEXT, lines_of
from tests.tasks.compiler.films import timeline, title, track

FORMS: tuple[Form, ...] = ("srt", "vtt", "ass")


def film(*lines: dict[str, object], rate: Fraction = Fraction(25)) -> Timeline:
    return timeline(track(title("t", 0, 500)), duration=500, rate=rate, subtitles=list(lines))


def words(timeline: Timeline, language: str = "") -> list[tuple[str, int, int]]:
    return [(line.text, line.start, line.end) for line in timeline.subtitles if line.language == language]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    said=st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Zl", "Zp"], exclude_characters="<>&"),
            min_size=1,
            max_size=40,
        ).map(str.strip),
        min_size=1,
        max_size=8,
    ),
    edges=st.lists(st.integers(0, 500), min_size=9, max_size=9, unique=True),
    rate=st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(60)]),
    form=st.sampled_from(FORMS),
)
def test_what_goes_out_comes_in_again(said: list[str], edges: list[int], rate: Fraction, form: Form) -> None:
    spans = list(pairwise(sorted(edges)))
    spoken = [(text, *span) for text, span in zip(said, spans, strict=False) if text and "\u2060" not in text]
    if not spoken:
        return
    wanted = film(*({"text": t, "start": a, "end": b, "language": "de"} for t, a, b in spoken), rate=rate)
    (file,) = subtitle_files(wanted, form, "DE")
    found = with_speech(film(rate=rate), lines_of(file.text, form), "de", replace=False)
    assert words(found, "de") == merged_neighbours(words(wanted, "de"))


def merged_neighbours(lines: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The same words twice without a gap are one line in a file."""
    made: list[tuple[str, int, int]] = []
    for text, start, end in lines:
        if made and made[-1][0] == text and made[-1][2] == start:
            made[-1] = (text, made[-1][1], end)
        else:
            made.append((text, start, end))
    return made


@pytest.mark.parametrize("form", FORMS)
def test_signs_that_mean_something_elsewhere_come_through(form: Form) -> None:
    text = "a {b} \\N & 3 > 2\nsecond line"
    (file,) = subtitle_files(film({"text": text, "start": 5, "end": 50}), form)
    assert words(with_speech(film(), lines_of(file.text), "", replace=False)) == [(text, 5, 50)]


def test_every_language_is_a_file_and_one_can_be_asked_for() -> None:
    both = film(
        {"text": "eins", "start": 0, "end": 9, "language": "de"},
        {"text": "one", "start": 0, "end": 9, "language": "en"},
    )
    assert [(file.language, file.lines) for file in subtitle_files(both, "srt")] == [("de", 1), ("en", 1)]
    assert [file.language for file in subtitle_files(both, "vtt", "en")] == ["en"]
    with pytest.raises(KinofarmError, match="EDIT-008"):
        subtitle_files(both, "srt", "fr")


def test_lines_come_beside_those_that_are_there_or_in_their_place_and_look_like_them() -> None:
    there = film({"id": "de-1", "text": "alt", "start": 0, "end": 9, "language": "de", "style": {"font_size": 99}})
    spoken = lines_of("1\n00:00:01,000 --> 00:00:02,000\nneu <i>hier</i>\n")
    beside = with_speech(there, spoken, "de", replace=False)
    assert [line.text for line in beside.subtitles] == ["alt", "neu hier"]
    assert len({line.id for line in beside.subtitles}) == 2
    assert beside.subtitles[1].style.font_size == 99
    instead = with_speech(there, spoken, "de", offset=Fraction(-1, 2), replace=True)
    assert words(instead, "de") == [("neu hier", 12, 38)]
    with pytest.raises(KinofarmError, match="EDIT-010"):
        with_speech(there, spoken, "de", offset=Fraction(1000), replace=True)


def test_comments_drawings_and_tags_of_ass_are_no_speech() -> None:
    script = (
        "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,never\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}\n"
        "Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\an8\\b1}said{\\b0}\\Ntwice\n"
    )
    assert [line.text for line in lines_of(script)] == ["said\ntwice"]


HOSTILE = {
    "nothing": "",
    "no times": "hello\nworld\n" * 50,
    "a picture": "\x89PNG\r\n\x1a\n" + "\x00" * 100,
    "much": "a" * (MOST_TEXT + 1),
    "many": "".join(f"{n}\n00:00:01,000 --> 00:00:02,000\nx\n\n" for n in range(MOST_LINES + 1)),
    "backwards": "1\n00:00:02,000 --> 00:00:01,000\nx\n",
    "broken ass": "[Script Info]\nScriptType: v4.00+\n[Events]\nFormat: x\nDialogue: 1,2\n",
    "json": '{"a": [1, 2]}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_subtitle_file_is_refused(name: str) -> None:
    with pytest.raises(KinofarmError, match="EDIT-009"):
        lines_of(HOSTILE[name])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    text=st.text(max_size=300).map(lambda more: "WEBVTT\n\n00:01.000 --> 00:02.000\n" + more)
    | st.text(max_size=300).map(lambda more: "1\n00:00:01,000 --> 00:00:02,000\n" + more)
    | st.text(max_size=300).map(lambda more: "[Script Info]\n[Events]\nDialogue: " + more)
    | st.text(max_size=300),
)
def test_any_text_ends_in_lines_or_in_the_one_error(text: str) -> None:
    with contextlib.suppress(KinofarmError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert all(line.text for line in lines_of(text))
