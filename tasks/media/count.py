"""Count what was rendered: every frame and sample of a fresh file is decoded once, and a proof is made of it.

Packets are not frames: a file may hold packets that decode to nothing. So a chunk is decoded whole, with errors
made fatal, and each frame's time, size and pixel format is looked at. The deblocking filter is left out: it changes
how a picture looks, not whether it decodes, and saves a quarter of the work.
"""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
import numpy as np

from infra.errors import KinofarmError
from tasks.media.packets import (
    clock_of,
    decoder_of,
    only_picture,
    only_sound,
    opened,
    require_shape,
    sample_place,
    shape_of,
    words,
)
from tasks.media.probe import content_hash
from tasks.media.proof import STRICT, ChunkProof, PacketDigest, PictureShape, SoundProof, digest

_SILENT_START = ("vorbis",)
"""Codecs whose decoder gives nothing for the first packet, by their very design."""


def count_frames(
    path: Path, *, frames: int, rate: Fraction, shape: PictureShape, threads: int = 0, what: str = "the chunk"
) -> ChunkProof:
    """Decode a chunk and prove that it is what was planned.

    Args:
        frames: pictures that it must hold, at k/rate for k = 0 .. frames - 1, each once.
        rate: frames a second.
        shape: the stream parameters that it must have.
        threads: decoder threads; 0: as many as there are cores.
        what: how an error names the file.
    Raises:  KinofarmError VERIFY-001 unreadable, VERIFY-002 another count, VERIFY-003 another shape, VERIFY-004 a frame at
        the wrong time, VERIFY-005 groups of pictures that are not closed, VERIFY-006 damage.
    """
    with opened(path, what) as container:
        stream = only_picture(container, what)
        require_shape(shape_of(stream), shape, what)
        context = decoder_of(stream)
        context.thread_count = threads
        context.thread_type = "AUTO"
        context.options = STRICT
        clock = clock_of(container, stream, rate, what)
        table, packets = _Table(what), PacketDigest()
        shown: list[int] = []
        for packet in container.demux(stream):
            if packet.size:
                place = clock.packet(packet)
                table.add(place, packet.is_keyframe)
                packets.picture(place, packet.is_keyframe, packet)
            try:
                decoded = context.decode(packet if packet.size else None)
            except (av.error.FFmpegError, ValueError) as error:
                raise KinofarmError("VERIFY-006", what=what, reason=words(error)) from None
            for frame in decoded:
                _look_at(frame, shape, what)
                shown.append(clock.shown(frame))
        extradata = digest(stream.codec_context.extradata)
    if len(shown) != frames or len(table.places) != frames:
        raise KinofarmError("VERIFY-002", what=what, found=len(shown), wanted=frames)
    for wanted, found in enumerate(shown):
        if found != wanted:
            clock.misplaced(wanted, found / rate)
    return ChunkProof(
        sha256=content_hash(path),
        size=path.stat().st_size,
        frames=frames,
        shape=shape,
        extradata=extradata,
        packets=packets.hexdigest(),
        delay=table.delay(),
        gops=table.closed_gops(),
    )


