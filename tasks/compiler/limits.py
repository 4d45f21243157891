"""Limits: what a platform publishes about the files that it takes, held against a plan and against a finished film.

Bytes, seconds, frames a second, pixels, kbit/s. A platform's page is named with the day as of which it is known, since
such pages change without notice. What can be known before rendering is checked then; size and bitrate of the film after.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from infra.values import Exact, Value
from tasks.compiler.encoders import encoder
from tasks.compiler.exports import container_of, film_size, sample_rate
from tasks.compiler.model import Timeline
from tasks.compiler.notice import Notice, notice
from tasks.media.contents import Contents, contents


class Limits(Value):
    """What a platform takes; None, or an empty list: it says nothing about that."""

    source: str = Field(min_length=1, description="The platform's page on them: the place to look.")
    as_of: date = Field(
        description="The day on which they were written down, from what was known of that page; it was not read then."
    )
    containers: tuple[str, ...] = ()
    video: tuple[str, ...] = ()
    sound: tuple[str, ...] = ()
    largest_file: int | None = Field(None, description="Bytes.")
    shortest: Exact | None = Field(None, description="Seconds.")
    longest: Exact | None = Field(None, description="Seconds.")
    slowest: Exact | None = Field(None, description="Frames a second.")
    fastest: Exact | None = Field(None, description="Frames a second.")
    smallest_side: int | None = Field(None, description="Pixels.")
    widest: int | None = Field(None, description="Pixels.")
    highest: int | None = Field(None, description="Pixels.")
    narrowest: Exact | None = Field(None, description="Least width divided by height.")
    broadest: Exact | None = Field(None, description="Most width divided by height.")
    most_video: int | None = Field(None, description="kbit/s on average.")
    most_sound: int | None = Field(None, description="kbit/s on average.")
    most_sample_rate: int | None = Field(None, description="Samples a second.")


class Broken(NamedTuple):
    """A limit that a film breaks: its name, what the film has, what the platform takes."""

    what: str
    has: str
    takes: str


SLACK = Fraction(1, 20)
"""An encoder holds an average only about so well; a film's bitrates may exceed a limit by this share."""


def planned_limits(timeline: Timeline, name: str, limits: Limits) -> Iterator[Notice]:
    """Yield what of a planned film the platform would not take; what only the finished film shows is left for then."""
    export, size = timeline.export, film_size(timeline)
    planned = Contents(
        container=export.container,
        size=0,
        seconds=timeline.duration / timeline.rate,
        width=size.width,
        height=size.height,
        rate=timeline.rate,
        video=export.video.codec,
        sound=export.sound.codec if container_of(export).sounds else None,
        sample_rate=sample_rate(timeline),
        sound_bitrate=export.sound.bitrate,
    )
    for broken in broken_limits(planned, limits):
        yield notice("CHECK-950", "export", preset=name, what=broken.what, has=broken.has, takes=broken.takes)
    most = limits.largest_file
    capped = export.video.max_bitrate or export.video.bitrate
    if most is not None and capped is not None and encoder(export).modes:
        could = int((capped + export.sound.bitrate) * 125 * planned.seconds)
        if could > most:
            yield notice("CHECK-951", "export", preset=name, could=megabytes(could), most=megabytes(most))


def film_limits(film: Path, limits: Limits) -> tuple[Broken, ...]:
    """Return every limit that a finished file breaks, by looking into it.

    Raises:  KinofarmError VERIFY-001 when it cannot be read.
    """
    return tuple(broken_limits(contents(film), limits))


def broken_limits(film: Contents, limits: Limits) -> Iterator[Broken]:
    """Yield every limit that what is known of a film breaks."""
    for what, found, known in (
        ("container", film.container, limits.containers),
        ("picture codec", film.video, limits.video),
        ("sound codec", film.sound, limits.sound),
    ):
        if known and found is not None and found not in known:
            yield Broken(what, found, ", ".join(known))
    shape = None if not film.height else Fraction(film.width or 0, film.height)
    shorter = min(film.width, film.height) if film.width and film.height else None
    bounds: tuple[tuple[str, Fraction | int | None, Fraction | int | None, Fraction | int | None, str], ...] = (
        ("size in bytes", film.size, None, limits.largest_file, ""),
        ("length", film.seconds, limits.shortest, limits.longest, " s"),
        ("frame rate", film.rate, limits.slowest, limits.fastest, ""),
        ("width", film.width, None, limits.widest, " px"),
        ("height", film.height, None, limits.highest, " px"),
        ("shorter side", shorter, limits.smallest_side, None, " px"),
        ("width divided by height", shape, limits.narrowest, limits.broadest, ""),
        ("picture bitrate", film.video_bitrate, None, _slack(limits.most_video), " kbit/s"),
        ("sound bitrate", film.sound_bitrate, None, _slack(limits.most_sound), " kbit/s"),
        ("sample rate", film.sample_rate, None, limits.most_sample_rate, " Hz"),
    )
    for what, value, least, most, unit in bounds:
        if value is not None and least is not None and value < least:
            yield Broken(what, f"{float(value):g}{unit}", f"at least {float(least):g}{unit}")
        if value is not None and most is not None and value > most:
            yield Broken(what, f"{float(value):g}{unit}", f"at most {float(most):g}{unit}")


def megabytes(count: int) -> str:
    """Return a number of bytes in words."""
    return f"{count / 1e6:.0f} MB"


def _slack(bitrate: int | None) -> Fraction | None:
    return None if bitrate is None else bitrate * (1 + SLACK)
