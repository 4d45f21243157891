"""Reading subtitle files: SubRip, WebVTT and ASS as lines of plain text with their times.

What is no speech (comments, drawings) and what only looks (fonts, places, colours) is left out; bold and italics, too.
The text is hostile: how much of it is read is bounded, and whatever it holds ends in lines or in one error.

Source: pysubs2; its ASS times are hundredths of a second.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import pysubs2

from infra.errors import KinofarmError
from tasks.subtitles.soft import FORMS

MOST_TEXT = 4_000_000
"""Characters of a file; four hours of dense dialogue have 300,000."""
MOST_LINES = 20_000
LONGEST_LINE = 10_000

_TAG = re.compile(r"\{\\[^{}]*\}")
"""A tag of ASS, as players take it in SubRip, too."""
_HIDDEN = {ord("{"): "\ue000", ord("\\"): "\ue001"}
_SHOWN = {0xE000: "{", 0xE001: "\\"}
"""What means something in ASS, as which pysubs2 keeps every line, passes it as signs that nobody uses."""


class SpokenLine(NamedTuple):
    """Words from one second to another."""

    start: Fraction
    end: Fraction
    text: str


def lines_of(text: str, form: str | None = None) -> tuple[SpokenLine, ...]:
    """Return the lines of a subtitle file, in order of time.

    Args:    form: one of soft.FORMS; None: told by what stands in it.
    Raises:  KinofarmError EDIT-009.
    """
    if len(text) > MOST_TEXT:
        raise KinofarmError("EDIT-009", where="text", reason=f"it has more than {MOST_TEXT} characters")
    clean = text.removeprefix("\ufeff").replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    form = form or _told(clean)
    clean = clean.replace("\\{", "\ue000") if form == "ass" else _TAG.sub("", clean).translate(_HIDDEN)
    try:
        file: Any = pysubs2.SSAFile.from_string(clean, FORMS[form])
    except Exception as error:  # whatever a parser runs into: the file is not what it should be
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        raise KinofarmError("EDIT-009", where="text", reason=reason) from None
    if len(file) > MOST_LINES:
        raise KinofarmError("EDIT-009", where="text", reason=f"it has more than {MOST_LINES} lines")
    found = sorted(_lines(file, form))
    if not found:
        raise KinofarmError("EDIT-009", where="text", reason="no line stands in it")
    return tuple(found)


def _told(text: str) -> str:
    """The form of a file, as it begins."""
    begins = text.lstrip()[:16].casefold()
    return "ass" if begins.startswith("[") else "vtt" if begins.startswith("webvtt") else "srt"


def _lines(file: Any, form: str) -> Iterator[SpokenLine]:
    for event in file:
        if event.is_comment or event.is_drawing or event.end <= event.start:
            continue
        words = str(event.plaintext).translate(_SHOWN).replace("\\\u2060", "\\").strip()
        words = html.unescape(words) if form == "vtt" else words
        if words:
            yield SpokenLine(Fraction(event.start, 1000), Fraction(event.end, 1000), words[:LONGEST_LINE])
