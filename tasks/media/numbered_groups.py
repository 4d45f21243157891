"""Which pictures of a folder are one sequence, by their names alone.

Pictures belong together whose names differ in the number before the suffix only, filled up to the same digits. Where more than
`LARGEST_GAP` numbers are missing in a row one sequence ends and another begins. What has fewer than `LEAST` pictures, or lacks more
than half of its numbers, is no sequence: each of its pictures stands by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tasks.media.numbered import MOST_DIGITS, MOST_NUMBERS, STILLS, Numbered, parsed

LEAST = 10
"""Pictures of a sequence."""
LARGEST_GAP = 100
"""Numbers that may be missing in a row: a part of a render that failed, not the way to another shot."""

_DIGITS = "0123456789"


class Group(NamedTuple):
    """Files of a folder that are one medium: a sequence by its name, its pictures' names and their numbers; or one file."""

    name: str
    files: tuple[str, ...]
    numbers: tuple[int, ...] = ()


def grouped(names: Iterable[str], exists: Callable[[str], bool] = lambda _: False) -> Iterator[Group]:
    """Yield what is one medium, of the names of regular files in one folder.

    Args:    exists: says whether anything else in it, such as a link, is called so: no sequence is, for its name would mean that.
    """
    there = set(names)
    alike: dict[tuple[str, str], list[str]] = {}
    for name in there:
        stem, dot, suffix = name.rpartition(".")
        before = stem.rstrip(_DIGITS)
        if 0 < len(stem) - len(before) <= MOST_DIGITS and dot + suffix.lower() in STILLS:
            alike.setdefault((before, dot + suffix), []).append(stem[len(before) :])
    taken: set[str] = set()
    for (before, after), numbers in alike.items():
        if len(numbers) < LEAST:
            continue
        for sequence, run in _sequences(Numbered(Path(), before, 0, after), numbers):
            name = _named(sequence)
            if name in there or parsed(Path(name)) != sequence or exists(name):  # the name would mean something else
                continue
            files = tuple(map(sequence.name_of, run))
            taken.update(files)
            yield Group(name, files, tuple(run))
    yield from (Group(name, (name,)) for name in there - taken)


def _sequences(of: Numbered, numbers: list[str]) -> Iterator[tuple[Numbered, list[int]]]:
    """Yield the sequences among pictures of the same name but for their numbers as they are written, each with its numbers."""
    plain = [text for text in numbers if text[0] != "0" or text == "0"]
    filled: dict[int, list[str]] = {}
    for text in numbers:
        if text[0] == "0" and text != "0":
            filled.setdefault(len(text), []).append(text)
    rest = plain
    for digits in sorted(filled, reverse=True):
        # A number that needs no filling up belongs to the most digits that it has.
        mine = filled[digits] + [text for text in rest if len(text) >= digits]
        every = filled[digits] + [text for text in plain if len(text) >= digits]
        rest = [text for text in rest if len(text) < digits]
        yield from _runs(replace(of, digits=digits), mine, every)
    if rest:
        shortest = min(map(len, rest))
        yield from _runs(replace(of, digits=shortest if shortest > 1 else 0), rest, plain)


def _runs(of: Numbered, mine: Iterable[str], named: Iterable[str]) -> Iterator[tuple[Numbered, list[int]]]:
    """Cut pictures into sequences. named: all those that the pattern alone would name."""
    every = sorted(map(int, named))
    for run in _cut(sorted(map(int, mine))):
        first, last = run[0], run[-1]
        span = last - first + 1
        if len(run) < LEAST or 2 * len(run) < span or span > MOST_NUMBERS:
            continue
        if run == every:
            yield of, run
        elif run == [number for number in every if first <= number <= last]:
            yield replace(of, first=first, last=last), run


def _cut(numbers: Sequence[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        if run and number - run[-1] - 1 > LARGEST_GAP:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _named(sequence: Numbered) -> str:
    whole = Numbered(sequence.folder, sequence.before, sequence.digits, sequence.after)
    return sequence.pattern if sequence == whole else f"{sequence.pattern}:{sequence.first}-{sequence.last}"
