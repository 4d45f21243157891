"""However long a film is: curves, ranges and what the analyses remember are bounded."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from tasks.media.analysis.curve import MOST_POINTS, CurveMaker
from tasks.media.analysis.parts import Frames, Scope, Sound
from tasks.media.analysis.ranges import MOST_RANGES, FrameSpans, Place, TimeSpans
from tasks.media.analysis.samples import SoundBlock
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.shot import Shot, Shrinker
from tasks.media.analysis.table import ANALYSES
from tasks.media.facts import MediaFacts, PictureFacts, SoundFacts

F = Fraction
HOURS = F(36_000)

PICTURE = PictureFacts(
    index=0, codec="h264", width=64, height=48, pixel_format="yuv420p", time_base=F(1, 60), rate=F(60),
    constant_rate=True, start=F(0), end=HOURS, frames=2_160_000, max_gap=F(1, 60),
)  # fmt: skip
SOUND = SoundFacts(
    index=1, codec="aac", sample_rate=48_000, channels=2, layout="stereo", time_base=F(1, 48_000), start=F(0), end=HOURS
)
FACTS = MediaFacts(
    sha256="0" * 64, size=1, demuxer="mov", start=F(0), duration=HOURS, pictures=(PICTURE,), sounds=(SOUND,)
)
SCOPE = Scope(FACTS, PICTURE, SOUND, AnalysisSettings())


def test_a_curve_that_becomes_longer_than_expected_is_merged() -> None:
    maker = CurveMaker(F(1, 25), F(10))
    for place in range(10_000):
        maker.add(F(place, 25), place % 2)
    curve = maker.result()
    assert curve.step == F(8, 25)
    assert curve.values == (0.5,) * 1_250


def test_a_curve_of_the_highest_keeps_the_highest() -> None:
    maker = CurveMaker(F(1), F(1), "max")
    for place in range(8_000):
        maker.add(F(place), -float(place))
    assert maker.result().values[:3] == (0.0, -4.0, -8.0)


def test_a_curve_survives_a_time_beyond_all_reason() -> None:
    maker = CurveMaker(F(1, 25), F(10))
    maker.add(F(0), 1.0)
    maker.add(F(10**12), 2.0)
    values = maker.result().values
    assert len(values) <= MOST_POINTS
    assert (values[0], values[-1]) == (1.0, 2.0)


def test_what_was_not_measured_is_none() -> None:
    maker = CurveMaker(F(1), F(4))
    maker.add(F(3), 5.0)
    maker.add(F(1), float("nan"))
    assert maker.result().values == (None, None, None, 5.0)


def test_more_ranges_than_are_listed_are_counted() -> None:
    frames, times = FrameSpans(F(0)), TimeSpans(F(0))
    for place in range(0, 2 * MOST_RANGES + 10, 2):
        frames.hold(Place(place, F(place)))
        frames.close(Place(place + 1, F(place + 1)))
        times.hold(F(place))
        times.close(F(place + 1))
    for found in (frames.result(Place(10**6, F(10**6))), times.result(F(10**6))):
        assert (len(found.ranges), found.count, found.truncated) == (MOST_RANGES, MOST_RANGES + 5, True)
        assert found.total == MOST_RANGES + 5


@pytest.mark.parametrize("kind", [kind for kind, row in ANALYSES.items() if isinstance(row, Frames | Sound)])
def test_no_analysis_remembers_each_frame(kind: str) -> None:
    row = ANALYSES[kind]
    collector: Any = row.start(SCOPE)
    chance = np.random.default_rng(6)
    frames = [av.VideoFrame.from_ndarray(chance.integers(0, 255, (48, 64, 3), np.uint8), "bgr24") for _ in range(3)]
    noise = chance.uniform(-1, 1, (2, 960)).astype(np.float32)
    shrinker = Shrinker(64, 48)

    def go(first: int, last: int) -> None:
        for number in range(first, last):
            if isinstance(row, Frames):
                collector.look(Shot(frames[number % 3], Place(number, F(number, 60)), shrinker))
            else:
                collector.hear(SoundBlock(noise, F(number, 50), 48_000, av.AudioLayout("stereo")))

    length = 1_000
    go(0, length)
    tracemalloc.start()
    go(length, 2 * length)
    held = tracemalloc.get_traced_memory()[0]
    go(2 * length, 4 * length)
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert grown < 2 * length * 24
