"""Commands about one project: check it, plan it, list its media, see a frame of it, have it rendered.

A project is named in one of three ways: a file on the farm's machine, which over the network must lie in a media root of
the farm's; the timeline itself, which is kept beside the farm's other files under the hash of what stands in it; or a file
that was uploaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pydantic import Base64Bytes, Field, model_validator

from flows.commands.places import file_of
from flows.dispatch import submit
from flows.library import Library
from flows.offers import offer_of
from infra.cache.store import ChunkStore
from infra.commands import Call, Command, Name, Text
from infra.errors import KinofarmError
from infra.farm_state import write_private
from infra.jobs.records import Job
from infra.jobs.states import HIGHEST_PRIORITY, LOWEST_PRIORITY, NORMAL_PRIORITY
from infra.media_at_hand import MediaAtHand
from infra.media_buckets import MediaBuckets
from infra.services import Ffmpeg
from infra.settings import Settings
from infra.uploads.library import Uploads
from infra.values import Exact, Value
from tasks.compiler.check import CheckedProject
from tasks.compiler.execute import Renderer
from tasks.compiler.exports import container_of
from tasks.compiler.film import film_key
from tasks.compiler.load import Probe
from tasks.compiler.order import Also, Order, Read, check_targets, examine, planned, read, warnings_of
from tasks.compiler.plan import Way
from tasks.compiler.still import render_still
from tasks.compiler.timecode import parse_time
from tasks.filesystem.roots import MediaRoots
from tasks.filesystem.scratch import scratch
from tasks.media.facts import MediaFacts
from tasks.subtitles.fonts import font_catalogue

PROJECTS = "projects"
"""Folder in the farm's home for timelines that were sent as they are."""
FILMS = "films"
"""Folder in the farm's home for films whose order names no folder of its own."""


class ProjectNamed(Value):
    """A project, and how it is to be read."""

    project: Text | None = Field(None, description="A project file on the farm's machine, in one of its media roots.")
    timeline: Mapping[str, Any] | None = Field(
        None, description="The project itself: our own JSON, Timeline Studio's or OpenTimelineIO's."
    )
    timeline_name: Name | None = Field(
        None, description="Of its file, such as reel.otio: films that are given no name are named after it."
    )
    upload: UUID | None = Field(None, description="The id of an upload that is a project, or a media file.")
    preset: Text | None = Field(None, description="An export preset in place of the project's export settings.")

    @model_validator(mode="after")
    def _one_of_them(self) -> ProjectNamed:
        if sum(each is not None for each in (self.project, self.timeline, self.upload)) != 1:
            raise ValueError("give one of project, timeline and upload")
        return self


class PartNamed(ProjectNamed):
    """A project, or a part of it."""

    range: Text | None = Field(None, description="The part to render, IN-OUT; none: the whole film.")


class FrameWanted(ProjectNamed):
    """A frame of a project."""

    at: Text = Field(description="Seconds, f123, HH:MM:SS.mmm or HH:MM:SS:FF.")


class AlsoWanted(Value):
    """A further film of the same timeline."""

    name: Name = Field(description="A deliverable of the project, or an export preset.")
    output: Text | None = Field(None, description="Its file's name; none: made of the project's name.")


class RenderWanted(PartNamed):
    """A film that is wanted."""

    output: Text | None = Field(
        None,
        description="The film's name, such as film.mp4; over the network below the farm's folder of films. None: made of the project's name.",
    )
    also: tuple[AlsoWanted, ...] = Field((), max_length=20, description="Further films of the same timeline.")
    priority: int = Field(NORMAL_PRIORITY, ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY, description="Higher goes first.")
    idempotency_key: Name | None = Field(None, description="The same key means the same job, however often it is sent.")


class Warned(Value):
    """Something that the project's author should know."""

    code: str
    message: str
    hint: str = ""
    where: str = ""
    detail: str = ""
    retry: bool = False


