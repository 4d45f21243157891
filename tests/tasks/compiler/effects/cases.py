"""A case for every row of the effect table that treats a picture: what is neutral, what grows, and what one then measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.tasks.compiler.effects import references

Picture = np.ndarray
Parameters = dict[str, Any]

MIDDLE = np.s_[0:16, 46:50]
BLACK, WHITE = np.s_[0:16, 0:2], np.s_[0:8, 94:96]
GREEN = np.s_[18:30, 13:23]
COLOURS = np.s_[18:30]
PATTERN = np.s_[34:46]
NOISY = np.s_[50:62, 2:18]
BESIDE_THE_BAR = np.s_[50:62, 25:28]


@dataclass(frozen=True)
class Case:
    """steps: parameters in the order in which the effect grows. measure: (what came out, the chart) → a number that grows along.

    formula: (picture from 0 to 1, **parameters) → what must come out, to `within` 255ths.
    """

    neutral: Parameters
    steps: tuple[Parameters, ...]
    measure: Callable[[Picture, Picture], float]
    formula: Callable[..., Picture] | None = None
    within: float = 1
    plain: Parameters = field(default_factory=dict)
    """Parameters that switch off, for the formula, what it does not hold."""


def steps(name: str, *values: float) -> tuple[Parameters, ...]:
    return tuple({name: value} for value in values)


def change(out: Picture, chart: Picture) -> float:
    return float(np.abs(out - chart).mean())


def over(place: Any, red: float, green: float, blue: float) -> Callable[[Picture, Picture], float]:
    """A weighted sum of the channels' means over a part of the chart."""
    return lambda out, chart: float(out[place].mean((0, 1)) @ np.array([red, green, blue]))


def contrast(place: Any, sign: int = 1) -> Callable[[Picture, Picture], float]:
    return lambda out, chart: sign * float(out[place].std())


LIGHT = (1 / 3, 1 / 3, 1 / 3)
DARK = (-1 / 3, -1 / 3, -1 / 3)
WARM, COLD = (1, 0, -1), (-1, 0, 1)
SHARE = steps("intensity", 0.3, 0.7, 1)
ZERO = {"intensity": 0}


def _look(name: str, measure: Callable[[Picture, Picture], float], within: float = 1) -> Case:
    return Case(ZERO, SHARE, measure, references.look(name), within)


def _spread(out: Picture, chart: Picture) -> float:
    return -float((out[COLOURS].max(-1) - out[COLOURS].min(-1)).mean())


def _parted(out: Picture, chart: Picture) -> float:
    return float(np.abs(out[PATTERN][..., 0] - out[PATTERN][..., 2]).mean())


def _changed(out: Picture, chart: Picture) -> float:
    return 100 * float((np.abs(out - chart) > 2).mean())


def _grain(out: Picture, chart: Picture) -> float:
    return float((out - chart)[MIDDLE].std())


