"""Numbered pictures as one medium: how a sequence is named, and which pictures of a folder a name means.

    shot/frame_%04d.png               frame_0998.png, frame_0999.png, frame_1000.png ... at 25 a second
    shot/frame_%04d.png@23.976        the same at 24000/1001 a second
    shot/frame_%04d.png:1-100@24      of these only the numbers 1 to 100

`%04d` is a number that is filled up with zeros to four digits, `%d` one that is not, `%%` a percent sign; there is one number, and
it stands in the file's name. A file that is really called so is that file.

Units: frames a second. Source: ffmpeg-formats(1), image2; OpenTimelineIO's ImageSequenceReference.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from infra.errors import KinofarmError
from infra.library.medium import MediumState

STILLS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
"""What the names of numbered pictures end in: stills that libavcodec decodes here, which JPEG XL is not."""
USUAL_RATE = Fraction(25)
"""Of a sequence whose name gives none, as ffmpeg takes it."""
MOST_RATE = 1000
MOST_NUMBERS = 1_000_000
"""From the first picture of a sequence to its last."""
MOST_BYTES = 2**29
"""Of one picture."""
MOST_DIGITS = 9
"""Of a number."""

_ENDING = "(?i:" + "|".join(re.escape(suffix) for suffix in STILLS) + ")"
_TEXT = r"(?:[^%/\x00-\x1f\x7f]|%%)*"
_ADDRESS = re.compile(
    rf"(?P<before>{_TEXT})%(?:0(?P<digits>[1-{MOST_DIGITS}]))?d(?P<after>{_TEXT}?{_ENDING})"
    rf"(?::(?P<first>[0-9]{{1,{MOST_DIGITS}}})-(?P<last>[0-9]{{1,{MOST_DIGITS}}}))?"
    r"(?:@(?P<rate>[0-9]{1,4}(?:\.[0-9]{1,6})?))?"
)
_BROADCAST = Fraction(1000, 1001)


@dataclass(frozen=True)
class Numbered:
    """A sequence by its name. before, after: what stands around the number. digits: at least so many; 0: not filled up.

    first, last: of its numbers; the pictures beyond them are not of it. rate: frames a second.
    """

    folder: Path
    before: str
    digits: int
    after: str
    first: int = 0
    last: int = 10**MOST_DIGITS - 1
    rate: Fraction = USUAL_RATE

    @property
    def pattern(self) -> str:
        """The name without numbers and rate, as ffmpeg takes it."""
        number = f"%0{self.digits}d" if self.digits else "%d"
        return f"{_doubled(self.before)}{number}{_doubled(self.after)}"

    def name_of(self, number: int) -> str:
        """Return the name of the picture with that number."""
        return f"{self.before}{number:0{self.digits}d}{self.after}" if self.digits else f"{self.before}{number}{self.after}"  # fmt: skip

    def number_of(self, name: str) -> int | None:
        """Return the number of a picture by its name; None: it is none of the sequence's."""
        if not (name.startswith(self.before) and name.endswith(self.after)):
            return None
        text = name[len(self.before) : len(name) - len(self.after)]
        if not 0 < len(text) <= MOST_DIGITS or not (text.isascii() and text.isdigit()):
            return None
        number = int(text)
        return number if self.first <= number <= self.last and self.name_of(number) == name else None


class Medium(NamedTuple):
    """A medium and the state in which it lies there. pictures: files that it consists of."""

    path: Path
    state: MediumState
    pictures: int = 1


@dataclass(frozen=True)
class Listed:
    """The pictures of a sequence that are there: their numbers, which rise, and their state."""

    numbers: array[int]
    state: MediumState


def parsed(path: Path) -> Numbered | None:
    """Return the sequence that a path names as one; None: it is a file's."""
    found = _ADDRESS.fullmatch(path.name)
    if found is None:
        return None
    rate = USUAL_RATE if found["rate"] is None else _rate(found["rate"])
    if not 0 < rate <= MOST_RATE:
        return None
    span = {} if found["first"] is None else {"first": int(found["first"]), "last": int(found["last"])}
    before, after = (found[name].replace("%%", "%") for name in ("before", "after"))
    return Numbered(path.parent, before, int(found["digits"] or 0), after, **span, rate=rate)


