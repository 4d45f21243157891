"""Commands about one project file, none of which needs a farm: check, plan, frame, schema."""

from __future__ import annotations

import atexit
import contextlib
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli import console
from apps.cli.options import AsJson, MediaRoots, Preset, Project, Range

if TYPE_CHECKING:
    from infra.media_at_hand import MediaAtHand
    from infra.services import Services
    from infra.settings import Settings
    from tasks.compiler.check import CheckedProject
    from tasks.compiler.order import Order, Read
    from tasks.compiler.plan import Way
    from tasks.compiler.trials import Offer


class Document(StrEnum):
    """A published JSON Schema."""

    TIMELINE = "timeline"
    MANIFEST = "manifest"


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (check, plan, frame, schema):
        app.command()(command)


def check(project: Project, preset: Preset = None, media_roots: MediaRoots = None, as_json: AsJson = False) -> None:
    """Check a project: its model, its paths and its media. Needs a farm for uploads only; media in buckets are fetched, for as long as it takes."""
    from infra.settings import in_force
    from tasks.compiler.order import warnings_of

    read, checked = checked_project(order_of(project, preset, None, media_roots), in_force())
    timeline = read.timeline
    facts: dict[str, Any] = {
        "frames": timeline.duration,
        "rate": str(timeline.rate),
        "size": [timeline.size.width, timeline.size.height],
        "tracks": len(timeline.tracks),
        "clips": sum(len(track.clips) for track in timeline.tracks),
        "media": len(checked.media),
        "warnings": list(warnings_of(read, checked)),
    }
    if as_json:
        console.show_json(facts)
        return
    tell_warnings(facts["warnings"])
    console.show(
        f"{project} is fine: {facts['frames']} frames at {facts['rate']}, {timeline.size.width}x{timeline.size.height},"
        f" {facts['tracks']} tracks, {facts['clips']} clips, {facts['media']} media files"
    )


def plan(
    project: Project,
    preset: Preset = None,
    part: Range = None,
    media_roots: MediaRoots = None,
    as_json: AsJson = False,
) -> None:
    """Show how a project is cut into chunks, each with its key. Media are hashed; nothing is rendered."""
    from infra.settings import in_force
    from tasks.compiler.film import film_key
    from tasks.compiler.order import planned
    from tasks.compiler.timecode import timecode
    from tasks.media.probe import probe

    settings = in_force()
    read, checked = checked_project(order_of(project, preset, part, media_roots), settings, probe)
    found = planned(read, checked, way_of(settings))
    if as_json:
        chunks = [
            {
                "index": chunk.index,
                "start": chunk.start,
                "end": chunk.end,
                "frames": chunk.frames,
                "key": chunk.work.key,
            }
            for chunk in found.chunks
        ]
        sound = None if found.sound is None else {"samples": found.samples, "key": found.sound.key}
        console.show_json(
            {"film": film_key(found), "frames": found.frames, "rate": str(found.rate), "chunks": chunks, "sound": sound}
        )
        return
    for chunk in found.chunks:
        start, end = (timecode(frame, found.rate) for frame in (chunk.start, chunk.end))
        console.show(f"{chunk.index:4}  {start} - {end}  {chunk.frames:6} frames  {chunk.work.key}")
    if found.sound is not None:
        console.show(f"sound  {found.samples} samples  {found.sound.key}")
    console.show(f"film   {found.frames} frames  {film_key(found)}")


