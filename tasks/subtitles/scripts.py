"""Scripts: which of the shipped families writes a character that the wanted font lacks, and which way a text runs.

Han characters are drawn as the text's language writes them: by its tag (BCP 47), else as the text's other characters
tell (kana: Japanese, Hangul: Korean, Bopomofo: traditional Chinese), else in simplified Chinese.

Source: Unicode's Script property (UAX 24) and bidirectional classes (UAX 9); Noto's own division into families.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Literal

from fontTools.unicodedata import script

GENERAL = ("Roboto", "Noto Sans")
"""Latin, Cyrillic, Greek and what belongs to no script."""

EMOJI = "Noto Emoji"
PICTURES = (EMOJI, "Noto Sans Symbols")

_CJK = {name: f"Noto Sans CJK {name}" for name in ("JP", "KR", "SC", "TC", "HK")}

FAMILIES: Mapping[str, str] = {
    "Arab": "Noto Sans Arabic",
    "Armn": "Noto Sans Armenian",
    "Beng": "Noto Sans Bengali",
    "Bopo": _CJK["TC"],
    "Deva": "Noto Sans Devanagari",
    "Ethi": "Noto Sans Ethiopic",
    "Geor": "Noto Sans Georgian",
    "Gujr": "Noto Sans Gujarati",
    "Guru": "Noto Sans Gurmukhi",
    "Hang": _CJK["KR"],
    "Hebr": "Noto Sans Hebrew",
    "Hira": _CJK["JP"],
    "Kana": _CJK["JP"],
    "Khmr": "Noto Sans Khmer",
    "Knda": "Noto Sans Kannada",
    "Laoo": "Noto Sans Lao",
    "Mlym": "Noto Sans Malayalam",
    "Mymr": "Noto Sans Myanmar",
    "Orya": "Noto Sans Oriya",
    "Sinh": "Noto Sans Sinhala",
    "Taml": "Noto Sans Tamil",
    "Telu": "Noto Sans Telugu",
    "Thai": "Noto Sans Thai",
}
"""Script → the family that is made for it. Han is decided by language, everything else is GENERAL."""

UNSPACED = ("Thai", "Laoo", "Khmr", "Mymr")
"""Scripts without spaces between words: a line may break between any two of their syllables."""

_APART = ("Armn", "Bopo", "Ethi", "Geor", "Hang", "Hira", "Kana", "Thai", "Laoo")
"""Of FAMILIES: scripts whose letters stand apart, so that each can be drawn by itself."""

_REGIONS = {"ja": "JP", "ko": "KR", "zh": "SC"}
_TRADITIONAL = {"hant": "TC", "tw": "TC", "hk": "HK", "mo": "HK"}


def families(character: str, region: str) -> tuple[str, ...]:
    """Return the shipped families to look for a character in, the best first; region: what `han_region` returned."""
    code = script(character)
    found: tuple[str, ...] = (_CJK[region],) if code == "Hani" else (FAMILIES[code],) if code in FAMILIES else ()
    if unicodedata.category(character) in ("So", "Sk") or character >= "\U0001f000":
        found += PICTURES
    return (*found, *GENERAL, *PICTURES, _CJK[region])


def han_region(text: str, language: str) -> str:
    """Return the region whose forms a text's Han characters take: JP, KR, SC, TC or HK."""
    parts = language.casefold().split("-")
    if parts[0] in ("zh", "yue", "cmn", "lzh"):
        default = "HK" if parts[0] == "yue" else "SC"
        return next((_TRADITIONAL[part] for part in parts[1:] if part in _TRADITIONAL), default)
    if parts[0] in _REGIONS:
        return _REGIONS[parts[0]]
    used = {script(character) for character in set(text)}
    if used & {"Hira", "Kana"}:
        return "JP"
    return "KR" if "Hang" in used else "TC" if "Bopo" in used else "SC"


def direction(text: str) -> Literal["left", "right", "none"]:
    """Return where a text runs to by its first strong character: "left" for Arabic and Hebrew; none has one."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return "left"
        if kind == "L":
            return "right"
    return "none"


def is_joined(text: str) -> bool:
    """Does any of it belong to a script that shapes its letters by their neighbours?"""
    return not text.isascii() and any(code in FAMILIES and code not in _APART for code in map(script, set(text)))


def is_mixed(text: str) -> bool:
    """Does any of it run from right to left?"""
    return any(unicodedata.bidirectional(character) in ("R", "AL", "AN", "RLE", "RLO", "RLI") for character in text)
