"""Numbered pictures, read as PyAV reads a film: a container with one stream, whose packets are the files.

libavformat's own reader of them (image2) follows patterns wherever they lead, and stops at a gap. Here a picture that is not there
any more, or is no regular file, is left out.

Units: ticks of 1/rate, the first picture is shown at 0.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av

from infra.errors import KinofarmError
from tasks.media.facts import MediaFacts
from tasks.media.numbered import content_of, parsed

DEMUXER = "image2"
"""What libavformat calls numbered pictures."""

ALIGNED = 128
"""Pixels by which libavcodec makes a picture wider before it holds it against its limit, at most."""


class NumberedStream:
    """The one stream. codec_context: decodes it."""

    index = 0
    type = "video"

    def __init__(self, facts: MediaFacts) -> None:
        (picture,) = facts.pictures
        self.time_base: Fraction = picture.time_base
        self.codec_context: Any = av.CodecContext.create(picture.codec, "r")
        most = (picture.width + ALIGNED) * (picture.height + ALIGNED)
        self.codec_context.options = {"max_pixels": str(most)}


class NumberedContainer:
    """Numbered pictures that are open, as far as this house reads films.

    Args:    path: a sequence's, see `tasks.media.numbered`. facts: of it.
    Raises:  OSError for the path of a file.
    """

    format = SimpleNamespace(name=DEMUXER)

    def __init__(self, path: Path, facts: MediaFacts) -> None:
        sequence, numbered = parsed(path), facts.numbered
        if sequence is None or numbered is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._sequence, self._numbered = sequence, numbered
        self.streams = (NumberedStream(facts),)
        self._following = numbered.first

    def __enter__(self) -> NumberedContainer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Do what a container's user does at the end; nothing is open between two packets."""

    def demux(self, *_: object) -> Iterator[Any]:
        """Yield the pictures from here on, and an empty packet at the end."""
        (stream,) = self.streams
        while self._following <= self._numbered.last:
            number, self._following = self._following, self._following + 1
            try:
                content = content_of(self._picture(number))
            except (OSError, KinofarmError):
                continue
            if not content:
                continue
            # The bytes are copied: to free Python's own a decoder's thread needs the interpreter, which the one that waits for
            # that thread to end holds.
            packet: Any = av.Packet(len(content))
            packet.update(content)
            packet.pts = packet.dts = number - self._numbered.first
            packet.duration = 1
            packet.time_base = stream.time_base
            packet.is_keyframe = True
            yield packet
        yield av.Packet()

    def seek(self, offset: int, *, stream: object = None) -> None:
        """Go on with the picture that is shown at a time: the last one until then that is there.

        Args:    offset: in ticks; before the first picture it is that one.
        """
        first = self._numbered.first
        number = min(first + max(0, offset), self._numbered.last)
        while number > first and not self._is_there(number):
            number -= 1
        self._following = number
        context = self.streams[0].codec_context
        if context.is_open:
            context.flush_buffers()

    def _picture(self, number: int) -> Path:
        return self._sequence.folder / self._sequence.name_of(number)

    def _is_there(self, number: int) -> bool:
        try:
            return stat.S_ISREG(self._picture(number).lstat().st_mode)
        except OSError:
            return False
