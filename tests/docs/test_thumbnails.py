"""The effects page's pictures: each effect has one, none is left over, and each shows something."""

from __future__ import annotations

import numpy as np
from PIL import Image

from docs.thumbnails import FOLDER, SIZE
from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.documentation import EXAMPLES, UNSEEN, effects_page

NOTHING = {"filter-rec709", "filter-neutral"}


def test_every_picture_effect_has_its_thumbnail_and_no_other_is_there() -> None:
    shown = {name for name, row in EFFECTS.items() if row.on == "picture"} - UNSEEN
    assert {path.stem for path in FOLDER.glob("*.jpg")} == shown | {"original"}, "run: python -m docs.thumbnails"
    page = effects_page(EFFECTS)
    assert all(f"(pictures/effects/{name}.jpg)" in page for name in shown)


def test_each_shows_what_its_effect_does() -> None:
    nothing = np.asarray(Image.open(FOLDER / "filter-neutral.jpg"), float)
    for path in FOLDER.glob("*.jpg"):
        picture = Image.open(path)
        assert picture.size == SIZE, path.name
        change = float(np.abs(np.asarray(picture, float) - nothing).mean())
        assert path.stem == "original" or (change > 0.8) != (path.stem in NOTHING), (path.name, change)


def test_the_examples_are_parameters_that_their_effects_take() -> None:
    for name, parameters in EXAMPLES.items():
        EFFECTS[name].parameters.model_validate(dict(parameters))
