"""Heads: recognised by shape, and read, against numbers made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from infra.errors import KinofarmError
from tasks.recognition.heads import LAYOUTS, Head, Shape, read_head, recognise_head

CLASSES, MASKS, POINTS = 3, 4, 5
BOXES = np.array([[10, 20, 30, 60], [100, 50, 140, 90]], np.float32)
SCORES = np.array([0.75, 0.5], np.float32)
KINDS = np.array([2, 0])
COEFFICIENTS = np.array([[1, -2, 3, -4], [0.5, 0, 0, 1]], np.float32)
MARKS = np.array(
    [[[11 + k, 21 + k, 0.5] for k in range(POINTS)], [[101 + k, 51 + k, 1.0] for k in range(POINTS)]], np.float32
)

HEADS = {
    "v5": Head(layout="v5", output=0, classes=CLASSES),
    "v8": Head(layout="v8", output=0, classes=CLASSES),
    "v10": Head(layout="v10", output=0, classes=CLASSES),
    "v5-segment": Head(layout="v5-segment", output=0, classes=CLASSES, masks=1, coefficients=MASKS),
    "v8-segment": Head(layout="v8-segment", output=0, classes=CLASSES, masks=1, coefficients=MASKS),
    "v10-segment": Head(layout="v10-segment", output=0, classes=CLASSES, masks=1, coefficients=MASKS),
    "v8-pose": Head(layout="v8-pose", output=0, classes=CLASSES, points=POINTS),
    "v10-pose": Head(layout="v10-pose", output=0, classes=CLASSES, points=POINTS),
    "v5-face": Head(layout="v5-face", output=0, classes=CLASSES, points=POINTS, point_size=2),
}


def rows_of(name: str) -> NDArray[np.float32]:
    """The two boxes as the rows (2, channels) that a head of that layout would give, written out by hand."""
    centre, size = (BOXES[:, :2] + BOXES[:, 2:]) / 2, BOXES[:, 2:] - BOXES[:, :2]
    each = np.full((2, CLASSES), 0.01, np.float32)
    each[[0, 1], KINDS] = SCORES
    sure = np.array([[0.9], [0.8]], np.float32)
    kinds = KINDS[:, None].astype(np.float32)
    parts: dict[str, list[NDArray[np.float32]]] = {
        "v5": [centre, size, sure, each / sure],
        "v8": [centre, size, each],
        "v10": [BOXES, SCORES[:, None], kinds],
        "v5-face": [centre, size, sure, MARKS[..., :2].reshape(2, -1), each / sure],
    }
    family, _, extra = name.partition("-")
    behind = {"segment": COEFFICIENTS, "pose": MARKS.reshape(2, -1)}.get(extra)
    chosen = parts.get(name) or [*parts[family], *([] if behind is None else [behind])]
    return np.concatenate(chosen, 1).astype(np.float32)


def answers(name: str, anchors: int = 50, element: type = np.float32) -> NDArray[Any]:
    """A batch of two pictures: the boxes among empty anchors in the first, the second box alone in the second."""
    rows = rows_of(name)
    out = np.zeros((2, anchors, rows.shape[1]), np.float32)
    out[0, [7, 3]] = rows
    out[1, 49] = rows[1]
    return (out.transpose(0, 2, 1) if name.startswith("v8") else out).astype(element)


@pytest.mark.parametrize("element", [np.float32, np.float16])
@pytest.mark.parametrize("name", LAYOUTS)
def test_boxes_written_by_hand_are_read_from_each_layout_and_each_picture_of_a_batch(name: str, element: type) -> None:
    loose = {"rtol": 2e-3} if element is np.float16 else {"rtol": 1e-5}
    first, second = read_head(HEADS[name], [answers(name, element=element)], 0.25)
    order = np.argsort(-first.scores)
    np.testing.assert_allclose(first.boxes[order], BOXES, **loose)
    np.testing.assert_allclose(first.scores[order], SCORES, **loose)
    assert first.classes[order].tolist() == KINDS.tolist()
    np.testing.assert_allclose(second.boxes, BOXES[1:], **loose)
    if HEADS[name].coefficients:
        assert first.coefficients is not None
        np.testing.assert_allclose(first.coefficients[order], COEFFICIENTS, **loose)
    if HEADS[name].points:
        assert first.points is not None
        wanted = MARKS if HEADS[name].point_size == 3 else np.concatenate((MARKS[..., :2], np.ones((2, POINTS, 1))), 2)
        np.testing.assert_allclose(first.points[order], wanted, **loose)


@pytest.mark.parametrize("name", LAYOUTS)
def test_scores_below_the_least_are_left_out(name: str) -> None:
    first, second = read_head(HEADS[name], [answers(name)], 0.6)
    assert first.classes.tolist() == [2]
    assert second.classes.tolist() == []


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("harm", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_no_box(name: str, harm: float) -> None:
    made = answers(name)
    made[0, 2 if name.startswith("v8") else 7, 7 if name.startswith("v8") else 2] = harm
    with np.errstate(invalid="ignore"):
        first, _ = read_head(HEADS[name], [made], 0.25)
    assert np.isfinite(first.boxes).all()
    assert first.classes.tolist() == [0]


@pytest.mark.parametrize("name", [name for name in LAYOUTS if HEADS[name].points])
@pytest.mark.parametrize("harm", [np.nan, np.inf, -np.inf])
def test_a_key_point_that_is_nowhere_lies_in_the_middle_of_its_box_and_is_not_sure(name: str, harm: float) -> None:
    made = answers(name)
    place = 5 if name == "v5-face" else {"v8": 4 + CLASSES, "v10": 6}[name.partition("-")[0]]
    made[0, *((place, 7) if name.startswith("v8") else (7, place))] = harm  # x of the first point
    first, _ = read_head(HEADS[name], [made], 0.6)
    assert first.points is not None
    assert first.points[0, 0].tolist() == [20, 40, 0]
    np.testing.assert_allclose(first.points[0, 1, :2], MARKS[0, 1, :2])


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name.endswith("pose")])
def test_a_key_point_whose_score_is_no_number_keeps_its_place_and_is_not_sure(name: str) -> None:
    made = answers(name)
    place = {"v8": 4 + CLASSES, "v10": 6}[name.partition("-")[0]] + 2
    made[0, *((place, 7) if name.startswith("v8") else (7, place))] = np.inf
    first, _ = read_head(HEADS[name], [made], 0.6)
    assert first.points is not None
    assert first.points[0, 0].tolist() == [*MARKS[0, 0, :2], 0]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_score_that_is_infinite_is_none(name: str) -> None:
    made = answers(name)
    place = 4 + KINDS[0] if name.startswith("v8") else 4
    made[0, *((place, 7) if name.startswith("v8") else (7, place))] = np.inf
    with np.errstate(invalid="ignore"):
        first, _ = read_head(HEADS[name], [made], 0.25)
    assert first.classes.tolist() == [0]


@pytest.mark.parametrize("kind", [-1.0, 3.0, 1e30, np.nan])
def test_a_class_that_the_model_has_no_name_for_is_no_box(kind: float) -> None:
    made = answers("v10")
    made[0, 7, 5] = kind
    first, _ = read_head(HEADS["v10"], [made], 0.25)
    assert first.classes.tolist() == [0]


def shapes_of(name: str, anchors: int) -> list[Shape]:
    """The outputs' shapes of a model of 64 x 64 pixels."""
    channels = rows_of(name).shape[1]
    first: Shape = (None, channels, anchors) if name.startswith("v8") else (1, anchors, channels)
    return [first, (1, MASKS, 16, 16)] if name.endswith("segment") else [first]


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_layout_is_recognised_by_its_shapes(name: str) -> None:
    anchors = {"v5": 252, "v8": 84, "v10": 300}[name.partition("-")[0]]
    assert recognise_head(shapes_of(name, anchors), CLASSES, size=(64, 64)) == HEADS[name]


