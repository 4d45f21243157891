"""The filter graph as a value: ffmpeg-python's immutable streams, and the few nodes that it has no words for.

A `Sources` hands out inputs and generators, each under a number of its own, so that two equal pictures stay two
streams (ffmpeg-python takes equal nodes for one). Input names are the placeholders of `tasks.compiler.work`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import count
from typing import Any

import ffmpeg
from ffmpeg.nodes import FilterableStream, FilterNode, Node

from tasks.compiler.effects.row import Stream
from tasks.media.facts import Sha256

DECODERS = {("vp8", True): "libvpx", ("vp9", True): "libvpx-vp9"}
"""(codec, alpha) → the decoder that must be named: ffmpeg's own VP8 and VP9 drop the alpha channel."""


SEARCHED = frozenset({"mpegts", "mpeg"})
"""Demuxers without an index: their seek finds a place by its clock, and decoding starts at the keyframe after it."""

INTERLEAVE = Fraction(2)
"""Seconds by which streams of such a file may lie apart, and decoding order from showing order."""


class Generator(FilterNode):  # type: ignore[misc]  # ffmpeg-python has no types
    """A filter that reads nothing, as it is written in the graph. Not an input: see docs/adr/0035."""

    def __init__(self, written: str) -> None:
        Node.__init__(self, None, "generator", {}, FilterableStream, 0, 0, [written], {})

    def _get_filter(self, outgoing_edges: Sequence[Any]) -> str:
        return str(self.args[0])


class Sources:
    """The inputs of one graph, numbered in the order in which they are asked for.

    media: the files that it reads. opened: how many inputs that makes, a file being opened once for each use.
    stretches: into how many stretches moving pictures were taken apart.
    passes: streams that must have run before the graph does: they write files that it reads.
    """

    def __init__(self) -> None:
        self._numbers = count(1)
        self.media: set[Sha256] = set()
        self.opened = 0
        self.stretches = 0
        self.passes: list[Stream] = []

    def media_stream(
        self,
        sha256: Sha256,
        index: int,
        demuxer: str,
        seek: Fraction,
        decoder: str | None = None,
        keyframe_gap: Fraction = Fraction(0),
    ) -> Stream:
        """Open a media file at a keyframe before `seek` seconds and return its stream `index`, undecorated.

        Timestamps are the file's own (-copyts). Frames before `seek` come through too: the filters drop them.
        """
        self.media.add(sha256)
        self.opened += 1
        options: dict[str, Any] = {"f": demuxer, "protocol_whitelist": "file", "noaccurate_seek": None}
        if decoder:
            options[f"c:{index}"] = decoder
        if demuxer in SEARCHED:
            seek -= keyframe_gap + INTERLEAVE
        if seek > 0:
            options["ss"] = decimal(seek, 6)
        return ffmpeg.input(f"media:{sha256}#{next(self._numbers)}", **options)[str(index)]

    def samples(self, name: str, rate: int) -> Stream:
        """Open raw stereo float samples that an earlier stage of the same work left in its scratch folder."""
        return ffmpeg.input(name, f="f32le", ar=rate, ac=2)["0"]

    def first_pass(self, made: Callable[[str], Stream]) -> str:
        """Keep the stream that is made to write a file of a name of its own; returns that name."""
        name = f"pass-{len(self.passes):03d}.txt"
        self.passes.append(made(name))
        return name

    def made(self) -> Stream:
        """Open what an earlier stage of the same work wrote as its result."""
        return ffmpeg.input("out", protocol_whitelist="file")["0"]

    def generate(self, name: str, pixel_format: str = "", **options: Any) -> Stream:
        """Return a generator's stream, e.g. generate("color", c="black", s="1280x720", r="25").

        The pixel format is chosen at the generator: past it, what was clear would have become opaque.
        Options are our own numbers and names, never a user's text: they are written unescaped.
        """
        written = ":".join(f"{key}={value}" for key, value in sorted(options.items()))
        chosen = f",format={pixel_format}" if pixel_format else ""
        return Generator(f"{name}@{next(self._numbers)}={written}{chosen}").stream()


def joined(name: str, streams: Sequence[Stream], **options: Any) -> Stream:
    """One filter over several streams, e.g. joined("xfade", [a, b], transition="fade")."""
    return ffmpeg.filter(list(streams), name, **options)


def concatenated(streams: Sequence[Stream], rate: Fraction) -> Stream:
    """Pictures one after the other, numbered anew: concat guesses the length of a one-frame piece wrongly."""
    if len(streams) == 1:
        return streams[0]
    stream = joined("concat", streams, n=len(streams), v=1, a=0)
    return stream.filter("settb", str(1 / rate)).filter("setpts", "N")


def by_frame(values: Sequence[str], number: str) -> str:
    """Write an expression of ffmpeg's that is values[n] at frame n.

    Args:    number: the expression of n, e.g. "round(t*25)".
    """
    runs = [at for at, value in enumerate(values) if at == 0 or value != values[at - 1]]
    if len(runs) == 1:
        return values[0]

    def chosen(first: int, last: int) -> str:
        """The value of runs[first:last], halved until there is one."""
        if last - first == 1:
            return values[runs[first]]
        half = (first + last) // 2
        return f"if(lt(ld(0),{runs[half]}),{chosen(first, half)},{chosen(half, last)})"

    return f"st(0,{number});{chosen(0, len(runs))}"


def decimal(value: Fraction, places: int) -> str:
    """Write an exact number with that many decimals, cut off towards zero, as ffmpeg's options want it."""
    scaled = int(value * 10**places)
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(abs(scaled), 10**places)
    return f"{sign}{whole}.{rest:0{places}d}"