EFFECT_CASES: dict[str, Case] = {
    "brightness": Case(
        {"intensity": 1}, steps("intensity", 0.2, 1.2, 2), over(MIDDLE, *LIGHT), lambda x, intensity: intensity * x
    ),
    "contrast": Case(
        {"intensity": 1},
        steps("intensity", 0.5, 1.5, 3),
        contrast(PATTERN),
        lambda x, intensity: (x - 0.5) * intensity + 0.5,
    ),
    "saturation": Case(
        {"intensity": 1},
        steps("intensity", 0, 0.5, 2),
        lambda out, chart: -_spread(out, chart),
        lambda x, intensity: references.mixed(x, references.saturate(intensity)),
    ),
    "sepia": Case(
        ZERO, SHARE, over(MIDDLE, *WARM), lambda x, intensity: references.mixed(x, references.toward_sepia(intensity))
    ),
    "grayscale": Case(ZERO, SHARE, _spread, lambda x, intensity: x + intensity * (references.grey(x) - x)),
    "invert": Case(ZERO, SHARE, over(WHITE, *DARK), lambda x, intensity: x * (1 - 2 * intensity) + intensity),
    "hue-rotate": Case(
        {"angle": 360}, steps("angle", 40, 90, 180), change, lambda x, angle: references.mixed(x, references.hue(angle))
    ),
    "blur": Case({"radius": 0}, steps("radius", 1, 2, 4), contrast(PATTERN, -1)),
    "color-correction": Case(
        {}, steps("midtones_g", 0.2, 0.5, 1), over(MIDDLE, 0, 1, 0), lambda x, **p: references.balance(x, **p)
    ),
    "vintage": _look("vintage", over(BLACK, 0, 0, 1)),
    "neon": Case(ZERO, SHARE, over(MIDDLE, *DARK)),
    "vignette": Case(
        ZERO,
        SHARE,
        over(WHITE, *DARK),
        lambda x, intensity, radius=0.8: x * references.shade(x.shape, intensity, radius),
    ),
    "sunset": _look("sunset", over(MIDDLE, *WARM)),
    "lomo": _look("lomo", over(WHITE, *DARK)),
    "twilight": _look("twilight", over(MIDDLE, *COLD)),
    "sharpen": Case(ZERO, steps("intensity", 0.5, 1, 2), contrast(PATTERN)),
    "chromatic-aberration": Case(ZERO, steps("intensity", 1, 4, 8), _parted),
    "lens-flare": Case(ZERO, SHARE, over(np.s_[12:20, 68:76], *LIGHT)),
    "glow": Case(ZERO, SHARE, over(BESIDE_THE_BAR, *LIGHT)),
    "film-grain": Case(
        {"amount": 0}, ({"intensity": 0.02}, {"intensity": 0.1}, {"intensity": 0.2, "amount": 0.8}), _grain
    ),
    "duotone": Case(ZERO, SHARE, over(BLACK, 0, 0, 1), references.duotone),
    "noir": _look("noir", _spread),
    "cyberpunk": _look("cyberpunk", over(MIDDLE, 0.5, -1, 0.5)),
    "dreamy": Case(ZERO, SHARE, contrast(PATTERN, -1)),
    "infrared": _look("infrared", over(GREEN, 1, -1, 0)),
    "matrix": _look("matrix", over(MIDDLE, -0.5, 1, -0.5)),
    "arctic": _look("arctic", over(MIDDLE, *COLD)),
    "noise-reduction": Case(ZERO, steps("intensity", 1, 3, 20), contrast(NOISY, -1)),
    "temperature": Case(
        {},
        steps("temperature", -80, 40, 80),
        over(MIDDLE, *WARM),
        lambda x, temperature: x * references.gains(temperature, 0),
    ),
    "tint": Case(
        {}, steps("tint", -80, 40, 100), over(MIDDLE, 0.5, -1, 0.5), lambda x, tint: x * references.gains(0, tint)
    ),
    "exposure": Case({}, steps("exposure", -2, -1, 0.7), over(MIDDLE, *LIGHT), references.exposure),
    "glitch": Case(ZERO, steps("intensity", 10, 50, 100), change),
    "pixelate": Case({"pixelSize": 1}, steps("pixelSize", 2, 4, 8), contrast(PATTERN, -1), references.pixelate),
    "edge-enhance": Case(ZERO, steps("intensity", 0.1, 0.3, 0.5), contrast(PATTERN), references.edge_enhance),
    "emboss": Case(ZERO, steps("intensity", 0.2, 0.5, 0.8), change, references.emboss),
    "solarize": Case({"threshold": 1}, steps("threshold", 0.9, 0.5, 0.3), _changed, references.solarize),
    "zoom-blur": Case(ZERO, steps("intensity", 2, 5, 10), contrast(np.s_[34:46, 70:94], -1)),
    "hologram": Case(ZERO, SHARE, over(MIDDLE, -1, 1, 0)),
    "lift-gamma-gain": Case(
        {},
        (
            {"lift_r": 0.1, "gain_b": 0.9},
            {"lift_r": 0.3, "gain_b": 0.8, "gamma_g": 1.4},
            {"lift_r": 0.5, "gain_b": 0.5, "gamma_g": 2, "offset_r": 0.05},
        ),
        over(BLACK, 1, 0, 0),
        references.wheels,
    ),
    "curves": Case({}, tuple({"master": (0, 0, 0.5, y, 1, 1)} for y in (0.3, 0.6, 0.8)), over(MIDDLE, *LIGHT)),
}

