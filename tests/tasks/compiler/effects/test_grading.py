"""Curves through an author's points, filters' intensity and names, and parameters out of their bounds."""

from __future__ import annotations

from typing import Any

import ffmpeg
import numpy as np
import pytest

from infra.errors import KinofarmError
from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.filters import FilterParameters, scaled
from tasks.compiler.imports.timeline_studio.names import FILTER_LOOKS, FILTER_TYPES, PICTURE_EFFECTS
from tests.tasks.compiler.effects.chart import Darkroom, applied, chart, setting_of
from tests.tasks.compiler.films import Studio, clip, timeline, track


def ramp() -> np.ndarray:
    return np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(2, axis=0)


def test_a_curve_goes_through_its_points_and_rises_as_they_do(darkroom: Darkroom) -> None:
    points = (0.1, 0.2, 0.4, 0.5, 0.8, 0.5, 0.9, 1.0)
    master, red = darkroom.still(ramp(), applied("curves", master=points), applied("curves", red=points))
    for x, y in zip(points[::2], points[1::2], strict=True):
        assert abs(np.interp(255 * x, np.arange(256), master[0, :, 1]) - 255 * y) <= 2, x
    assert (np.diff(master[0, :, 0]) >= -0.01).all()
    assert np.abs(master[0, :20] - 51).max() <= 1, "level before the first point"
    assert np.abs(red[0, :, 0] - master[0, :, 0]).max() <= 0.01
    assert (red[0, :, 1] == ramp()[0, :, 1]).all()


def test_the_master_curve_comes_after_a_channel_s_own(darkroom: Darkroom) -> None:
    out = darkroom.still(ramp(), applied("curves", red=(0, 0, 1, 0.5), master=(0, 0, 0.5, 1, 1, 1)))[0]
    assert abs(out[0, 255, 0] - 255) <= 1, "the other way round this were 128"


def test_straight_curves_add_no_filter() -> None:
    stream = ffmpeg.input("x").video
    straight = dict.fromkeys(("master", "red", "green", "blue"), (0, 0, 0.3, 0.3, 1, 1))
    for name in ("curves", "filter-curves"):
        assert applied(name, **straight)(stream, setting_of(chart()[None])) is stream


@pytest.mark.parametrize(
    "points",
    [(0, 0, 1), (0, 0, 0, 1), (0.5, 0, 0.2, 1), (0, 0, 1, 1.5), tuple(i / 200 for i in range(130)), (float("nan"), 0)],
)
def test_points_that_are_no_curve_are_refused(points: tuple[float, ...]) -> None:
    with pytest.raises(ValueError):
        EFFECTS["curves"].parameters.model_validate({"master": points})


def test_intensity_leads_every_parameter_from_neutral() -> None:
    half = scaled(FilterParameters(contrast=1.4, brightness=0.2, gamma=0.8, temperature=30, intensity=0.5))
    wanted = {"contrast": 1.2, "brightness": 0.1, "gamma": 0.9, "temperature": 15, "saturation": 1, "intensity": 1}
    found = half.model_dump()
    assert {name: pytest.approx(found[name]) for name in wanted} == wanted


def test_every_name_of_the_catalogue_has_a_row() -> None:
    made_elsewhere = {"speed", "reverse"}
    assert set(PICTURE_EFFECTS) - made_elsewhere <= set(EFFECTS)
    assert {f"filter-{name}" for name in (*FILTER_LOOKS, *FILTER_TYPES) if name != "custom"} <= set(EFFECTS)


def test_a_filter_of_one_parameter_takes_it_by_other_names_too(darkroom: Darkroom) -> None:
    shown = darkroom.still(
        chart(), *(applied("filter-contrast", **{name: 1.5}) for name in ("contrast", "value", "amount"))
    )
    assert (shown[0] == shown[1]).all()
    assert (shown[0] == shown[2]).all()


OUT_OF_BOUNDS: list[tuple[str, dict[str, Any]]] = [
    ("vignette", {"intensity": 1.1}),
    ("sharpen", {"intensity": -1}),
    ("pixelate", {"pixelSize": 0}),
    ("pixelate", {"pixelSize": 1000}),
    ("temperature", {"temperature": 101}),
    ("exposure", {"exposure": 9}),
    ("motion-blur", {"radius": 100}),
    ("chroma-key", {"color": "green"}),
    ("chroma-key", {"color": -1}),
    ("duotone", {"shadows": "#12345"}),
    ("glitch", {"intensity": 101}),
    ("lut", {}),
    ("filter-s-log", {"intensity": 2}),
    ("filter-brightness", {"contrast": 1}),
    ("filter-grain", {"grain": float("inf")}),
    ("lift-gamma-gain", {"gamma_r": 0}),
]


@pytest.mark.parametrize(("kind", "parameters"), OUT_OF_BOUNDS)
def test_a_parameter_out_of_bounds_is_an_error_that_names_the_clip(
    studio: Studio, kind: str, parameters: dict[str, Any]
) -> None:
    name = studio.counted("counted.mp4")
    shot = clip("shot", name, 0, 5)
    film = timeline(track(shot), duration=5)
    effect = film.tracks[0].clips[0].model_validate({**shot, "effects": [{"kind": kind}]}).effects[0]
    wrong = effect.model_copy(update={"parameters": parameters})
    one = film.tracks[0].clips[0].model_copy(update={"effects": (wrong,)})
    film = film.model_copy(update={"tracks": (film.tracks[0].model_copy(update={"clips": (one,)}),)})
    with pytest.raises(KinofarmError, match="CHECK-010") as refused:
        studio.check(film)
    assert refused.value.params["owner"] == 'clip "shot"'