def count_sound(
    path: Path, *, samples: int, sample_rate: int, channels: int = 2, what: str = "the film's sound"
) -> SoundProof:
    """Decode the film's sound and prove that its track is exactly as long as planned.

    Args:  samples: samples per channel that must play.
    Raises:  KinofarmError VERIFY-001 unreadable or with gaps, VERIFY-003 another rate or channel count, VERIFY-006 damage,
        VERIFY-007 another length.
    """
    packets, count, priming, decoded, peak = PacketDigest(), 0, 0, 0, 0.0
    with opened(path, what) as container:
        stream = only_sound(container, what)
        context = stream.codec_context
        for name, found, wanted in (
            ("sample rate", context.sample_rate, sample_rate),
            ("number of channels", context.channels, channels),
        ):
            if found != wanted:
                raise KinofarmError("VERIFY-003", what=what, property=name, found=found, wanted=wanted)
        context.options = {"err_detect": "explode"}
        codec = context.codec.canonical_name
        played = _played(container, stream, codec)
        at: int | None = None
        last, blank = 0, 0
        for packet in container.demux(stream):
            if packet.size:
                start, length = sample_place(packet, what)
                if at is None:
                    priming = max(0, -start)
                    at = min(start, 0)
                    blank = length if codec in _SILENT_START else 0
                if start != at:
                    raise KinofarmError("VERIFY-001", what=what, reason=f"a gap after sample {at}")
                last = at
                at += length
                count += 1
                packets.sound(packet)
            try:
                frames = context.decode(packet if packet.size else None)
            except (av.error.FFmpegError, ValueError) as error:
                raise KinofarmError("VERIFY-006", what=what, reason=words(error)) from None
            for frame in frames:
                decoded += frame.samples
                peak = max(peak, _peak(frame))
    # The last packet may be a whole one; the track's length says how much of it plays.
    if played != samples or not last < samples <= (at or 0) or decoded + blank < samples:
        raise KinofarmError("VERIFY-007", what=what, found=min(played, at or 0, decoded + blank), wanted=samples)
    return SoundProof(
        sha256=content_hash(path),
        size=path.stat().st_size,
        codec=codec,
        sample_rate=sample_rate,
        channels=channels,
        samples=samples,
        priming=priming,
        packets=packets.hexdigest(),
        packet_count=count,
        peak=round(20 * math.log10(peak), 2) if peak > 0 else None,
    )


def _played(container: Any, stream: Any, codec: str) -> int:
    """How many samples a track plays by its own word; Ogg counts Opus's priming with them."""
    context = stream.codec_context
    length: Fraction = (stream.duration or 0) * stream.time_base * context.sample_rate
    if container.format.name == "ogg" and codec == "opus" and len(context.extradata or b"") >= 12:
        length -= int.from_bytes(context.extradata[10:12], "little") * Fraction(context.sample_rate, 48_000)
    return round(length)


class _Table:
    """The places of a chunk's packets, in decoding order."""

    def __init__(self, what: str) -> None:
        self.places: list[int] = []
        self._keys: list[int] = []
        self._what = what

    def add(self, place: int, keyframe: bool) -> None:
        if keyframe:
            self._keys.append(len(self.places))
        self.places.append(place)

    def delay(self) -> int:
        """Return by how many frames the k-th packet may have to be decoded before frame k is due."""
        return max((k - place for k, place in enumerate(self.places)), default=0)

    def closed_gops(self) -> tuple[int, ...]:
        """Return the first frame of each group of pictures.

        Raises:  KinofarmError VERIFY-005 when a group shows a frame from before its keyframe or after the next one.
        """
        if not self._keys or self._keys[0] != 0:
            raise KinofarmError("VERIFY-005", what=self._what, reason="its first frame is no keyframe")
        for first, after in zip(self._keys, [*self._keys[1:], len(self.places)], strict=True):
            group = self.places[first:after]
            if self.places[first] != first or min(group) != first or max(group) != after - 1:
                reason = f"the group from frame {first} shows frames of its neighbours"
                raise KinofarmError("VERIFY-005", what=self._what, reason=reason)
        return tuple(self._keys)


def _look_at(frame: Any, shape: PictureShape, what: str) -> None:
    if frame.is_corrupt:
        raise KinofarmError("VERIFY-006", what=what, reason="a frame is marked as damaged")
    if (frame.width, frame.height, frame.format.name) != (shape.width, shape.height, shape.pixel_format):
        raise KinofarmError(
            "VERIFY-003",
            what=what,
            property="picture",
            found=f"{frame.width}x{frame.height} {frame.format.name}",
            wanted=f"{shape.width}x{shape.height} {shape.pixel_format}",
        )


def _peak(frame: Any) -> float:
    samples = frame.to_ndarray()
    full = 1.0 if samples.dtype.kind == "f" else -float(np.iinfo(samples.dtype).min)
    return float(np.abs(samples.astype(np.float64)).max(initial=0.0)) / full
