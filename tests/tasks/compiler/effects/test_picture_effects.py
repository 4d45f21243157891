"""Picture effects by their pixels: each against its formula, through real ffmpeg."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import cos, radians, sin
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
import pytest

from infra.errors import KinofarmError
from tasks.compiler.effects import EFFECTS, colour_correction
from tasks.compiler.effects.row import Setting, Stream
from tasks.compiler.model import ColourCorrection

WIDTH, HEIGHT = 48, 16
SETTING = Setting(rate=Fraction(25), width=WIDTH, height=HEIGHT)
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (12, 130, 201), (128, 128, 128), (250, 240, 60), (40, 30, 20)]

EXACT = 0.05
"""255ths: what 16-bit arithmetic may lose."""

SAMPLED = 0.5
"""255ths: what a bent curve, sampled at a few points, may lose."""

Rgb = tuple[float, float, float]
Apply = Callable[[Stream], Stream]


@pytest.fixture
def shown(ffmpeg_binary: str, tmp_path: Path) -> Callable[[Apply, np.ndarray], np.ndarray]:
    """Send an 8-bit RGB(A) picture through filters on 16-bit planar RGB; the result is in 255ths, not rounded."""

    def through(apply: Apply, picture: np.ndarray) -> np.ndarray:
        height, width, channels = picture.shape
        raw, alpha = ("rgba64le", True) if channels == 4 else ("rgb48le", False)
        deep = picture.astype("<u2") * 257
        stream = ffmpeg.input("pipe:0", f="rawvideo", pix_fmt=raw, s=f"{width}x{height}")
        stream = apply(stream.filter("format", "gbrap16le" if alpha else "gbrp16le")).filter("format", raw)
        command = stream.output("pipe:1", f="rawvideo", pix_fmt=raw)
        out, _ = command.run(cmd=ffmpeg_binary, input=deep.tobytes(), capture_stdout=True, quiet=True)
        return np.frombuffer(out, "<u2").reshape(height, width, channels) / 257

    return through


def swatches() -> np.ndarray:
    """Every test colour as a column four pixels wide."""
    columns = np.repeat(np.array(COLOURS, np.uint8), 4, axis=0)
    return np.repeat(columns[None], HEIGHT, axis=0)


def effect(name: str, **parameters: Any) -> Apply:
    row = EFFECTS[name]
    return lambda stream: row.build(stream, row.parameters.model_validate(parameters), SETTING)


def matrix(rows: list[list[float]]) -> Callable[[Rgb], Rgb]:
    return lambda c: tuple(sum(g * v for g, v in zip(row, c, strict=True)) for row in rows)  # type: ignore[return-value]


def each(curve: Callable[[float], float]) -> Callable[[Rgb], Rgb]:
    return lambda c: (curve(c[0]), curve(c[1]), curve(c[2]))


def saturate(s: float) -> list[list[float]]:
    luma = (0.213, 0.715, 0.072)
    return [[luma[j] + ((1 - luma[j]) if i == j else -luma[j]) * s for j in range(3)] for i in range(3)]


def hue(degrees: float) -> list[list[float]]:
    a = np.array([[0.213, 0.715, 0.072]] * 3)
    b = np.array([[0.787, -0.715, -0.072], [-0.213, 0.285, -0.072], [-0.213, -0.715, 0.928]])
    c = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])
    return (a + cos(radians(degrees)) * b + sin(radians(degrees)) * c).tolist()


def mixed(goal: list[list[float]], amount: float) -> list[list[float]]:
    return (amount * np.array(goal) + (1 - amount) * np.eye(3)).tolist()


SEPIA = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]
GREY = [[0.2126, 0.7152, 0.0722]] * 3

FORMULAS: list[tuple[str, dict[str, Any], Callable[[Rgb], Rgb]]] = [
    ("brightness", {}, each(lambda v: 1.2 * v)),
    ("brightness", {"intensity": 0.25}, each(lambda v: 0.25 * v)),
    ("brightness", {"intensity": 30}, each(lambda v: 30 * v)),
    ("contrast", {}, each(lambda v: 1.5 * (v - 0.5) + 0.5)),
    ("contrast", {"intensity": 0}, each(lambda v: 0.5)),
    ("contrast", {"intensity": 1.4, "pivot": 0.3}, each(lambda v: 1.4 * (v - 0.3) + 0.3)),
    ("saturation", {}, matrix(saturate(2))),
    ("saturation", {"intensity": 0}, matrix(saturate(0))),
    ("saturation", {"intensity": 7.5}, matrix(saturate(7.5))),
    ("sepia", {}, matrix(mixed(SEPIA, 0.8))),
    ("sepia", {"intensity": 3}, matrix(SEPIA)),
    ("grayscale", {}, matrix(GREY)),
    ("grayscale", {"intensity": 0.3}, matrix(mixed(GREY, 0.3))),
    ("invert", {}, each(lambda v: v * (1 - 1.6) + 0.8)),
    ("invert", {"intensity": 1}, each(lambda v: 1 - v)),
    ("hue-rotate", {}, matrix(hue(90))),
    ("hue-rotate", {"angle": -725.5}, matrix(hue(-725.5))),
    ("blur", {"radius": 40}, each(lambda v: v)),
]


@pytest.mark.parametrize(("name", "parameters", "formula"), FORMULAS)
def test_a_flat_colour_comes_out_as_the_formula_says(
    shown: Any, name: str, parameters: dict[str, Any], formula: Callable[[Rgb], Rgb]
) -> None:
    for colour in COLOURS:
        picture = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
        wanted = np.clip(np.array(formula(tuple(v / 255 for v in colour))), 0, 1) * 255  # type: ignore[arg-type]
        got = shown(effect(name, **parameters), picture)
        assert np.abs(got - wanted).max() <= EXACT, (name, parameters, colour, got[0, 0], wanted)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("brightness", {"intensity": 1}),
        ("contrast", {"intensity": 1}),
        ("saturation", {"intensity": 1}),
        ("sepia", {"intensity": 0}),
        ("grayscale", {"intensity": 0}),
        ("invert", {"intensity": 0}),
        ("hue-rotate", {"angle": 720}),
        ("blur", {"radius": 0}),
        ("color-correction", {}),
        ("audio-fade-in", {"duration": 0}),
        ("audio-fade", {"fade_in": 0, "fade_out": 0}),
        ("audio-pan", {"pan": 0}),
        ("audio-lowpass", {"frequency": 24_000}),
    ],
)
def test_an_effect_that_changes_nothing_adds_no_filter(name: str, parameters: dict[str, Any]) -> None:
    stream = ffmpeg.input("x").video
    assert effect(name, **parameters)(stream) is stream


def test_blur_spreads_an_edge_as_a_gaussian_does(shown: Any) -> None:
    picture = np.zeros((64, 128, 3), np.uint8)
    picture[:, 64:] = 255
    got = shown(effect("blur", radius=6), picture)[32, :, 0] / 255
    distance = np.arange(128) - 63.5
    wanted = _gaussian(distance, 6)
    assert np.abs(got - wanted).max() < 0.04


def test_blur_does_not_darken_the_edge_of_a_clear_layer(shown: Any) -> None:
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[16:48, 16:48] = (255, 0, 0, 255)
    alpha = Setting(rate=Fraction(25), width=64, height=64, alpha=True)
    row = EFFECTS["blur"]
    got = shown(lambda s: row.build(s, row.parameters.model_validate({"radius": 3}), alpha), picture)
    edge = got[32, 14]
    assert 20 < edge[3] < 200
    assert edge[0] > 245, "the colour that shows through stays red"


def test_colour_passes_through_alpha_untouched(shown: Any) -> None:
    picture = np.full((16, 16, 4), (200, 100, 50, 128), np.uint8)
    got = shown(effect("sepia"), picture)
    assert abs(got[8, 8, 3] - 128) <= 1


def test_a_custom_chain_runs_and_leaves_alpha_alone(shown: Any) -> None:
    picture = np.full((16, 16, 4), (200, 100, 50, 128), np.uint8)
    alpha = Setting(rate=Fraction(25), width=16, height=16, alpha=True)
    row = EFFECTS["custom"]
    chain = row.parameters.model_validate({"filter": "negate,eq=contrast=1"})
    got = shown(lambda stream: row.build(stream, chain, alpha), picture)[8, 8]
    assert np.abs(got - [55, 155, 205, 128]).max() <= 3
    got = shown(effect("custom", filter="negate"), picture[:, :, :3])[8, 8]
    assert np.abs(got - [55, 155, 205]).max() <= EXACT


@pytest.mark.parametrize("chain", ["movie=/etc/passwd", "lut3d=file=x.cube", "eq;[0]null", ""])
def test_a_custom_chain_that_is_not_allowed_is_refused_by_name(chain: str) -> None:
    with pytest.raises(KinofarmError, match="SECURITY-00"):
        EFFECTS["custom"].parameters.model_validate({"filter": chain})


def correct(**fields: float) -> Apply:
    correction = ColourCorrection.model_validate(fields)
    return lambda stream: colour_correction(stream, correction, SETTING)


def ramp() -> np.ndarray:
    return np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(2, axis=0)


def curve(field: str, p: float) -> Callable[[np.ndarray], np.ndarray]:
    """The formula of one field, as docs/colour-correction.md gives it."""
    formulas: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "brightness": lambda x: x + p,
        "contrast": lambda x: (x - 0.5) * p + 0.5,
        "gamma": lambda x: x ** (1 / p),
        "shadows": lambda x: x + 0.8 * p * x * (1 - x) ** 2,
        "highlights": lambda x: x + 0.8 * p * x**2 * (1 - x),
        "blacks": lambda x: x + 0.25 * p * (1 - x) ** 3,
        "whites": lambda x: x + 0.25 * p * x**3,
    }
    return formulas[field]


@pytest.mark.parametrize("value", [-1, -0.4, 0.3, 1])
@pytest.mark.parametrize("field", ["brightness", "contrast", "gamma", "shadows", "highlights", "blacks", "whites"])
def test_each_tone_of_a_correction_follows_its_curve_and_rises(shown: Any, field: str, value: float) -> None:
    if field in ("contrast", "gamma"):
        value = 2.0**value
    got = shown(correct(**{field: value}), ramp())[0, :, 0]
    wanted = np.clip(curve(field, value)(np.arange(256) / 255), 0, 1) * 255
    assert np.abs(got - wanted).max() <= SAMPLED
    assert (np.diff(got) >= 0).all()


@pytest.mark.parametrize("field", ["brightness", "shadows", "highlights", "blacks", "whites", "gamma"])
def test_a_correction_grows_with_its_parameter(shown: Any, field: str) -> None:
    values = [0.5, 1, 2] if field == "gamma" else [-1, 0, 1]
    low, middle, high = (shown(correct(**{field: v}), ramp())[0, :, 0] for v in values)
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert low.sum() < middle.sum() < high.sum()


def test_a_correction_composes_its_steps_in_order(shown: Any) -> None:
    fields = {"shadows": 0.5, "blacks": -0.3, "whites": 0.2, "contrast": 1.3, "brightness": 0.1, "gamma": 1.4}
    x = np.arange(256) / 255
    x = curve("shadows", fields["shadows"])(x)
    x = x + 0.25 * -0.3 * (1 - x) ** 3 + 0.25 * 0.2 * x**3
    x = np.clip(np.maximum((x - 0.5) * 1.3 + 0.5 + 0.1, 0) ** (1 / 1.4), 0, 1)
    got = shown(correct(**fields), ramp())[0, :, 0]
    assert np.abs(got - x * 255).max() <= SAMPLED


def test_hue_comes_before_saturation_as_one_matrix(shown: Any) -> None:
    got = shown(correct(hue=40, saturation=1.5), swatches())
    m = np.array(saturate(1.5)) @ np.array(hue(40))
    wanted = np.clip(swatches() / 255 @ m.T, 0, 1) * 255
    assert np.abs(got - wanted).max() <= EXACT
    stream = ffmpeg.input("x").video
    built = correct(hue=40, saturation=1.5, gamma=1.2, brightness=0.1)(stream)
    names = [part.split("=")[0] for part in built.output("o").get_args()[3].split("]")[1::2]]
    assert len(names) == 2


def test_the_balance_moves_one_channel_of_one_part_of_the_tones(shown: Any) -> None:
    got = shown(effect("color-correction", highlights_r=1, shadows_b=-1), ramp())[0]
    same = ramp()[0].astype(int)
    assert (got[:, 0] >= same[:, 0]).all()
    assert (got[:, 2] <= same[:, 2]).all()
    assert (got[:, 1] == same[:, 1]).all()
    assert got[190, 0] - 190 > 2 * (got[64, 0] - 64)
    assert 64 - got[64, 2] > 2 * (190 - got[190, 2])


def test_a_parameter_out_of_its_bounds_is_refused() -> None:
    for name, bad in [("brightness", {"intensity": -1}), ("blur", {"radius": 1e9}), ("sepia", {"strength": 1})]:
        with pytest.raises(ValueError, match="validation error"):
            EFFECTS[name].parameters.model_validate(bad)
    with pytest.raises(ValueError):
        EFFECTS["brightness"].parameters.model_validate({"intensity": float("nan")})


def test_every_row_stands_under_its_own_name_and_describes_its_parameters() -> None:
    for name, row in EFFECTS.items():
        assert row.name == name
        assert row.summary.endswith(".")
        assert all(field.description for field in row.parameters.model_fields.values())


def _gaussian(distance: np.ndarray, sigma: float) -> np.ndarray:
    """A unit step blurred by a Gaussian, at distances from the step."""
    steps = np.arange(-200, 200, 0.01)
    density = np.exp(-(steps**2) / (2 * sigma**2))
    total = np.cumsum(density) / density.sum()
    return np.interp(distance, steps, total)
