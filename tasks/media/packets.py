"""Packets of the farm's own files, with their places counted in whole frames and samples.

Only for files that the farm rendered: pictures at a constant rate from 0, sound without gaps. Anything else in them is
an error of verification. Media from outside is read by `tasks/media/probe.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import av
import av.error

from infra.errors import KinofarmError
from tasks.media.colours import MATRIX, PRIMARIES, RANGE, TRANSFER
from tasks.media.proof import PictureShape

_OPTIONS = {"format_whitelist": "mov,matroska,avi,ogg,wav,flac,mp3,gif", "protocol_whitelist": "file"}

ALPHA_APART = ("vp9",)
"""Codecs whose alpha is a second stream beside the packets, which only libvpx's decoders read."""


@contextmanager
def opened(path: Path, what: str) -> Iterator[Any]:
    """Open one of the files that the farm writes.

    Args:    what: how an error names it, e.g. "the film" or "chunk 3".
    Raises:  KinofarmError VERIFY-001 when it cannot be read, then or later.
    """
    try:
        with av.open(f"file:{path}", options=_OPTIONS, metadata_errors="replace") as container:
            yield container
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise KinofarmError("VERIFY-001", what=what, reason=words(error)) from None


def only_picture(container: Any, what: str) -> Any:
    """Return the one picture stream.

    Raises:  KinofarmError VERIFY-001 when there is none, or more than one.
    """
    return _only(container.streams.video, "picture", what)


def only_sound(container: Any, what: str) -> Any:
    """Return the one sound stream.

    Raises:  KinofarmError VERIFY-001 when there is none, or more than one.
    """
    return _only(container.streams.audio, "sound", what)


class FrameClock:
    """Tells which frame a timestamp means.

    A clock in whose ticks frames have whole lengths must show them exactly; a coarser one, as Matroska's milliseconds,
    shows each at the nearest tick.

    Args:
        time_base: seconds per tick of the stream.
        rate: frames a second.
    """

    def __init__(self, time_base: Fraction, rate: Fraction, what: str) -> None:
        step = time_base * rate
        self._up, self._down = step.numerator, step.denominator
        self._time_base, self._rate, self._what = time_base, rate, what
        self._slack = 0 if self._up == 1 else Fraction(self._up, 2)

    def packet(self, packet: Any) -> int:
        """Return the frame that a packet holds."""
        return self.frame(packet.pts)

    def shown(self, frame: Any) -> int:
        """Return which frame a decoded one is."""
        return self.frame(frame.pts)

    def frame(self, ticks: int | None) -> int:
        """Return k for the timestamp k/rate.

        Raises:  KinofarmError VERIFY-004 when it lies between two frames, VERIFY-001 when there is none.
        """
        if ticks is None:
            raise KinofarmError("VERIFY-001", what=self._what, reason="a packet has no timestamp")
        frame, rest = divmod(ticks * self._up, self._down)
        if not rest:
            return frame
        if self._slack and rest > self._down - rest:
            frame, rest = frame + 1, self._down - rest
        if rest > self._slack:
            self.misplaced(frame, ticks * self._time_base)
        return frame

    def misplaced(self, frame: int, found: Fraction) -> NoReturn:
        """Complain that a frame stands at another time, in seconds, than it should."""
        wanted = frame / self._rate
        raise KinofarmError("VERIFY-004", what=self._what, frame=frame, found=_seconds(found), wanted=_seconds(wanted))


class OrderClock(FrameClock):
    """The clock of a file that keeps an order and no times (AVI): frames are shown as they are decoded."""

    def __init__(self, time_base: Fraction, rate: Fraction, what: str) -> None:
        super().__init__(time_base, rate, what)
        self._shown = -1

    def packet(self, packet: Any) -> int:
        """Return the frame that a packet holds: its place in the order."""
        return self.frame(packet.dts)

    def shown(self, frame: Any) -> int:
        """Return which frame a decoded one is: one more than the last."""
        self._shown += 1
        return self._shown


def clock_of(container: Any, stream: Any, rate: Fraction, what: str) -> FrameClock:
    """Return the clock by which a file's picture is read."""
    made = OrderClock if container.format.name == "avi" else FrameClock
    return made(stream.time_base, rate, what)


def decoder_of(stream: Any) -> Any:
    """Return the decoder that gives all of a picture stream back, its alpha too."""
    context = stream.codec_context
    if not _alpha_apart(stream):
        return context
    made: Any = av.CodecContext.create(f"libvpx-{context.codec.canonical_name}", "r")
    made.extradata = context.extradata
    made.width, made.height = context.width, context.height
    return made


def _alpha_apart(stream: Any) -> bool:
    named = {name.casefold(): value for name, value in stream.metadata.items()}
    return stream.codec_context.codec.canonical_name in ALPHA_APART and named.get("alpha_mode") == "1"


def sample_place(packet: Any, what: str) -> tuple[int, int]:
    """Return where a sound packet starts and how long it lasts, in samples; before 0 lies the encoder's priming.

    Raises:  KinofarmError VERIFY-001 when it has no time, or one between two samples.
    """
    if packet.pts is None or packet.duration is None:
        raise KinofarmError("VERIFY-001", what=what, reason="a packet has no timestamp")
    samples_per_tick = packet.time_base * packet.stream.codec_context.sample_rate
    if samples_per_tick == 1:  # the usual case, thousands of times a film
        return packet.pts, packet.duration
    # MP3 counts from the first sample that it holds and says where the first that plays lies.
    origin = packet.stream.start_time or 0 if packet.stream.container.format.name == "mp3" else 0
    start, length = (packet.pts - origin) * samples_per_tick, packet.duration * samples_per_tick
    if start.denominator != 1 or length.denominator != 1:
        raise KinofarmError("VERIFY-001", what=what, reason="a packet starts between two samples")
    return start.numerator, length.numerator


def shape_of(stream: Any) -> PictureShape:
    """Read a picture stream's parameters from its header."""
    context = stream.codec_context
    return PictureShape(
        codec=context.codec.canonical_name,
        width=context.width,
        height=context.height,
        pixel_format="yuva420p" if _alpha_apart(stream) else str(context.pix_fmt),
        matrix=MATRIX.get(int(context.colorspace)),
        primaries=PRIMARIES.get(int(context.color_primaries)),
        transfer=TRANSFER.get(int(context.color_trc)),
        range=RANGE.get(int(context.color_range)),
    )


def require_shape(found: PictureShape, wanted: PictureShape, what: str) -> None:
    """Compare two shapes.

    Raises:  KinofarmError VERIFY-003 that names the first property that differs.
    """
    for name in PictureShape.model_fields:
        has, should = getattr(found, name), getattr(wanted, name)
        if has != should:
            raise KinofarmError(
                "VERIFY-003", what=what, property=name.replace("_", " "), found=str(has), wanted=str(should)
            )


def words(error: BaseException) -> str:
    """Return an error's own words without the path that it may carry."""
    return str(getattr(error, "strerror", None) or type(error).__name__)


def _only(streams: Any, kind: str, what: str) -> Any:
    if len(streams) != 1:
        raise KinofarmError("VERIFY-001", what=what, reason=f"it has {len(streams)} {kind} streams")
    return streams[0]


def _seconds(value: Fraction) -> str:
    return f"{float(value):.6f}"
