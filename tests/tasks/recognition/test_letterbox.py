"""Letterboxes: where a picture lies in a model's input, and back."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from tasks.media.facts import PictureFacts
from tasks.recognition.letterbox import GREY, Layer, grey, letterbox


def facts(width: int, height: int, **more: Any) -> PictureFacts:
    """The facts of a picture, as far as they count here."""
    return PictureFacts(
        index=0, codec="h264", width=width, height=height, pixel_format="yuv420p", time_base=Fraction(1, 25),
        start=Fraction(0), end=Fraction(1), frames=25, max_gap=Fraction(1, 25), **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("picture", "size", "place"),
    [
        (facts(1920, 1080), (640, 640), (640, 360, 0, 140)),
        (facts(1080, 1920), (640, 640), (360, 640, 140, 0)),
        (facts(320, 180), (160, 160), (160, 90, 0, 35)),
        (facts(100, 100), (640, 384), (384, 384, 128, 0)),
        (facts(1920, 1080, rotation=90), (640, 640), (360, 640, 140, 0)),
        (facts(1440, 1080, pixel_aspect=Fraction(4, 3)), (640, 640), (640, 360, 0, 140)),
        (facts(16_000, 4), (640, 640), (640, 1, 0, 319)),
        (facts(1279, 719), (640, 640), (640, 360, 0, 140)),
    ],
)
def test_a_picture_is_laid_into_the_middle_as_large_as_it_can_be(
    picture: PictureFacts, size: tuple[int, int], place: tuple[int, int, int, int]
) -> None:
    laid = letterbox(picture, *size)
    assert (laid.width, laid.height, laid.left, laid.top) == place


@given(
    st.integers(1, 8_000), st.integers(1, 8_000), st.sampled_from([0, 90, 180, 270]),
    st.fractions(Fraction(1, 2), 2, max_denominator=50), st.tuples(*[st.floats(0, 1, width=32)] * 4),
)  # fmt: skip
def test_a_box_goes_into_the_input_and_back(
    width: int, height: int, rotation: int, aspect: Fraction, sides: tuple[float, float, float, float]
) -> None:
    laid = letterbox(facts(width, height, rotation=rotation, pixel_aspect=aspect), 640, 384)
    across, down = float(laid.source_width), float(laid.source_height)
    box = np.array([sorted(sides[:2]), sorted(sides[2:])], np.float32).T.ravel() * (across, down, across, down)
    back = laid.to_source(laid.to_input(box.astype(np.float32))[None])[0]
    # Half a millionth of the input is what float32 keeps, at the source's scale.
    slack = max(across / laid.width, down / laid.height) * 1e-4 + 1e-4
    np.testing.assert_allclose(back, box, atol=slack, rtol=1e-5)


def test_the_corners_of_the_picture_are_the_corners_of_its_place() -> None:
    laid = letterbox(facts(1279, 719), 640, 640)
    box = np.array([[0, 140, 640, 500]], np.float32)
    assert laid.to_source(box).tolist() == [[0, 0, 1279, 719]]
    assert laid.to_source(box + np.array([-9, -9, 9, 9], np.float32)).tolist() == [[0, 0, 1279, 719]]


def quarters(width: int, height: int) -> NDArray[np.uint8]:
    """A picture of four colours: red, green; blue, white."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = 255, 0, 0
    picture[: height // 2, width // 2 :] = 0, 255, 0
    picture[height // 2 :, : width // 2] = 0, 0, 255
    picture[height // 2 :, width // 2 :] = 255, 255, 255
    return picture


@pytest.mark.parametrize("element", [np.float32, np.float16])
@pytest.mark.parametrize(
    ("rotation", "flipped", "corners"),
    [
        (0, False, "rgbw"), (90, False, "brwg"), (180, False, "wbgr"), (270, False, "gwrb"),
        (0, True, "grwb"), (90, True, "wgbr"),
    ],
)  # fmt: skip
def test_a_frame_lies_in_the_input_as_a_player_shows_it_with_grey_around(
    element: type, rotation: int, flipped: bool, corners: str
) -> None:
    laid = letterbox(facts(64, 32, rotation=rotation, flipped=flipped), 128, 128)
    into = np.zeros((3, 128, 128), element)
    grey(into)
    Layer(laid).lay(av.VideoFrame.from_ndarray(quarters(64, 32), format="rgb24"), into)
    colours = {"r": (1, 0, 0), "g": (0, 1, 0), "b": (0, 0, 1), "w": (1, 1, 1)}
    quarter = laid.width // 4, laid.height // 4
    for place, colour in enumerate(corners):
        x = laid.left + quarter[0] + place % 2 * laid.width // 2
        y = laid.top + quarter[1] + place // 2 * laid.height // 2
        np.testing.assert_allclose(into[:, y, x], colours[colour], atol=0.02)
    around = into.copy()
    around[:, laid.top : laid.top + laid.height, laid.left : laid.left + laid.width] = GREY / 255
    np.testing.assert_allclose(around, GREY / 255, atol=1e-3)
