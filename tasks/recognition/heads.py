"""The heads of YOLO models: how the numbers that come out of one are laid out, and what they say.

A head is recognised by the shapes of a model's outputs, its task and the number of its class names. Several can fit; then none is
chosen, and the error names those that a caller may choose from.

    C classes, M mask coefficients, K key points of D numbers, A anchors (cells of the model's grids; three to a cell in v5)
    v5   (N, A, 4 + 1 + C [+ M])       centre and size, objectness, scores                          ultralytics/yolov5, v7
    v8   (N, 4 + C [+ M | + K*D], A)   centre and size, scores                                      ultralytics v8, v9, v11, v12
    v10  (N, R, 6 [+ M | + K*D])       corners, score, class; already suppressed                    v10, YOLO26 end to end
    v5-face (N, A, 4 + 1 + 10 + C)     centre and size, objectness, five points of x and y, scores  deepcam-cn/yolov5-face
    masks are prototypes beside it: (N, M, h, w)

Units: pixels of the model's input.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value

Shape = tuple[int | None, ...]
"""The sizes of an output; None for one that the model leaves open."""

FACE_POINTS = 5
"""Eyes, nose, corners of the mouth: a model of five key points is one of faces."""

_KNOWN_POINTS = (FACE_POINTS, 17)
"""Counts of key points believed without metadata that says so: faces, and COCO's people."""

_STRIDES = (4, 8, 16, 32, 64)
_PER_CELL = MappingProxyType({"v5": 3, "v8": 1})

_MOST_ROWS = 1_000
"""Rows that an end-to-end head has at most (300 as a rule)."""


class Head(Value):
    """The head of one model."""

    layout: str = Field(description="A key of LAYOUTS.")
    output: int = Field(description="Which of the model's outputs holds the boxes.")
    classes: int
    masks: int | None = Field(None, description="Which output holds the prototypes of masks.")
    coefficients: int = Field(0, description="Mask coefficients of a box.")
    points: int = Field(0, description="Key points of a box.")
    point_size: int = Field(3, description="Numbers of a key point: x, y and, where 3, how sure it is.")

    @property
    def axis(self) -> int:
        """The axis of the output along which the numbers of one box lie."""
        return 1 if LAYOUTS[self.layout].family == "v8" else 2

    @property
    def channels(self) -> int:
        """How many numbers one box has."""
        extra = self.coefficients + self.points * self.point_size
        return extra + {"v5": 5 + self.classes, "v8": 4 + self.classes, "v10": 6}[LAYOUTS[self.layout].family]


