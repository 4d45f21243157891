"""Rows of the encoder tables: an encoder's name, what it takes, and the arguments that it makes of an export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from tasks.compiler.canvas import PLAIN, Canvas
from tasks.compiler.model import Export, VideoExport
from tasks.compiler.signals import SDR

VideoArguments = Callable[[Export, Fraction, int], tuple[str, ...]]
"""(export, rate in frames a second, longest GOP in frames) → ffmpeg's output options for the picture."""

Points = tuple[tuple[float, float], ...]
"""Pairs of a quality from 1 to 100 and the encoder's own number for it, rising in quality."""

Mode = Literal["crf", "vbr", "cbr"]

COLOURS = SDR.arguments
"""Tags of what the graph gives: it has converted the picture to BT.709, limited range."""


@dataclass(frozen=True)
class Pixels:
    """How a film's pixels look to an encoder and after it.

    canvas: what the film is composed in. given: the pixel format that the encoder gets; decoded: the one that a
    decoder gives back. The tags are those that its chunks carry, by ffmpeg's names; None: untagged.
    """

    canvas: Canvas = PLAIN
    given: str = "yuv420p"
    decoded: str = "yuv420p"
    matrix: str | None = "bt709"
    primaries: str | None = "bt709"
    transfer: str | None = "bt709"
    range: Literal["tv", "pc"] | None = "tv"


@dataclass(frozen=True)
class EncoderRow:
    """An encoder of the table.

    name: ffmpeg's name of it. codec: the export's codec that it makes. stored: what its chunks hold, by ffmpeg's name.
    arguments: a pure function. The same export, rate and GOP give byte-identical parameter sets, whatever the
    length or content of what is encoded, so that chunks can be joined without encoding.
    first_pass: the same for a first pass that only gathers statistics; None: it has no second pass.
    hardware: the family of devices that it needs; empty: none, every machine has it.
    form: the form in which its chunks travel (a muxer's name).
    pixels: how the film's pixels look to it. scale: quality to its own number; empty: it has none. worst: the largest
    number that may be asked for. unit: what that number is called.
    modes: the rate controls that it has. bits, alpha, hdr, profiles: what it can say.
    prepared: what the composed picture goes through before it, e.g. to RGB. device: ffmpeg's options, before any
    input, that open the device.
    """

    name: str
    codec: str
    arguments: VideoArguments
    stored: str = ""
    first_pass: VideoArguments | None = None
    hardware: str = ""
    form: Literal["mp4", "mov"] = "mp4"
    pixels: Callable[[VideoExport], Pixels] = lambda video: Pixels()
    scale: Points = ()
    worst: float = 51
    unit: str = "CRF"
    modes: tuple[Mode, ...] = ("crf", "vbr", "cbr")
    bits: tuple[int, ...] = (8,)
    alpha: bool = False
    hdr: bool = False
    profiles: tuple[str, ...] = ()
    smallest: tuple[int, int] = (16, 16)
    prepared: Callable[[Any, VideoExport], Any] = field(default=lambda stream, video: stream)
    device: tuple[str, ...] = ()

    @property
    def stored_codec(self) -> str:
        """The codec of its chunks, by ffmpeg's name."""
        return self.stored or self.codec


EncoderTable = Mapping[str, EncoderRow]


@dataclass(frozen=True)
class SoundRow:
    """An encoder of sound.

    form: the form in which the film's sound travels (a muxer's name). rates: the sample rates that it takes, the best
    first; empty: any. most: highest bitrate in kbit/s; 0: it has none. bits: sample sizes, where they can be chosen.
    """

    name: str
    codec: str
    arguments: Callable[[Export], tuple[str, ...]]
    form: Literal["mp4", "mov", "ogg"] = "mp4"
    rates: tuple[int, ...] = ()
    most: int = 0
    bits: tuple[int, ...] = ()


SoundTable = Mapping[str, SoundRow]


def yuv_pixels(video: VideoExport) -> Pixels:
    """4:2:0 in the bits that the export asks for (8, of HDR 10), with alpha where it asks for that."""
    canvas = Canvas(bits=10 if video.bits == 10 or video.hdr else 8, alpha=video.alpha, hdr=video.hdr)
    signal = canvas.signal
    return Pixels(
        canvas, canvas.ground, canvas.ground, matrix=signal.matrix, primaries=signal.primaries, transfer=signal.transfer
    )


def on_scale(quality: float, points: Points) -> float:
    """Return an encoder's own number of a quality from 1 to 100: linear between the points.

    Raises:  ValueError outside 1 to 100.
    """
    wanted = Fraction(quality)
    for (low, at_low), (high, at_high) in pairwise(points):
        if low <= wanted <= high:
            share = (wanted - Fraction(low)) / (Fraction(high) - Fraction(low))
            return float(Fraction(at_low) + (Fraction(at_high) - Fraction(at_low)) * share)
    raise ValueError("quality goes from 1 to 100")


def own_number(video: VideoExport, row: EncoderRow) -> float:
    """The number on the encoder's own scale: the export's, else its quality's."""
    return on_scale(video.quality, row.scale) if video.crf is None else video.crf


def capped(bitrate: int | None) -> tuple[str, ...]:
    """The options of a cap, in kbit/s; it needs a buffer: two seconds of it."""
    return () if bitrate is None else ("-maxrate", f"{bitrate}k", "-bufsize", f"{2 * bitrate}k")


def steady(bitrate: int) -> tuple[str, ...]:
    """The options of a constant rate in kbit/s, with a buffer of one second."""
    rate = f"{bitrate}k"
    return ("-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate)
