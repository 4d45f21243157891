"""A film of other proportions than its timeline: bars, cut to fill, or over a blurred picture of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.tasks.compiler.films import FAST, Studio, clip, timeline, track


def thirds(path: Path) -> None:
    """Black, white, grey side by side; a grey line below."""
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, 32:64], picture[:, 64:] = 255, 128
    Image.fromarray(picture).save(path)


def shown(studio: Studio, size: tuple[int, int], reframe: str, **export: Any) -> np.ndarray:
    name = studio.source("thirds.png", thirds)
    more = {"size": {"width": size[0], "height": size[1]}, "reframe": reframe}
    film = timeline(
        track(clip("a", name, 0, 3)), duration=3, size={"width": 96, "height": 64}, export=FAST | more | export
    )
    for chunk in studio.plan(film).chunks:
        assert chunk.work.shape is not None
        assert (chunk.work.shape.width, chunk.work.shape.height) == size
    return np.stack([studio.to_rgb(frame) for frame in studio.pictures(film)])


def test_fit_puts_bars_around_the_whole_picture(studio: Studio) -> None:
    seen = shown(studio, (48, 96), "fit")[1]
    assert seen[:30].max() <= 4
    assert seen[-30:].max() <= 4
    assert [int(value) for value in seen[48, (6, 24, 42), 0]] == pytest.approx([0, 255, 128], abs=6)


def test_fill_cuts_the_sides_off(studio: Studio) -> None:
    seen = shown(studio, (32, 64), "fill")[1]
    assert seen[2:-2, 3:-3].min() >= 240


def test_blur_lays_the_whole_picture_over_a_soft_copy_that_fills_the_frame(studio: Studio) -> None:
    frames = shown(studio, (48, 96), "blur")
    seen = frames[1]
    assert [int(value) for value in seen[48, (6, 24, 42), 0]] == pytest.approx([0, 255, 128], abs=6)
    assert 150 < seen[4, 24, 0] <= 255
    assert np.abs(np.diff(seen[4, :, 0].astype(int))).max() < 100
    assert np.abs(frames[0].astype(int) - frames[2]).max() <= 4


def test_other_sizes_of_the_same_proportions_are_only_scaled(studio: Studio) -> None:
    name = studio.source("thirds.png", thirds)
    film = timeline(
        track(clip("a", name, 0, 3)),
        duration=3,
        size={"width": 96, "height": 64},
        export=FAST | {"size": {"width": 48, "height": 32}, "reframe": "blur"},
    )
    graph = str(studio.plan(film).chunks[0].work.stages[0].argv)
    assert "gblur" not in graph
    assert "pad=" not in graph
    same = film.model_copy(update={"export": film.export.model_copy(update={"size": film.size})})
    plain = film.model_copy(update={"export": film.export.model_copy(update={"size": None, "reframe": "fit"})})
    keys = [[chunk.work.key for chunk in studio.plan(one).chunks] for one in (same, plain)]
    assert keys[0] == keys[1]
