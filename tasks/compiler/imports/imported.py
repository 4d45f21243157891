"""What an importer hands back: the timeline, and what it had to say about the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.compiler.model import Timeline
from tasks.compiler.warning import Warning_


@dataclass(frozen=True)
class Imported:
    """A timeline read from a file.

    places: where each clip stands in the file, by clip id ("tracks[1].clips[3]"), since the model sorts clips.
    extras: fields that the format does not know, by their place in the file, with their values.
    """

    timeline: Timeline
    warnings: tuple[Warning_, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)