class ProjectFacts(Value):
    """A project that is fine."""

    frames: int
    rate: Exact
    width: int
    height: int
    tracks: int
    clips: int
    media: int = Field(description="Files that it reads.")
    warnings: tuple[Warned, ...]


class PlannedChunk(Value):
    """A chunk as it would be rendered: frames [start, end) of the timeline."""

    index: int
    start: int
    end: int
    key: str
    cached: bool = Field(description="It is in the cache: it would not be rendered.")


class PlannedSound(Value):
    """The sound of the whole film."""

    samples: int
    key: str
    cached: bool


class Planned(Value):
    """How a project is cut into work."""

    film: str = Field(description="The film's key.")
    cached: bool = Field(description="The very film is in the cache.")
    frames: int
    rate: Exact
    chunks: tuple[PlannedChunk, ...]
    sound: PlannedSound | None


class MediaUsed(Value):
    """A file that a project reads."""

    path: str = Field(description="As the project writes it.")
    file: str = Field(description="Where it lies.")
    clips: int = Field(description="That show or sound it.")
    facts: MediaFacts


class ProjectMedia(Value):
    """What a project reads."""

    media: tuple[MediaUsed, ...]


class Picture(Value):
    """A frame as a picture."""

    frame: int
    png: Base64Bytes = Field(description="The PNG file, in base64.")


class Accepted(Value):
    """A render that was taken on."""

    job: Job
    warnings: tuple[Warned, ...]


@dataclass(frozen=True)
class Opened:
    """A project that was read and checked. roots: where its media lie. probe: looked at them."""

    order: Order
    read: Read
    checked: CheckedProject
    roots: MediaRoots
    probe: Probe

    @property
    def warnings(self) -> tuple[Warned, ...]:
        return tuple(Warned.model_validate(one) for one in warnings_of(self.read, self.checked))


def check_project(call: Call, given: ProjectNamed) -> ProjectFacts:
    """Check a project: its model, its paths and its media."""
    with opened(call, given) as found:
        timeline = found.read.timeline
        return ProjectFacts(
            frames=timeline.duration,
            rate=timeline.rate,
            width=timeline.size.width,
            height=timeline.size.height,
            tracks=len(timeline.tracks),
            clips=sum(len(track.clips) for track in timeline.tracks),
            media=len(found.checked.media),
            warnings=found.warnings,
        )


def plan_project(call: Call, given: PartNamed) -> Planned:
    """Show how a project is cut into chunks, and which of them are in the cache. Media are hashed; nothing is rendered."""
    with opened(call, given, hashed=True) as found:
        plan = planned(found.read, found.checked, way_of(call))
        whole = film_key(plan)
        keys = [chunk.work.key for chunk in plan.chunks] + ([plan.sound.key] if plan.sound else []) + [whole]
        present = call.services.get_abstract(ChunkStore).present(keys)
        return Planned(
            film=whole,
            cached=whole in present,
            frames=plan.frames,
            rate=plan.rate,
            chunks=tuple(
                PlannedChunk(
                    index=chunk.index,
                    start=chunk.start,
                    end=chunk.end,
                    key=chunk.work.key,
                    cached=chunk.work.key in present,
                )
                for chunk in plan.chunks
            ),
            sound=None
            if plan.sound is None
            else PlannedSound(samples=plan.samples, key=plan.sound.key, cached=plan.sound.key in present),
        )


def media_of_project(call: Call, given: ProjectNamed) -> ProjectMedia:
    """List the files that a project reads, with what is in them and how many clips use each."""
    with opened(call, given) as found:
        used: dict[str, int] = {}
        for track in found.checked.timeline.tracks:
            for clip in track.clips:
                path = getattr(clip.source, "path", None)
                if path is not None:
                    used[path] = used.get(path, 0) + 1
        return ProjectMedia(
            media=tuple(
                MediaUsed(path=path, file=str(media.path), clips=used.get(path, 0), facts=media.facts)
                for path, media in found.checked.media.items()
            )
        )


