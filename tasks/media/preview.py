"""Previews of a film that is still being rendered: a picture of a chunk, and the chunks from its beginning on as a film."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path

from infra.errors import KinofarmError
from infra.jobs.records import JobChunk
from tasks.media.assemble import ChunkFile, assemble
from tasks.media.containers import CONTAINERS, Muxing
from tasks.media.packets import decoder_of, only_picture, opened

JPEG_QUALITY = 80


def first_picture(chunk: Path, width: int) -> bytes:
    """Return the first picture of a chunk as a JPEG file, at most `width` pixels wide.

    Raises:  KinofarmError VERIFY-001 when the chunk cannot be read, VERIFY-002 when it has no picture.
    """
    with opened(chunk, "the chunk") as container:
        stream = only_picture(container, "the chunk")
        decoder = decoder_of(stream)
        for packet in container.demux(stream):
            for picture in decoder.decode(packet if packet.size else None):
                across = min(width, picture.width)
                down = max(1, round(picture.height * across / picture.width))
                out = BytesIO()
                picture.to_image(width=across, height=down).convert("RGB").save(
                    out, format="JPEG", quality=JPEG_QUALITY
                )
                return out.getvalue()
    raise KinofarmError("VERIFY-002", what="the chunk", found="no picture", wanted="one")


def beginning(chunks: Iterable[JobChunk]) -> tuple[JobChunk, ...]:
    """Return those chunks of pictures that are finished, one after the other from the film's beginning on.

    A job's further films begin again where the first one did: they don't belong to it.
    """
    found: list[JobChunk] = []
    pictures = sorted((chunk for chunk in chunks if chunk.kind == "picture"), key=lambda chunk: chunk.index)
    for index, chunk in enumerate(pictures):
        follows = not found or chunk.first_frame == found[-1].first_frame + found[-1].frames
        if chunk.index != index or chunk.state != "done" or not follows:
            break
        found.append(chunk)
    return tuple(found)


def write_beginning(chunks: Sequence[ChunkFile], folder: Path) -> Path:
    """Join chunks into a film without sound, by copying packets; return its file in `folder`: an MP4, or a MOV.

    Raises:  KinofarmError VERIFY-00x, PUBLISH-005, PUBLISH-006.
    """
    codec = chunks[0].proof.shape.codec
    container = "mp4" if codec in CONTAINERS["mp4"].pictures else "mov"
    out = folder / f"beginning.{container}"
    assemble(out, chunks, None, _rate(chunks[0].path), muxing=Muxing(container=container))
    return out


def _rate(chunk: Path) -> Fraction:
    """The rate of a chunk; it keeps every time exactly."""
    with opened(chunk, "chunk 0") as container:
        stream = only_picture(container, "chunk 0")
        rate = stream.average_rate
        if not rate:
            raise KinofarmError("VERIFY-001", what="chunk 0", reason="it has no rate")
        return Fraction(rate)
