"""Fonts: those that the farm ships (Roboto, and Noto for the scripts that it lacks) and those of the setting
`font_dirs`; never a font of the machine.

So a title looks the same on every machine. A family that is not there is drawn in Roboto, and the choice says so.
Files that are not sound fonts are left out of the catalogue. A face of a collection or of a variable font is handed to
libass as an instance of its own (`tasks.subtitles.instances`), any other as the file that it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from fontTools.varLib.varStore import VarStoreInstancer

from tasks.subtitles.instances import instance
from tasks.subtitles.scripts import EMOJI, families

SHIPPED_FAMILY = "Roboto"

SHIPPED = (("font_roboto", "files"), ("manimgx_fonts", ""), ("manimgx_fonts_cjk", ""))
"""The packages that hold the farm's fonts, and the folder in each."""

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")

BOLD = 700
"""The weight that "bold" asks for."""

MAX_FACES = 64
"""Most faces of a collection that are read."""

MAX_BYTES = 64 * 2**20
"""Largest font file that is read."""

MAX_FILES = 2000
"""Most font files that one folder contributes."""

_FAMILY, _FULL_NAME, _TYPOGRAPHIC_FAMILY = 1, 4, 16
_UNSAFE = set("\\{}(),;:=\"'*@&\r\n\t")
"""Characters that mean something in an ASS script: a family with one of them is not used."""


@dataclass(frozen=True)
class Face:
    """One face: the name libass finds it by, its other names in lower case, weight (100..900) and slant.

    number: its place in a collection, else -1. weights: the range of a variable font, None for any other.
    ascent and descent are those that libass sizes by (OS/2 usWin, else hhea), in fractions of the em.
    """

    path: Path
    stamp: tuple[int, int]
    number: int
    family: str
    names: frozenset[str]
    weight: int
    weights: tuple[int, int] | None
    italic: bool
    ascent: float
    descent: float

    @property
    def whole(self) -> bool:
        """Its file holds nothing else, so that libass can take it as it is."""
        return self.number < 0 and self.weights is None

    def has(self, character: str) -> bool:
        """Does the face have a glyph for a character?"""
        return ord(character) in _outlines(self.path, self.stamp, self.number).codes


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
        """The name by which libass finds it: an instance has one that no machine's font has."""
        return self.face.family if self.face.whole else f"kinofarm {self.face.family} {self.weight}"

    @property
    def path(self) -> Path:
        return self.face.path

    @property
    def sha256(self) -> str:
        """Hash over the file's bytes, 64 hex digits."""
        return _sha256(self.face.path, self.face.stamp)

    def has(self, character: str) -> bool:
        return self.face.has(character)

    def advance(self, character: str) -> float | None:
        """Width of a character in fractions of the em; None when the face lacks it."""
        outlines = _outlines(self.face.path, self.face.stamp, self.face.number)
        return outlines.advance(ord(character), None if self.face.weights is None else self.weight)

    def instance(self, characters: Collection[str]) -> bytes:
        """The font file of a face that is not whole, with these characters and what shaping makes of them."""
        weight = None if self.face.weights is None else self.weight
        face = self.face
        return instance(face.path, face.stamp, face.number, weight, frozenset(characters), self.family)


class FontCatalogue:
    """The faces that may be used, by name."""

    def __init__(self, faces: Sequence[Face]) -> None:
        if not any(SHIPPED_FAMILY.casefold() in face.names for face in faces):
            raise ValueError("the catalogue lacks the font that the farm ships")
        self.faces = tuple(faces)

    def resolve(self, family: str, weight: int = 400, italic: bool = False) -> FontChoice:
        """Return the best face of a family (CSS lists and quotes are understood), or of the shipped one.

        An empty family asks for the shipped one. A family that is not there gives a substituted choice.
        """
        wanted = [name.strip().strip("\"'").casefold() for name in family.split(",")]
        for name in filter(None, wanted):
            if found := self._named(name):
                return self._choose(found, weight, italic, substituted=False)
        return self._choose(self._named(SHIPPED_FAMILY.casefold()), weight, italic, substituted=any(wanted))

    def covering(self, character: str, like: FontChoice, region: str = "SC") -> FontChoice | None:
        """Return a face that has a character which `like` lacks, of the nearest weight and slant; None: there is none.

        Args:    region: whose forms Han characters take (`tasks.subtitles.scripts`).
        """
        for family in families(character, region):
            having = [face for face in self._named(family.casefold()) if face.has(character)]
            if having:
                return self._choose(having, like.weight, like.italic, substituted=False)
        having = [face for face in self.faces if face.has(character)]
        return self._choose(having, like.weight, like.italic, substituted=False) if having else None

    def picture(self, character: str, like: FontChoice) -> FontChoice | None:
        """Return the face that has a character as an emoji; None: it is none."""
        having = [face for face in self._named(EMOJI.casefold()) if face.has(character)]
        return self._choose(having, like.weight, False, substituted=False) if having else None

    def _named(self, name: str) -> list[Face]:
        return [face for face in self.faces if name in face.names]

    @staticmethod
    def _choose(faces: Sequence[Face], weight: int, italic: bool, *, substituted: bool) -> FontChoice:
        def away(face: Face) -> int:
            low, high = face.weights or (face.weight, face.weight)
            return max(low - weight, weight - high, 0)

        face = min(faces, key=lambda face: (face.italic != italic, away(face), face.path.name, face.number))
        if face.weights is not None:
            asked = min(max(weight, face.weights[0]), face.weights[1])
        else:
            asked = weight if weight >= 600 and face.weight <= 550 else face.weight
        return FontChoice(face, asked, italic or face.italic, substituted)


