"""Commands that make projects of projects: export, relink, merge, split, subtitles in and out.

What comes out is a project again, as JSON in the answer, with whole paths: it can be sent back as `timeline`, or kept in a
file anywhere on the farm's machine. Nothing is written here.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from flows.commands.places import folder_of
from flows.commands.projects import EXAMPLE, PartNamed, ProjectNamed, Warned, opened, ordered
from flows.library import Library
from infra.commands import Call, Command, Name, Text
from infra.settings import Settings
from infra.values import Exact, Value
from tasks.compiler.editing.cutting import MOST_CUTS, part, split
from tasks.compiler.editing.joining import MOST_PROJECTS, merged
from tasks.compiler.editing.speech import Form as SubtitleForm, SubtitleFile, subtitle_files, with_speech
from tasks.compiler.editing.writing import Form, project_text
from tasks.compiler.model import Timeline
from tasks.compiler.order import Read
from tasks.compiler.relinking.relink import Found, rebased, relink
from tasks.compiler.source_times import settled
from tasks.compiler.timecode import parse_time
from tasks.filesystem.roots import MediaRoots
from tasks.subtitles.model import Language
from tasks.subtitles.reading import MOST_TEXT, lines_of


class ExportWanted(ProjectNamed):
    """A project in another format."""

    format: Form = Field("kinofarm", description="Our own JSON, or OpenTimelineIO.")


class RelinkWanted(ProjectNamed):
    """A project whose files are to be found."""

    folder: Text = Field(description="Where to look for them; over the network inside a media root.")
    loop: bool = Field(
        False, description="Let other files stand in for what is not found, and repeat what is too short."
    )


class MergeWanted(Value):
    """Projects that become one."""

    projects: tuple[ProjectNamed, ...] = Field(
        min_length=1, max_length=MOST_PROJECTS, description="In the order in which they come."
    )
    name: Name | None = Field(None, description="Of the whole; none: the first one's.")


class SplitWanted(PartNamed):
    """Where a project is cut."""

    at: tuple[Text, ...] = Field(
        (),
        max_length=MOST_CUTS,
        description="The times of the cuts: seconds, f123, HH:MM:SS.mmm or HH:MM:SS:FF; or else a range: that part alone.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> SplitWanted:
        if bool(self.at) == (self.range is not None):
            raise ValueError("give either at or range")
        return self


class SubtitlesWanted(ProjectNamed):
    """Subtitles of a project."""

    form: SubtitleForm = "srt"
    language: Language | None = Field(None, description="Of the track; none: a file for each language.")


class SubtitlesGiven(ProjectNamed):
    """Subtitles for a project."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MOST_TEXT)] = Field(
        description="What stands in the file, as SubRip, WebVTT or ASS."
    )
    form: SubtitleForm | None = Field(None, description="None: told by how the text begins.")
    language: Language = Field("", description="Of the track, as a tag (BCP 47) such as de.")
    offset: Exact = Field(Fraction(0), ge=-(10**6), le=10**6, description="Seconds by which all lines come later.")
    replace: bool = Field(False, description="The lines that the language has make way for them.")


class ProjectMade(Value):
    """A project, as JSON."""

    format: Form
    document: Mapping[str, Any] = Field(description="The project, with whole paths.")
    warnings: tuple[Warned, ...] = ()


class Relinked(Value):
    """A project whose files were looked for."""

    document: Mapping[str, Any] = Field(description="The project in our own format, with whole paths.")
    clips: tuple[Found, ...] = Field(description="Those whose file was missing, and what became of each.")
    warnings: tuple[Warned, ...]


class ProjectParts(Value):
    """A project in parts, in our own format."""

    parts: tuple[Mapping[str, Any], ...]
    frames: tuple[int, ...] = Field(description="How long each of them is.")
    warnings: tuple[Warned, ...]


class Subtitled(Value):
    """A project with more subtitles."""

    document: Mapping[str, Any] = Field(description="The project in our own format, with whole paths.")
    lines: int = Field(description="Of the language, after this.")
    warnings: tuple[Warned, ...]


class SubtitleFiles(Value):
    """Subtitles as files."""

    files: tuple[SubtitleFile, ...]


def export_project(call: Call, given: ExportWanted) -> ProjectMade:
    """Write a project in another format: our own JSON, or OpenTimelineIO. Its media may be missing."""
    _, project = ordered(call, given)
    text = project_text(_portable(project.timeline, project), given.format)
    return ProjectMade(format=given.format, document=json.loads(text), warnings=_warned(project.warnings))


def relink_project(call: Call, given: RelinkWanted) -> Relinked:
    """Find the missing media of a project in a folder: by name, then by length.

    Raises:  KinofarmError FORMAT-0xx, PATH-0xx, CLI-020, CLI-021.
    """
    folder = folder_of(call, given.folder, "folder")
    _, project = ordered(call, given)
    roots = MediaRoots(project.base, call.services.get(Settings).media_roots)
    done = relink(project.timeline, roots, folder, Library(call.services).quick_look, loop=given.loop, written=_whole)
    warnings = (*project.warnings, *(warning.as_dict() for warning in done.warnings))
    return Relinked(document=_document(_portable(done.timeline, project)), clips=done.found, warnings=_warned(warnings))


