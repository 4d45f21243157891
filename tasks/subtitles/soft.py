"""Soft subtitles of a film, by language: as tracks for its container, and as files beside it.

Where two lines of a language show at once, a track shows both, the later one below, for as long as they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pysubs2

from tasks.media.soft import SoftLine, SoftTrack, ass_words
from tasks.subtitles.model import Subtitle

FORMS: Mapping[str, str] = MappingProxyType({"srt": "srt", "vtt": "vtt", "ass": "ass"})
"""Suffix of a file beside the film → pysubs2's name of its format."""


def soft_tracks(subtitles: Sequence[Subtitle], start: int, end: int) -> tuple[SoftTrack, ...]:
    """Return one track for each language, in the order in which they first appear, over the film's frames [start, end)."""
    languages = dict.fromkeys(line.language for line in subtitles)
    tracks = []
    for language in languages:
        lines = [line for line in subtitles if line.language == language and line.start < end and start < line.end]
        if found := tuple(_parted(lines, start, end)):
            tracks.append(SoftTrack(language=language, lines=found))
    return tuple(tracks)


def written(track: SoftTrack, rate: Fraction, form: str) -> bytes:
    """Return a track as a subtitle file, UTF-8.

    Args:    form: one of FORMS.
    """
    file: Any = pysubs2.SSAFile()
    for line in track.lines:
        event = pysubs2.SSAEvent(start=_milliseconds(line.start, rate), end=_milliseconds(line.end, rate))
        event.text = _PLAIN[form](line.text)
        file.append(event)
    return str(file.to_string(FORMS[form])).translate(_SHOWN).encode()


def companion_suffix(track: SoftTrack, form: str) -> str:
    """Return the suffix of a file beside the film: `.ja.vtt`, or `.srt` without a language."""
    return f".{track.language}.{form}" if track.language else f".{form}"


def _parted(lines: Iterable[Subtitle], start: int, end: int) -> Iterable[SoftLine]:
    shown = [(max(line.start, start) - start, min(line.end, end) - start, line.text.strip()) for line in lines]
    shown = [line for line in shown if line[2]]
    edges = sorted({edge for first, last, _ in shown for edge in (first, last)})
    held: SoftLine | None = None
    for first, last in pairwise(edges):
        words = "\n".join(text for begins, ends, text in shown if begins <= first and last <= ends)
        if held is not None and held.end == first and held.text == words:
            held = held.model_copy(update={"end": last})
            continue
        if held is not None and held.text:
            yield held
        held = SoftLine(start=first, end=last, text=words)
    if held is not None and held.text:
        yield held


def _milliseconds(frame: int, rate: Fraction) -> int:
    return round(frame / rate * 1000)


def _for_srt(text: str) -> str:
    return text.translate(_HIDDEN).replace("\r\n", "\n").replace("\n", "\\N")


def _for_vtt(text: str) -> str:
    return _for_srt(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


_SHOWN = {0xE000: "{", 0xE001: "}", 0xE002: "\\"}
_HIDDEN = {ord(sign): chr(stand_in) for stand_in, sign in _SHOWN.items()}
"""What is ASS's own, and therefore left out by pysubs2 when it writes another form, passes it as signs that nobody uses."""
_PLAIN: Mapping[str, Callable[[str], str]] = {"srt": _for_srt, "vtt": _for_vtt, "ass": ass_words}
