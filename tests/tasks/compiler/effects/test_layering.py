"""What effects are put together from: shortcuts that nobody may see, and streams that part and meet."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tasks.compiler.effects.duotone import Duotone
from tasks.compiler.effects.layering import SMALL, blended, lit, partly, softened
from tasks.compiler.effects.paint import channels
from tasks.compiler.effects.plates import FINEST, drawn, noise
from tasks.compiler.effects.row import Setting
from tests.tasks.compiler.effects import references
from tests.tasks.compiler.effects.chart import RATE, Darkroom, applied, chart

LARGE = np.asarray(Image.fromarray(chart()).resize((480, 270), Image.Resampling.BICUBIC))


def test_a_wide_blur_at_a_quarter_of_the_size_looks_like_the_blur_itself(darkroom: Darkroom) -> None:
    sigma = SMALL * 1.5
    quick, exact = darkroom.still(
        LARGE,
        lambda stream, setting: softened(stream, setting, sigma),
        lambda stream, setting: stream.filter("gblur", sigma=sigma, steps=2),
    )
    inside = np.s_[20:-20, 20:-20]
    assert np.abs(quick[inside] - exact[inside]).max() < 4
    assert np.abs(quick - exact).mean() < 0.8


def test_a_smooth_plate_scaled_up_is_the_mask_itself(darkroom: Darkroom) -> None:
    assert LARGE.shape[1] > FINEST
    white = np.full_like(LARGE, 255)
    out = darkroom.still(white, applied("vignette", intensity=0.9, radius=0.2))[0]
    assert np.abs(out - 255 * references.shade(white.shape, 0.9, 0.2)).max() <= 1


def test_light_is_screened_by_its_amount_over_all_of_the_range(darkroom: Darkroom) -> None:
    picture = chart()
    negative = 255 - picture
    shown = darkroom.still(
        picture,
        *(lambda s, _, amount=amount: _screened(s, amount) for amount in (0.3, 1.0)),  # type: ignore[misc]
    )
    for amount, out in zip((0.3, 1.0), shown, strict=True):
        wanted = 255 - (255.0 - picture) * (255 - amount * negative) / 255
        assert np.abs(out - wanted).max() < 0.1


def _screened(stream: object, amount: float) -> object:
    parts = stream.filter_multi_output("split", 2)  # type: ignore[attr-defined]
    return lit(parts[0], parts[1].filter("negate"), amount)


def test_a_share_is_mixed_in_a_straight_line_and_none_or_all_needs_no_mixing(darkroom: Darkroom) -> None:
    out = darkroom.still(chart(), lambda stream, _: partly(stream, 0.25, lambda part: part.filter("negate")))[0]
    assert np.abs(out - (0.75 * chart() + 0.25 * (255.0 - chart()))).max() < 0.1
    stream = object()
    assert partly(stream, 0, lambda part: None) is stream
    assert partly(stream, 1, lambda part: (part, "worked")) == (stream, "worked")


def test_a_mode_that_ffmpeg_gets_wrong_is_not_used() -> None:
    with pytest.raises(AssertionError):
        blended(None, None, "screen", 0.5)


@pytest.mark.parametrize("deviation", [0.02, 0.12])
def test_noise_deviates_as_was_asked_for_and_is_other_for_each_frame(darkroom: Darkroom, deviation: float) -> None:
    frames = np.zeros((6, 64, 96, 3), np.uint8)
    out = darkroom.develop(frames, lambda stream, setting: _instead(stream, noise(setting, deviation)))[0]
    assert out.std((1, 2, 3)) == pytest.approx([255 * deviation] * 6, rel=0.05)
    assert out.mean() == pytest.approx(127.5, abs=2)
    assert len({frame.tobytes() for frame in out}) == 6


def _instead(stream: object, plate: object) -> object:
    return blended(stream, plate, "addition", shortest=1)


def test_what_is_drawn_depends_on_the_sum_of_frame_and_first_frame_alone() -> None:
    def value(n: int, first: int, hold: int = 1) -> float:
        text = drawn(Setting(rate=RATE, first=first), 251, 61, hold).replace("mod(", "fmod(")
        return float(eval(text, {"fmod": lambda a, b: a % b, "floor": lambda a: a // 1, "n": n}))  # noqa: S307

    assert [value(n, 100) for n in range(20)] == [value(n + 60, 40) for n in range(20)]
    assert len({value(n, 0) for n in range(251)}) > 120
    assert all(0 <= value(n, 10**7) < 251 for n in range(300))
    assert value(0, 3, hold=3) == value(1, 3, hold=3) == value(2, 3, hold=3) != value(3, 3, hold=3)


def test_paint_is_read_as_text_and_as_a_number() -> None:
    for written in ("#1020FF", "#1020ff80", "0x1020ff", 0x1020FF, float(0x1020FF)):
        assert Duotone.model_validate({"shadows": written}).shadows == "#1020ff"
    assert channels("#00ff33") == (0, 1, 0.2)


@pytest.mark.parametrize("width", [2, 15, 16, 17, 40])
def test_a_narrow_picture_is_blurred_as_a_wide_one_is(darkroom: Darkroom, width: int) -> None:
    rows = np.linspace(0, 255, 40).astype(np.uint8)
    narrow, wide = (np.repeat(rows[:, None, None], across, 1).repeat(3, 2) for across in (width, 64))
    blur = applied("blur", radius=3)
    assert np.abs(darkroom.still(narrow, blur)[0] - darkroom.still(wide, blur)[0][:, :width]).max() <= 1
