"""The containers that a film may come in: which codecs each takes, how it keeps times, and what else it can hold.

A film's parts travel in files of their own, in a form from which packets are copied: MP4 or MOV wherever they can hold
the codec, since those keep every time exactly. Codec names are those of an export ("prores", "pcm"), not the libraries'.

Source: ffmpeg-formats(1), muxers; RFC 9559 (Matroska); GIF89a; docs/adr/0018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pydantic import Field

from infra.values import Exact, Value
from tasks.media.soft import SoftTrack, TextForm

Stamps = Literal["exact", "rounded", "order"]
"""How a file keeps times: in a clock that the rate divides; in milliseconds or hundredths; only as an order of frames."""

Kind = Literal["film", "sound", "images", "loop"]
"""A film; sound alone; a folder of numbered pictures; a film without sound whose colours are chosen last (GIF)."""


@dataclass(frozen=True)
class Container:
    """A row of the table.

    muxer: ffmpeg's name of it. suffixes: those of its files, the usual first; none for a folder.
    pictures, sounds: the codecs that it takes, the usual first. stamps: how it keeps times.
    faststart: the index can stand in front. chapters, tags: it holds them. soft: the forms of its tracks of text, the usual first.
    fastest: highest rate that its clock can show; None: any.
    """

    name: str
    summary: str
    kind: Kind
    muxer: str
    suffixes: tuple[str, ...]
    pictures: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    stamps: Stamps = "exact"
    faststart: bool = False
    chapters: bool = False
    tags: bool = False
    soft: tuple[TextForm, ...] = ()
    fastest: Fraction | None = None


CONTAINERS: Mapping[str, Container] = {
    row.name: row
    for row in (
        Container(
            "mp4", "what every player and platform takes", "film", "mp4", (".mp4", ".m4v"),
            ("h264", "hevc", "av1", "vp9"), ("aac", "mp3", "ac3", "opus", "flac"),
            faststart=True, chapters=True, tags=True, soft=("mov_text",),
        ),
        Container(
            "mov", "QuickTime, for editing", "film", "mov", (".mov",),
            ("h264", "hevc", "prores", "dnxhr", "png", "jpeg"), ("aac", "pcm", "ac3"),
            faststart=True, chapters=True, tags=True, soft=("mov_text",),
        ),
        Container(
            "mkv", "Matroska, which holds everything", "film", "matroska", (".mkv",),
            ("h264", "hevc", "av1", "vp9", "prores"), ("aac", "pcm", "flac", "mp3", "opus", "vorbis", "ac3"),
            stamps="rounded", chapters=True, tags=True, soft=("srt", "ass"),
        ),
        Container(
            "webm", "for the web, free of licences", "film", "webm", (".webm",),
            ("vp9", "av1"), ("opus", "vorbis"), stamps="rounded", chapters=True, tags=True,
        ),
        Container(
            "avi", "for old programs", "film", "avi", (".avi",), ("h264", "jpeg"), ("pcm",), stamps="order", tags=True,
        ),
        Container(
            "gif", "a picture that moves, without sound", "loop", "gif", (".gif",), ("gif",),
            stamps="rounded", fastest=Fraction(50),
        ),
        Container("png", "a folder of numbered PNG pictures", "images", "image2", (), ("png",)),
        Container("jpg", "a folder of numbered JPEG pictures", "images", "image2", (), ("jpeg",)),
        Container("wav", "sound without loss, uncompressed", "sound", "wav", (".wav",), (), ("pcm",), tags=True),
        Container("flac", "sound without loss", "sound", "flac", (".flac",), (), ("flac",), tags=True),
        Container("mp3", "sound for every player", "sound", "mp3", (".mp3",), (), ("mp3",), tags=True),
        Container(
            "m4a", "sound in MP4", "sound", "ipod", (".m4a",), (), ("aac",), faststart=True, chapters=True, tags=True,
        ),
        Container("ogg", "sound for the web", "sound", "ogg", (".opus", ".ogg", ".oga"), (), ("opus", "vorbis"),
                  chapters=True, tags=True),
    )
}  # fmt: skip
"""Every container by its name."""


class Chapter(Value):
    """A named part of a film that begins at `start` seconds and ends at `end`."""

    title: str
    start: Exact
    end: Exact


class Muxing(Value):
    """What goes into the film's file beside its pictures and its sound.

    tags: title, artist, comment and the like, by the names that ffmpeg's muxers know.
    language: of the sound and the picture, ISO 639-2 ("eng").
    """

    container: str = "mp4"
    tags: tuple[tuple[str, str], ...] = ()
    language: str | None = Field(None, pattern=r"^[a-z]{3}$")
    chapters: tuple[Chapter, ...] = ()
    subtitles: tuple[SoftTrack, ...] = Field((), description="Tracks of text, one for each language.")

    text: TextForm | None = Field(None, description="The form of these tracks; none: the container's usual one.")

    @property
    def text_form(self) -> TextForm:
        """The form of its tracks of text."""
        return self.text or self.row.soft[0]

    @property
    def row(self) -> Container:
        """The container's row of the table."""
        return CONTAINERS[self.container]


PLAIN_MP4 = Muxing()
"""An MP4 with nothing but pictures and sound."""
