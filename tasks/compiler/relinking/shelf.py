"""The folder that files are looked for in, and which of its files is meant by what is missing."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from infra.errors import KinofarmError
from tasks.compiler.imports.file_names import file_name
from tasks.media.facts import MediaFacts

MAX_FILES = 20_000
"""Files of a folder, and of those in it, that are looked at."""

Kind = Literal["video", "audio"]

_NEAR = Fraction(1, 20)
"""Seconds by which a file's length may differ from the one that is told of it."""


@dataclass(frozen=True)
class Candidate:
    """A media file of the folder."""

    path: Path
    facts: MediaFacts

    def serves(self, kind: Kind) -> bool:
        """Say whether a track of that kind can play it."""
        return bool(self.facts.pictures if kind == "video" else self.facts.sounds)

    @property
    def moves(self) -> bool:
        """Whether it has a length: no still."""
        picture = self.facts.picture()
        return picture is None or not picture.still

    def lasts(self, kind: Kind) -> Fraction:
        """Return how many seconds a track of that kind can play of it."""
        picture, sound = self.facts.picture(), self.facts.sound()
        if kind == "video" and picture is not None:
            return picture.end
        return sound.end if sound is not None else Fraction(0)


class Shelf:
    """A folder's media files, looked at once."""

    def __init__(self, folder: Path, probe: Callable[[Path], MediaFacts]) -> None:
        self.candidates = tuple(_candidates(folder, probe))
        self._turns: dict[Kind, itertools.count[int]] = {"video": itertools.count(), "audio": itertools.count()}

    def named(self, names: Iterator[str] | list[str], kind: Kind) -> Candidate | None:
        """Return the file whose name, without its suffix and in any case, is one of these; of several the same suffix."""
        wanted = [file_name(name) for name in names]
        stems = {Path(name).stem.casefold() for name in wanted} | {name.casefold() for name in wanted}
        found = [one for one in self.candidates if one.path.stem.casefold() in stems]
        suffixes = {Path(name).suffix.casefold() for name in wanted}
        found.sort(key=lambda one: (not one.serves(kind), one.path.suffix.casefold() not in suffixes, str(one.path)))
        return found[0] if found else None

    def as_long_as(self, length: Fraction, kind: Kind) -> Candidate | None:
        """Return the one file that lasts as long; None where there is none or more than one."""
        found = [one for one in self.candidates if one.serves(kind) and abs(one.facts.duration - length) <= _NEAR]
        return found[0] if len(found) == 1 and found[0].moves else None

    def stand_in(self, kind: Kind, at_least: Fraction) -> Candidate | None:
        """Return the next file that can stand in on a track of that kind, each in its turn; of moving ones if there are any."""
        fitting = [one for one in self.candidates if one.serves(kind) and one.moves and one.lasts(kind) >= at_least]
        fitting = fitting or [one for one in self.candidates if one.serves(kind) and not one.moves]
        return fitting[next(self._turns[kind]) % len(fitting)] if fitting else None


def _candidates(folder: Path, probe: Callable[[Path], MediaFacts]) -> Iterator[Candidate]:
    """Yield the folder's media files in the order of their names.

    Raises:  CLI-020 when there is no such folder, CLI-021 for too many files.
    """
    if not folder.is_dir():
        raise KinofarmError("CLI-020", folder=str(folder))
    paths: list[Path] = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += (Path(where, name) for name in names if not name.startswith("."))
        if len(paths) > MAX_FILES:
            raise KinofarmError("CLI-021", folder=str(folder), limit=MAX_FILES)
    for path in sorted(paths):
        try:
            yield Candidate(path, probe(path))
        except (KinofarmError, OSError):
            continue  # no media file, or one that cannot be played