def frame_of_project(call: Call, given: FrameWanted) -> Picture:
    """Render one frame of a project as a PNG, here and now."""
    settings, ffmpeg = call.services.get(Settings), call.services.get(Ffmpeg)
    with opened(call, given, hashed=True) as found, scratch(settings.home.absolute() / "scratch", "frame") as folder:
        number = parse_time(given.at, found.read.timeline.rate)
        limits = settings.ffmpeg
        renderer = Renderer(ffmpeg.path, ffmpeg.version, limits.threads, limits.timeout, limits.hang)
        picture = folder / "frame.png"
        render_still(found.checked, way_of(call), number, picture, renderer)
        return Picture.model_construct(frame=number, png=picture.read_bytes())


def submit_render(call: Call, given: RenderWanted) -> Accepted:
    """Have a project rendered. The job is taken on at once, and rendered when its turn comes."""
    return submit_film(call, given, key=key_of(call, given.idempotency_key))


def submit_film(call: Call, given: RenderWanted, *, key: str | None = None, roots: tuple[str, ...] = ()) -> Accepted:
    """Have a film rendered, of a project that was sent or that the farm has made.

    Args:    key: the idempotency key as the ledger has it. roots: folders from which media may be read, beside the media roots.
    Raises:  as `opened`; KinofarmError API-007, JOB-004, FARM-023, PUBLISH-00x, DB-00x.
    """
    with opened(call, given, roots=roots) as found:
        return _submitted(call, given, found, key)


def _submitted(call: Call, given: RenderWanted, found: Opened, key: str | None) -> Accepted:
    folder = uuid4().hex if key is None else hashlib.sha256(key.encode()).hexdigest()[:32]
    names = (given.output, *(each.output for each in given.also))
    places = [place_of(call, folder, name, found, number) for number, name in enumerate(names)]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
    kept = [Path(found.order.project), *(media.path for media in found.checked.media.values())]
    target, *others = check_targets(found.read, places, kept)
    also = tuple(Also(name=each.name, output=str(place)) for each, place in zip(given.also, others, strict=True))
    order = found.order.model_copy(update={"also": also})
    parameters = {
        **order.model_dump(mode="json", exclude_none=True),
        "output": str(target),
        "submitted_by": call.name,
        "priority": given.priority,
        **({} if key is None else {"idempotency_key": key}),
    }
    job = submit(call.services, parameters, order.model_dump(mode="json", exclude={"project"}))
    return Accepted(job=job, warnings=found.warnings)


def place_of(call: Call, folder: str, name: str | None, found: Opened, number: int = 0) -> Path:
    """Return where a film goes.

    Args:    folder: of a film from the network, below the farm's folder of films. name: None: made of the project's.
             number: 0 for the main film, then those beside it.
    Raises:  KinofarmError API-007 for a name that leads out of that folder.
    """
    settings = call.services.get(Settings)
    below = (settings.api.films or settings.home / FILMS).absolute() / folder
    if name is None:
        timeline = (found.read.timeline, *found.read.also)[number]
        suffixes = container_of(timeline.export).suffixes
        stem = Path(found.order.project).name.partition(".")[0] + (f"-{number}" if number else "")
        return below / f"{stem}{suffixes[0] if suffixes else ''}"
    if not call.remote:
        return Path(name).absolute()
    if name.startswith("/") or "\\" in name or {"", ".", ".."} & {*name.split("/")}:
        raise KinofarmError("API-007", where="output", path=name)
    return below / name


def key_of(call: Call, key: str | None) -> str | None:
    """Return an idempotency key as the ledger has it: over the network each user has keys of his own."""
    return f"{call.name}:{key}" if key is not None and call.remote else key


