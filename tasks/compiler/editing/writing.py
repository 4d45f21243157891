"""Writing: a timeline as the text of a project file that other programs, or this farm, can read."""

from __future__ import annotations

from typing import Literal

from tasks.compiler.model import Timeline

Form = Literal["kinofarm", "otio"]
"""Our own JSON, or OpenTimelineIO."""


def project_text(timeline: Timeline, form: Form) -> str:
    """Return a timeline as the text of a project file."""
    if form == "otio":
        from tasks.compiler.imports.interchange.writing import to_otio  # OpenTimelineIO takes its time

        return to_otio(timeline)
    return timeline.model_dump_json(indent=1)
