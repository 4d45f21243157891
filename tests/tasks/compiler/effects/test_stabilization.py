"""Stabilisation: a shaken picture lies stiller, however the film is cut; nothing of the pass stays in the key but what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np

from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.stabilization import Stabilization
from tests.tasks.compiler.films import PAL, Studio, clip, timeline, track

NAME = "stabilization"
WIDTH, HEIGHT = 160, 120
LOSSLESS = {"video": {"crf": 0, "preset": "ultrafast"}}


def shaken(path: Path, frames: int = 48) -> None:
    """A blocky scene, seen by a camera that jumps up to three pixels each way, losslessly."""
    random = np.random.default_rng(11)
    scene = np.kron(random.integers(40, 220, (20, 26)), np.ones((8, 8))).astype(np.uint8)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=PAL, options={"qp": "0", "preset": "ultrafast", "g": "12"})
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuv420p"
        for _ in range(frames):
            down, across = random.integers(-3, 4, 2) + 16
            rows = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
            rows[:HEIGHT] = scene[down : down + HEIGHT, across : across + WIDTH]
            file.mux(stream.encode(av.VideoFrame.from_ndarray(rows, format="yuv420p")))
        file.mux(stream.encode(None))


def film(studio: Studio, **parameters: Any) -> Any:
    effects = [{"kind": NAME, "parameters": {"smoothing": 6, "zoom": 10, **parameters}}]
    one = clip("a", studio.source("shaken.mp4", shaken), 0, 24, source_start="2/5", effects=effects)
    return timeline(track(one), duration=24, size={"width": WIDTH, "height": HEIGHT}, export=LOSSLESS)


def unrest(frames: np.ndarray) -> float:
    inside = frames[:, 20 : HEIGHT - 20, 20 : WIDTH - 20].astype(int)
    return float(np.abs(np.diff(inside, axis=0)).mean())


def test_a_shaken_picture_lies_stiller_and_the_same_in_every_chunk(studio: Studio) -> None:
    steady = studio.pictures(film(studio))
    before, after = unrest(studio.pictures(film(studio, smoothing=0))), unrest(steady)
    assert after < 0.5 * before, (before, after)
    assert (steady[:, :HEIGHT] > 30).all(), "no border shows"
    cut = studio.pictures(film(studio), chunk_seconds=0.3)
    assert len(studio.plan(film(studio), chunk_seconds=0.3).chunks) >= 3
    assert np.abs(steady.astype(int) - cut).max() <= 1


def test_the_first_pass_is_a_stage_of_the_same_work(studio: Studio) -> None:
    work = studio.plan(film(studio)).chunks[0].work
    assert len(work.stages) == 2
    assert "vidstabdetect" in " ".join(work.stages[0].argv)
    assert work.stages[0].argv[-3:] == ("-f", "null", "-")
    assert work.key == studio.plan(film(studio)).chunks[0].work.key
    assert studio.still(film(studio), 5).shape == (HEIGHT, WIDTH, 3)


def test_without_smoothing_nothing_is_done() -> None:
    stream: Any = object()
    row = EFFECTS[NAME]
    assert row.build(stream, Stabilization(smoothing=0), None) is stream  # type: ignore[arg-type]
    assert row.handles(Stabilization(smoothing=0)) == 0
