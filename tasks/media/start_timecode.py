"""The timecode that a file gives its first frame, as cameras and editors write it.

Source: libavformat's metadata key "timecode" (MOV's tmcd track, MXF, AVI, Matroska); SMPTE ST 12-1 for drop-frame counting.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tasks.media.facts import PictureFacts

_TIMECODE = re.compile(r"(\d\d):([0-5]\d):([0-5]\d)([:;.,])(\d\d)")


def start_timecode(container: Any, pictures: Sequence[PictureFacts]) -> Fraction | None:
    """Return the first frame's timecode in seconds; None where the file has none, or no rate to count it in."""
    written = [container.metadata.get("timecode"), *(stream.metadata.get("timecode") for stream in container.streams)]
    rate = next((picture.rate for picture in pictures if picture.rate), None)
    match = next((found for text in written if text and (found := _TIMECODE.fullmatch(text.strip()))), None)
    if match is None or rate is None:
        return None
    hours, minutes, seconds, frames = int(match[1]), int(match[2]), int(match[3]), int(match[5])
    nominal = round(rate)
    count = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames
    if match[4] in ";,":  # drop-frame: two numbers (four at 60) are left out each minute but the tenth
        passed = hours * 60 + minutes
        count -= round(nominal / 15) * (passed - passed // 10)
    return count / rate
