"""Orders: what a render is asked for, and the way from there to a plan.

The command line, a flow and a test take the same three steps: read the project, check it, plan it. Nothing
here contacts a farm or writes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field

from infra.errors import KinofarmError
from infra.ffmpeg import binary
from infra.values import Value
from tasks.compiler.check import CheckedProject, check
from tasks.compiler.exports import check_export, check_name, container_of
from tasks.compiler.imports.imported import as_it_stands
from tasks.compiler.limits import planned_limits
from tasks.compiler.load import load
from tasks.compiler.model import Timeline
from tasks.compiler.notice import Notice
from tasks.compiler.plan import Plan, Way, plan
from tasks.compiler.presets import apply_preset, presets
from tasks.compiler.source_times import settled
from tasks.compiler.timecode import parse_range
from tasks.compiler.trials import Offer, here, pinned
from tasks.filesystem.publish import check_folder, check_target
from tasks.filesystem.roots import Elsewhere, MediaRoots
from tasks.media.facts import MediaFacts
from tasks.media.manifest import manifest_place
from tasks.media.remembered import quick_look


class Also(Value):
    """A further film of the same timeline. name: one of the project's deliverables, or an export preset."""

    name: str = Field(min_length=1, max_length=100)
    output: str = Field(min_length=1, max_length=4096)


BUNDLES = "bundles"
"""Folder in the farm's home that holds unpacked bundles, each under its content's hash; it may be emptied between renders."""


class Order(Value):
    """What to render, and how it differs from what the project itself says."""

    project: str = Field(min_length=1, max_length=4096, description="Path of the project file.")
    preset: str | None = Field(None, description="An export preset in place of the project's export settings.")
    range: str | None = Field(None, description="The part to render, IN-OUT; None: the whole film.")
    media_roots: tuple[str, ...] = Field((), description="Media roots beside the project's folder and the farm's.")
    also: tuple[Also, ...] = Field((), max_length=100, description="Further films of the same timeline, in one job.")
    publish: bool = Field(
        True, description="False: no film is made; what touches the range is rendered into the cache."
    )


@dataclass(frozen=True)
class Read:
    """A project as it was read: the timeline with the preset applied, its folder, the frames [start, end) to render.

    warnings: what its author should know, as JSON values (code, message, hint, where).
    in_file: turns a place in the model into the place in the project file that it came from.
    also: the timeline with the export of each further film.
    """

    timeline: Timeline
    base: Path
    start: int
    end: int
    warnings: tuple[dict[str, Any], ...]
    in_file: Callable[[str], str] = as_it_stands
    also: tuple[Timeline, ...] = ()


@dataclass(frozen=True)
class Ordered:
    """A film that was ordered, and its plan. name, output: empty for the first one, whose output the job knows."""

    name: str
    output: str
    plan: Plan


def read(
    order: Order,
    home: Path | None = None,
    offer: Offer | None = None,
    probe: Callable[[Path], MediaFacts] = quick_look,
) -> Read:
    """Read the project file of an order.

    Args:    home: the farm's; the media of a bundle are unpacked into it. offer: the encoders on devices that an export may
             ask for; None: those of this machine. probe: looks at a media file that is given as a project.
    Raises:  KinofarmError FORMAT-0xx, CLI-002 for a range outside the film, CLI-004 for an unknown preset, CLI-010 for an
             unknown deliverable, CLI-011 for one that is named twice.
    """
    loaded = load(Path(order.project), None if home is None else home.absolute() / BUNDLES, probe)
    timeline = loaded.timeline if order.preset is None else apply_preset(loaded.timeline, order.preset)
    whole = 0, timeline.duration
    start, end = whole if order.range is None else parse_range(order.range, timeline.rate, timeline.duration)
    warnings = tuple(warning.as_dict() for warning in loaded.warnings)
    names = [also.name for also in order.also]
    if len({*names}) < len(names):
        raise KinofarmError("CLI-011", name=next(name for name in names if names.count(name) > 1))
    found = [
        pinned(each, offer or here(binary(None)))
        for each in (timeline, *(_deliverable(loaded.timeline, name) for name in names))
    ]
    (timeline, *also), notices = zip(*found, strict=True)
    warnings += tuple(notice.as_dict() for one in notices for notice in one)
    return Read(timeline, loaded.base, start, end, warnings, loaded.in_file, tuple(also))


