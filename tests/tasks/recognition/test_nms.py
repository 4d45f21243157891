"""Suppression: the library's answer is that of the plain algorithm."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray

from tasks.recognition.nms import MOST_KEPT, suppress


def plainly(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], classes: NDArray[np.int64], limit: float
) -> list[int]:
    """The surest first, unless it lies over one of its class that was kept."""
    kept: list[int] = []
    for one in sorted(range(len(boxes)), key=lambda place: (-scores[place], place)):
        if all(classes[one] != classes[other] or _overlap(boxes[one], boxes[other]) <= limit for other in kept):
            kept.append(one)
    return kept


def _overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    a, b = [float(side) for side in one], [float(side) for side in other]
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height)


def random_case(random: Generator) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Boxes in a crowd, with whole coordinates and coarse scores, so that ties of both kinds come up."""
    count = int(random.integers(0, 40))
    first = random.integers(-30, 60, (count, 2))
    boxes = np.concatenate((first, first + random.integers(1, 40, (count, 2))), 1).astype(np.float32)
    if random.random() < 0.5:
        boxes += random.uniform(0, 0.3, (count, 4)).astype(np.float32)
    scores = (random.integers(1, 12, count) / 12).astype(np.float32)
    return boxes, scores, random.integers(0, 4, count)


def test_a_thousand_random_cases_are_suppressed_as_the_plain_algorithm_does() -> None:
    random = np.random.default_rng(6)
    for case in range(1_000):
        boxes, scores, classes = random_case(random)
        limit = float(random.choice((0.0, 0.3, 0.45, 0.7)))
        assert suppress(boxes, scores, classes, limit).tolist() == plainly(boxes, scores, classes, limit), case


def test_boxes_of_different_classes_never_suppress_each_other_even_left_of_the_picture() -> None:
    boxes = np.array([[-80, -80, -40, -40]] * 80, np.float32)
    scores = np.linspace(0.9, 0.1, 80, dtype=np.float32)
    assert suppress(boxes, scores, np.arange(80), 0.1).tolist() == list(range(80))


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_and_one_stay(count: int) -> None:
    boxes = np.array([[1, 2, 3, 4]] * count, np.float32).reshape(-1, 4)
    assert suppress(boxes, np.ones(count, np.float32), np.zeros(count, np.int64), 0.5).tolist() == list(range(count))


def test_what_is_kept_of_one_picture_is_bounded() -> None:
    across = np.arange(5_000, dtype=np.float32)[:, None] * 10
    boxes = np.concatenate((across, across * 0, across + 5, across * 0 + 5), 1)
    scores = np.linspace(0.1, 0.9, 5_000, dtype=np.float32)
    assert suppress(boxes, scores, np.zeros(5_000, np.int64), 0.5).tolist() == list(range(4_999, 4_999 - MOST_KEPT, -1))
