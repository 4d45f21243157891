"""Instances: a face of a variable font or of a collection, at one weight, cut down to the characters of a text.

Such a font rides in the script itself (`[Fonts]`), under a name that no font of a machine has. So a script says
everything about its own looks, and its size is what its text needs: 10 KB instead of a collection's 32 MB.

Source: fontTools.subset, fontTools.varLib.instancer; libass takes a variable font at its default weight only (for
CJK that is the thinnest), so the weight is fixed here.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont

from infra.errors import KinofarmError

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
    cutter.populate(unicodes=sorted(ord(character) for character in characters))
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
