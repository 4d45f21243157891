"""What an importer hands back: the timeline, what it has to say about the file, and the way back into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.compiler.model import Timeline
from tasks.compiler.notice import Notice, notice


def as_it_stands(where: str) -> str:
    """Return a place in the model as the place in the file: the two are the same."""
    return where


@dataclass(frozen=True)
class Imported:
    """A timeline read from a file.

    in_file: turns a place in the model ("tracks[0].clips[2].start") into the place in the file that it came from
    ("tracks[0].clips[5].start_time"); the model sorts clips and names fields its own way.
    extras: fields that the format does not know, by their place in the file, with their values.
    base: the folder where relative media paths start; None: that of the project file.
    """

    timeline: Timeline
    warnings: tuple[Notice, ...] = ()
    in_file: Callable[[str], str] = as_it_stands
    extras: Mapping[str, Any] = field(default_factory=dict)
    base: Path | None = None


class Warnings:
    """The warnings of one file as they are found; one that says the same again is left out.

    per_place: one that says the same of another place is kept.
    """

    def __init__(self, per_place: bool = False) -> None:
        self._found: dict[tuple[str, ...], Notice] = {}
        self._per_place = per_place

    def add(self, code: str, *, where: str = "", **params: Any) -> None:
        """Keep a warning, unless one with the same words is there already."""
        key = (code, repr(params), where if self._per_place else "")
        if key not in self._found:
            self._found[key] = notice(code, where, **params)

    def all(self) -> tuple[Notice, ...]:
        """Return what was found, in the order in which it was found."""
        return tuple(self._found.values())
