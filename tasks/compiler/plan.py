"""Plan: a checked project becomes chunks of picture and one pass of sound, each a complete piece of work.

Chunks are half-open frame ranges that cover the film once and in order (`tasks.compiler.boundaries`).

Units: frames at the timeline's rate. Source: ffmpeg-codecs(1); docs/adr/0004.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from tasks.compiler.argv import image_argv, pass_argv, picture_argv, sound_argv, spilled
from tasks.compiler.boundaries import Spans, boundaries, middle, passages
from tasks.compiler.check import CheckedProject
from tasks.compiler.compose import composed
from tasks.compiler.encoders import canvas_of, encoder, sound_arguments, sound_encoder, video_arguments
from tasks.compiler.exports import chunk_form, container_of, film_size, muxing, sample_rate
from tasks.compiler.graph import Sources
from tasks.compiler.layers import Shown
from tasks.compiler.levelling import levelled, metered
from tasks.compiler.mix import Mix, Step, limited
from tasks.compiler.model import Poster, Timeline
from tasks.compiler.notice import Notice
from tasks.compiler.reframe import reframed
from tasks.compiler.sound import sample
from tasks.compiler.text import TextFiles
from tasks.compiler.work import MediaUse, Stage, TextFile, Work
from tasks.media.containers import PLAIN_MP4, Muxing
from tasks.media.facts import Sha256
from tasks.media.metadata import ffmetadata
from tasks.media.proof import PictureShape
from tasks.subtitles.fonts import FontCatalogue
from tasks.subtitles.soft import companion_suffix, soft_tracks, written

SUFFIXES = {"mp4": ".mp4", "mov": ".mov", "matroska": ".mkv", "avi": ".avi"}
"""Suffixes of a chunk's file by its form."""

SOUND_SUFFIXES = {"mp4": ".m4a", "mov": ".mov", "ogg": ".ogg"}
"""Suffixes of a film's sound by its form."""

SOURCES_AT_ONCE = 40
"""Files that one chunk opens; one with more is halved: each open file costs a decoder and its pictures."""


STRETCHES_AT_ONCE = 64
"""Stretches of moving pictures in one chunk; one with more is halved: each has filters of its own."""


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
    """The film's chunks in order, and its sound; a film of sound alone has no chunks, one that is silent no sound.

    samples: the sound's length per channel. device: the encoder on a device that its pictures need. warnings: what is drawn otherwise than the project asks.
    muxing: what else goes into the film's file. poster: its frame is counted from the film's first.
    beside: files of text that lie beside it, by suffix.
    """

    chunks: tuple[PlannedChunk, ...]
    sound: Work | None
    frames: int
    samples: int
    rate: Fraction
    warnings: tuple[Notice, ...] = ()
    muxing: Muxing = PLAIN_MP4
    poster: Poster | None = None
    beside: Mapping[str, bytes] = field(default_factory=dict)
    device: str | None = None


def plan(project: CheckedProject, way: Way, start: int = 0, end: int | None = None) -> Plan:
    """Cut a film, or its frames [start, end), into work.

    Raises:  KinofarmError SECURITY-0xx for encoder options that may not pass.
    """
    end = project.timeline.duration if end is None else end
    rate, container = project.timeline.rate, container_of(project.timeline.export)
    goes_in = muxing(project.timeline, start, end)
    sound = _sound_work(project, way, start, end, goes_in) if container.sounds else None
    chunks, warnings = _film_chunks(project, way, start, end) if container.pictures else ((), ())
    samples = sound.samples if sound is not None else 0
    poster, beside = _poster(project.timeline, start, end), _beside(project.timeline, start, end)
    row = encoder(project.timeline.export)
    device = row.name if row.hardware and chunks else None
    return Plan(chunks, sound, end - start, samples, rate, warnings, goes_in, poster, beside, device)


def plan_frame(project: CheckedProject, way: Way, frame: int) -> Work:
    """The work that shows one frame of the film as a PNG: the same graph as the film's, without the encoder."""
    sources, texts = Sources(), TextFiles(way.fonts)
    stream = reframed(composed(project, sources, texts, Shown(project), frame, frame + 1), project.timeline)
    steps: list[Step] = [*_passes(sources), (image_argv(stream, canvas_of(project.timeline.export).signal), None)]
    return _work(project, way, "picture", steps, sources, texts, frames=1, suffix=".png")


def _beside(timeline: Timeline, start: int, end: int) -> Mapping[str, bytes]:
    """The subtitle files of the frames [start, end), by the suffix that each has beside the film."""
    tracks = soft_tracks(timeline.subtitles, start, end)
    return {
        companion_suffix(track, form): written(track, timeline.rate, form)
        for form in timeline.export.subtitle_files
        for track in tracks
    }


def _film_chunks(
    project: CheckedProject, way: Way, start: int, end: int
) -> tuple[tuple[PlannedChunk, ...], tuple[Notice, ...]]:
    """The chunks of the frames [start, end), and what is drawn otherwise than the project asks."""
    shown = Shown(project)
    blocked = passages(shown.items)
    edges = boundaries(project, shown.items, round(way.chunk_seconds * project.timeline.rate), start, end)
    chunks: list[PlannedChunk] = []
    warnings: dict[Notice, None] = {}
    for left, right in pairwise(edges):
        for first, last, work, texts in _chunks(project, way, shown, blocked, left, right):
            chunks.append(PlannedChunk(len(chunks), first, last, work))
            warnings |= texts.warnings
    return tuple(chunks), tuple(warnings)


