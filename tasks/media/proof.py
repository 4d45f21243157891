"""Proofs: what was established about a rendered file by decoding it once, kept with its key.

A proof names the bytes that it is about (`sha256`) and digests every packet's content and place, so that the film can be
compared with its chunks without decoding them, or even opening them, again.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any, Literal

from pydantic import Field

from infra.values import Value
from tasks.media.facts import Sha256
from tasks.media.loudness import Loudness

STRICT = {"err_detect": "explode", "skip_loop_filter": "all"}
"""Options of a decoder that proves: damage is an error; deblocking, which changes only looks, is skipped."""

Join = tuple[Sha256, Sha256]
"""Two neighbouring chunks in a film, by their proofs' `sha256`: the left one's, the right one's."""


class PictureShape(Value):
    """A picture stream's parameters; colours by ffmpeg's names, None where untagged."""

    codec: str
    width: int
    height: int
    pixel_format: str
    matrix: str | None = None
    primaries: str | None = None
    transfer: str | None = None
    range: Literal["tv", "pc"] | None = None


class ChunkProof(Value):
    """A picture chunk that was decoded whole, counted and found sound."""

    sha256: Sha256
    size: int = Field(description="Bytes of the file.")
    frames: int
    shape: PictureShape
    extradata: Sha256 = Field(description="Digest of the codec's parameter sets.")
    packets: Sha256 = Field(
        description="Digest of every packet in decoding order: its frame, its keyframe mark, its bytes."
    )
    delay: int = Field(description="Frames by which decoding runs ahead of showing (B-frames).")
    gops: tuple[int, ...] = Field(description="First frame of each group of pictures; the first is 0.")


class SoundProof(Value):
    """A film's sound that was decoded whole and counted."""

    sha256: Sha256
    size: int
    codec: str
    sample_rate: int
    channels: int
    samples: int = Field(description="Samples per channel that play, without the encoder's priming.")
    priming: int = Field(description="Samples before the first that plays.")
    packets: Sha256 = Field(description="Digest of the bytes of all packets in order.")
    packet_count: int
    peak: float | None = Field(description="Highest absolute sample, in dB below full scale; None for silence.")
    wanted: Loudness | None = Field(None, description="The loudness that it had to have; None: it was not measured.")
    loudness: float | None = Field(None, description="Integrated loudness in LUFS; None for silence.")
    true_peak: float | None = Field(None, description="In dBTP; None for silence.")


class PacketDigest:
    """Digests packets one after the other; `hexdigest` gives the proof's `packets`."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def picture(self, frame: int, keyframe: bool, packet: Any) -> None:
        """Take in a picture packet (a buffer) that shows as `frame` of its chunk."""
        self._hash.update(struct.pack("<q?I", frame, keyframe, packet.size))
        self._hash.update(packet)

    def sound(self, packet: Any) -> None:
        """Take in a sound packet (a buffer). Only its bytes count: containers cut plain samples into packets as they like."""
        self._hash.update(packet)

    def hexdigest(self) -> Sha256:
        """Return the digest so far."""
        return self._hash.hexdigest()


def digest(data: bytes | None) -> Sha256:
    """Return the sha256 of bytes, e.g. of a codec's extradata; None counts as empty."""
    return hashlib.sha256(data or b"").hexdigest()