_AMOUNT = steps("intensity", 0.3, 0.7, 1)
_SIGNED = (-0.8, 0.3, 0.9)
_PLAIN: Parameters = {"clarity": 0, "grain": 0}

LOOKS: dict[str, Parameters] = {
    "s-log": {"brightness": 0.1, "contrast": 0.8, "saturation": 0.9, "gamma": 1.2, "shadows": 0.1, "highlights": -0.1},
    "d-log": {
        "brightness": 0.05,
        "contrast": 0.85,
        "saturation": 0.95,
        "gamma": 1.1,
        "shadows": 0.05,
        "highlights": -0.05,
    },
    "v-log": {
        "brightness": 0.15,
        "contrast": 0.75,
        "saturation": 0.85,
        "gamma": 1.3,
        "shadows": 0.15,
        "highlights": -0.15,
    },
    "hlg": {"brightness": 0.2, "contrast": 0.9, "saturation": 1.1, "gamma": 1.4, "shadows": 0.1, "highlights": -0.1},
    "rec2020": {"brightness": 0.1, "contrast": 1.1, "saturation": 1.2, "gamma": 1.1},
    "cinestyle": {
        "brightness": 0.05,
        "contrast": 0.9,
        "saturation": 0.8,
        "gamma": 1.15,
        "shadows": 0.05,
        "highlights": -0.05,
    },
    "flat": {"brightness": 0, "contrast": 0.7, "saturation": 0.7, "gamma": 1},
    "portrait": {
        "brightness": 0.1,
        "contrast": 1.1,
        "saturation": 0.9,
        "gamma": 1.05,
        "temperature": 10,
        "tint": 5,
        "vibrance": 0.1,
    },
    "landscape": {
        "brightness": 0.05,
        "contrast": 1.2,
        "saturation": 1.3,
        "gamma": 1.1,
        "temperature": -5,
        "tint": -2,
        "vibrance": 0.2,
        "dehaze": 0.1,
    },
    "vintage-film": {
        "brightness": -0.1,
        "contrast": 0.9,
        "saturation": 0.8,
        "gamma": 1.1,
        "temperature": 15,
        "tint": 8,
        "vignette": 0.3,
        "highlights": -0.2,
        "shadows": 0.1,
    },
    "warm-sunset": {
        "brightness": 0.1,
        "contrast": 1.1,
        "saturation": 1.2,
        "gamma": 1.05,
        "temperature": 25,
        "tint": 10,
        "hue": 10,
        "vibrance": 0.2,
        "highlights": -0.1,
    },
    "cold-blue": {
        "brightness": -0.05,
        "contrast": 1.1,
        "saturation": 0.9,
        "gamma": 1.0,
        "temperature": -20,
        "tint": -10,
        "hue": -15,
        "vibrance": 0.1,
        "shadows": 0.1,
    },
    "dramatic-contrast": {
        "brightness": 0.05,
        "contrast": 1.4,
        "saturation": 1.1,
        "gamma": 0.9,
        "shadows": -0.2,
        "highlights": 0.1,
        "blacks": -0.1,
        "whites": 0.1,
    },
}
"""The catalogue's looks, but for what `references.filtered` does not compute."""


def _of_look(name: str) -> Case:
    return Case(ZERO, _AMOUNT, change, lambda x, **p: references.filtered(x, **(LOOKS[name] | p)), plain=_PLAIN)


def _single(measure: Callable[[Picture, Picture], float], name: str, *values: float, exact: bool = True) -> Case:
    return Case({}, steps(name, *values), measure, references.filtered if exact else None)


def _by_intensity(values: Parameters, measure: Callable[[Picture, Picture], float], formula: Any = None) -> Case:
    return Case({**values, "intensity": 0}, tuple({**values, **step} for step in _AMOUNT), measure, formula)


def _strong(out: Picture, chart: Picture) -> float:
    return -_spread(out, chart)