def examine(
    order: Order,
    project: Read,
    roots: Iterable[Path],
    probe: Callable[[Path], MediaFacts],
    elsewhere: Elsewhere | None = None,
) -> CheckedProject:
    """Hold the project against its media.

    Args:    roots: the farm's media roots. elsewhere: fetches media from buckets, and finds uploads.

    Raises:  KinofarmError CHECK-0xx, PATH-0xx, MEDIA-0xx, SECURITY-0xx, with the place in the project file.
    """
    extra = (*roots, *(Path(root) for root in order.media_roots))
    media = MediaRoots(project.base, extra, elsewhere)
    try:
        checked = check(settled(project.timeline, media, probe), media, probe)
        found = [*checked.warnings, *(one for also in project.also for one in check_export(also))]
        return replace(checked, warnings=(*found, *_beyond_limits(order, project)))
    except KinofarmError as error:
        raise KinofarmError(error.code, where=project.in_file(error.where), **dict(error.params)) from error


def planned(project: Read, checked: CheckedProject, way: Way) -> Plan:
    """Cut the ordered part of the film into work."""
    return plan(checked, way, project.start, project.end)


def planned_ahead(project: Read, checked: CheckedProject, way: Way) -> Plan:
    """Return of the whole film's plan the chunks that the ordered range touches, and the sound if that range is all of it.

    A range that is planned by itself has chunks of its own at its ends, which the whole film would not use.
    """
    whole = plan(checked, way)
    touched = tuple(chunk for chunk in whole.chunks if chunk.start < project.end and project.start < chunk.end)
    everything = (project.start, project.end) == (0, project.timeline.duration)
    return replace(whole, chunks=touched, sound=whole.sound if everything or not whole.chunks else None)


def all_planned(order: Order, project: Read, checked: CheckedProject, way: Way) -> tuple[Ordered, ...]:
    """Cut every film that was ordered into work, the main one first; what they share has the same keys."""
    films = [Ordered("", "", planned(project, checked, way))]
    for also, timeline in zip(order.also, project.also, strict=True):
        further = checked.timeline.model_copy(update={"export": timeline.export})
        made = plan(replace(checked, timeline=further), way, project.start, project.end)
        films.append(Ordered(also.name, also.output, made))
    return tuple(films)


def _beyond_limits(order: Order, project: Read) -> Iterator[Notice]:
    """Yield what the platforms of the presets that were asked for would not take."""
    own = {deliverable.name for deliverable in project.timeline.deliverables}
    named = [order.preset, *(None if also.name in own else also.name for also in order.also)]
    for name, timeline in zip(named, (project.timeline, *project.also), strict=True):
        limits = None if name is None else presets()[name].limits
        if name is not None and limits is not None:
            part = timeline.model_copy(update={"duration": project.end - project.start})
            yield from planned_limits(part, name, limits)


def _deliverable(timeline: Timeline, name: str) -> Timeline:
    """The timeline with the export of one of its deliverables, else of a preset."""
    for deliverable in timeline.deliverables:
        if deliverable.name == name:
            return timeline.model_copy(update={"export": deliverable.export})
    try:
        return apply_preset(timeline, name)
    except KinofarmError as unknown:
        own = ", ".join(deliverable.name for deliverable in timeline.deliverables) or "none"
        raise KinofarmError("CLI-010", name=name, own=own, names=unknown.params["names"]) from None


def check_targets(project: Read, targets: Sequence[Path], keep: Sequence[Path]) -> list[Path]:
    """Check, before anything is rendered, that each film can be published at its place; returns the places, absolute.

    Args:    targets: of the main film, then of the further ones. keep: files that none may overwrite.
    Raises:  KinofarmError PUBLISH-00x, PUBLISH-010 for a name that promises another container, PUBLISH-011 for a folder that
             is not empty, PUBLISH-012 for two films at one place.
    """
    places: list[Path] = []
    for timeline, target in zip((project.timeline, *project.also), targets, strict=True):
        check_name(timeline.export, target)
        pictures = container_of(timeline.export).kind == "images"
        place = check_folder(target, keep=keep) if pictures else check_target(target, keep=keep)
        if any({place, manifest_place(place)} & {other, manifest_place(other)} for other in places):
            raise KinofarmError("PUBLISH-012", path=str(target))
        places.append(place)
    return places


def warnings_of(project: Read, checked: CheckedProject) -> tuple[dict[str, Any], ...]:
    """Return all that the project's author should know, as JSON values."""
    found = (notice.model_copy(update={"where": project.in_file(notice.where)}) for notice in checked.warnings)
    return (*project.warnings, *(notice.as_dict() for notice in found))