@dataclass(frozen=True, eq=False)
class Raw:
    """What a head says of one picture, in no order.

    Shapes: boxes (n, 4) float32 as left, top, right, bottom; scores (n,) float32; classes (n,) int64; coefficients (n, M)
        float32; points (n, K, 3) float32 as x, y and how sure.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    coefficients: NDArray[np.float32] | None = None
    points: NDArray[np.float32] | None = None

    def only(self, kept: NDArray[Any]) -> Raw:
        """Return those with these places, in this order."""
        coefficients = None if self.coefficients is None else self.coefficients[kept]
        points = None if self.points is None else self.points[kept]
        return Raw(self.boxes[kept], self.scores[kept], self.classes[kept], coefficients, points)


@dataclass(frozen=True)
class Layout:
    """One way to lay out a head.

    Args:
        family: v5, v8 or v10: where boxes, scores and anchors stand.
        task: what it finds.
        extra: what stands behind the scores: "", "masks" or "points"; "face" for the points of v5-face, which stand before them.
    """

    family: str
    task: str
    extra: str = ""

    @property
    def suppressed(self) -> bool:
        """Whether boxes of one thing come once already, so that nothing is left to suppress."""
        return self.family == "v10"


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "v5": Layout("v5", "detect"),
        "v8": Layout("v8", "detect"),
        "v10": Layout("v10", "detect"),
        "v5-segment": Layout("v5", "segment", "masks"),
        "v8-segment": Layout("v8", "segment", "masks"),
        "v10-segment": Layout("v10", "segment", "masks"),
        "v8-pose": Layout("v8", "pose", "points"),
        "v10-pose": Layout("v10", "pose", "points"),
        "v5-face": Layout("v5", "face", "face"),
    }
)


def recognise_head(
    outputs: Sequence[Shape],
    classes: int,
    *,
    task: str | None = None,
    points: tuple[int, int] | None = None,
    size: tuple[int, int] | None = None,
    layout: str | None = None,
) -> Head:
    """Return the head that a model's outputs fit.

    Args:
        classes: how many names its classes have.
        task: what its metadata says that it finds: detect, segment, pose or face; None where it says nothing.
        points: key points and numbers of each, where the metadata says so.
        size: width and height of its input, where it fixes them: the number of anchors follows.
        layout: the one that the caller names; then anchors are not counted.
    Raises:  KinofarmError MODEL-007 when none fits, MODEL-008 when several do.
    """
    asked = LAYOUTS if layout is None else {layout: LAYOUTS[layout]}
    found = [
        head
        for name, one in asked.items()
        if task is None or layout is not None or one.task == task or {one.task, task} == {"pose", "face"}
        for head in _fitting(name, one, outputs, classes, points, size if layout is None else None)
    ]
    if len(found) == 1:
        return found[0]
    shapes = ", ".join(f"({', '.join('?' if side is None else str(side) for side in shape)})" for shape in outputs)
    if found:
        fits = ", ".join(dict.fromkeys(head.layout for head in found))
        raise KinofarmError("MODEL-008", shapes=shapes, classes=classes, layouts=fits)
    raise KinofarmError("MODEL-007", shapes=shapes, classes=classes, task=task or "unknown", layouts=", ".join(asked))


def read_head(head: Head, outputs: Sequence[NDArray[Any]], least: float) -> list[Raw]:
    """Return what a head says of each picture of a batch.

    Args:
        outputs: the model's, in its order, float32 or float16.
        least: scores below it are left out; so is what is no box, or of no class of the model.
    Returns: finite numbers only, but for coefficients of masks; a key point that is not at any place lies in the middle of its box,
        and is not sure at all.
    """
    one = LAYOUTS[head.layout]
    reader = _READERS[one.family]
    return reader(outputs[head.output], head, one, least)


def _fitting(
    name: str,
    one: Layout,
    outputs: Sequence[Shape],
    classes: int,
    points: tuple[int, int] | None,
    size: tuple[int, int] | None,
) -> Iterator[Head]:
    protos = [(place, shape) for place, shape in enumerate(outputs) if len(shape) == 4]
    for place, shape in enumerate(outputs):
        if len(shape) != 3:
            continue
        channels, anchors = (shape[1], shape[2]) if one.family == "v8" else (shape[2], shape[1])
        if channels is None or not _plausible(one.family, anchors, size):
            continue
        before = 6 if one.family == "v10" else (4 if one.family == "v8" else 5) + classes
        head = Head(layout=name, output=place, classes=classes)
        rest = channels - before
        if one.extra == "":
            # Prototypes beside boxes without coefficients belong to no layout.
            if rest == 0 and not protos:
                yield head
        elif one.extra == "masks":
            if len(protos) == 1 and protos[0][1][1] == rest and rest > 0:
                yield head.model_copy(update={"masks": protos[0][0], "coefficients": rest})
        elif one.extra == "face":
            if rest == 2 * FACE_POINTS:
                yield head.model_copy(update={"points": FACE_POINTS, "point_size": 2})
        elif points is not None:
            if points[0] * points[1] == rest and rest > 0 and points[1] in (2, 3):
                yield head.model_copy(update={"points": points[0], "point_size": points[1]})
        elif rest in {3 * count for count in _KNOWN_POINTS}:
            yield head.model_copy(update={"points": rest // 3})


def _plausible(family: str, anchors: int | None, size: tuple[int, int] | None) -> bool:
    """Say whether a head of that family can have so many anchors: as many as two or more neighbouring grids have cells."""
    if anchors is None:
        return True
    if family == "v10":
        return anchors <= _MOST_ROWS
    if size is None:
        return True
    cells = [-(-size[0] // stride) * -(-size[1] // stride) * _PER_CELL[family] for stride in _STRIDES]
    runs = itertools.combinations(range(len(cells) + 1), 2)
    return anchors in {sum(cells[first:last]) for first, last in runs if last - first > 1}


def _read_v5(answers: NDArray[Any], head: Head, one: Layout, least: float) -> list[Raw]:
    first = 5 + (2 * FACE_POINTS if one.extra == "face" else 0)
    behind = first + head.classes
    read = []
    for rows in answers:
        rows = rows[rows[:, 4] >= least].astype(np.float32)  # no score is above the objectness
        scores = rows[:, first:behind] * rows[:, 4:5]
        classes = scores.argmax(1)
        extra = rows[:, 5:first] if one.extra == "face" else rows[:, behind:]
        read.append(_raw(_corners(rows), scores[np.arange(len(rows)), classes], classes, extra, head, least))
    return read


def _read_v8(answers: NDArray[Any], head: Head, one: Layout, least: float) -> list[Raw]:
    behind = 4 + head.classes
    best = answers[:, 4:behind].max(1)
    read = []
    for columns, scores in zip(answers, best, strict=True):
        kept = np.flatnonzero(scores >= least)
        rows = columns[:, kept].T.astype(np.float32)
        classes = rows[:, 4:behind].argmax(1)
        read.append(_raw(_corners(rows), scores[kept].astype(np.float32), classes, rows[:, behind:], head, least))
    return read


def _read_v10(answers: NDArray[Any], head: Head, one: Layout, least: float) -> list[Raw]:
    read = []
    for rows in answers:
        sure = (rows[:, 4] >= least) & (rows[:, 5] >= 0) & (rows[:, 5] < head.classes)
        rows = rows[sure].astype(np.float32)
        read.append(_raw(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64), rows[:, 6:], head, least))
    return read


_READERS: Mapping[str, Callable[[NDArray[Any], Head, Layout, float], list[Raw]]] = MappingProxyType(
    {"v5": _read_v5, "v8": _read_v8, "v10": _read_v10}
)


def _corners(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    half = rows[:, 2:4] / 2
    return np.concatenate((rows[:, :2] - half, rows[:, :2] + half), 1)


def _raw(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    classes: NDArray[np.int64],
    extra: NDArray[np.float32],
    head: Head,
    least: float,
) -> Raw:
    coefficients = extra if head.coefficients else None
    points = None
    if head.points:
        points = np.ones((len(extra), head.points, 3), np.float32)
        points[..., : head.point_size] = extra.reshape(-1, head.points, head.point_size)
        _place(points, boxes)
    raw = Raw(boxes, scores, classes, coefficients, points)
    is_box = np.isfinite(boxes).all(1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    is_box &= np.isfinite(scores) & (scores >= least)
    return raw if is_box.all() else raw.only(np.flatnonzero(is_box))


def _place(points: NDArray[np.float32], boxes: NDArray[np.float32]) -> None:
    """Move points that lie nowhere into the middle of their boxes, and make them as unsure as points can be."""
    seen: Any = np.isfinite(points).all(2)
    if not seen.all():
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        lies: Any = np.isfinite(points[..., :2]).all(2)
        points[..., :2] = np.where(lies[..., None], points[..., :2], middles[:, None])
        points[..., 2] = np.where(seen, points[..., 2], 0)