def font_catalogue(folders: Sequence[Path] = ()) -> FontCatalogue:
    """Return the catalogue of the shipped fonts and of the fonts in some folders (searched whole).

    A folder that is not there contributes nothing.
    """
    shipped = [Path(str(resources.files(package))) / folder for package, folder in SHIPPED]
    return FontCatalogue([face for folder in (*shipped, *folders) for path in _files(folder) for face in _read(path)])


def _files(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    except OSError:
        return
    yield from found[:MAX_FILES]


def _read(path: Path) -> Iterator[Face]:
    try:
        status = path.stat()
        if not 0 < status.st_size <= MAX_BYTES:
            return
        count = _faces_in(path)
    except OSError:
        return
    for number in range(count) if count else (-1,):
        face = _face(path, (status.st_mtime_ns, status.st_size), number)
        if face is not None:
            yield face


def _faces_in(path: Path) -> int:
    """How many faces a collection holds, by its header; 0 for a single font."""
    with path.open("rb") as file:
        header = file.read(12)
    return min(int.from_bytes(header[8:12], "big"), MAX_FACES) if header[:4] == b"ttcf" else 0


@lru_cache(maxsize=4096)
def _face(path: Path, stamp: tuple[int, int], number: int) -> Face | None:
    """Read a face; None for a file that is no sound font.

    fontTools raises almost anything on a broken file (struct.error, AssertionError, KeyError, ...).
    """
    try:
        with TTFont(path, fontNumber=number, lazy=True) as font:
            return _described(font, path, stamp, number)
    except Exception:
        return None


def _described(font: TTFont, path: Path, stamp: tuple[int, int], number: int) -> Face | None:
    names = font["name"]
    family = names.getName(_FAMILY, 3, 1, 0x409) or names.getBestFamilyName()
    label = str(family).strip() if family else ""
    if not label or len(label) > 100 or not label.isprintable() or _UNSAFE & set(label):
        return None
    known = {label.casefold()}
    for name in (_TYPOGRAPHIC_FAMILY, _FULL_NAME):
        other = names.getDebugName(name)
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
    return Face(
        path,
        stamp,
        number,
        label,
        frozenset(known),
        weight,
        _weights(font, weight),
        bool(os2.fsSelection & 1),
        ascent / em,
        descent / em,
    )


def _weights(font: TTFont, weight: int) -> tuple[int, int] | None:
    """The weights that a variable font can take; None for one that is not variable."""
    if "fvar" not in font:
        return None
    for axis in font["fvar"].axes:
        if axis.axisTag == "wght":
            return round(axis.minValue), round(axis.maxValue)
    return weight, weight


class _Outlines:
    """What a face has: code point → glyph, and how wide the glyphs are, at any weight. None: a broken font has nothing."""

    def __init__(self, font: TTFont | None) -> None:
        self.codes: dict[int, str] = {}
        self._widths: dict[str, tuple[int, int]] = {}
        if font is None:
            return
        self.codes = dict(font.getBestCmap() or {})
        self._em = font["head"].unitsPerEm
        self._widths = font["hmtx"].metrics
        self._font = font
        self._varied: Any = font["HVAR"].table if "fvar" in font and "HVAR" in font else None
        if self._varied is not None:
            font.normalizeLocation({})  # reads what it needs while the file is open
        self._at: dict[int, Any] = {}

    def advance(self, code: int, weight: int | None) -> float | None:
        glyph = self.codes.get(code)
        if glyph not in self._widths:
            return None
        return float((self._widths[glyph][0] + self._more(glyph, weight)) / self._em)

    def _more(self, glyph: str, weight: int | None) -> float:
        """How much wider a glyph is at a weight than at the font's default."""
        if self._varied is None or weight is None:
            return 0.0
        if weight not in self._at:
            place = self._font.normalizeLocation({"wght": weight})
            self._at[weight] = VarStoreInstancer(self._varied.VarStore, self._font["fvar"].axes, place)
        mapped = self._varied.AdvWidthMap
        index = mapped.mapping[glyph] if mapped else self._font.getGlyphID(glyph)
        return float(self._at[weight][index])


@lru_cache(maxsize=256)
def _outlines(path: Path, stamp: tuple[int, int], number: int) -> _Outlines:
    try:
        with TTFont(path, fontNumber=number, lazy=True) as font:
            return _Outlines(font)
    except Exception:
        return _Outlines(None)


@lru_cache(maxsize=4096)
def _sha256(path: Path, stamp: tuple[int, int]) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