FILTER_CASES: dict[str, Case] = {f"filter-{name}": _of_look(name) for name in LOOKS} | {
    "filter-brightness": _single(over(MIDDLE, *LIGHT), "brightness", -0.3, 0.1, 0.4),
    "filter-contrast": _single(contrast(PATTERN), "contrast", 0.5, 1.2, 2),
    "filter-saturation": _single(_strong, "saturation", 0, 0.6, 1.6),
    "filter-gamma": _single(over(MIDDLE, *LIGHT), "gamma", 0.6, 1.3, 2),
    "filter-temperature": _single(over(MIDDLE, *WARM), "temperature", -60, 20, 80),
    "filter-tint": _single(over(MIDDLE, 0.5, -1, 0.5), "tint", -60, 20, 80),
    "filter-hue": _single(change, "hue", 30, 90, 150),
    "filter-vibrance": _single(over(np.s_[18:30, 74:82], *WARM), "vibrance", *_SIGNED),
    "filter-shadows": _single(over(np.s_[0:16, 20:30], *LIGHT), "shadows", *_SIGNED),
    "filter-highlights": _single(over(np.s_[0:16, 66:76], *LIGHT), "highlights", *_SIGNED),
    "filter-blacks": _single(over(np.s_[0:16, 10:20], *LIGHT), "blacks", *_SIGNED),
    "filter-whites": _single(over(np.s_[0:16, 76:84], *LIGHT), "whites", *_SIGNED),
    "filter-clarity": _single(contrast(np.s_[0:64]), "clarity", *_SIGNED, exact=False),
    "filter-dehaze": _single(over(np.s_[0:16, 20:30], *DARK), "dehaze", *_SIGNED),
    "filter-vignette": _single(over(WHITE, *DARK), "vignette", 0.2, 0.5, 1),
    "filter-grain": _single(_grain, "grain", 0.1, 0.4, 1, exact=False),
    "filter-blur": _single(contrast(PATTERN, -1), "blur", 1, 2, 4, exact=False),
    "filter-sharpen": _single(contrast(PATTERN), "sharpen", 0.5, 1, 2, exact=False),
    "filter-shadows-highlights": Case(
        {},
        ({"shadows": -0.5}, {"shadows": 0.5, "highlights": -0.2}, {"shadows": 0.9}),
        over(np.s_[0:16, 20:30], *LIGHT),
        references.filtered,
    ),
    "filter-white-balance": Case(
        {},
        ({"temperature": -50}, {"temperature": 20, "tint": 30}, {"temperature": 70, "tint": -30}),
        over(MIDDLE, *WARM),
        references.filtered,
    ),
    "filter-glow": _by_intensity({"glow": 1}, over(BESIDE_THE_BAR, *LIGHT)),
    "filter-exposure": _by_intensity(
        {"exposure": 0.8},
        over(MIDDLE, *LIGHT),
        lambda x, exposure, intensity: references.exposure(x, exposure * intensity),
    ),
    "filter-curves": _by_intensity({"red": (0, 0, 0.5, 0.7, 1, 1)}, over(MIDDLE, 1, 0, 0)),
    "filter-levels": Case(
        {},
        (
            {"gamma": 0.7, "black": 0.1},
            {"white": 0.9, "gamma": 1.3},
            {"black": 0.1, "white": 0.8, "gamma": 2, "output_black": 0.3, "output_white": 0.95},
        ),
        over(MIDDLE, *LIGHT),
        references.levels,
    ),
    "filter-color-balance": _by_intensity(
        {"midtones_r": 0.8, "shadows_b": -0.5},
        over(MIDDLE, *WARM),
        lambda x, intensity, **p: references.balance(x, **{name: value * intensity for name, value in p.items()}),
    ),
}

CASES = EFFECT_CASES | FILTER_CASES

NOTHING = ("filter-rec709", "filter-neutral")
"""Looks of the catalogue that change nothing."""

ELSEWHERE = {
    "custom": "test_picture_effects.py",
    "motion-blur": "test_neighbouring_frames.py",
    "stabilization": "test_stabilization.py",
    "chroma-key": "test_chroma_key.py",
    "lut": "test_lut.py",
}
"""Rows that one picture of the chart can't show, and the file that tests them."""
