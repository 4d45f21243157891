"""Instances: a face of a variable font or of a collection, at one weight, cut down to the characters of a text.

Such a font rides in the script itself (`[Fonts]`), under a name that no font of a machine has. So a script says
everything about its own looks, and its size is what its text needs: 10 KB instead of a collection's 32 MB.

Source: fontTools.subset, fontTools.varLib.instancer; libass takes a variable font at its default weight only (for
CJK that is the thinnest), so the weight is fixed here.
"""

from __future__ import annotations

import io
import unicodedata
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont

from infra.errors import KinofarmError

_KHMER_E = "\u17c1"
_DOTTED_CIRCLE = "\u25cc"

_DROPPED = ("VORG", "vmtx", "vhea", "VVAR", "MVAR", "BASE", "DSIG", "STAT", "meta", "avar2")
"""Vertical metrics, and the variation of metrics: a line's height is the same at every weight."""


@lru_cache(maxsize=256)
def instance(
    path: Path, stamp: tuple[int, int], number: int, weight: int | None, characters: frozenset[str], name: str
) -> bytes:
    """Return a font file with one face's characters, under another name.

    Args:    number: the face's place in a collection, else -1. weight: what to fix a variable font at; None: it is none.
    Raises:  KinofarmError TEXT-010 for a font that can't be cut.
    """
    try:
        with TTFont(path, fontNumber=number, lazy=True, recalcTimestamp=False) as font:
            return _cut(font, weight, characters, name)
    except Exception as error:  # fontTools raises almost anything on a broken font
        raise KinofarmError("TEXT-010", file=path.name, reason=type(error).__name__) from error


def _shaped_from(characters: frozenset[str]) -> set[str]:
    """The characters and those that shaping takes them apart into: Thai's sara am, the split vowels of Indic scripts.

    Source: HarfBuzz's normaliser and its Thai, Khmer and Indic shapers, which also draw a lone mark on a dotted circle.
    """
    parts = {part for character in characters for part in unicodedata.normalize("NFKD", character)}
    khmer = {_KHMER_E} if any("\u1780" <= character <= "\u17ff" for character in characters) else set()
    return {*characters, *parts, *khmer, _DOTTED_CIRCLE}


def _cut(font: TTFont, weight: int | None, characters: frozenset[str], name: str) -> bytes:
    from fontTools import subset  # a tenth of a second that only such a text pays
    from fontTools.varLib import instancer

    options = subset.Options()
    options.layout_features = ["*"]
    options.notdef_outline = True
    options.name_IDs = [1, 2]
    options.name_languages = ["*"]
    options.drop_tables = [*options.drop_tables, *_DROPPED]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(map(ord, _shaped_from(characters))))
    cutter.subset(font)
    if weight is not None:
        place = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}
        font = instancer.instantiateVariableFont(
            font, place | {"wght": weight} if "wght" in place else place, inplace=True
        )
    names = font["name"]
    names.names = []
    for number, words in ((1, name), (2, "Regular"), (4, name), (6, name.replace(" ", ""))):
        names.setName(words, number, 3, 1, 0x409)
    made = io.BytesIO()
    font.save(made)
    return made.getvalue()
