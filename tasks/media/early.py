"""Pictures of a film that is still being made: a frame of a finished chunk, and the finished part as a film of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

from infra.errors import KinofarmError
from tasks.media.assemble import ChunkFile, assemble
from tasks.media.packets import decoder_of, only_picture, opened
from tasks.media.proof import ChunkProof

WIDTH = 960
"""Of a frame that is shown, at most, in pixels."""
QUALITY = 82
PLAYED = ("h264", "vp8", "vp9", "av1")
"""Codecs of pictures that browsers play."""


def frame(chunk: Path) -> bytes:
    """Return a frame of the middle of a chunk as a JPEG file: the first one of a group of pictures, which needs no other.

    Raises:  KinofarmError VERIFY-001 when the chunk can't be read, VERIFY-002 when it has no frame.
    """
    with opened(chunk, "the chunk") as container:
        stream = only_picture(container, "the chunk")
        decoder = decoder_of(stream)
        container.seek(int((stream.duration or 0) // 2), stream=stream)
        for packet in container.demux(stream):
            for picture in decoder.decode(packet if packet.size else None):
                width = min(WIDTH, picture.width) // 2 * 2
                height = max(2, picture.height * width // picture.width // 2 * 2)
                out = BytesIO()
                picture.reformat(width=width, height=height, format="rgb24").to_image().save(
                    out, format="JPEG", quality=QUALITY
                )
                return out.getvalue()
    raise KinofarmError("VERIFY-002", what="the chunk", found="no frame", wanted="one")


def so_far(out: Path, chunks: Sequence[tuple[Path, Mapping[str, Any]]]) -> None:
    """Write the film's finished part to `out`: its pictures without the sound, which is made for the whole film.

    Args:    chunks: the first ones of the film, each with what its shard reported of it.
    Raises:  KinofarmError VERIFY-00x.
    """
    files = [ChunkFile(path, ChunkProof.model_validate(result)) for path, result in chunks]
    assemble(out, files, None, _rate(files[0].path))


def plays(result: Mapping[str, Any]) -> bool:
    """Return whether browsers play a chunk of which this was reported."""
    return ChunkProof.model_validate(result).shape.codec in PLAYED


def _rate(chunk: Path) -> Fraction:
    with opened(chunk, "chunk 0") as container:
        rate = only_picture(container, "chunk 0").average_rate
    if rate is None:
        raise KinofarmError("VERIFY-001", what="chunk 0", reason="it has no frame rate")
    return Fraction(rate)
