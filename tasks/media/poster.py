"""A poster: one frame of a finished film as a picture file, as the film shows it."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Literal

from infra.errors import KinofarmError
from tasks.media.packets import OrderClock, clock_of, decoder_of, only_picture, opened

JPEG_QUALITY = 92
"""Pillow's own scale: good, and still small."""


def poster(film: Path, frame: int, rate: Fraction, form: Literal["png", "jpg"]) -> bytes:
    """Return the picture of a film's frame as a PNG or JPEG file.

    Raises:  KinofarmError VERIFY-001 when the film cannot be read, VERIFY-002 when it has no such frame.
    """
    with opened(film, "the film") as container:
        stream = only_picture(container, "the film")
        clock = clock_of(container, stream, rate, "the film")
        decoder = decoder_of(stream)
        if not isinstance(clock, OrderClock):
            container.seek(int(frame / rate / stream.time_base), stream=stream)
        for packet in container.demux(stream):
            for picture in decoder.decode(packet if packet.size else None):
                if clock.shown(picture) == frame:
                    out = BytesIO()
                    kind = {"format": "PNG"} if form == "png" else {"format": "JPEG", "quality": JPEG_QUALITY}
                    picture.to_image().save(out, **kind)
                    return out.getvalue()
    raise KinofarmError("VERIFY-002", what="the film", found=f"no frame {frame}", wanted="one")


def poster_place(film: Path, form: Literal["png", "jpg"]) -> Path:
    """Return where a film's poster lies: `demo.mp4` has `demo.poster.jpg`."""
    return film.with_suffix(f".poster.{form}")
