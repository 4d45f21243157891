"""Contents: what a finished file holds, by looking into it: codecs, size, rate, length, and bitrates from its packets."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

from infra.values import Exact, Value
from tasks.media.containers import CONTAINERS
from tasks.media.packets import opened

_OWN_NAMES = {"dnxhd": "dnxhr", "mjpeg": "jpeg"}
"""Codecs that an export names otherwise than ffmpeg does."""

_BRANDS = {"qt  ": "mov", "M4A ": "m4a"}
"""Brands of files that ffmpeg reads as one family, other than MP4's."""


class Contents(Value):
    """What a film is: names as an export writes them, bytes, seconds, pixels, frames a second, kbit/s."""

    container: str
    size: int
    seconds: Exact
    width: int | None = None
    height: int | None = None
    rate: Exact | None = None
    video: str | None = None
    sound: str | None = None
    sample_rate: int | None = None
    video_bitrate: Exact | None = None
    sound_bitrate: Exact | None = None


def contents(path: Path) -> Contents:
    """Look into a file that the farm made.

    Raises:  KinofarmError VERIFY-001 when it cannot be read.
    """
    with opened(path, path.name) as file:
        sizes: Counter[int] = Counter()
        for packet in file.demux():
            sizes[packet.stream_index] += packet.size
        seconds = Fraction(file.duration or 0, 1_000_000)
        picture = file.streams.video[0] if file.streams.video else None
        sound = file.streams.audio[0] if file.streams.audio else None
        found: dict[str, Any] = {}
        if picture is not None:
            context = picture.codec_context
            found |= {"video": _codec(context), "width": context.width, "height": context.height}
            found |= {"rate": picture.average_rate, "video_bitrate": _bitrate(sizes[picture.index], seconds)}
        if sound is not None:
            found |= {"sound": _codec(sound.codec_context), "sample_rate": sound.codec_context.sample_rate}
            found["sound_bitrate"] = _bitrate(sizes[sound.index], seconds)
        return Contents(container=_container(file), size=path.stat().st_size, seconds=seconds, **found)


def _bitrate(size: int, seconds: Fraction) -> Fraction | None:
    return size * 8 / seconds / 1000 if seconds else None


def _codec(context: Any) -> str:
    name = str(context.codec.canonical_name)
    return "pcm" if name.startswith("pcm_") else _OWN_NAMES.get(name, name)


def _container(file: Any) -> str:
    names = file.format.name.split(",")
    if "mov" in names:
        return _BRANDS.get(file.metadata.get("major_brand", ""), "mp4")
    if "matroska" in names:
        web = all(
            _codec(stream.codec_context) in (*CONTAINERS["webm"].pictures, *CONTAINERS["webm"].sounds)
            for stream in file.streams
            if stream.codec_context is not None
        )
        return "webm" if web else "mkv"
    return str(names[0])
