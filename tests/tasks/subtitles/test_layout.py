"""Layout: where lines break."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from tasks.subtitles.fonts import FontCatalogue, font_catalogue
from tasks.subtitles.layout import Block, clusters, lay_out

FONTS = font_catalogue()


def laid(text: str, width: float, size: float = 20, balanced: bool = False, fonts: FontCatalogue = FONTS) -> Block:
    return lay_out(text, fonts.resolve(""), fonts, size, 0, width, balanced=balanced)


def rows(block: Block) -> list[str]:
    return ["".join(piece.text for piece in line.pieces) for line in block.lines]


def test_lines_break_at_spaces_and_newlines() -> None:
    assert rows(laid("one two three\nfour", 80)) == ["one two", "three", "four"]
    assert rows(laid("a\r\nb\rc\u2028d", 500)) == ["a", "b", "c", "d"]


def test_an_empty_line_stays_a_line() -> None:
    assert rows(laid("a\n\nb", 500)) == ["a", "", "b"]


def test_a_word_longer_than_a_line_is_cut() -> None:
    found = rows(laid("Donaudampfschifffahrt", 60))
    assert len(found) > 2
    assert "".join(found) == "Donaudampfschifffahrt"


def test_ideographs_break_anywhere() -> None:
    assert rows(laid("漢字漢字漢字", 40)) == ["漢字", "漢字", "漢字"]
    assert rows(laid("「漢字」漢", 45)) == ["「漢", "字」", "漢"], "brackets stay with what they enclose"


def test_thai_breaks_between_syllables_and_keeps_its_vowels() -> None:
    text = "ภาพยนตร์เรื่องใหม่ของเรา"
    found = rows(laid(text, 80))
    assert len(found) > 2
    assert "".join(found) == text
    assert not any(row[0] in "าะำๅ" or row[-1] in "เแโใไ" for row in found)


def test_marks_stay_with_their_letter() -> None:
    assert clusters("e\u0301a\U0001f468\u200d\U0001f469") == ["e\u0301", "a", "\U0001f468\u200d\U0001f469"]
    found = rows(laid("q\u0301" * 20, 30))
    assert all(not row.startswith("\u0301") for row in found)


def test_balanced_lines_are_of_about_one_length() -> None:
    text = "the quick brown fox jumps over the lazy dog"
    filled, even = laid(text, 330), laid(text, 330, balanced=True)
    assert len(filled.lines) == len(even.lines) == 2
    assert min(line.width for line in even.lines) > min(line.width for line in filled.lines)


def test_controls_are_left_out_and_missing_characters_named() -> None:
    block = laid("a\x00\x1bb漢\ue000\ud800", 500)
    assert rows(block) == ["ab漢\ufffd"]
    assert block.missing == "\ue000"


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=80), width=st.floats(1, 400), balanced=st.booleans())
def test_any_text_fits_or_is_one_character_wide(text: str, width: float, balanced: bool) -> None:
    block = laid(text, width, balanced=balanced)
    for line, row in zip(block.lines, rows(block), strict=True):
        assert line.width <= width + 1e-6 or len(clusters(row)) == 1 or row.strip(" ") != row


@pytest.mark.parametrize("size", [1e-3, 2000.0])
def test_absurd_sizes_come_to_an_end(size: float) -> None:
    assert len(laid("word " * 2000, 100, size=size).lines) <= 500