def _chunks(
    project: CheckedProject, way: Way, shown: Shown, blocked: Spans, start: int, end: int
) -> Iterator[tuple[int, int, Work, TextFiles]]:
    """The work of the frames [start, end): halved while it opens too many files, not all of them at one moment, or moves much."""
    sources, texts = Sources(), TextFiles(way.fonts)
    work = _picture_work(project, way, shown, start, end, sources, texts)
    half = middle(start, end, blocked)
    many = half is not None and sources.opened > max(SOURCES_AT_ONCE, 2 * len(shown.within(half, half + 1)))
    if half is None or not (many or sources.stretches > STRETCHES_AT_ONCE):
        yield start, end, work, texts
        return
    yield from _chunks(project, way, shown, blocked, start, half)
    yield from _chunks(project, way, shown, blocked, half, end)


def _picture_work(
    project: CheckedProject, way: Way, shown: Shown, start: int, end: int, sources: Sources, texts: TextFiles
) -> Work:
    timeline = project.timeline
    export, rate, frames = timeline.export, timeline.rate, end - start
    row, form = encoder(export), chunk_form(export)
    stream = row.prepared(reframed(composed(project, sources, texts, shown, start, end), timeline), export.video)
    gop = max(1, round(way.gop_seconds * rate))
    steps = _passes(sources)
    if export.video.passes == 2 and row.first_pass is not None:
        steps.append((picture_argv(stream, row.first_pass(export, rate, gop), frames, rate, "null"), None))
    steps.append(((*row.device, *picture_argv(stream, video_arguments(export, rate, gop), frames, rate, form)), None))
    work = _work(project, way, "picture", steps, sources, texts, frames=frames, suffix=SUFFIXES[form])
    return work.model_copy(update={"rate": rate, "shape": _shape(timeline)})


def _passes(sources: Sources) -> list[Step]:
    """The runs that must come before a graph of these sources."""
    return [(pass_argv(stream), None) for stream in sources.passes]


def _sound_work(project: CheckedProject, way: Way, start: int, end: int, goes_in: Muxing) -> Work:
    """The sound of the frames [start, end): one ffmpeg, or several that leave samples and one that joins them.

    Where the film is nothing but sound this is its very file, with its tags and chapters.
    """
    timeline, wanted = project.timeline, project.timeline.export.sound.loudness
    if (rate := sample_rate(timeline)) != timeline.sample_rate:
        timeline = timeline.model_copy(update={"sample_rate": rate})
        project = replace(project, timeline=timeline)
    first, last = sample(project, start), sample(project, end)
    mix = Mix(project)
    stream = mix.film(first, last)
    level = None
    if wanted is None:
        stream = limited(stream)
    else:
        stream, level = mix.measured(stream, wanted)
        stream = levelled(stream, level, timeline.sample_rate)
    stream = stream.filter("apad", whole_len=last - first).filter("atrim", end_sample=last - first)
    options, container = sound_arguments(timeline.export), container_of(timeline.export)
    form: str = sound_encoder(timeline.export).form
    suffix, files = SOUND_SUFFIXES.get(form, ""), []
    if container.kind == "sound":
        form, suffix = container.muxer, container.suffixes[0]
        files = [TextFile(name="chapters.txt", text=ffmetadata(goes_in.chapters))] if goes_in.chapters else []
        argv = sound_argv(stream, options, form, _tags(goes_in), files[0].name if files else None)
    else:
        argv = sound_argv(stream, options, form)
    steps: list[Step] = [*mix.steps, (argv, None)]
    if level is not None:
        steps.append((pass_argv(metered(mix.sources.made(), level.log)), level.model_copy(update={"again": 2})))
    texts = TextFiles(way.fonts)
    work = _work(project, way, "sound", steps, mix.sources, texts, samples=last - first, suffix=suffix)
    work = work.model_copy(update={"files": (*work.files, *files)})
    return work.model_copy(update={"sample_rate": timeline.sample_rate, "channels": 2, "loudness": wanted})


def _work(
    project: CheckedProject,
    way: Way,
    kind: Literal["picture", "sound"],
    steps: Sequence[Step],
    sources: Sources,
    texts: TextFiles,
    *,
    suffix: str,
    frames: int = 0,
    samples: int = 0,
) -> Work:
    stages, files = [], list(texts.files)
    for number, (argv, levelling) in enumerate(steps):
        name = f"graph-{number:03d}.txt"
        argv, graph = spilled(argv, name)
        stages.append(Stage(argv=argv, levelling=levelling))
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


def _poster(timeline: Timeline, start: int, end: int) -> Poster | None:
    """The poster of the frames [start, end): where its frame lies outside, the nearest one within."""
    poster = timeline.export.poster
    if poster is None:
        return None
    return poster.model_copy(update={"frame": min(max(poster.frame, start), end - 1) - start})


def _tags(goes_in: Muxing) -> tuple[str, ...]:
    """The options of a file of sound that hold its tags, its language and, where it has one, its index in front."""
    tags = [part for name, text in goes_in.tags for part in ("-metadata", f"{name}={text}")]
    tags += ["-metadata:s:a:0", f"language={goes_in.language}"] if goes_in.language else []
    return (*tags, *(("-movflags", "+faststart") if goes_in.row.faststart else ()))


def _shape(timeline: Timeline) -> PictureShape:
    """What every chunk of a film must turn out to be."""
    row, size = encoder(timeline.export), film_size(timeline)
    pixels = row.pixels(timeline.export.video)
    return PictureShape(
        codec=row.stored_codec,
        width=size.width,
        height=size.height,
        pixel_format=pixels.decoded,
        matrix=pixels.matrix,
        primaries=pixels.primaries,
        transfer=pixels.transfer,
        range=pixels.range,
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
