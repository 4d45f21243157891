"""Times as people write them, read into frames.

    12.5          seconds (also 12.5s)
    f123          a frame number
    90:05.5       minutes and seconds
    01:02:03.250  hours, minutes, seconds and a decimal part
    01:02:03:12   timecode: hours, minutes, seconds, frames; frames count to the rate rounded up (non-drop)

Source:  SMPTE ST 12-1 for the frame count of non-drop timecode at fractional rates.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from infra.errors import KinofarmError
from tasks.compiler.model import MAX_FRAMES

_FRAME = re.compile(r"f(\d{1,9})")
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s?")
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:\.\d{1,9})?)")
_TIMECODE = re.compile(r"(\d{1,4}):([0-5]?\d):([0-5]?\d):(\d{1,3})")


def parse_time(text: str, rate: Fraction) -> int:
    """Return the frame that a time names, at `rate` frames a second; between two frames it is the earlier one.

    Raises:  CLI-001 when the text is none of the forms above.
    """
    frame = _frame(text.strip().lower(), rate)
    if frame is None or frame > MAX_FRAMES:
        raise KinofarmError("CLI-001", text=text)
    return frame


def parse_range(text: str, rate: Fraction, duration: int) -> tuple[int, int]:
    """Return the half-open range of frames that "IN-OUT" names; an empty side is the film's start or end.

    Raises:  CLI-001 for a side that is no time, CLI-002 for a range that is empty or leaves the film.
    """
    first, dash, last = text.partition("-")
    if not dash:
        raise KinofarmError("CLI-002", text=text, frames=duration)
    start = parse_time(first, rate) if first.strip() else 0
    end = parse_time(last, rate) if last.strip() else duration
    if not 0 <= start < end <= duration:
        raise KinofarmError("CLI-002", text=text, frames=duration)
    return start, end


def timecode(frame: int, rate: Fraction) -> str:
    """Return a frame as non-drop timecode HH:MM:SS:FF."""
    base = math.ceil(rate)
    seconds, frames = divmod(frame, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}:{frames:02}"


def _frame(text: str, rate: Fraction) -> int | None:
    if match := _FRAME.fullmatch(text):
        return int(match[1])
    if match := _SECONDS.fullmatch(text):
        return math.floor(Fraction(match[1]) * rate)
    if match := _TIMECODE.fullmatch(text):
        hours, minutes, seconds, frames = (int(part) for part in match.groups())
        base = math.ceil(rate)
        return ((hours * 60 + minutes) * 60 + seconds) * base + frames if frames < base else None
    if match := _CLOCK.fullmatch(text):
        whole_hours, whole_minutes, rest = int(match[1] or 0), int(match[2]), Fraction(match[3])
        if rest >= 60 or (match[1] and whole_minutes >= 60):
            return None
        return math.floor(((whole_hours * 60 + whole_minutes) * 60 + rest) * rate)
    return None
