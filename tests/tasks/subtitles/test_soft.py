"""Soft subtitles: tracks by language, and the files beside the film."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tasks.media.soft import SoftLine, SoftTrack
from tasks.subtitles.model import Subtitle
from tasks.subtitles.soft import companion_suffix, soft_tracks, written

RATE = Fraction(25)


def line(text: str, start: int, end: int, language: str = "") -> Subtitle:
    return Subtitle(text=text, start=start, end=end, language=language)


def test_each_language_is_a_track_of_its_own() -> None:
    lines = [line("Hello", 0, 25, "en"), line("こんにちは", 0, 25, "ja"), line("Bye", 30, 50, "en")]
    english, japanese = soft_tracks(lines, 0, 100)
    assert (english.language, english.code, len(english.lines)) == ("en", "eng", 2)
    assert (japanese.language, japanese.code) == ("ja", "jpn")


@pytest.mark.parametrize(
    ("tag", "code"), [("zh-Hant", "zho"), ("pt-BR", "por"), ("", "und"), ("yue", "yue"), ("xx", "und"), ("EN", "eng")]
)
def test_a_tag_is_written_in_three_letters(tag: str, code: str) -> None:
    found = SoftTrack(language=tag, lines=()).code
    assert found == code or (tag, found) == ("yue", "zho")


def test_lines_that_overlap_are_shown_together() -> None:
    (track,) = soft_tracks([line("one", 0, 20), line("two", 10, 30)], 0, 100)
    assert track.lines == (
        SoftLine(start=0, end=10, text="one"),
        SoftLine(start=10, end=20, text="one\ntwo"),
        SoftLine(start=20, end=30, text="two"),
    )


def test_a_part_of_the_film_has_its_part_of_the_lines() -> None:
    (track,) = soft_tracks(
        [line("early", 0, 10), line("half", 40, 60), line("late", 90, 99), line(" ", 50, 52)], 50, 90
    )
    assert track.lines == (SoftLine(start=0, end=10, text="half"),)


@pytest.mark.parametrize(
    ("form", "times", "words"),
    [
        ("srt", "00:00:01,000 --> 00:00:02,200", "a <b>\nc"),
        ("vtt", "00:00:01.000 --> 00:00:02.200", "a &lt;b&gt;\nc"),
        ("ass", "0:00:01.00,0:00:02.20", "a <b>\\Nc"),
    ],
)
def test_a_file_has_the_lines_at_their_times(form: str, times: str, words: str) -> None:
    (track,) = soft_tracks([line("a <b>\nc", 25, 55, "en")], 0, 100)
    text = written(track, RATE, form).decode()
    assert times in text
    assert words in text


def test_a_line_can_spell_no_tag_in_an_ass_file() -> None:
    (track,) = soft_tracks([line("{\\pos(1,2)}x\\N", 0, 5)], 0, 10)
    text = written(track, RATE, "ass").decode()
    assert "{\\pos" not in text.replace("\\{", "")


def test_files_are_named_by_language_and_form() -> None:
    assert companion_suffix(SoftTrack(language="ja", lines=()), "vtt") == ".ja.vtt"
    assert companion_suffix(SoftTrack(lines=()), "srt") == ".srt"
