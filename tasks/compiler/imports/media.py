"""A media file as a project: a film of one clip, the file from its beginning to its end, at its own size and rate.

So everything that takes a project takes a file that comes from a camera: `kinofarm render clip.mov -o film.mp4
--preset web`, a watch folder, a schedule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Imported
from tasks.compiler.model import MAX_FRAMES, Clip, Export, MediaSource, Size, Timeline, Track
from tasks.media.facts import MediaFacts, PictureFacts
from tasks.media.numbered import refuse_on_a_timeline

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".flv", ".wmv", ".asf", ".mxf", ".ts", ".m2ts", ".mts"),
    *(".mpg", ".mpeg", ".ogv", ".dv", ".gif", ".wav", ".w64", ".aif", ".aiff", ".caf", ".flac", ".mp3", ".aac"),
    *(".ac3", ".eac3", ".m4a", ".ogg", ".opus", ".wv"),
)
"""What files that are read in this way end in."""

USUAL_RATES = tuple(
    Fraction(*rate) for rate in ((24000, 1001), (24,), (25,), (30000, 1001), (30,), (48,), (50,), (60000, 1001), (60,))
)
NEAR = Fraction(1, 500)
"""A measured rate that lies so near to a usual one is that one."""
SOUND_RATE = Fraction(25)
"""Frames a second by which a film without pictures is counted."""
LEAST_SIDE, MOST_SIDE = 16, 16_384


def read(path: Path, probe: Callable[[Path], MediaFacts]) -> Imported:
    """Read a media file as a project.

    Raises:  KinofarmError FORMAT-001 when there is none, FORMAT-017 for a single picture, MEDIA-042 for a
        sequence, MEDIA-005 for what goes into no timeline, MEDIA-00x, SECURITY-00x.
    """
    if not path.is_file():
        refuse_on_a_timeline(path)
        raise KinofarmError("FORMAT-001", path=str(path))
    facts = probe(path)
    picture, sound = facts.picture(), facts.sound()
    if picture is not None and picture.still:
        raise KinofarmError("FORMAT-017", file=path.name)
    if picture is None:
        start, end, rate, size, export = (
            *_extent_of_sound(facts),
            SOUND_RATE,
            Size(width=1280, height=720),
            _sound_alone(),
        )
        frames = math.floor((end - start) * rate)
    else:
        start, rate, size, export = picture.start, _rate(picture), _size(picture), Export()
        frames = picture.frames if picture.on_grid else math.floor((picture.end - picture.start) * rate)
    frames = max(1, frames)
    if frames > MAX_FRAMES:
        reason = f"it has {frames} frames at {rate} a second, and a film at most {MAX_FRAMES}"
        raise KinofarmError("MEDIA-005", file=path.name, reason=reason)
    sample_rate = sound.sample_rate if sound is not None and 8_000 <= sound.sample_rate <= 192_000 else 48_000
    kind: Literal["audio", "video"] = "audio" if picture is None else "video"
    try:
        source = MediaSource(path=path.name)
        clip = Clip(id="file", name=path.name[:200], source=source, start=0, end=frames, source_start=start)
        timeline = Timeline(
            name=path.stem[:200],
            rate=rate,
            size=size,
            sample_rate=sample_rate,
            duration=frames,
            tracks=(Track(id="file", kind=kind, clips=(clip,)),),
            export=export,
        )
    except ValidationError as error:  # such as one that begins after eleven days
        first = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise KinofarmError("MEDIA-005", file=path.name, reason=reason) from None
    return Imported(timeline)


def sourced(film: Timeline, address: str) -> Timeline:
    """Return a film of a media file whose clips name it by this address: a whole path, or upload://ID."""
    (track,) = film.tracks
    clips = tuple(
        clip.model_copy(update={"source": clip.source.model_copy(update={"path": address})}) for clip in track.clips
    )
    return film.model_copy(update={"tracks": (track.model_copy(update={"clips": clips}),)})


def _extent_of_sound(facts: MediaFacts) -> tuple[Fraction, Fraction]:
    sound = facts.sound()
    return (sound.start, sound.end) if sound is not None else (Fraction(0), facts.duration)


def _sound_alone() -> Export:
    return Export(container="m4a")


def _rate(picture: PictureFacts) -> Fraction:
    """The rate of the file; of one whose frames come at any time, the usual rate that is nearest to its average."""
    measured = picture.rate or SOUND_RATE
    nearest = min(USUAL_RATES, key=lambda usual: abs(usual - measured))
    if abs(nearest - measured) <= nearest * NEAR or not picture.on_grid:
        return nearest
    return min(max(measured, Fraction(1)), Fraction(240)).limit_denominator(1001)


def _size(picture: PictureFacts) -> Size:
    """The size at which a player shows the file."""
    return size_of(picture.display_size)


def size_of(shown: tuple[Fraction, Fraction], most: Fraction = Fraction(1)) -> Size:
    """Return the size of a film that shows a picture, even as 4:2:0 needs, and no larger than films are.

    Args:    most: of the picture's own size.
    """
    scale = min(most, MOST_SIDE / max(shown))
    width, height = (max(LEAST_SIDE, 2 * round(side * scale / 2)) for side in shown)
    return Size(width=width, height=height)
