"""Colour tables: .cube files, look-up tables of one or three dimensions, read with bounds and written anew.

What a filter gets is never the author's text but ours, made from the numbers: no comment, title or keyword of his reaches it.

Source:  Adobe, Cube LUT Specification 1.0. Only the domain 0 to 1 is read: ffmpeg's filters know no other beginning.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from infra.errors import KinofarmError
from infra.values import Value

LARGEST_FILE = 32 * 2**20
"""Bytes: three times what a table of 65 x 65 x 65 takes at twelve decimals."""

LARGEST = {1: 65_536, 3: 65}
"""Points along a side, by the table's dimensions: what ffmpeg takes of one, what anybody uses of three."""

WIDEST = 100.0
"""Largest number in a table; colours lie between 0 and 1, but a log table may overshoot."""

_DOMAINS = {
    "DOMAIN_MIN": (0.0, 0.0, 0.0),
    "DOMAIN_MAX": (1.0, 1.0, 1.0),
    "LUT_1D_INPUT_RANGE": (0.0, 1.0),
    "LUT_3D_INPUT_RANGE": (0.0, 1.0),
}


class ColourTable(Value):
    """A table: its dimensions, its points along a side, and its text as a filter reads it, six decimals a number."""

    dimensions: Literal[1, 3]
    size: int
    text: str


@lru_cache(maxsize=16)
def through(table: ColourTable, slope: float, offset: float) -> ColourTable | None:
    """Return the table with slope * x + offset done to each of its colours; None where its own colours leave 0 to 1.

    What lies between its points goes along the same line. A filter clamps what it finds at its end, as the line would have.
    """
    head, _, body = table.text.partition("\n")
    colours = np.array(body.split(), dtype=np.float64)
    if colours.min() < 0 or colours.max() > 1:
        return None
    rows = (slope * colours + offset).reshape(-1, 3)
    text = "\n".join((head, *(f"{red:.6f} {green:.6f} {blue:.6f}" for red, green, blue in rows.tolist()), ""))
    return table.model_copy(update={"text": text})


def read_colour_table(path: Path) -> ColourTable:
    """Read a .cube file.

    Raises:  MEDIA-009 when it cannot be read, MEDIA-020 when it is no .cube file, MEDIA-021 when it is too large, MEDIA-022
             when its domain is not 0 to 1.
    """
    try:
        facts = path.stat()
        return _read(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)
    except OSError as error:
        raise KinofarmError("MEDIA-009", file=path.name, reason=error.strerror or "an input error") from None


@lru_cache(maxsize=16)
def _read(path: Path, *stat: int) -> ColourTable:
    """Read a file; as long as its size, time and number stay, what was read stands: a project is read twice for a render."""
    with path.open("rb") as file:
        raw = file.read(LARGEST_FILE + 1)
    if len(raw) > LARGEST_FILE:
        raise KinofarmError("MEDIA-021", file=path.name, reason=f"it has more than {LARGEST_FILE} bytes")
    return parse_colour_table(raw.decode("utf-8", errors="replace"), path.name)


def parse_colour_table(text: str, name: str) -> ColourTable:
    """Read the text of a .cube file; name: the file's, for errors."""
    dimensions, size = 0, 0
    rows: list[str] = []
    for number, words in _lines(text):
        key = words[0].upper()
        if key in ("LUT_1D_SIZE", "LUT_3D_SIZE"):
            if size or rows:
                raise _wrong(name, number, "a second size, or one after the numbers")
            dimensions = int(key[4])
            size = _size(words, dimensions, name, number)
        elif key in _DOMAINS:
            if _numbers(words[1:], name, number) != _DOMAINS[key]:
                raise KinofarmError("MEDIA-022", file=name)
        elif key != "TITLE":
            values = _numbers(words, name, number)
            if len(values) != 3:
                raise _wrong(name, number, "three numbers are wanted")
            rows.append(" ".join(f"{value:.6f}" for value in values))
            if len(rows) > size**dimensions:
                raise _wrong(name, number, "there are more colours than its size says")
    if not size or len(rows) != size**dimensions:
        raise _wrong(
            name, 0, f"it holds {len(rows)} colours and its size says {size**dimensions if size else 'nothing'}"
        )
    return _written(dimensions, size, rows)


def _written(dimensions: int, size: int, rows: Iterable[str]) -> ColourTable:
    text = "\n".join((f"LUT_{dimensions}D_SIZE {size}", *rows, ""))
    return ColourTable.model_validate({"dimensions": dimensions, "size": size, "text": text})


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that say something, as words, each with its number."""
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        words = line.split()
        if words and not words[0].startswith("#"):
            yield number, words


def _size(words: list[str], dimensions: int, name: str, number: int) -> int:
    if len(words) != 2 or not words[1].isdecimal() or len(words[1]) > 9:
        raise _wrong(name, number, "the size is one whole number")
    size = int(words[1])
    if size < 2:
        raise _wrong(name, number, "a table has at least two points along a side")
    if size > LARGEST[dimensions]:
        raise KinofarmError(
            "MEDIA-021", file=name, reason=f"{size} points along a side, {LARGEST[dimensions]} are read"
        )
    return size


def _numbers(words: list[str], name: str, number: int) -> tuple[float, ...]:
    try:
        values = tuple(float(word) for word in words)
    except ValueError:
        raise _wrong(name, number, "numbers are wanted") from None
    if not all(math.isfinite(value) and abs(value) <= WIDEST for value in values):
        raise _wrong(name, number, f"numbers between -{WIDEST:g} and {WIDEST:g} are wanted")
    return values


def _wrong(name: str, number: int, reason: str) -> KinofarmError:
    where = f"line {number}: {reason}" if number else reason
    return KinofarmError("MEDIA-020", file=name, reason=where)
