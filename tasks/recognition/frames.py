"""The frames of a film that are to be looked at: every n-th, or so many a second, from an exact time on.

Which frames are taken depends on nothing but the frames: time is cut into cells, and the first frame of each is taken. So work that
stops at the edge of a cell goes on there as if it had never stopped.

Units: exact seconds from the container's first timestamp. Source: libavformat through PyAV.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from pydantic import Field, model_validator

from infra.errors import KinofarmError
from infra.values import Exact, Value
from tasks.media.facts import MediaFacts, PictureFacts
from tasks.media.numbered_container import DEMUXER
from tasks.media.untrusted import opened

_SEEKABLE = frozenset({"mov", "matroska", DEMUXER})
"""Demuxers whose seeks are exact and cheap; of others the frames before are decoded and dropped."""

_USUAL = Fraction(1, 25)
"""Seconds that a frame is shown of which nothing is known."""

_HELD = Fraction(1, 2)
"""Seconds: a frame that is shown for longer is held, whatever is usual in its film."""

_INSTANT = Fraction(1, 10**9)
"""Seconds: shorter than any tick."""

_MOST_DAMAGED = 1_000
"""Packets of a film that may fail to decode."""


class Pace(Value):
    """How many of a film's frames are looked at."""

    every: int = Field(1, ge=1, le=100_000, description="Each n-th frame.")
    rate: Exact | None = Field(
        None, gt=0, le=1_000, description="Frames a second instead; at most those that there are."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Pace:
        if self.rate is not None and self.every != 1:
            raise ValueError("every and rate are two ways to say the same: give one")
        return self

    def period(self, picture: PictureFacts | None) -> Fraction:
        """Return the seconds from one frame that is looked at to the next, where none is held."""
        usual = _usual(picture)
        return usual * self.every if self.rate is None else max(1 / self.rate, usual)


@dataclass(frozen=True, slots=True)
class Taken:
    """One frame that is to be looked at.

    Args:
        number: of the frame in the film; at the average rate where the rate is not constant.
        seconds: when it is shown.
        resume: the time from which the frames after it are taken.
    """

    number: int
    seconds: Fraction
    resume: Fraction


class Cells:
    """Tells of each frame, shown one after the other, when it stands and whether it is taken."""

    def __init__(self, picture: PictureFacts, start: Fraction, pace: Pace) -> None:
        self._picture, self._start, self._pace = picture, start, pace
        self._counted = -1
        self._cell: int | None = None

    @property
    def counts(self) -> bool:
        """Whether frames have to be counted from the first on, so that none may be left out by a seek."""
        return not self._picture.constant_rate and self._pace.rate is None and self._pace.every > 1

    def place(self, ticks: int | None) -> tuple[int, Fraction]:
        """Return a frame's number and exact time; without a timestamp it is the one after the last."""
        self._counted += 1
        picture = self._picture
        rate = picture.rate
        if ticks is None or picture.still:
            return self._counted, picture.start + (self._counted / rate if rate else 0)
        seconds = ticks * picture.time_base - self._start
        if rate is None:
            return self._counted, seconds
        number = max(0, round((seconds - picture.start) * rate))
        if picture.constant_rate:  # a container's ticks are coarser than the rate; the grid is exact
            seconds = picture.start + number / rate
        return number, seconds

    def take(self, number: int, seconds: Fraction, begin: Fraction) -> Taken | None:
        """Return what is to be known of a frame that is taken; None for one that is not."""
        pace, first, rate = self._pace, self._picture.start, self._picture.rate
        if seconds < begin:
            return None
        if pace.rate is not None:
            cell = math.floor((seconds - first) * pace.rate)
            known, self._cell = self._cell, cell
            return Taken(number, seconds, first + (cell + 1) / pace.rate) if cell != known else None
        if self._picture.constant_rate and rate is not None:
            resume = first + (number // pace.every + 1) * pace.every / rate
            return Taken(number, seconds, resume) if number % pace.every == 0 else None
        return Taken(number, seconds, seconds + _INSTANT) if self._counted % pace.every == 0 else None


def end_of_last(seconds: Fraction, picture: PictureFacts | None, pace: Pace) -> Fraction:
    """Return when the last frame that was looked at is no longer shown: with the film, unless frames are missing behind it.

    Args:    seconds: when it is shown.
    """
    after = seconds + pace.period(picture)
    if picture is None or picture.still or picture.rate is None:
        return after
    if not picture.constant_rate:
        return picture.end if picture.end > seconds else after
    frame = 1 / picture.rate
    whole = picture.start + picture.frames * frame
    if after <= whole - frame:
        return after
    # Durations in a file are rounded to its ticks; a last frame that is shown for longer than that is held.
    return picture.end if picture.end - whole > frame / 2 else whole


def _usual(picture: PictureFacts | None) -> Fraction:
    """Return for how long a frame is shown, where it is not held."""
    shown = picture.frame_time if picture is not None else None
    return _USUAL if shown is None else min(shown, _HELD)


def taken_frames(
    path: Path, facts: MediaFacts, pace: Pace, begin: Fraction = Fraction(0), threads: int = 1
) -> Iterator[tuple[Taken, av.VideoFrame]]:
    """Decode a film and yield the frames that are to be looked at, as displayed one after the other.

    Args:
        begin: seconds from which on; the `resume` of the last frame taken, to go on after it.
        threads: of the decoder.
    Raises:  KinofarmError MODEL-020 without a picture, MEDIA-006 when it cannot be decoded, MEDIA-009 not readable, SECURITY-001 and -002
        as probing does.
    """
    picture = facts.picture()
    if picture is None:
        raise KinofarmError("MODEL-020", file=path.name)
    with _translated(path):
        cells = Cells(picture, facts.start, pace)
        seeks = begin > picture.start and facts.demuxer in _SEEKABLE and not cells.counts
        shown = _sought(path, facts, picture, begin, threads) if seeks else None
        for frame in shown if shown is not None else _decoded(path, facts, picture, threads):
            number, seconds = cells.place(frame.pts if frame.pts is not None else frame.dts)
            if (taken := cells.take(number, seconds, begin)) is not None:
                yield taken, frame


def _sought(
    path: Path, facts: MediaFacts, picture: PictureFacts, begin: Fraction, threads: int
) -> Iterator[av.VideoFrame] | None:
    """Return the frames from a key frame at or before a time on; None where a seek finds no such key frame."""
    frames = _decoded(path, facts, picture, threads, at=begin + facts.start)
    for frame in itertools.islice(frames, _MOST_DAMAGED):
        if frame.pts is None or frame.pts * picture.time_base - facts.start > begin:
            break
        # What is shown before it may refer to frames that were not read.
        if frame.key_frame:
            return itertools.chain((frame,), frames)
    return None


def _decoded(
    path: Path, facts: MediaFacts, picture: PictureFacts, threads: int, at: Fraction | None = None
) -> Iterator[av.VideoFrame]:
    damaged = 0
    none = True
    with opened(path, facts) as container:
        stream: Any = container.streams[picture.index]
        if stream.type != "video":
            raise KinofarmError("MEDIA-008", file=path.name)
        context = stream.codec_context
        context.thread_count = threads
        context.thread_type = "AUTO" if threads > 1 else "NONE"
        if at is not None:
            container.seek(math.floor(at / picture.time_base), stream=stream)
        for packet in container.demux(stream):
            try:
                for frame in context.decode(packet if packet.size else None):
                    none = False
                    yield frame
            except av.error.InvalidDataError:
                damaged += 1
                if damaged > _MOST_DAMAGED:
                    raise
    if none and at is None:
        raise KinofarmError("MEDIA-006", file=path.name, reason="no picture comes out of it")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except av.error.FFmpegError as error:
        raise KinofarmError("MEDIA-006", file=path.name, reason=str(error.strerror or type(error).__name__)) from None
    except OSError as error:
        raise KinofarmError("MEDIA-009", file=path.name, reason=error.strerror or "an input error") from None
