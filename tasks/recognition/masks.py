"""Masks: from a box's coefficients and a model's prototypes to which part of the box its thing covers.

Source:  Bolya et al., "YOLACT"; Ultralytics' process_mask: a weighted sum of prototypes, positive inside, cut at the box.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.recognition.found import Mask

FINEST = 512
"""Cells along the longer side of a mask, at most; a smaller box has one for each pixel."""

COARSE = 16
"""The same of a mask that would have more numbers than there is room for: of noise, which has one for each cell."""


def mask_of(
    coefficients: NDArray[np.float32],
    prototypes: NDArray[Any],
    box: NDArray[np.float32],
    shown: tuple[float, float],
    size: tuple[int, int],
    most: int,
) -> Mask:
    """Return the mask of one box, scaled up to a cell for each displayed pixel.

    Args:
        coefficients: (M,). Where they, or the prototypes, are not finite the mask covers nothing.
        prototypes: (M, h, w), over the whole input of the model.
        box: in pixels of the model's input.
        shown: the box's width and height in displayed pixels.
        size: width and height of the model's input.
        most: numbers that its runs may have; a mask with more is a coarse one.
    """
    count, down, across = prototypes.shape
    sums = (coefficients @ prototypes.reshape(count, -1).astype(np.float32)).reshape(down, across)
    mask = _scaled(sums, box, shown, size, FINEST)
    return mask if len(mask.runs) <= most else _scaled(sums, box, shown, size, COARSE)


def cells(mask: Mask) -> NDArray[np.bool_]:
    """Return a mask as (rows, columns)."""
    inside = np.arange(len(mask.runs)) % 2 == 1
    return np.repeat(inside, mask.runs).reshape(mask.rows, mask.columns)


def _scaled(
    sums: NDArray[np.float32],
    box: NDArray[np.float32],
    shown: tuple[float, float],
    size: tuple[int, int],
    finest: int,
) -> Mask:
    down, across = sums.shape
    ratio = min(1.0, finest / max(shown))
    columns, rows = (max(1, math.ceil(side * ratio)) for side in shown)
    # The middle of each cell, in prototypes whose own middles lie on whole numbers.
    step = (box[2] - box[0]) / columns * across / size[0], (box[3] - box[1]) / rows * down / size[1]
    first = box[0] * across / size[0] + step[0] / 2 - 0.5, box[1] * down / size[1] + step[1] / 2 - 0.5
    places = np.array([[step[0], 0, first[0]], [0, step[1], first[1]]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    scaled = cv2.warpAffine(sums, places, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return Mask(columns=columns, rows=rows, runs=_runs(scaled.ravel() > 0))


def _runs(covered: NDArray[np.bool_]) -> tuple[int, ...]:
    edges = np.flatnonzero(covered[1:] != covered[:-1]) + 1
    runs = np.diff(np.concatenate(([0], edges, [len(covered)]))).tolist()
    return (0, *runs) if covered[0] else tuple(runs)