def sequence_at(path: Path) -> Numbered | None:
    """Return the sequence that a path means; None: it is a file's, or a file is really called so."""
    found = parsed(path)
    return None if found is None or os.path.lexists(path) else found


def medium_at(path: Path) -> Medium:
    """Return what lies there: a file or a sequence.

    Raises:  OSError when it can't be looked at; a sequence of which no picture is there is none.
    """
    sequence = sequence_at(path)
    if sequence is None:
        return Medium(path, MediumState.of(path.stat()))
    found = listed(sequence)
    return Medium(path, found.state, len(found.numbers))


def listed(sequence: Numbered) -> Listed:
    """Look which pictures of a sequence are there; links and what is no regular file are no pictures of it.

    Raises:  OSError when the folder can't be read, or there is none; KinofarmError MEDIA-041 as soon as there are more than a
        sequence may have.
    """
    found: list[tuple[int, bytes]] = []
    size, modified_ns = 0, -(2**127)
    with os.scandir(sequence.folder) as entries:
        for entry in entries:
            number = sequence.number_of(entry.name)
            if number is None or not entry.is_file(follow_symlinks=False):
                continue
            one = entry.stat(follow_symlinks=False)
            found.append((number, _line(number, one)))  # a third of what the numbers of `one` would take
            size, modified_ns = size + one.st_size, max(modified_ns, one.st_mtime_ns)
            if len(found) > MOST_NUMBERS:
                raise too_far_apart(sequence, min(found)[0], max(found)[0])
    if not found:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    found.sort()
    return Listed(array("q", (number for number, _ in found)), _state((line for _, line in found), size, modified_ns))


def state_of(pictures: Sequence[tuple[int, os.stat_result]]) -> MediumState:
    """Return the state of a sequence, of its pictures' in the order of their numbers: it changes with each of them."""
    lines = (_line(number, one) for number, one in pictures)
    return _state(lines, sum(one.st_size for _, one in pictures), max(one.st_mtime_ns for _, one in pictures))


def too_far_apart(sequence: Numbered, first: int, last: int, name: str = "") -> KinofarmError:
    """Return the error of a sequence whose numbers go over too many. name: by which it was asked for."""
    most, pattern = MOST_NUMBERS, sequence.pattern
    example = f"{pattern}:{first}-{first + most - 1}"
    return KinofarmError("MEDIA-041", file=name or pattern, first=first, last=last, most=most, example=example)


def refuse_on_a_timeline(path: Path, where: str = "") -> None:
    """Say of a path at which there is no file whether it names a sequence, which no timeline can hold.

    Args:    where: the place in a project.
    Raises:  KinofarmError MEDIA-042 if so.
    """
    if sequence := parsed(path):
        told = {"file": path.name, "rate": str(sequence.rate), "pattern": sequence.pattern}
        raise KinofarmError("MEDIA-042", where=where, **told)


def content_of(picture: Path) -> bytes:
    """Read one picture of a sequence, whatever lies in its place by now.

    Raises:  OSError for a link, for what is no regular file, and when it can't be read; KinofarmError MEDIA-005 for one
        that is too large.
    """
    handle = os.open(picture, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        content = bytearray()
        while part := file.read(MOST_BYTES + 1 - len(content)):
            content += part
    if len(content) > MOST_BYTES:
        raise KinofarmError("MEDIA-005", file=picture.name, reason=f"it has more than {MOST_BYTES} bytes")
    return bytes(content)


def _line(number: int, one: os.stat_result) -> bytes:
    """What is known of a picture, as it goes into the state of its sequence."""
    return b"%d %d %d %d %d\n" % (number, one.st_size, one.st_mtime_ns, one.st_dev, one.st_ino)


def _state(lines: Iterable[bytes], size: int, modified_ns: int) -> MediumState:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return MediumState(size=size, modified_ns=modified_ns, inode=digest.hexdigest())


def _doubled(text: str) -> str:
    return text.replace("%", "%%")


def _rate(text: str) -> Fraction:
    """Return the exact rate that a written one means: one that is n·1000/1001 as far as its decimals go is that fraction."""
    written = Fraction(text)
    decimals = len(text.partition(".")[2])
    broadcast = round(written / _BROADCAST) * _BROADCAST
    return broadcast if decimals >= 2 and round(broadcast, decimals) == written else written
