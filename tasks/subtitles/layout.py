"""Layout: text broken into lines that fit a width, with the font of each piece and the height of each line.

Widths are sums of the font's advances: what kerning and ligatures take away is not counted, so that a line is at
most as wide as this says. libass shapes and draws the lines; it breaks none of its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tasks.subtitles.fonts import FontCatalogue, FontChoice

MISSING_WIDTH = 0.6
"""Width of a character that no font has, in fractions of the em."""

MAX_LINES = 500
"""Most lines that one text is drawn in: more than any frame can show legibly."""

_INVISIBLE = ("Cc", "Cs", "Cn")
"""Unicode categories that are left out: controls, surrogates, unassigned. Joiners (Cf) shape text and stay."""


@dataclass(frozen=True)
class Piece:
    """Characters in a row in one font."""

    text: str
    font: FontChoice


@dataclass(frozen=True)
class Line:
    """One line: its pieces in logical order, and its width in pixels."""

    pieces: tuple[Piece, ...]
    width: float


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
) -> Block:
    """Break a text at its newlines, at spaces and between CJK characters, so that each line fits the width.

    Args:    size: pixels of an em. spacing: pixels between characters. width: pixels that a line may take; a word
             that is longer is broken. balanced: lines of about one length, as subtitles have them.
    """
    fonts = _Fonts(font, catalogue)

    def measured(part: str) -> float:
        return sum(fonts.advance(character) * size + spacing for character in part)

    broken: list[str] = []
    for paragraph in _cleaned(text).split("\n"):
        words = [_Word(part, measured(part), measured(part.rstrip(" "))) for part in _breakable(paragraph)]
        rows = _filled(words, measured, width)
        if balanced and len(rows) > 1:
            rows = _balanced(words, measured, width, len(rows))
        broken += rows
    lines = tuple(Line(fonts.pieces(row), measured(row)) for row in broken[:MAX_LINES])
    return Block(lines, "".join(sorted(fonts.missing)))


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

    def __init__(self, wanted: FontChoice, catalogue: FontCatalogue) -> None:
        self._wanted = wanted
        self._catalogue = catalogue
        self._chosen: dict[str, FontChoice] = {}
        self.missing: set[str] = set()

    def of(self, character: str) -> FontChoice:
        if ord(character) in self._wanted.advances or _is_ignorable(character):
            return self._wanted
        if character not in self._chosen:
            found = self._catalogue.covering(character, self._wanted)
            if found is None:
                self.missing.add(character)
            self._chosen[character] = found or self._wanted
        return self._chosen[character]

    def advance(self, character: str) -> float:
        if _is_ignorable(character) or unicodedata.category(character) in ("Mn", "Me"):
            return 0.0
        return self.of(character).advances.get(ord(character), MISSING_WIDTH)

    def pieces(self, text: str) -> tuple[Piece, ...]:
        found: list[Piece] = []
        for character in text:
            last = found[-1] if found else None
            font = last.font if last and (character == " " or unicodedata.combining(character)) else self.of(character)
            if last and last.font == font:
                found[-1] = Piece(last.text + character, font)
            else:
                found.append(Piece(character, font))
        return tuple(found)


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
        after_space = last.endswith(" ") and cluster != " "
        if not parts or after_space or (cluster != " " and (_is_wide(cluster) or _is_wide(last[-1]))):
            parts.append(cluster)
        else:
            parts[-1] += cluster
    return parts


def _is_wide(character: str) -> bool:
    """Ideographs and kana break anywhere; their closing punctuation stays with what it closes."""
    first = character[0]
    return unicodedata.east_asian_width(first) in ("W", "F") and unicodedata.category(first) == "Lo"


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