@contextlib.contextmanager
def opened(call: Call, given: ProjectNamed, *, hashed: bool = False, roots: tuple[str, ...] = ()) -> Iterator[Opened]:
    """Read and check a project.

    Args:    hashed: with the media's content hashes, as a plan needs them. roots: folders of media beside the media roots.
    Raises:  KinofarmError FORMAT-0xx, CHECK-0xx, PATH-0xx, MEDIA-0xx, SECURITY-0xx, CLI-002, CLI-004.
    """
    settings = call.services.get(Settings)
    with scratch(settings.home.absolute() / "scratch", "command") as folder:
        get = call.services.get
        media = MediaAtHand(lambda: get(MediaBuckets), lambda: get(Uploads), lambda: folder)
        library = Library(call.services)
        probe = library.remembering(media.known_as) if hashed else library.quick_look
        order, project = ordered(call, given, probe, roots)
        checked = examine(order, project, settings.media_roots, probe, media)
        every = (*settings.media_roots, *map(Path, roots))
        yield Opened(order, project, checked, MediaRoots(project.base, every, media), probe)


def ordered(
    call: Call, given: ProjectNamed, probe: Probe | None = None, roots: tuple[str, ...] = ()
) -> tuple[Order, Read]:
    """Read a project, whether its media are there or not.

    Args:    probe: looks at a media file that is given as a project; None: without its hash. roots: of media, as `opened`.

    Raises:  KinofarmError FORMAT-0xx, PATH-0xx, CLI-002, CLI-004.
    """
    settings = call.services.get(Settings)
    also = tuple(Also(name=each.name, output=each.name) for each in getattr(given, "also", ()))
    part = getattr(given, "range", None)
    project = str(_project(call, given))
    order = Order(project=project, preset=given.preset, range=part, also=also, media_roots=roots)
    return order, read(order, settings.home, offer_of(call.services), probe or Library(call.services).quick_look)


def way_of(call: Call) -> Way:
    """Return how this farm cuts films into work."""
    settings = call.services.get(Settings)
    version = call.services.get(Ffmpeg).version
    return Way(settings.render.chunk_seconds, settings.render.gop_seconds, version, font_catalogue(settings.font_dirs))


def _project(call: Call, given: ProjectNamed) -> Path:
    """The project's file.

    Raises:  KinofarmError PATH-0xx.
    """
    settings = call.services.get(Settings)
    if given.timeline is not None:
        return _kept(settings.home.absolute() / PROJECTS, given.timeline, given.timeline_name)
    return file_of(call, given.project, given.upload, "project")


def _kept(folder: Path, timeline: Mapping[str, Any], name: str | None) -> Path:
    """Write a timeline down under the hash of what stands in it; the same one of the same name is one file."""
    text = json.dumps(timeline, indent=1, ensure_ascii=True, sort_keys=True)
    place = folder / hashlib.sha256(text.encode()).hexdigest()[:32] / f"{_stem(name)}.json"
    if place.exists():
        os.utime(place)  # housekeeping leaves alone what was sent a moment ago
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_private(place, text)
    return place


def _stem(name: str | None) -> str:
    """The name of a timeline's file without its suffix: plain enough for any file system."""
    stem = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*%]', "_", name or "").strip(". ").partition(".")[0].strip()
    return stem[:60] or "timeline"


EXAMPLE: Mapping[str, Any] = {"project": "example.kinofarm.json"}
"""The project of every example."""

COMMANDS: tuple[Command, ...] = (
    Command("render.submit", submit_render, "POST /jobs", scope="submit", example={**EXAMPLE, "output": "film.mp4"}, kind="job"),
    Command("project.check", check_project, "POST /projects/check", scope="submit", example=EXAMPLE),
    Command("project.plan", plan_project, "POST /projects/plan", scope="submit", example=EXAMPLE),
    Command("project.media", media_of_project, "POST /projects/media", scope="submit", example=EXAMPLE),
    Command("project.frame", frame_of_project, "POST /projects/frame", scope="submit", example={**EXAMPLE, "at": "f5"}),
)  # fmt: skip
"""Of this module."""
