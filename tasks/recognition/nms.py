"""Non-maximum suppression: of boxes of one class that lie over each other, the surest is kept.

OpenCV's does it: its result is that of the plain algorithm, ties included (tests compare 1,000 random cases), and it lets other
threads run meanwhile. It keeps classes apart by moving each to a place of its own, which is right only where no coordinate is negative.

Source:  cv2.dnn.NMSBoxesBatched.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_CANDIDATES = 3_000
"""Boxes of one picture that are looked at, the surest first: a bound for models that find something everywhere."""

MOST_KEPT = 300
"""Boxes of one picture that are kept, as in most exported models."""


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], classes: NDArray[np.int64], overlap: float
) -> NDArray[np.int64]:
    """Return the places of the boxes that are kept, the surest first; of equal scores, the first.

    Args:
        boxes: (n, 4) left, top, right, bottom; finite, and larger than nothing.
        overlap: intersection over union above which the less sure box goes.
    """
    order = np.argsort(-scores, kind="stable")[:MOST_CANDIDATES]
    if len(order) <= 1:
        return order
    corners = boxes[order].astype(np.float64)
    sized = np.concatenate((corners[:, :2] - corners.min(), corners[:, 2:] - corners[:, :2]), 1)
    batched: Any = cv2.dnn.NMSBoxesBatched  # its stubs know lists only
    kept = batched(sized, scores[order], classes[order].astype(np.int32), 0.0, overlap)
    return order[np.asarray(kept, np.int64)[:MOST_KEPT]]