def frame(
    project: Project,
    at: Annotated[
        str,
        typer.Option("--at", metavar="TIME", help="Seconds, f123, HH:MM:SS.mmm or HH:MM:SS:FF.", show_default=False),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PNG", help="The picture to write.", show_default=False)
    ],
    media_roots: MediaRoots = None,
    as_json: AsJson = False,
) -> None:
    """Render one frame of a project as a PNG, here and now, without a farm."""
    from infra import ffmpeg
    from infra.settings import in_force
    from tasks.compiler.execute import Renderer
    from tasks.compiler.still import render_still
    from tasks.compiler.timecode import parse_time
    from tasks.media.probe import probe

    settings = in_force()
    read, checked = checked_project(order_of(project, None, None, media_roots), settings, probe)
    number = parse_time(at, read.timeline.rate)
    binary = ffmpeg.binary(settings.ffmpeg.binary)
    renderer = Renderer(
        binary, ffmpeg.version(binary), settings.ffmpeg.threads, settings.ffmpeg.timeout, settings.ffmpeg.hang
    )
    render_still(checked, way_of(settings), number, output, renderer)
    if as_json:
        console.show_json({"frame": number, "picture": str(output)})
    else:
        console.show(f"frame {number} is {output}")


def schema(
    document: Annotated[Document, typer.Argument(help="Which document's.")] = Document.TIMELINE,
) -> None:
    """Print the JSON Schema of our project format, or of the manifest."""
    if document is Document.MANIFEST:
        from tasks.media.manifest import schema as manifest_schema

        console.show_json(manifest_schema())
        return
    from tasks.compiler.imports.kinofarm import schema as timeline_schema

    console.show_json(timeline_schema())


def order_of(project: Path, preset: str | None, part: str | None, roots: list[Path] | None) -> Order:
    """Return what the command line asks for, its paths made absolute."""
    from tasks.compiler.order import Order

    extra = tuple(str(root.absolute()) for root in roots or ())
    return Order(project=str(project.absolute()), preset=preset, range=part, media_roots=extra)


def checked_project(
    order: Order, settings: Settings, probe: Any = None, offer: Offer | None = None
) -> tuple[Read, CheckedProject]:
    """Read and check a project; without a probe of its own it looks at the media's streams, but does not hash them.

    Args:    offer: the encoders on devices that there are; None: this machine's.

    Raises:  KinofarmError FORMAT-0xx, CHECK-0xx, PATH-0xx, MEDIA-0xx, SECURITY-0xx, CLI-002, CLI-004.
    """
    from infra import ffmpeg
    from tasks.compiler.order import examine, read
    from tasks.compiler.trials import here
    from tasks.media.remembered import quick_look

    probe, offer = probe or quick_look, offer or here(ffmpeg.binary(settings.ffmpeg.binary))
    project = read(order, settings.home, offer, probe)
    return project, examine(order, project, settings.media_roots, probe, media_at_hand(settings))


@lru_cache(maxsize=1)
def media_at_hand(settings: Settings) -> MediaAtHand:
    """Return what fetches media from buckets, and finds uploads; what it fetched goes when this process ends."""
    from infra.media_at_hand import MediaAtHand
    from infra.media_buckets import MediaBuckets
    from infra.uploads.library import Uploads
    from tasks.filesystem.scratch import scratch

    to_the_end = contextlib.ExitStack()
    atexit.register(to_the_end.close)

    @lru_cache
    def opened() -> Services:
        from infra import services

        return to_the_end.enter_context(services.opened(settings))

    def buckets() -> MediaBuckets:
        return opened().get(MediaBuckets)

    def uploads() -> Uploads:
        return opened().get(Uploads)

    def folder() -> Path:
        return to_the_end.enter_context(scratch(settings.home.absolute() / "scratch", "command"))

    return MediaAtHand(buckets, uploads, lru_cache(folder))


def way_of(settings: Settings) -> Way:
    """Return how this farm cuts films into work."""
    from infra import ffmpeg
    from tasks.compiler.plan import Way
    from tasks.subtitles.fonts import font_catalogue

    render = settings.render
    version = ffmpeg.version(ffmpeg.binary(settings.ffmpeg.binary))
    return Way(render.chunk_seconds, render.gop_seconds, version, font_catalogue(settings.font_dirs))


def tell_warnings(warnings: list[dict[str, Any]]) -> None:
    """Print a project's warnings to standard error, one line each."""
    for warning in warnings:
        place = f" ({warning['where']})" if warning.get("where") else ""
        console.say(f"{warning['code']}  {warning['message']}{place}")
