"""Facts of media that nobody opens, for tests of what is decided before a file is read."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

from tasks.media.facts import MediaFacts, PictureFacts, SoundFacts

HOUR = Fraction(3600)


def picture(**more: Any) -> PictureFacts:
    """An hour of 1080p at 25 frames a second, tagged BT.709."""
    fields: dict[str, Any] = {
        "index": 0, "codec": "h264", "width": 1920, "height": 1080, "pixel_format": "yuv420p", "matrix": "bt709",
        "primaries": "bt709", "transfer": "bt709", "range": "tv", "time_base": Fraction(1, 90_000),
        "rate": Fraction(25), "constant_rate": True, "start": Fraction(0), "end": HOUR, "frames": 90_000,
        "max_gap": Fraction(1, 25),
    }  # fmt: skip
    return PictureFacts(**(fields | more))


def sound(**more: Any) -> SoundFacts:
    """An hour of stereo AAC at 48 kHz."""
    fields: dict[str, Any] = {
        "index": 1, "codec": "aac", "sample_rate": 48_000, "channels": 2, "layout": "stereo",
        "time_base": Fraction(1, 48_000), "start": Fraction(0), "end": HOUR,
    }  # fmt: skip
    return SoundFacts(**(fields | more))


def file(*streams: PictureFacts | SoundFacts, content: str = "", **more: Any) -> MediaFacts:
    """A file of these streams; `content` stands for its bytes."""
    fields: dict[str, Any] = {
        "sha256": hashlib.sha256(content.encode()).hexdigest(), "size": 1, "demuxer": "mov", "start": Fraction(0),
        "duration": max((stream.end for stream in streams), default=HOUR),
        "pictures": tuple(one for one in streams if isinstance(one, PictureFacts)),
        "sounds": tuple(one for one in streams if isinstance(one, SoundFacts)),
    }  # fmt: skip
    return MediaFacts(**(fields | more))


def facts(path: Path) -> MediaFacts:
    """What a file's name promises: .png is a still, .wav has no picture, anything else has both."""
    match path.suffix:
        case ".png":
            return file(picture(still=True, codec="png", pixel_format="rgb24"), content=path.name, duration=HOUR)
        case ".wav":
            return file(sound(index=0), content=path.name)
        case _:
            return file(picture(), sound(), content=path.name)
