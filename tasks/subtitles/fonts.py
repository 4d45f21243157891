"""Fonts: the one that the farm ships (Roboto) and those of the setting `font_dirs`; never a font of the machine.

So a title looks the same on every machine. A family that is not there is drawn in the shipped one, and the choice
says so. Files that are not sound fonts are left out of the catalogue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from fontTools.ttLib import TTFont

SHIPPED_FAMILY = "Roboto"

SUFFIXES = (".ttf", ".otf")
"""Single faces; collections are left out, since libass and we would have to agree on a face's number."""

MAX_BYTES = 64 * 2**20
"""Largest font file that is read."""

MAX_FILES = 2000
"""Most font files that one folder contributes."""

_FAMILY, _FULL_NAME, _TYPOGRAPHIC_FAMILY = 1, 4, 16
_UNSAFE = set("\\{}(),;:=\"'*@&\r\n\t")
"""Characters that mean something in an ASS script: a family with one of them is not used."""


@dataclass(frozen=True)
class Face:
    """One font file: the name libass finds it by, its other names in lower case, weight (100..900) and slant.

    ascent and descent are those that libass sizes by (OS/2 usWin, else hhea), in fractions of the em.
    """

    path: Path
    stamp: tuple[int, int]
    family: str
    names: frozenset[str]
    weight: int
    italic: bool
    ascent: float
    descent: float


@dataclass(frozen=True)
class FontChoice:
    """The face for a text, and how to ask libass for it.

    weight, italic: what to ask for; libass draws bold or slanted itself where the face is not.
    substituted: the family that was asked for is not there.
    """

    face: Face
    weight: int
    italic: bool
    substituted: bool = False

    @property
    def family(self) -> str:
        return self.face.family

    @property
    def path(self) -> Path:
        return self.face.path

    @property
    def sha256(self) -> str:
        """Hash over the file's bytes, 64 hex digits."""
        return _sha256(self.face.path, self.face.stamp)

    @property
    def advances(self) -> Mapping[int, float]:
        """Code point → width in fractions of the em, of the characters that the face has."""
        return _advances(self.face.path, self.face.stamp)


class FontCatalogue:
    """The faces that may be used, by name."""

    def __init__(self, faces: Sequence[Face]) -> None:
        if not any(SHIPPED_FAMILY.casefold() in face.names for face in faces):
            raise ValueError("the catalogue lacks the font that the farm ships")
        self.faces = tuple(faces)

    def resolve(self, family: str, bold: bool = False, italic: bool = False) -> FontChoice:
        """Return the best face of a family (CSS lists and quotes are understood), or of the shipped one.

        An empty family asks for the shipped one. A family that is not there gives a substituted choice.
        """
        wanted = [name.strip().strip("\"'").casefold() for name in family.split(",")]
        for name in filter(None, wanted):
            found = [face for face in self.faces if name in face.names]
            if found:
                return self._choose(found, bold, italic, substituted=False)
        shipped = [face for face in self.faces if SHIPPED_FAMILY.casefold() in face.names]
        return self._choose(shipped, bold, italic, substituted=any(wanted))

    def covering(self, character: str, like: FontChoice) -> FontChoice | None:
        """Return a face that has a character which `like` lacks, of the nearest weight and slant; None: there is none."""
        having = [face for face in self.faces if ord(character) in _advances(face.path, face.stamp)]
        return self._choose(having, like.weight > 550, like.italic, substituted=False) if having else None

    @staticmethod
    def _choose(faces: Sequence[Face], bold: bool, italic: bool, *, substituted: bool) -> FontChoice:
        weight = 700 if bold else 400
        face = min(faces, key=lambda face: (face.italic != italic, abs(face.weight - weight), face.path.name))
        asked = weight if bold and face.weight <= 550 else face.weight
        return FontChoice(face, asked, italic or face.italic, substituted)


def font_catalogue(folders: Sequence[Path] = ()) -> FontCatalogue:
    """Return the catalogue of the shipped font and of the fonts in some folders (searched whole).

    A folder that is not there contributes nothing.
    """
    shipped = Path(str(resources.files("font_roboto"))) / "files"
    faces = [face for folder in (shipped, *folders) for path in _files(folder) if (face := _read(path)) is not None]
    return FontCatalogue(faces)


def _files(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    except OSError:
        return
    yield from found[:MAX_FILES]


def _read(path: Path) -> Face | None:
    try:
        status = path.stat()
    except OSError:
        return None
    if not 0 < status.st_size <= MAX_BYTES:
        return None
    return _face(path, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4096)
def _face(path: Path, stamp: tuple[int, int]) -> Face | None:
    """Read a face; None for a file that is no sound font.

    fontTools raises almost anything on a broken file (struct.error, AssertionError, KeyError, ...).
    """
    try:
        with TTFont(path, lazy=True) as font:
            return _described(font, path, stamp)
    except Exception:
        return None


def _described(font: TTFont, path: Path, stamp: tuple[int, int]) -> Face | None:
    names = font["name"]
    family = names.getName(_FAMILY, 3, 1, 0x409) or names.getBestFamilyName()
    label = str(family).strip() if family else ""
    if not label or len(label) > 100 or not label.isprintable() or _UNSAFE & set(label):
        return None
    known = {label.casefold()}
    for number in (_TYPOGRAPHIC_FAMILY, _FULL_NAME):
        other = names.getDebugName(number)
        if other:
            known.add(other.casefold())
    em = font["head"].unitsPerEm
    os2, hhea = font["OS/2"], font["hhea"]
    ascent, descent = os2.usWinAscent, os2.usWinDescent
    if ascent + descent == 0:
        ascent, descent = hhea.ascent, -hhea.descent
    if em <= 0 or ascent + descent <= 0 or not {"cmap", "hmtx"} <= set(font.keys()):
        return None
    weight = min(900, max(100, os2.usWeightClass))
    return Face(path, stamp, label, frozenset(known), weight, bool(os2.fsSelection & 1), ascent / em, descent / em)


@lru_cache(maxsize=256)
def _advances(path: Path, stamp: tuple[int, int]) -> Mapping[int, float]:
    try:
        with TTFont(path, lazy=True) as font:
            widths, em = font["hmtx"].metrics, font["head"].unitsPerEm
            return {code: widths[glyph][0] / em for code, glyph in font.getBestCmap().items() if glyph in widths}
    except Exception:
        return {}


@lru_cache(maxsize=4096)
def _sha256(path: Path, stamp: tuple[int, int]) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
