"""Which clips of a track meet, so that a transition of one can name the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

from tasks.compiler.imports.timeline_studio.saved.objects import SavedTrack

_TOUCHING = Fraction(1, 1000)
"""Seconds between two clips that still meet: editors round."""


def neighbours(track: SavedTrack, row: int) -> Iterator[tuple[tuple[int, bool], str]]:
    """Yield for each clip that meets or overlaps the next one the id of either, by the other and whether it lies before it."""
    order = sorted(range(len(track.clips)), key=lambda n: (track.clips[n].start_time, n))
    for first, second in itertools.pairwise(order):
        before, after = track.clips[first], track.clips[second]
        if after.start_time - before.start_time - before.duration <= _TOUCHING:
            yield (id(after), True), before.id or f"{row}-{first}"
            yield (id(before), False), after.id or f"{row}-{second}"
