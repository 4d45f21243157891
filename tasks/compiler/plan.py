"""Plan: a checked project becomes chunks of picture and one pass of sound, each a complete piece of work.

Chunks are half-open frame ranges that cover the film once and in order (`tasks.compiler.boundaries`).

Units: frames at the timeline's rate. Source: ffmpeg-codecs(1); docs/adr/0004.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from tasks.compiler.argv import image_argv, picture_argv, samples_argv, sound_argv, spilled
from tasks.compiler.boundaries import Spans, boundaries, middle, passages
from tasks.compiler.check import CheckedProject
from tasks.compiler.compose import composed
from tasks.compiler.encoders import sound_arguments, video_arguments
from tasks.compiler.graph import Sources, joined
from tasks.compiler.layers import Shown
from tasks.compiler.model import Timeline
from tasks.compiler.notice import Notice
from tasks.compiler.sound import SEGMENTS_AT_ONCE, length, limited, mixed, segments, windows
from tasks.compiler.text import TextFiles
from tasks.compiler.work import MediaUse, Stage, TextFile, Work
from tasks.media.facts import Sha256
from tasks.media.proof import PictureShape
from tasks.media.soft import SoftTrack
from tasks.subtitles.fonts import FontCatalogue
from tasks.subtitles.soft import companion_suffix, soft_tracks, written

SOURCES_AT_ONCE = 40
"""Files that one chunk opens; one with more is halved: each open file costs a decoder and its pictures."""


@dataclass(frozen=True)
class Way:
    """How a film is cut into work: wanted chunk length and longest GOP in seconds, the ffmpeg and fonts to plan for."""

    chunk_seconds: float
    gop_seconds: float
    ffmpeg: str
    fonts: FontCatalogue


@dataclass(frozen=True)
class PlannedChunk:
    """A chunk of picture: its place in the film, the frames [start, end), and the work that makes it."""

    index: int
    start: int
    end: int
    work: Work

    @property
    def frames(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Plan:
    """The film's chunks in order, and its sound.

    samples: the sound's length per channel. subtitles: the tracks of text that go into the film; beside: files of text
    that lie beside it, by suffix. warnings: what is drawn otherwise than the project asks.
    """

    chunks: tuple[PlannedChunk, ...]
    sound: Work
    frames: int
    samples: int
    rate: Fraction
    warnings: tuple[Notice, ...] = ()
    subtitles: tuple[SoftTrack, ...] = ()
    beside: Mapping[str, bytes] = field(default_factory=dict)


def plan(project: CheckedProject, way: Way, start: int = 0, end: int | None = None) -> Plan:
    """Cut a film, or its frames [start, end), into work.

    Raises:  KinofarmError SECURITY-0xx for encoder options that may not pass.
    """
    end = project.timeline.duration if end is None else end
    shown = Shown(project)
    blocked = passages(shown.items)
    edges = boundaries(project, shown.items, round(way.chunk_seconds * project.timeline.rate), start, end)
    chunks: list[PlannedChunk] = []
    warnings: dict[Notice, None] = {}
    for left, right in pairwise(edges):
        for first, last, work, texts in _chunks(project, way, shown, blocked, left, right):
            chunks.append(PlannedChunk(len(chunks), first, last, work))
            warnings |= texts.warnings
    sound = _sound_work(project, way, start, end)
    rate, export = project.timeline.rate, project.timeline.export
    tracks = soft_tracks(project.timeline.subtitles, start, end)
    return Plan(
        tuple(chunks),
        sound,
        end - start,
        sound.samples,
        rate,
        tuple(warnings),
        tracks if export.subtitles != "burn" else (),
        {
            companion_suffix(track, form): written(track, rate, form)
            for form in export.subtitle_files
            for track in tracks
        },
    )


def plan_frame(project: CheckedProject, way: Way, frame: int) -> Work:
    """The work that shows one frame of the film as a PNG: the same graph as the film's, without the encoder."""
    sources, texts = Sources(), TextFiles(way.fonts)
    stream = composed(project, sources, texts, Shown(project), frame, frame + 1)
    return _work(project, way, "picture", [image_argv(stream)], sources, texts, frames=1, suffix=".png")


