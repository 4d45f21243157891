"""HEIC, AVIF and WebP that moves, read as PyAV reads a film: a container with one stream, whose packets stand for Pillow's pictures.

Units: ticks of a millisecond, the first picture is shown at 0.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
from PIL import Image

from tasks.media.facts import MediaFacts
from tasks.media.pictures import MILLISECOND, pictures_of


class PictureDecoder:
    """Gives the picture of the packet that was read last; what else a decoder is told (threads, options) means nothing to it."""

    def __init__(self) -> None:
        self.waiting: Image.Image | None = None

    def decode(self, packet: Any) -> list[av.VideoFrame]:
        """Return a packet's frame; none at the end."""
        image, self.waiting = self.waiting, None
        if packet is None or not packet.size or image is None:
            return []
        frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgba" if image.mode == "RGBA" else "rgb24")
        frame.pts, frame.duration, frame.time_base = packet.pts, packet.duration, packet.time_base
        return [frame]


class PictureStream:
    """The one stream."""

    index = 0
    type = "video"
    time_base = MILLISECOND

    def __init__(self) -> None:
        self.codec_context = PictureDecoder()


class PicturesContainer:
    """Such a file that is open, as far as this house reads films. It is read once, from its beginning on.

    Args:    facts: of the file, whose `demuxer` is a word of `tasks.security.formats.PILLOW`.
    """

    def __init__(self, path: Path, facts: MediaFacts) -> None:
        self.format = SimpleNamespace(name=facts.demuxer)
        self.streams = (PictureStream(),)
        self._pictures: Generator[tuple[Fraction, Fraction, Image.Image]] = pictures_of(path, facts.demuxer)

    def __enter__(self) -> PicturesContainer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._pictures.close()

    def demux(self, *_: object) -> Iterator[Any]:
        """Yield a packet for each picture, and an empty one at the end. Decoding begins at the first: others may change parts only.

        Raises:  KinofarmError MEDIA-00x, as `pictures_of` does.
        """
        (stream,) = self.streams
        for number, (at, shown, image) in enumerate(self._pictures):
            stream.codec_context.waiting = image
            packet: Any = av.Packet(1)
            packet.pts = packet.dts = int(at / MILLISECOND)
            packet.duration = int(shown / MILLISECOND)
            packet.time_base = MILLISECOND
            packet.is_keyframe = number == 0
            yield packet
        yield av.Packet()
