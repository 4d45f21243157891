"""The command that makes markers of a project of what was found in the media that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import Field

from flows.commands.analysing import MOST_EXPORTED, AnalysisNamed
from flows.commands.projects import EXAMPLE, ProjectNamed, Warned, opened
from infra.commands import Call, Command, Name
from infra.errors import KinofarmError
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.findings import FindingStore, FindingsWanted
from infra.values import Value
from tasks.compiler.editing.marking import Seen, with_markers
from tasks.compiler.relinking.relink import rebased
from tasks.compiler.source_times import settled
from tasks.recognition.findings import Finding

HEARD = "silence"
"""What is found in sounds; all else is seen."""


class MarkersWanted(AnalysisNamed, ProjectNamed):
    """An analysis, and the project whose clips show what it looked through."""

    name: tuple[Name, ...] = Field(
        (), max_length=100, description="Classes, or scene, silence, black, frozen; none: all that was found."
    )


class Marked(Value):
    """A project with markers."""

    document: Mapping[str, Any] = Field(description="The project in our own format, with whole paths.")
    markers: int = Field(description="Of this analysis, for the names that were asked for.")
    warnings: tuple[Warned, ...]


def mark_project(call: Call, given: MarkersWanted) -> Marked:
    """Mark in a project what an analysis found: each thing, in each clip that shows it, where and for as long as it is seen.

    A clip's file is known by its content, wherever it lies. Markers that the same analysis left before make way.

    Raises:  KinofarmError ANALYSIS-001, ANALYSIS-013, ANALYSIS-014, ANALYSIS-022, FORMAT-0xx, CHECK-0xx, PATH-0xx, MEDIA-0xx.
    """
    row = call.services.get(AnalysisStore).get(given.analysis)
    if row.state != "done":
        raise KinofarmError("ANALYSIS-013", analysis=str(row.id), state=row.state)
    with opened(call, given, hashed=True) as found:
        timeline = settled(found.read.timeline, found.roots, found.probe)
        facts = {path: media.facts for path, media in found.checked.media.items() if media.facts.sha256 == row.content}
        if not any(getattr(clip.source, "path", None) in facts for track in timeline.tracks for clip in track.clips):
            raise KinofarmError("ANALYSIS-014", analysis=str(row.id), file=Path(row.path).name)
        stills = {path for path, each in facts.items() if (picture := each.picture()) is not None and picture.still}
        seen = _seen(call.services.get(FindingStore), row, given.name)
        made, count = with_markers(timeline, facts.keys(), stills, seen, str(row.id))
        document = rebased(made, found.read.base, None).model_dump(mode="json")
        return Marked(document=document, markers=count, warnings=found.warnings)


def _seen(store: FindingStore, row: AnalysisEntry, names: tuple[str, ...]) -> tuple[Seen, ...]:
    """What an analysis found, of these names, by time."""
    found = store.find_all(FindingsWanted(names=names, analysis=row.id, limit=MOST_EXPORTED))
    if row.model is None:
        return tuple(
            Seen(
                name=one.name,
                begin=Fraction(one.finding["start"]),
                end=Fraction(one.finding["end"]),
                of="sound" if one.name == HEARD else "picture",
            )
            for one in found
        )
    things = [Finding.model_validate(one.finding) for one in found]
    return tuple(
        Seen(name=one.name, begin=one.begin, end=one.end, comment=f"{round(one.best * 100)} %, {row.model}")
        for one in things
    )


COMMANDS: tuple[Command, ...] = (
    Command("analysis.mark", mark_project, "POST /analyses/{analysis}/mark", scope="submit", example={"analysis": "5ca9ab1e-0000-4000-8000-00000000a0a0", **EXAMPLE}),
)  # fmt: skip
"""Of this module."""
