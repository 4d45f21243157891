"""Orders: what a render is asked for, and the way from there to a plan.

The command line, a flow and a test take the same three steps: read the project, check it, plan it. Nothing
here contacts a farm or writes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value
from tasks.compiler.check import CheckedProject, check
from tasks.compiler.imports.imported import as_it_stands
from tasks.compiler.load import load
from tasks.compiler.model import Timeline
from tasks.compiler.plan import Plan, Way, plan
from tasks.compiler.presets import apply_preset
from tasks.compiler.source_times import settled
from tasks.compiler.timecode import parse_range
from tasks.filesystem.roots import MediaRoots
from tasks.media.facts import MediaFacts

BUNDLES = "bundles"
"""Folder in the farm's home that holds unpacked bundles, each under its content's hash; it may be emptied between renders."""


class Order(Value):
    """What to render, and how it differs from what the project itself says."""

    project: str = Field(min_length=1, max_length=4096, description="Path of the project file.")
    preset: str | None = Field(None, description="An export preset in place of the project's export settings.")
    range: str | None = Field(None, description="The part to render, IN-OUT; None: the whole film.")
    media_roots: tuple[str, ...] = Field((), description="Media roots beside the project's folder and the farm's.")


@dataclass(frozen=True)
class Read:
    """A project as it was read: the timeline with the preset applied, its folder, the frames [start, end) to render.

    warnings: what its author should know, as JSON values (code, message, hint, where).
    in_file: turns a place in the model into the place in the project file that it came from.
    """

    timeline: Timeline
    base: Path
    start: int
    end: int
    warnings: tuple[dict[str, Any], ...]
    in_file: Callable[[str], str] = as_it_stands


def read(order: Order, home: Path | None = None) -> Read:
    """Read the project file of an order.

    Args:    home: the farm's; the media of a bundle are unpacked into it.
    Raises:  KinofarmError FORMAT-0xx, CLI-002 for a range outside the film, CLI-004 for an unknown preset.
    """
    loaded = load(Path(order.project), None if home is None else home.absolute() / BUNDLES)
    timeline = loaded.timeline if order.preset is None else apply_preset(loaded.timeline, order.preset)
    whole = 0, timeline.duration
    start, end = whole if order.range is None else parse_range(order.range, timeline.rate, timeline.duration)
    warnings = tuple(warning.as_dict() for warning in loaded.warnings)
    return Read(timeline, loaded.base, start, end, warnings, loaded.in_file)


def examine(order: Order, project: Read, roots: Iterable[Path], probe: Callable[[Path], MediaFacts]) -> CheckedProject:
    """Hold the project against its media; `roots`: the farm's media roots.

    Raises:  KinofarmError CHECK-0xx, PATH-0xx, MEDIA-0xx, SECURITY-0xx, with the place in the project file.
    """
    extra = (*roots, *(Path(root) for root in order.media_roots))
    media = MediaRoots(project.base, extra)
    try:
        return check(settled(project.timeline, media, probe), media, probe)
    except KinofarmError as error:
        raise KinofarmError(error.code, where=project.in_file(error.where), **dict(error.params)) from error


def planned(project: Read, checked: CheckedProject, way: Way) -> Plan:
    """Cut the ordered part of the film into work."""
    return plan(checked, way, project.start, project.end)


def warnings_of(project: Read, checked: CheckedProject) -> tuple[dict[str, Any], ...]:
    """Return all that the project's author should know, as JSON values."""
    found = (notice.model_copy(update={"where": project.in_file(notice.where)}) for notice in checked.warnings)
    return (*project.warnings, *(notice.as_dict() for notice in found))
