"""An imported cut on the screen."""

from __future__ import annotations

import itertools

import opentimelineio as otio

from tests.tasks.compiler.films import Studio, near, timeline
from tests.tasks.compiler.imports.interchange.cuts import dissolve, gap, read, row, shot, time


def test_a_cut_with_a_trim_a_gap_and_a_fade_to_nothing(studio: Studio) -> None:
    file = studio.counted("cut.mkv", 140, rate=24)
    clips = [
        shot("a", 86430, 5, file=file, has=(86400, 140)),
        gap(3),
        shot("b", 100, 10, file=file, has=(0, 140)),
        dissolve(5, 0),
        gap(6),
    ]
    film = read(row(*clips), global_start_time=time(0)).model_copy(update=plain_export())
    seen = studio.numbers(film)
    assert near(seen[:13], [*range(30, 35), 0, 0, 0, *range(100, 105)])
    assert all(before > after for before, after in itertools.pairwise(seen[13:18]))
    assert near(seen[18:], [0] * 6)


def test_a_stack_at_double_speed(studio: Studio) -> None:
    file = studio.counted("cut.mkv", 140, rate=24)
    inner = row(shot("a", 20, 8, file=file, has=(0, 140)), shot("b", 60, 8, file=file, has=(0, 140)))
    inner.source_range = otio.opentime.TimeRange(time(4), time(6))
    inner.effects[:] = [otio.schema.LinearTimeWarp(time_scalar=2)]
    film = read(row(inner)).model_copy(update=plain_export())
    assert near(studio.numbers(film), [24, 26, 60, 62, 64, 66])


def plain_export() -> dict[str, object]:
    small = timeline(duration=1)
    return {"size": small.size, "export": small.export}
