"""Timeline Studio's ProjectSchema, in both of its spellings (Rust's PascalCase and the editor's kebab-case), and its saved file.

One module per noun of the format: each holds the objects as they stand in the file and their way into the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.compiler.imports.timeline_studio.project import read as read
from tasks.compiler.imports.timeline_studio.saved import read as read_saved_file

__all__ = ["is_saved_file", "read", "read_saved_file", "recognises"]

_SAVED = ("sections", "globalTracks")


def recognises(project: Mapping[str, Any]) -> bool:
    """Say whether the object is a ProjectSchema: it has a timeline or tracks, and is no saved file."""
    return ("timeline" in project or "tracks" in project) and not is_saved_file(project)


def is_saved_file(project: Mapping[str, Any]) -> bool:
    """Say whether the object is what the editor saves (`.tlsp`), itself or under `timeline` or `project`."""
    holders = [project, project.get("timeline"), project.get("project")]
    return any(isinstance(holder, dict) and any(name in holder for name in _SAVED) for holder in holders)
