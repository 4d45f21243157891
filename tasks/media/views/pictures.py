"""Pictures of a medium at given times: decoded, turned as a player turns them, made small.

Units: seconds from the file's start; pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
import numpy as np
from PIL import Image

from infra.errors import KinofarmError
from tasks.media.facts import MediaFacts, PictureFacts
from tasks.media.pictures import pictures_of
from tasks.media.untrusted import opened, translated, words
from tasks.security.formats import PILLOW

MOST_DECODED = 600
"""Frames that are decoded on the way from a key frame to one picture; then the last one is taken."""
NO_SEEKING = frozenset({"gif", "apng"})
"""Demuxers whose files are read from their beginning on."""
WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that read the second stream in which these codecs keep it."""
SQUARE = 8
"""Pixels of the board that is seen through what is transparent."""
BOARD = (150, 190)
"""Its two greys."""
BEFORE = (0, 1, 6, 40)
"""Pictures before a damaged one of a sequence with which is tried to begin, one after the other."""
ALL_AT_ONCE = 300
"""Frames of a file that is decoded as a whole rather than by seeking."""


class Shown(NamedTuple):
    """A picture and when it is shown."""

    at: Fraction
    image: Image.Image


def shown_size(picture: PictureFacts, width: int, height: int) -> tuple[int, int]:
    """Return the size in which a picture fits into a box, by its display size; it is never made larger."""
    across, down = picture.display_size
    scale = min(Fraction(1), width / across, height / down)
    return max(1, round(across * scale)), max(1, round(down * scale))


def pictures(path: Path, facts: MediaFacts, times: Sequence[Fraction], size: tuple[int, int]) -> list[Shown]:
    """Return what a medium shows at these times, which rise; of one that is damaged at a time, what was shown before.

    Args:    size: of the pictures, as displayed; see `shown_size`.
    Raises:  KinofarmError MEDIA-001, MEDIA-002, MEDIA-006 when no picture comes out of it, MEDIA-009.
    """
    if facts.demuxer in PILLOW:
        return _of_pillow(path, facts.demuxer, times, size)
    picture = facts.picture()
    assert picture is not None
    with translated(path), opened(path, facts) as container:
        stream = container.streams[picture.index]
        long = picture.frames > ALL_AT_ONCE or facts.numbered is not None
        seeking = facts.demuxer not in NO_SEEKING and long and len(times) < picture.frames
        source = _Source(container, stream, picture, facts)
        found = [source.sought(at) for at in times] if seeking else source.passed(times)
        if not any(frame is not None for frame in found):
            raise KinofarmError("MEDIA-006", file=path.name, reason=source.complaint or "no picture comes out of it")
        return _filled(times, [frame and _image(frame, picture, size) for frame in found])


class _Source:
    """A stream of pictures that is open."""

    def __init__(self, container: Any, stream: Any, picture: PictureFacts, facts: MediaFacts) -> None:
        self.container = container
        self.stream = stream
        self.picture = picture
        self.start = facts.start
        self.numbered = facts.numbered is not None
        self.complaint = ""
        self.decoder = stream.codec_context
        if picture.alpha and picture.codec in WITH_ALPHA:
            self.decoder = av.CodecContext.create(WITH_ALPHA[picture.codec], "r")
        self.decoder.thread_type = "AUTO"

    def passed(self, times: Sequence[Fraction]) -> list[Any]:
        """Return the frames shown at these times, of one pass from the beginning on."""
        found: list[Any] = []
        last = None
        for frame in self._frames():
            while len(found) < len(times) and last is not None and self._at(frame) > times[len(found)]:
                found.append(last)
            if len(found) == len(times):
                break
            last = frame
        return found + [last] * (len(times) - len(found))

    def sought(self, at: Fraction) -> Any:
        """Return the frame shown at a time, from the key frame before it on; None: nothing could be decoded there.

        Where a numbered picture is damaged, decoding begins with those before it.
        """
        found = None
        for before in BEFORE if self.numbered else (0,):
            found = self._sought(at, at - before * self.picture.time_base)
            if found is not None and self._at(found) <= at:
                break
        return found

    def _sought(self, at: Fraction, begin: Fraction) -> Any:
        try:
            self.container.seek(int((begin + self.start) / self.stream.time_base), stream=self.stream)
            if self.decoder is not self.stream.codec_context:
                self.decoder.flush_buffers()
        except av.error.FFmpegError as error:
            self.complaint = words(error)
            return None
        last = None
        for number, frame in enumerate(self._frames()):
            if last is not None and self._at(frame) > at:
                return last
            last = frame
            if number >= MOST_DECODED:
                break
        return last

    def _frames(self) -> Iterator[Any]:
        """Decode on from here; damage is passed over."""
        try:
            for packet in self.container.demux(self.stream):
                try:
                    yield from self.decoder.decode(packet if packet.size else None)
                except av.error.EOFError:
                    return
                except (av.error.FFmpegError, ValueError) as error:
                    self.complaint = words(error)
        except (av.error.FFmpegError, ValueError) as error:  # the file ends in the middle
            self.complaint = words(error)

    def _at(self, frame: Any) -> Fraction:
        if frame.pts is None:
            return Fraction(0)
        found: Fraction = frame.pts * self.stream.time_base - self.start
        return found


def _image(frame: Any, picture: PictureFacts, size: tuple[int, int]) -> Image.Image:
    """Return a frame in the size in which it is shown, turned, over a board where it is transparent."""
    sideways = picture.rotation in (90, 270)
    width, height = size[::-1] if sideways else size
    form = "rgba" if any(part.is_alpha for part in frame.format.components) or frame.format.name == "pal8" else "rgb24"
    small = frame.reformat(width=width, height=height, format=form, interpolation="AREA").to_ndarray()
    image = Image.fromarray(np.ascontiguousarray(small))
    if picture.flipped:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if picture.rotation:
        image = image.rotate(-picture.rotation, expand=True)
    return _opaque(image)


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    rows, columns = np.indices((image.height, image.width)) // SQUARE
    board = np.where((rows + columns) % 2, *BOARD).astype(np.uint8)
    ground = Image.fromarray(board).convert("RGB")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _of_pillow(path: Path, kind: str, times: Sequence[Fraction], size: tuple[int, int]) -> list[Shown]:
    found: list[Image.Image | None] = []
    last: Image.Image | None = None
    for at, _, image in pictures_of(path, kind):
        while len(found) < len(times) and last is not None and at > times[len(found)]:
            found.append(last)
        if len(found) == len(times):
            break
        last = _opaque(image.resize(size, Image.Resampling.BOX))
    return _filled(times, found + [last] * (len(times) - len(found)))


def _filled(times: Sequence[Fraction], found: Sequence[Image.Image | None]) -> list[Shown]:
    """Put in place of what is missing what was shown before, or else what comes first."""
    last = next(image for image in found if image is not None)
    shown = []
    for at, image in zip(times, found, strict=True):
        last = image or last
        shown.append(Shown(at, last))
    return shown
