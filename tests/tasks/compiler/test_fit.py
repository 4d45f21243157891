"""Fit: where a picture lies, in whole pixels."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tasks.compiler.fit import Box, Fit, rest_clip, rest_frame
from tasks.compiler.model import Cell, Clip, Crop, MediaSource, Size, Transform
from tests.tasks.compiler.made_up import picture

HD = Size(width=1280, height=720)


def fit(width: int = 1280, height: int = 720, frame: Size = HD, source: Any = None, **looks: Any) -> Fit:
    clip = Clip.model_validate({"id": "a", "source": MediaSource(path="a"), "start": 0, "end": 1, **looks})
    return rest_clip(clip, picture(width=width, height=height, **(source or {})), frame).fit(clip.transform)


def box(place: Fit) -> tuple[int, int, int, int]:
    return place.box.x, place.box.y, place.box.width, place.box.height


@pytest.mark.parametrize(
    ("width", "height", "wanted"),
    [
        (1280, 720, (0, 0, 1280, 720)),
        (1920, 1080, (0, 0, 1280, 720)),
        (640, 360, (0, 0, 1280, 720)),
        (720, 1280, (438, 0, 404, 720)),
        (1000, 1000, (280, 0, 720, 720)),
        (2560, 720, (0, 180, 1280, 360)),
        (35, 27, (172, 0, 934, 720)),
        (1, 16384, (640, 0, 2, 720)),
    ],
)
def test_a_clip_is_contained_and_centred(width: int, height: int, wanted: tuple[int, int, int, int]) -> None:
    place = fit(width, height)
    assert box(place) == wanted
    assert place.scaled == wanted[2:]
    assert (place.crop, place.cut, place.turn) == (None, None, 0)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ({}, (190, 0, 900, 720)),
        ({"pixel_aspect": Fraction(16, 15)}, (160, 0, 960, 720)),
        ({"rotation": 90}, (352, 0, 576, 720)),
        ({"rotation": 180}, (190, 0, 900, 720)),
        ({"rotation": 270, "pixel_aspect": Fraction(2)}, (496, 0, 288, 720)),
    ],
)
def test_rotation_and_pixel_aspect_come_first(source: dict[str, Any], wanted: tuple[int, int, int, int]) -> None:
    assert box(fit(720, 576, source=source)) == wanted


def test_a_crop_is_counted_in_shown_pixels_and_cut_in_decoded_ones() -> None:
    crop = Crop(left=20, top=10, right=40, bottom=30)
    assert fit(720, 576, crop=crop).crop == Box(x=20, y=10, width=660, height=536)
    stretched = fit(720, 576, crop=crop, source={"pixel_aspect": Fraction(2)})
    assert stretched.crop == Box(x=10, y=10, width=690, height=536)
    turned = fit(720, 576, crop=crop, source={"pixel_aspect": Fraction(2), "rotation": 90})
    assert turned.crop == Box(x=20, y=5, width=516, height=700)
    assert fit(crop=Crop()).crop is None


def test_what_a_crop_leaves_is_fitted() -> None:
    assert fit(1280, 720, crop=Crop(left=640)).scaled == (640, 720)
    assert box(fit(1280, 720, crop=Crop(left=640))) == (320, 0, 640, 720)


@pytest.mark.parametrize(
    "crop", [Crop(left=1280), Crop(left=640, right=640), Crop(top=700, bottom=20), Crop(top=32768)]
)
def test_a_crop_that_leaves_nothing_is_an_error(crop: Crop) -> None:
    with pytest.raises(ValueError, match="nothing"):
        fit(crop=crop)


CELL: dict[str, Any] = {"x": 0.5, "y": 0, "width": 0.5, "height": 1}


@pytest.mark.parametrize(
    ("how", "scaled", "cut", "wanted"),
    [
        ({"fit": "contain"}, (640, 360), None, (640, 180, 640, 360)),
        ({"fit": "contain", "align_y": "top"}, (640, 360), None, (640, 0, 640, 360)),
        ({"fit": "contain", "align_y": "bottom"}, (640, 360), None, (640, 360, 640, 360)),
        ({"fit": "cover"}, (1280, 720), (320, 0, 640, 720), (640, 0, 640, 720)),
        ({"fit": "cover", "align_x": "left"}, (1280, 720), (0, 0, 640, 720), (640, 0, 640, 720)),
        ({"fit": "cover", "align_x": "right"}, (1280, 720), (640, 0, 640, 720), (640, 0, 640, 720)),
        ({"fit": "fill"}, (640, 720), None, (640, 0, 640, 720)),
        ({"fit": "none"}, (1920, 1080), (640, 180, 640, 720), (640, 0, 640, 720)),
        ({"fit": "none", "align_x": "left", "align_y": "top"}, (1920, 1080), (0, 0, 640, 720), (640, 0, 640, 720)),
        ({"fit": "contain", "scale": 0.5}, (320, 180), None, (800, 270, 320, 180)),
        ({"fit": "contain", "scale": 2}, (1280, 720), (320, 0, 640, 720), (640, 0, 640, 720)),
    ],
)
def test_a_cell_is_filled_as_it_says(
    how: dict[str, Any], scaled: tuple[int, int], cut: tuple[int, ...] | None, wanted: tuple[int, ...]
) -> None:
    place = fit(1920, 1080, cell=CELL | how)
    assert place.scaled == scaled
    assert (place.cut and (place.cut.x, place.cut.y, place.cut.width, place.cut.height)) == cut
    assert box(place) == wanted


def test_cells_that_share_an_edge_leave_no_gap() -> None:
    for count in (2, 3, 5, 7):
        for frame in (HD, Size(width=1000, height=562)):
            edges = []
            for number in range(count):
                cell = Cell(x=number / count, y=0, width=1 / count, height=1, fit="cover")
                place = fit(1920, 1080, frame, cell=cell)
                edges += [place.box.x, place.box.x + place.box.width]
            assert edges[0] == 0
            assert edges[-1] == frame.width
            assert edges[1:-1:2] == edges[2:-1:2]


@pytest.mark.parametrize(
    ("transform", "wanted"),
    [
        ({"scale_x": 0.5, "scale_y": 0.5}, (320, 180, 640, 360)),
        ({"scale_x": 2, "scale_y": 2}, (-640, -360, 2560, 1440)),
        ({"scale_x": 0.5, "scale_y": 0.5, "anchor_x": 0, "anchor_y": 0}, (0, 0, 640, 360)),
        ({"scale_x": 0.5, "scale_y": 0.5, "anchor_x": 1, "anchor_y": 1}, (640, 360, 640, 360)),
        ({"position_x": 0.25, "position_y": -0.5}, (320, -360, 1280, 720)),
        ({"rotation": 90}, (280, -280, 720, 1280)),
        ({"rotation": 180}, (0, 0, 1280, 720)),
        ({"rotation": -90}, (280, -280, 720, 1280)),
        ({"rotation": 180, "anchor_x": 1}, (1280, 0, 1280, 720)),
        ({"rotation": 90, "anchor_x": 0, "anchor_y": 0}, (-720, 0, 720, 1280)),
        ({"rotation": 360 * 5}, (0, 0, 1280, 720)),
    ],
)
def test_scale_and_rotation_pivot_on_the_anchor_then_the_position_is_added(
    transform: dict[str, Any], wanted: tuple[int, int, int, int]
) -> None:
    assert box(fit(transform=transform)) == wanted


def test_a_turned_picture_has_the_box_that_holds_it() -> None:
    place = fit(transform={"rotation": 30})
    turn = math.radians(30)
    assert place.scaled == (1280, 720)
    assert 0 <= place.box.width - (1280 * math.cos(turn) + 720 * math.sin(turn)) < 2
    assert 0 <= place.box.height - (1280 * math.sin(turn) + 720 * math.cos(turn)) < 2
    assert abs(place.box.x + place.box.width / 2 - 640) <= 1
    assert not place.upright


@pytest.mark.parametrize("rotation", [-1e-20, 1e-20, 0.0, -0.0, 359.99999999999999999])
def test_a_hair_of_rotation_is_none(rotation: float) -> None:
    place = fit(transform={"rotation": rotation})
    assert 0 <= place.turn < 360
    assert place.box.width in (1280, 1282)


def test_a_title_fills_the_frame_and_is_cropped_and_placed_like_a_picture() -> None:
    plain = {"id": "t", "source": {"kind": "title"}, "start": 0, "end": 1}
    assert box(rest_frame(Clip.model_validate(plain), HD).fit(None)) == (0, 0, 1280, 720)
    half = rest_frame(Clip.model_validate(plain | {"crop": {"left": 640}}), HD).fit(None)
    assert half.crop == Box(x=640, y=0, width=640, height=720)
    assert box(half) == (320, 0, 640, 720)


def test_a_box_knows_what_it_covers() -> None:
    frame = Size(width=64, height=32)
    for place, covers, inside, meets in (
        ((0, 0, 64, 32), True, True, True),
        ((-2, -2, 80, 40), True, False, True),
        ((2, 0, 64, 32), False, False, True),
        ((2, 2, 4, 4), False, True, True),
        ((64, 0, 4, 4), False, False, False),
        ((-4, 0, 4, 4), False, False, False),
    ):
        found = Box(x=place[0], y=place[1], width=place[2], height=place[3])
        assert (found.covers(frame), found.inside(frame), found.meets(frame)) == (covers, inside, meets)


_sides = st.integers(1, 8000)
_even_sides = st.integers(8, 2000).map(lambda side: side * 2)
_cells = st.builds(
    Cell,
    x=st.floats(0, 1),
    y=st.floats(0, 1),
    width=st.floats(0.001, 1),
    height=st.floats(0.001, 1),
    fit=st.sampled_from(["contain", "cover", "fill", "none"]),
    align_x=st.sampled_from(["left", "center", "right"]),
    align_y=st.sampled_from(["top", "center", "bottom"]),
    scale=st.floats(0.01, 20),
)
_transforms = st.builds(
    Transform,
    scale_x=st.floats(0.001, 50),
    scale_y=st.floats(0.001, 50),
    position_x=st.floats(-3, 3),
    position_y=st.floats(-3, 3),
    rotation=st.one_of(st.floats(-720, 720), st.sampled_from([90, 180, 270, -90])),
    anchor_x=st.floats(-2, 2),
    anchor_y=st.floats(-2, 2),
)


@given(
    _sides, _sides, st.builds(lambda w, h: Size(width=w, height=h), _even_sides, _even_sides),
    st.none() | _cells, st.none() | _transforms, st.sampled_from([0, 90, 180, 270]), st.sampled_from(["1", "16/15", "2"]),
)  # fmt: skip
def test_every_fit_is_even_and_holds_together(
    width: int, height: int, frame: Size, cell: Cell | None, transform: Transform | None, rotation: int, aspect: str
) -> None:
    source = {"rotation": rotation, "pixel_aspect": aspect}
    place = fit(width, height, frame, source=source, cell=cell, transform=transform)
    assert all(side > 0 and side % 2 == 0 for side in (*place.scaled, place.box.width, place.box.height))
    assert place.box.x % 2 == 0
    assert place.box.y % 2 == 0
    assert 0 <= place.turn < 360
    shown = place.scaled
    if place.cut is not None:
        assert min(place.cut.x, place.cut.y) >= 0
        assert place.cut.x % 2 == place.cut.y % 2 == 0
        assert place.cut.x + place.cut.width <= place.scaled[0]
        assert place.cut.y + place.cut.height <= place.scaled[1]
        shown = (place.cut.width, place.cut.height)
    if place.turn == 0:
        assert (place.box.width, place.box.height) == shown


@given(_sides, _sides, st.builds(lambda w, h: Size(width=w, height=h), _even_sides, _even_sides))
def test_a_contained_picture_touches_two_edges_and_stays_inside(width: int, height: int, frame: Size) -> None:
    place = fit(width, height, frame).box
    assert place.inside(frame)
    assert place.width == frame.width or place.height == frame.height
    assert abs(2 * place.x + place.width - frame.width) <= 2
    assert abs(2 * place.y + place.height - frame.height) <= 2