@pytest.mark.parametrize(
    ("shapes", "classes", "layouts"),
    [
        ([(1, 84, 85)], 80, "v5, v8"),  # 80 classes either way round
        ([(1, 300, 6)], 1, "v5, v10"),
        ([(1, None, 6)], 1, "v5, v10"),
        ([(1, 84, None)], 80, None),
        ([(1, None, 16)], 1, None),
    ],
)
def test_a_head_that_could_be_several_is_not_guessed(shapes: list[Shape], classes: int, layouts: str | None) -> None:
    if layouts is None:
        assert recognise_head(shapes, classes)
        return
    with pytest.raises(KinofarmError) as raised:
        recognise_head(shapes, classes)
    assert raised.value.code == "MODEL-008"
    assert raised.value.message.endswith(layouts)
    for name in layouts.split(", "):
        assert recognise_head(shapes, classes, layout=name).layout == name


def test_the_number_of_anchors_tells_what_shapes_alone_do_not() -> None:
    assert recognise_head([(1, 25_200, 6)], 1, size=(640, 640)).layout == "v5"
    assert recognise_head([(1, 300, 6)], 1, size=(640, 640)).layout == "v10"


@pytest.mark.parametrize(
    ("shapes", "classes", "task"),
    [
        ([(1, 84, 8400)], 79, None),
        ([(1, 84, 8401)], 80, None),
        ([(1, 84, 8400)], 80, "pose"),
        ([(1, 84, 8400), (1, 32, 160, 160)], 80, None),
        ([(1, 3, 80, 80, 85)], 80, None),
        ([], 80, None),
    ],
)
def test_outputs_that_fit_no_layout_are_refused(shapes: list[Shape], classes: int, task: str | None) -> None:
    with pytest.raises(KinofarmError) as raised:
        recognise_head(shapes, classes, task=task, size=(640, 640))
    assert raised.value.code == "MODEL-007"


def test_known_models_are_what_they_are() -> None:
    known: list[tuple[list[Shape], int, str, int, int]] = [
        ([(1, 25_200, 85)], 80, "v5", 0, 0),
        ([(1, 84, 8_400)], 80, "v8", 0, 0),
        ([(1, 300, 6)], 80, "v10", 0, 0),
        ([(1, 116, 8_400), (1, 32, 160, 160)], 80, "v8-segment", 32, 0),
        ([(1, 25_200, 117), (1, 32, 160, 160)], 80, "v5-segment", 32, 0),
        ([(1, 56, 8_400)], 1, "v8-pose", 0, 17),
        ([(1, 20, 8_400)], 1, "v8-pose", 0, 5),
        ([(1, 25_200, 16)], 1, "v5-face", 0, 5),
    ]
    for shapes, classes, layout, coefficients, points in known:
        head = recognise_head(shapes, classes, size=(640, 640))
        assert (head.layout, head.coefficients, head.points) == (layout, coefficients, points)
