"""Effects with a formula at the film's end: what `kinofarm frame` shows and what the encoded film holds."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tasks.compiler.model import Timeline
from tests.tasks.compiler.effects.cases import CASES
from tests.tasks.compiler.films import Studio, clip, timeline, track

SIDE, COLUMNS = 32, 8
COLOURS = ((200, 110, 60), (30, 90, 170), (128, 128, 128))
NAMES = [
    name for name, case in CASES.items() if case.formula and name not in ("vignette", "lomo", "noir", "filter-vignette")
]


def film(studio: Studio, colour: tuple[int, int, int]) -> Timeline:
    """Every effect on a cell of its own of one flat colour, at quality 85 (CRF 18)."""
    name = "flat-{}-{}-{}.png".format(*colour)
    still = studio.source(name, lambda path: Image.new("RGB", (SIDE, SIDE), colour).save(path))
    rows = -(-len(NAMES) // COLUMNS)
    tracks = []
    for number, kind in enumerate(NAMES):
        case = CASES[kind]
        effect = {"kind": kind, "parameters": case.steps[-1] | case.plain}
        x, y = number % COLUMNS / COLUMNS, number // COLUMNS / rows
        cell = {"x": x, "y": y, "width": 1 / COLUMNS, "height": 1 / rows, "fit": "none"}
        tracks.append(track(clip(kind, still, 0, 2, cell=cell, effects=[effect])))
    size = {"width": COLUMNS * SIDE, "height": rows * SIDE}
    return timeline(*tracks, duration=2, size=size, export={"video": {"crf": 18}})


@pytest.mark.parametrize("colour", COLOURS)
def test_a_flat_colour_keeps_to_its_formula_in_a_frame_and_in_the_film(
    studio: Studio, colour: tuple[int, int, int]
) -> None:
    made = film(studio, colour)
    shown, encoded = studio.still(made, 1), studio.to_rgb(studio.pictures(made)[1])
    for number, kind in enumerate(NAMES):
        case = CASES[kind]
        assert case.formula is not None
        flat = np.full((4, 4, 3), colour) / 255
        wanted = np.clip(case.formula(flat, **case.steps[-1]), 0, 1)[1, 1] * 255
        y, x = number // COLUMNS * SIDE + SIDE // 2, number % COLUMNS * SIDE + SIDE // 2
        assert np.abs(shown[y, x] - wanted).max() <= 3, (kind, shown[y, x], wanted)
        assert np.abs(encoded[y, x] - wanted).max() <= 4, (kind, encoded[y, x], wanted)
