"""Probe numbered pictures: the facts of a film that shows them one after the other.

The first is probed as any picture. Of each further one it is made sure that it is a whole picture like the first, of its kind and
size, as far as that shows without decoding it; each is read once.

Units: seconds from the first picture on.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from array import array
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from PIL import Image

from infra.errors import KinofarmError
from tasks.media import extent
from tasks.media.facts import MediaFacts, NumberedFacts, NumberRange, PictureFacts, Sha256
from tasks.media.numbered import MOST_NUMBERS, Numbered, content_of, listed, too_far_apart
from tasks.media.numbered_container import DEMUXER
from tasks.media.probe import probe
from tasks.media.remembered import UNHASHED
from tasks.media.untrusted import translated
from tasks.security import formats

MOST_GAPS = 1000
"""Places where pictures are missing that are listed."""

_PILLOW: Mapping[str, str] = {
    "jpeg_pipe": "JPEG", "png_pipe": "PNG", "bmp_pipe": "BMP", "tiff_pipe": "TIFF", "webp_pipe": "WEBP",
}  # fmt: skip
"""Readers of headers, by libavformat's."""


def probe_numbered(path: Path, sequence: Numbered) -> MediaFacts:
    """Return what is known of numbered pictures.

    Args:    path: by which they are named; `sequence` is what it says.
    Raises:  KinofarmError MEDIA-040 a picture that does not go with the first, MEDIA-041 numbers too far apart, MEDIA-008 one
        changed meanwhile, MEDIA-009 none is there; and about the picture that gives it, SECURITY-001, MEDIA-001, MEDIA-002,
        MEDIA-005, MEDIA-006, MEDIA-009.
    """
    with translated(path):
        before = listed(sequence)
        numbers = before.numbers
        _refuse_too_many(path, sequence, numbers)
        picture = _first(path, sequence, numbers[0])
        digest = _content_hash(path, sequence, numbers)
        if listed(sequence).state != before.state:
            raise KinofarmError("MEDIA-008", file=path.name)
    gaps = [NumberRange(first=a + 1, last=b - 1) for a, b in pairwise(numbers) if b - a > 1]
    span = numbers[-1] - numbers[0] + 1
    numbered = NumberedFacts(
        first=numbers[0],
        last=numbers[-1],
        digits=sequence.digits,
        missing=span - len(numbers),
        gaps=tuple(gaps[:MOST_GAPS]),
    )
    return MediaFacts(
        sha256=digest,
        size=before.state.size,
        demuxer=DEMUXER,
        numbered=numbered,
        start=Fraction(0),
        duration=span / sequence.rate,
        pictures=(_as_film(picture, sequence.rate, numbers),),
    )


def _refuse_too_many(path: Path, sequence: Numbered, numbers: array[int]) -> None:
    first, last = numbers[0], numbers[-1]
    if last - first >= MOST_NUMBERS:
        raise too_far_apart(sequence, first, last, path.name)


def _first(path: Path, sequence: Numbered, number: int) -> PictureFacts:
    """Probe the first picture."""
    place = sequence.folder / sequence.name_of(number)
    facts = probe(place, sha256=UNHASHED)
    if facts.demuxer not in _PILLOW or not facts.pictures[0].still:
        reason = f"it reads as {facts.demuxer}, which is no single picture of a sequence"
        raise KinofarmError("MEDIA-040", file=place.name, sequence=path.name, reason=reason)
    return facts.pictures[0]


def _as_film(picture: PictureFacts, rate: Fraction, numbers: array[int]) -> PictureFacts:
    """The facts of a film whose frames are such pictures."""
    gap = max((b - a for a, b in pairwise(numbers)), default=0) / rate
    whole = len(numbers) == numbers[-1] - numbers[0] + 1
    film = {
        "time_base": 1 / rate,
        "rate": rate,
        "constant_rate": whole,
        "on_grid": whole,
        "start": Fraction(0),
        "end": (numbers[-1] - numbers[0] + 1) / rate,
        "frames": len(numbers),
        "max_gap": gap,
        "keyframe_gap": max(gap, 1 / rate),
        "still": False,
        "default": True,
    }
    return picture.model_copy(update=film)


def _content_hash(path: Path, sequence: Numbered, numbers: array[int]) -> Sha256:
    """Read each picture once; return a hash that is the same wherever they lie and from whatever number on they count.

    Raises:  OSError, KinofarmError as `probe_numbered`.
    """
    digest = hashlib.sha256(f"numbered pictures at {sequence.rate}\n".encode())
    first: tuple[str | None, tuple[int, int]] | None = None
    for number in numbers:
        name = sequence.name_of(number)
        with translated(sequence.folder / name):
            content = content_of(sequence.folder / name)
            kind = formats.settled_by(content[: formats.HEAD], name)
            if lacking := extent.missing_in(io.BytesIO(content), len(content)):
                raise KinofarmError("MEDIA-002", file=name, reason=lacking)
            if first is not None and kind != first[0]:
                raise _unlike(path, name, "it is of another kind than the first")
            size = _size(content, str(kind))
        if first is not None and size != first[1]:
            reason = f"it is {size[0]}x{size[1]}, the first is {first[1][0]}x{first[1][1]}"
            raise _unlike(path, name, reason)
        first = first or (kind, size)
        digest.update(f"{number - numbers[0]} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _size(content: bytes, kind: str) -> tuple[int, int]:
    """Return a picture's width and height: from its header where Pillow reads it, else of libavformat, which decodes it.

    Raises:  what libavformat raises.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd about it
            with Image.open(io.BytesIO(content), formats=[_PILLOW[kind]]) as image:
                return image.size
    except (OSError, ValueError, SyntaxError, TypeError, ArithmeticError, LookupError, Image.DecompressionBombError):
        with av.open(io.BytesIO(content), format=kind, options=formats.options()) as container:
            stream = container.streams.video[0]
            return stream.width, stream.height


def _unlike(path: Path, name: str, reason: str) -> KinofarmError:
    return KinofarmError("MEDIA-040", file=name, sequence=path.name, reason=reason)