def _chunks(
    project: CheckedProject, way: Way, shown: Shown, blocked: Spans, start: int, end: int
) -> Iterator[tuple[int, int, Work, TextFiles]]:
    """The work of the frames [start, end): halved while it opens too many files, not all of them at one moment."""
    sources, texts = Sources(), TextFiles(way.fonts)
    work = _picture_work(project, way, shown, start, end, sources, texts)
    half = middle(start, end, blocked)
    if half is None or sources.opened <= max(SOURCES_AT_ONCE, 2 * len(shown.within(half, half + 1))):
        yield start, end, work, texts
        return
    yield from _chunks(project, way, shown, blocked, start, half)
    yield from _chunks(project, way, shown, blocked, half, end)


def _picture_work(
    project: CheckedProject, way: Way, shown: Shown, start: int, end: int, sources: Sources, texts: TextFiles
) -> Work:
    timeline = project.timeline
    stream = composed(project, sources, texts, shown, start, end)
    gop = max(1, round(way.gop_seconds * timeline.rate))
    encoder = video_arguments(timeline.export, timeline.rate, gop)
    argv = picture_argv(stream, encoder, end - start, timeline.rate)
    work = _work(project, way, "picture", [argv], sources, texts, frames=end - start, suffix=".mp4")
    return work.model_copy(update={"rate": timeline.rate, "shape": _shape(timeline)})


def _sound_work(project: CheckedProject, way: Way, start: int, end: int) -> Work:
    """The sound of the frames [start, end): one ffmpeg, or several that leave samples and one that joins them."""
    timeline = project.timeline
    first, last = length(project, start), length(project, end)
    parts = [part for part in segments(project) if part.end > first and part.start < last]
    sources = Sources()
    argvs: list[tuple[str, ...]] = []
    if len(parts) <= SEGMENTS_AT_ONCE:
        stream = mixed(project, sources, parts, first, last)
    else:
        pieces = []
        for number, (begin, stop, touched) in enumerate(windows(parts, first, last)):
            piece = mixed(project, sources, touched, begin, stop)
            name = f"part-{number:03d}.f32"
            argvs.append((*samples_argv(piece, timeline.sample_rate)[:-1], name))
            pieces.append(sources.samples(name, timeline.sample_rate))
        stream = joined("concat", pieces, n=len(pieces), v=0, a=1)
    stream = limited(stream).filter("apad", whole_len=last - first).filter("atrim", end_sample=last - first)
    argvs.append(sound_argv(stream, sound_arguments(timeline.export)))
    work = _work(project, way, "sound", argvs, sources, TextFiles(way.fonts), samples=last - first, suffix=".m4a")
    return work.model_copy(update={"sample_rate": timeline.sample_rate, "channels": 2})


def _work(
    project: CheckedProject,
    way: Way,
    kind: Literal["picture", "sound"],
    argvs: Sequence[tuple[str, ...]],
    sources: Sources,
    texts: TextFiles,
    *,
    suffix: str,
    frames: int = 0,
    samples: int = 0,
) -> Work:
    stages, files = [], list(texts.files)
    for number, argv in enumerate(argvs):
        name = f"graph-{number:03d}.txt"
        argv, graph = spilled(argv, name)
        stages.append(Stage(argv=argv))
        if graph is not None:
            files.append(TextFile(name=name, text=graph))
    return Work(
        kind=kind,
        frames=frames,
        samples=samples,
        suffix=suffix,
        stages=tuple(stages),
        media=_uses(project, sources.media),
        files=tuple(files),
        fonts=texts.fonts,
        ffmpeg=way.ffmpeg,
    )


def _shape(timeline: Timeline) -> PictureShape:
    """What every chunk of a film must turn out to be."""
    return PictureShape(
        codec=timeline.export.video.codec,
        width=timeline.size.width,
        height=timeline.size.height,
        pixel_format="yuv420p",
        matrix="bt709",
        primaries="bt709",
        transfer="bt709",
        range="tv",
    )


def _uses(project: CheckedProject, wanted: set[Sha256]) -> tuple[MediaUse, ...]:
    by_content = {media.facts.sha256: media for media in project.media.values()}
    return tuple(
        MediaUse(
            sha256=sha256,
            path=str(by_content[sha256].path),
            size=by_content[sha256].facts.size,
            modified_ns=by_content[sha256].modified_ns,
        )
        for sha256 in sorted(wanted)
    )
