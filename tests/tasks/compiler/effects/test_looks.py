"""Every picture effect on the colour chart: its formula, its stated property, its parameters, its neutral point."""

from __future__ import annotations

import itertools
from pathlib import Path

import ffmpeg
import numpy as np
import pytest

from tasks.compiler.effects import EFFECTS
from tests.tasks.compiler.effects.cases import CASES, EFFECT_CASES, ELSEWHERE, NOTHING
from tests.tasks.compiler.effects.chart import Darkroom, applied, chart, rising, setting_of, ssim

STILL = chart()


def test_every_picture_effect_has_a_case() -> None:
    rows = {name for name, row in EFFECTS.items() if row.on == "picture"}
    assert rows == {*CASES, *NOTHING, *ELSEWHERE}
    for name, file in ELSEWHERE.items():
        assert f'"{name}"' in (Path(__file__).parent / file).read_text(), name


def test_every_picture_effect_says_where_it_stands_and_what_can_be_measured() -> None:
    for name, row in EFFECTS.items():
        if row.on == "picture":
            assert row.category, name
            assert row.property or name == "custom", name


@pytest.mark.parametrize("name", [*CASES, *NOTHING])
def test_at_neutral_an_effect_adds_no_filter(name: str) -> None:
    stream = ffmpeg.input("x").video
    neutral = CASES[name].neutral if name in CASES else {}
    assert applied(name, **neutral)(stream, setting_of(STILL[None])) is stream


@pytest.mark.parametrize("name", CASES)
def test_an_effect_follows_its_formula_and_grows_with_its_parameter(darkroom: Darkroom, name: str) -> None:
    case = CASES[name]
    shown = darkroom.still(STILL, *(applied(name, **step) for step in case.steps))
    measured = [case.measure(out, STILL.astype(float)) for out in shown]
    assert rising(measured, least=0.05), measured
    if case.formula is None:
        return
    if case.plain:
        shown = darkroom.still(STILL, *(applied(name, **(step | case.plain)) for step in case.steps))
    for step, out in zip(case.steps, shown, strict=True):
        wanted = np.clip(case.formula(STILL / 255, **step), 0, 1) * 255
        off = np.abs(out - wanted)
        assert off.max() <= case.within, (step, off.max(), np.unravel_index(off.argmax(), off.shape))


def test_no_two_effects_look_alike(darkroom: Darkroom) -> None:
    names = list(EFFECT_CASES)
    shown = darkroom.still(STILL, *(applied(name, **EFFECT_CASES[name].steps[-1]) for name in names))
    pictures = dict(zip(names, shown, strict=True)) | {"nothing": STILL.astype(float)}
    alike = {pair: ssim(pictures[pair[0]], pictures[pair[1]]) for pair in itertools.combinations(pictures, 2)}
    assert {pair: round(value, 3) for pair, value in alike.items() if value >= 0.98} == {}


def test_what_is_clear_stays_as_clear_as_it_was(darkroom: Darkroom) -> None:
    """But for the effects that move things or blur them, alpha passes by."""
    picture = np.dstack([STILL, np.full(STILL.shape[:2], 128, np.uint8)])
    names = list(EFFECT_CASES)
    shown = darkroom.still(picture, *(applied(name, **EFFECT_CASES[name].steps[-1]) for name in names))
    for name, out in zip(names, shown, strict=True):
        assert np.abs(out[..., 3] - 128).max() <= 1, name


@pytest.mark.parametrize("size", [(127, 71), (160, 90), (5, 3)])
def test_effects_work_at_every_size(darkroom: Darkroom, size: tuple[int, int]) -> None:
    """Odd sizes, sides in a ratio that scaling can't keep, and a layer of a few pixels."""
    picture = np.resize(STILL, (size[1], size[0], 3))
    names = list(EFFECT_CASES)
    shown = darkroom.still(picture, *(applied(name, **EFFECT_CASES[name].steps[-1]) for name in names))
    assert all(out.shape == picture.shape for out in shown)


def test_the_number_of_threads_changes_no_pixel(darkroom: Darkroom) -> None:
    """ffmpeg cuts pictures into a slice for each thread; a chunk must not depend on how many its machine has."""
    picture = np.dstack([STILL, np.full(STILL.shape[:2], 255, np.uint8)])
    treated = [applied(name, **EFFECT_CASES[name].steps[-1]) for name in EFFECT_CASES]
    halves = [applied(name, **EFFECT_CASES[name].steps[1]) for name in EFFECT_CASES]
    keyed = [applied("chroma-key"), applied("chroma-key", despill=0.5, blend=0.2)]
    alone, apart = (darkroom.still(picture, *treated, *halves, *keyed, threads=count) for count in (1, 3))
    names = [*EFFECT_CASES, *(f"{name}, less" for name in EFFECT_CASES), "chroma-key", "chroma-key, less"]
    differing = {name: int((one != other).any(-1).sum()) for name, one, other in zip(names, alone, apart, strict=True)}
    assert {name: count for name, count in differing.items() if count} == {}