def merge_projects(call: Call, given: MergeWanted) -> ProjectMade:
    """Put several projects of one rate and size one after the other on one timeline.

    Tracks of the same kind, order and making become one. The first project gives the export, and its tags.

    Raises:  KinofarmError EDIT-005, EDIT-006, FORMAT-0xx, CHECK-0xx, PATH-0xx, MEDIA-0xx.
    """
    timelines: list[Timeline] = []
    warnings: list[Warned] = []
    with contextlib.ExitStack() as stack:
        for one in given.projects:
            found = stack.enter_context(opened(call, one))
            timelines.append(_portable(settled(found.read.timeline, found.roots, found.probe), found.read))
            warnings += found.warnings
    whole = merged(timelines)
    if given.name is not None:
        whole = whole.model_copy(update={"name": given.name})
    return ProjectMade(format="kinofarm", document=_document(whole), warnings=tuple(dict.fromkeys(warnings)))


def split_project(call: Call, given: SplitWanted) -> ProjectParts:
    """Cut a project at some times into several, or take a range of it as a project of its own.

    Clips are trimmed to exactly what showed, also those that run backwards or along a ramp.

    Raises:  KinofarmError EDIT-001 for a transition and EDIT-003, EDIT-004 for a motion or effect that a cut would break,
             EDIT-002, EDIT-007, CLI-002, FORMAT-0xx, CHECK-0xx, PATH-0xx, MEDIA-0xx.
    """
    with opened(call, given) as found:
        timeline = _portable(settled(found.read.timeline, found.roots, found.probe), found.read)
        effects = found.checked.effects
        if given.range is not None:
            parts: tuple[Timeline, ...] = (part(timeline, found.read.start, found.read.end, effects),)
        else:
            parts = split(timeline, [parse_time(at, timeline.rate) for at in given.at], effects)
        return ProjectParts(
            parts=tuple(_document(each) for each in parts),
            frames=tuple(each.duration for each in parts),
            warnings=found.warnings,
        )


def subtitles_of_project(call: Call, given: SubtitlesWanted) -> SubtitleFiles:
    """Write a project's subtitles as SubRip, WebVTT or ASS, a file for each language.

    Raises:  KinofarmError EDIT-008 when there are none, FORMAT-0xx, PATH-0xx.
    """
    _, project = ordered(call, given)
    return SubtitleFiles(files=subtitle_files(project.timeline, given.form, given.language))


def add_subtitles(call: Call, given: SubtitlesGiven) -> Subtitled:
    """Read a subtitle file into a project, as the track of a language. They look as those that are there.

    Raises:  KinofarmError EDIT-009, EDIT-010, FORMAT-0xx, PATH-0xx.
    """
    _, project = ordered(call, given)
    lines = lines_of(given.text, given.form)
    made = with_speech(project.timeline, lines, given.language, offset=given.offset, replace=given.replace)
    count = sum(line.language.casefold() == given.language.casefold() for line in made.subtitles)
    document = _document(_portable(made, project))
    return Subtitled(document=document, lines=count, warnings=_warned(project.warnings))


def _portable(timeline: Timeline, project: Read) -> Timeline:
    """The timeline with whole paths: what comes out lies in another folder than the project, or in none."""
    return rebased(timeline, project.base, None)


def _document(timeline: Timeline) -> Mapping[str, Any]:
    return timeline.model_dump(mode="json")


def _whole(path: Path) -> str:
    return str(path.absolute())


def _warned(warnings: Iterable[Mapping[str, Any]]) -> tuple[Warned, ...]:
    return tuple(Warned.model_validate(one) for one in warnings)


_SRT = "1\n00:00:00,200 --> 00:00:01,000\nHello.\n"

COMMANDS: tuple[Command, ...] = (
    Command("project.export", export_project, "POST /projects/export", scope="submit", example={**EXAMPLE, "format": "otio"}),
    Command("project.relink", relink_project, "POST /projects/relink", scope="submit", example={"project": "missing.kinofarm.json", "folder": "moved"}),
    Command("project.merge", merge_projects, "POST /projects/merge", scope="submit", example={"projects": [EXAMPLE, EXAMPLE]}),
    Command("project.split", split_project, "POST /projects/split", scope="submit", example={**EXAMPLE, "at": ["f20", "1.2"]}),
    Command("project.subtitles", subtitles_of_project, "POST /projects/subtitles", scope="submit", example={**EXAMPLE, "form": "vtt"}),
    Command("project.add_subtitles", add_subtitles, "POST /projects/subtitles/add", scope="submit", example={**EXAMPLE, "text": _SRT, "language": "en"}),
)  # fmt: skip
"""Of this module."""
