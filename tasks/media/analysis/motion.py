"""Motion: how far a picture's points move, by dense optical flow between neighbouring frames.

Two frames that have nothing in common (a cut, a flash) show no motion and count nothing.

Units: widths of the picture a second. Source: OpenCV, DISOpticalFlow (Kroeger and others, 2016).
"""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from infra.values import Value
from tasks.media.analysis.curve import Curve
from tasks.media.analysis.parts import Ending, Frames, Scope, moving_only
from tasks.media.analysis.shot import Pixels, Shot

WIDTH, LEAST_HEIGHT = 160, 48
"""Pixels of the picture that the flow is computed on."""

ANOTHER_PICTURE = 40
"""Mean change of luma, of 255, beyond which two frames show different things."""

STILL = 0.25
"""Mean change of luma below which nothing moves: noise of the coding, in which flow finds motion."""

SHORTEST = Fraction(1, 1_000)
"""Seconds between two frames below which their distance means nothing."""


class Motion(Value):
    """How much moves."""

    mean: float | None = Field(description="Widths a second, over all pairs of frames; None: no two frames to compare.")
    peak: float | None = Field(description="The most, of any pair.")
    curve: Curve


class MotionCollector:
    """Measures the flow from each frame to the next.

    Args:  scope: of which rate and length are asked.
    """

    def __init__(self, scope: Scope) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._curve = scope.frame_curve()
        self._before: tuple[Fraction, Pixels] | None = None
        self._sum, self._count, self._peak = 0.0, 0, 0.0

    def look(self, shot: Shot) -> None:
        """Take in a frame."""
        before, now = self._before, _reduced(shot.luma)
        self._before = shot.time, now
        if before is None or shot.time - before[0] < SHORTEST:
            return
        change = cv2.mean(cv2.absdiff(before[1], now))[0]
        if change > ANOTHER_PICTURE:
            return
        moved = 0.0 if change < STILL else _mean_length(self._flow.calc(before[1], now, None))  # type: ignore[call-overload]
        speed = moved / WIDTH / float(shot.time - before[0])
        self._sum, self._count, self._peak = self._sum + speed, self._count + 1, max(self._peak, speed)
        self._curve.add(shot.time, speed)

    def result(self, end: Ending) -> Motion:
        """Return the motion."""
        del end
        if not self._count:
            return Motion(mean=None, peak=None, curve=self._curve.result())
        return Motion(mean=round(self._sum / self._count, 6), peak=round(self._peak, 6), curve=self._curve.result())


def _reduced(luma: Pixels) -> Pixels:
    height = max(LEAST_HEIGHT, round(luma.shape[0] * WIDTH / luma.shape[1]))
    return cv2.resize(luma, (WIDTH, min(height, 2 * WIDTH)), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _mean_length(flow: npt.NDArray[np.float32]) -> float:
    return float(cv2.mean(cv2.magnitude(flow[..., 0], flow[..., 1]))[0])


MOTION = Frames(Motion, MotionCollector, moving_only)
