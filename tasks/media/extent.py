"""How long a file says it is: the end of what its own container structure promises, against the bytes that are there.

Reads structure only (box, element and chunk headers), never the media in it. A download that broke off shows
here even where a reader would silently play what there is.

Source: ISO/IEC 14496-12 section 4.2 (boxes), RFC 8794 (EBML), the RIFF chunk layout, GIF89a, PNG, ITU-T T.81 (JPEG).
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_BOXES = frozenset(
    {
        b"ftyp",
        b"styp",
        b"moov",
        b"moof",
        b"mdat",
        b"free",
        b"skip",
        b"wide",
        b"sidx",
        b"uuid",
        b"pnot",
        b"meta",
        b"mfra",
    }
)
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_MOST_PARTS = 1_000_000
"""Boxes or chunks looked at: a guard against a file that is nothing but headers."""


def missing(path: Path) -> str | None:
    """Say in plain words what the container promises and the file lacks; None when nothing is known to be missing.

    Raises:  OSError when the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        return missing_in(file, size)


def missing_in(file: BinaryIO, size: int) -> str | None:
    """Do what `missing` does with a file of that many bytes that is open."""
    head = file.read(12)
    if head[4:8] in _BOXES:
        return _boxes(file, size)
    if head[:4] == _EBML.to_bytes(4, "big"):
        return _ebml(file, size)
    if head[:4] == b"RIFF":
        return _riff(file, size)
    if head[:4] == b"GIF8":
        return _gif(file, size)
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(file, size)
    if head[:3] == b"\xff\xd8\xff":
        return _jpeg(file, size)
    return None


def _beyond(what: str, end: int, size: int) -> str:
    return f"its {what} ends at byte {end}, the file at byte {size}"


def _printable(name: bytes) -> str:
    """The name of a box or chunk, whatever bytes it has."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else rf"\x{byte:02x}" for byte in name)


def _boxes(file: BinaryIO, size: int) -> str | None:
    at, indexed = 0, False
    for _ in range(_MOST_PARTS):
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            break
        kind, length = header[4:8], int.from_bytes(header[:4], "big")
        if length == 1 and len(header) == 16:
            length = int.from_bytes(header[8:], "big")
        if length == 0:
            length = size - at
        if length < 8 or not kind.isascii():
            break
        if at + length > size:
            return _beyond(f"box {_printable(kind)}", at + length, size)
        indexed = indexed or kind == b"moov"
        at += length
    return None if indexed else "its index (the box moov) is missing"


def _ebml(file: BinaryIO, size: int) -> str | None:
    file.seek(0)
    for wanted in (_EBML, _SEGMENT):
        identifier = int.from_bytes(file.read(4), "big")
        length = _vint(file)
        if identifier != wanted or length is None:
            return None
        if wanted == _EBML:
            file.seek(length, 1)
        elif file.tell() + length > size:
            return _beyond("segment", file.tell() + length, size)
    return None


def _vint(file: BinaryIO) -> int | None:
    """Read an EBML length; None for "unknown" (a live recording) and for a broken one."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    extra = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0x7F >> extra)]) + file.read(extra), "big")
    return None if value == (1 << 7 * (extra + 1)) - 1 else value


def _riff(file: BinaryIO, size: int) -> str | None:
    at = 12
    for _ in range(_MOST_PARTS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return None
        length = int.from_bytes(header[4:], "little")
        if length in (0, 0xFFFFFFFF):  # a recorder that could not go back to write the length
            return None
        if at + 8 + length > size:
            return _beyond(f"chunk {_printable(header[:4])}", at + 8 + length, size)
        at += 8 + length + length % 2
    return None


def _gif(file: BinaryIO, size: int) -> str | None:
    file.seek(10)
    flags = file.read(1)
    if not flags:
        return "its header is not whole"
    at = 13 + _colours(flags[0])
    for _ in range(_MOST_PARTS):
        file.seek(at)
        kind = file.read(1)
        if kind == b"\x3b":
            return None
        if kind == b"\x21":
            at += 2
        elif kind == b"\x2c":
            place = file.read(9)
            at += 11 + (_colours(place[8]) if len(place) == 9 else 0)
        elif kind:
            return None
        else:
            break
        at = _after_sub_blocks(file, at)
        if at > size:
            break
    return "the mark of its end is missing"


def _colours(flags: int) -> int:
    """Return the bytes of a GIF's colour table."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_sub_blocks(file: BinaryIO, at: int) -> int:
    file.seek(at)
    while length := file.read(1):
        at += 1 + length[0]
        if length[0] == 0:
            return at
        file.seek(at)
    return at


def _png(file: BinaryIO, size: int) -> str | None:
    at = 8
    for _ in range(_MOST_PARTS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            break
        at += 12 + int.from_bytes(header[:4], "big")
        if at > size:
            return _beyond(f"chunk {_printable(header[4:])}", at, size)
        if header[4:] == b"IEND":
            return None
    return "the mark of its end is missing"


def _jpeg(file: BinaryIO, size: int) -> str | None:
    at = 2
    for _ in range(_MOST_PARTS):
        file.seek(at)
        header = file.read(4)
        if len(header) < 4:
            break
        if header[0] != 0xFF:
            return None
        if header[1] == 0xFF:  # filling
            at += 1
            continue
        at += 2 + int.from_bytes(header[2:], "big")
        if at > size:
            break
        if header[1] == 0xDA:  # from here on lies the picture; the mark of the end can't stand in it
            file.seek(at)
            return None if b"\xff\xd9" in file.read() else "the mark of its end is missing"
    return "its header is not whole"
