"""Layout: text broken into lines that fit a width, with the font of each piece and the height of each line.

Widths are sums of the font's advances: what kerning and ligatures take away is not counted, so that a line is at
most as wide as this says. libass shapes and draws the lines; it breaks none of its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fontTools.unicodedata import script

from tasks.subtitles.fonts import FontCatalogue, FontChoice
from tasks.subtitles.scripts import EMOJI, UNSPACED, direction, han_region, is_mixed

MISSING_WIDTH = 0.6
"""Width of a character that no font has, in fractions of the em."""

MAX_LINES = 500
"""Most lines that one text is drawn in: more than any frame can show legibly."""

REPLACEMENT = "\ufffd"
"""Drawn for a character that no font has: what is missing is seen, and is the same on every machine."""

RIGHT_TO_LEFT, LEFT_TO_RIGHT = "\u200f", "\u200e"
"""Unicode's marks: they tell a line its paragraph's direction where its own words would give another."""

_PICTURE = "\ufe0f"
"""Asks for the character before it as an emoji."""

_LEADING_VOWELS = "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"
_TRAILING_VOWELS = "\u0e30\u0e32\u0e33\u0e45\u0e46\u0e2f\u0eb0\u0eb2\u0eb3\u0ec6"
"""Thai and Lao letters that belong to the consonant after or before them."""

_SMALL_KANA = "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ"

_INVISIBLE = ("Cc", "Cs", "Cn")
"""Unicode categories that are left out: controls, surrogates, unassigned. Joiners (Cf) shape text and stay."""


@dataclass(frozen=True)
class Piece:
    """Characters in a row in one font."""

    text: str
    font: FontChoice


@dataclass(frozen=True)
class Line:
    """One line: its pieces in logical order, its width in pixels, and whether any of it runs from right to left."""

    pieces: tuple[Piece, ...]
    width: float
    mixed: bool = False

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class Block:
    """The lines of a text and the characters that no font has."""

    lines: tuple[Line, ...]
    missing: str

    @property
    def width(self) -> float:
        return max((line.width for line in self.lines), default=0.0)


def lay_out(
    text: str,
    font: FontChoice,
    catalogue: FontCatalogue,
    size: float,
    spacing: float,
    width: float,
    *,
    balanced: bool = False,
    language: str = "",
) -> Block:
    """Break a text at its newlines, at spaces and between CJK and Thai characters, so that each line fits the width.

    Args:    size: pixels of an em. spacing: pixels between characters. width: pixels that a line may take; a word
             that is longer is broken. balanced: lines of about one length, as subtitles have them. language: its tag.
    """
    region = "SC" if text.isascii() else han_region(text, language)
    fonts = _Fonts(font, catalogue, region)

    def measured(part: str) -> float:
        return sum(fonts.advance(character) * size + spacing for character in part)

    broken: list[tuple[str, str]] = []
    for paragraph in _cleaned(text).split("\n"):
        words = [_Word(part, measured(part), measured(part.rstrip(" "))) for part in _breakable(paragraph)]
        rows = _filled(words, measured, width)
        if balanced and len(rows) > 1:
            rows = _balanced(words, measured, width, len(rows))
        base = direction(paragraph)
        broken += [(row, base) for row in rows]
    lines = tuple(_line(row, base, fonts, measured(row)) for row, base in broken[:MAX_LINES])
    return Block(lines, "".join(sorted(fonts.missing)))


def _line(row: str, base: str, fonts: _Fonts, width: float) -> Line:
    mixed = base == "left" or is_mixed(row)
    if mixed and base != "none" and direction(row) != base:
        row = (RIGHT_TO_LEFT if base == "left" else LEFT_TO_RIGHT) + row
    return Line(fonts.pieces(row), width, mixed)


def clusters(text: str) -> list[str]:
    """Split a text into what a reader sees as characters: marks and joined characters stay with their base."""
    found: list[str] = []
    for character in text:
        joined = found and (unicodedata.category(character) in ("Mn", "Me", "Mc", "Cf") or found[-1].endswith("\u200d"))
        if joined:
            found[-1] += character
        else:
            found.append(character)
    return found


@dataclass(frozen=True)
class _Word:
    """Characters that stay together, the spaces after them, and their width with and without these."""

    text: str
    full: float
    bare: float


class _Fonts:
    """The font of each character: the wanted one, else one that has it."""

    def __init__(self, wanted: FontChoice, catalogue: FontCatalogue, region: str) -> None:
        self._wanted = wanted
        self._catalogue = catalogue
        self._region = region
        self._chosen: dict[str, FontChoice | None] = {}
        self.missing: set[str] = set()

    def of(self, character: str) -> FontChoice | None:
        """None: no font has it."""
        if self._wanted.has(character):
            return self._wanted
        if character not in self._chosen:
            self._chosen[character] = self._catalogue.covering(character, self._wanted, self._region)
        return self._chosen[character]

    def advance(self, character: str) -> float:
        if _is_ignorable(character) or unicodedata.category(character) in ("Mn", "Me"):
            return 0.0
        font = self.of(character)
        width = font.advance(character) if font else None
        return MISSING_WIDTH if width is None else width

    def pieces(self, text: str) -> tuple[Piece, ...]:
        found: list[Piece] = []
        for character, following in zip(text, [*text[1:], " "], strict=False):
            last = found[-1].font if found else None
            character, font = self._drawn(character, following, last)
            if last is not None and font == last:
                found[-1] = Piece(found[-1].text + character, last)
            elif character:
                found.append(Piece(character, font))
        return tuple(found)

    def _drawn(self, character: str, following: str, last: FontChoice | None) -> tuple[str, FontChoice]:
        """A character as it is drawn, and in which font; what only chooses a glyph is left out where there is no choice."""
        if "\ufe00" <= character <= "\ufe0f":
            font = last or self._wanted
            return (character if font.has(character) else ""), font
        if _is_ignorable(character):
            return character, last or self._wanted
        if following == _PICTURE and (picture := self._catalogue.picture(character, self._wanted)):
            return character, picture
        space = character == " " and (last is None or EMOJI not in last.face.family)  # an emoji's space is too wide
        stays = space or unicodedata.combining(character) or not self._wanted.has(character)
        if stays and last is not None and last.has(character):
            return character, last
        font_or_none = self.of(character)
        if font_or_none is not None:
            return character, font_or_none
        self.missing.add(character)
        return REPLACEMENT, self.of(REPLACEMENT) or self._wanted


def _cleaned(text: str) -> str:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    plain = unicodedata.normalize("NFC", plain.replace("\t", "    ").rstrip("\n"))
    return "".join(c for c in plain if c == "\n" or unicodedata.category(c) not in _INVISIBLE)


def _is_ignorable(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def _breakable(paragraph: str) -> list[str]:
    """Parts between which a line may break; the spaces after a word belong to it."""
    parts: list[str] = []
    for cluster in clusters(paragraph.strip(" ")):
        last = parts[-1] if parts else ""
        if not parts or (cluster != " " and (last.endswith(" ") or _may_part(last, cluster))):
            parts.append(cluster)
        else:
            parts[-1] += cluster
    return parts


def _may_part(before: str, after: str) -> bool:
    """May a line break between two characters without a space? Only beside ideographs, kana and unspaced scripts.

    What closes stays with what it closes, what opens with what it opens; Thai vowels stay with their consonant.
    """
    last, first = before[-1], after[0]
    if unicodedata.category(last) in ("Ps", "Pi") or unicodedata.category(first) in ("Pe", "Pf", "Po", "Pd", "Lm"):
        return False
    if first in _TRAILING_VOWELS or first in _SMALL_KANA:
        return False
    base = clusters(before[-8:])[-1][0]
    if base in _LEADING_VOWELS:
        return False
    return _breaks_anywhere(base) or _breaks_anywhere(first)


def _breaks_anywhere(character: str) -> bool:
    if character.isascii():
        return False
    wide = unicodedata.east_asian_width(character) in ("W", "F") and unicodedata.category(character) in ("Lo", "Ps")
    return wide or script(character) in UNSPACED


def _filled(words: Sequence[_Word], measured: Callable[[str], float], width: float) -> list[str]:
    """Fill lines one after the other; a word that is longer than a line is cut."""
    rows: list[str] = []
    row, used = "", 0.0
    for word in words:
        if row and used + word.bare > width:
            rows.append(row.rstrip(" "))
            row, used = "", 0.0
        if word.bare > width:
            *heads, rest = _cut(word.text, measured, width)
            rows += heads
            row, used = rest, measured(rest)
        else:
            row, used = row + word.text, used + word.full
    rows.append(row.rstrip(" "))
    return rows


def _cut(text: str, measured: Callable[[str], float], width: float) -> list[str]:
    """Pieces of a word that fit the width, of at least one cluster each."""
    pieces, used = [""], 0.0
    for cluster in clusters(text):
        advance = measured(cluster)
        if pieces[-1] and used + advance > width and cluster != " ":
            pieces.append("")
            used = 0.0
        pieces[-1] += cluster
        used += advance
    return pieces


def _balanced(words: Sequence[_Word], measured: Callable[[str], float], width: float, count: int) -> list[str]:
    """The same number of lines within the smallest width that allows it."""
    low, high = 0.0, width
    for _ in range(12):
        middle = (low + high) / 2
        if len(_filled(words, measured, middle)) <= count:
            high = middle
        else:
            low = middle
    return _filled(words, measured, high)
