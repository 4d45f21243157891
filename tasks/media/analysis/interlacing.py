"""Interlacing: what the frames are flagged as, and what they are by what is to be seen.

Rows that belong to another moment than their neighbours show a comb where something moves. As idet does, three frames in a row
are compared: how well do rows of the frame before and of the one after fit between the middle one's rows, and how well do its
own? The last is weighed here, too: without it, as in idet, things that move up or down are taken for fields. This needs all rows, so it looks at the frame itself, but at narrow upright strips of it, and at one frame in four: what stays the same
for a whole film needs no more.

Source: ffmpeg's libavfilter/vf_idet.c, whose measure this is.
"""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from infra.values import Value
from tasks.media.analysis.parts import Ending, Frames, Scope, moving_only
from tasks.media.analysis.shot import Shot

STRIPS, STRIP_WIDTH = 4, 64
"""Strips spread over a frame, and samples across each."""

EVERY = 4
"""Of so many frames one is judged by its neighbours; no divisor of a pull-down's five."""

LEAST_ROWS = 16

LEAST_COMBS = 2
"""Frames that must show a comb: one may be a mistake."""

MIXED_FROM, INTERLACED_FROM = 0.1, 0.6
"""Share of the judged frames that show a comb, from which on some of the film is interlaced, and all of it."""

Verdict = Literal["progressive", "top field first", "bottom field first", "mixed", "undecided"]
Rows = npt.NDArray[np.int16] | npt.NDArray[np.int32]


class Interlacing(Value):
    """Whether a film is made of fields."""

    verdict: Verdict = Field(
        description="What is to be seen; mixed: combs in some frames only, as of film in television; undecided: nothing moves."
    )
    frames: int = Field(description="Frames decoded.")
    flagged: int = Field(description="Frames that are flagged as interlaced.")
    looked_at: int = Field(description="Frames whose rows were compared.")
    progressive: int = Field(description="Of them: show one moment.")
    top_first: int = Field(description="Of them: show two moments, the upper field's first.")
    bottom_first: int = Field(description="Of them: show two moments, the lower field's first.")
    flags_agree: bool | None = Field(description="The flags say what is to be seen; None: undecided.")


class InterlacingCollector:
    """Judges frames.

    Args:  scope: whose settings give the thresholds.
    """

    def __init__(self, scope: Scope) -> None:
        self._interlaced_ratio = scope.settings.interlaced_ratio
        self._progressive_ratio = scope.settings.progressive_ratio
        self._frames, self._flagged, self._compared = 0, 0, 0
        self._votes = {"progressive": 0, "top": 0, "bottom": 0}
        self._rows: list[Rows] = []

    def look(self, shot: Shot) -> None:
        """Take in a frame."""
        self._flagged += shot.frame.interlaced_frame
        phase = self._frames % EVERY
        self._frames += 1
        if phase >= 3:
            return
        if phase == 0:
            self._rows.clear()
        rows = rows_of(shot.frame)
        if rows is not None and (not self._rows or self._rows[0].shape == rows.shape):
            self._rows.append(rows)
        if phase == 2 and len(self._rows) == 3:
            self._judge(*self._rows)

    def result(self, end: Ending) -> Interlacing:
        """Return the verdict."""
        del end
        top, bottom, whole = self._votes["top"], self._votes["bottom"], self._votes["progressive"]
        flagged = self._flagged * 2 > self._frames
        verdict = _verdict(top, bottom, whole)
        return Interlacing(
            verdict=verdict,
            frames=self._frames,
            flagged=self._flagged,
            looked_at=self._compared,
            progressive=whole,
            top_first=top,
            bottom_first=bottom,
            flags_agree=None if verdict in ("undecided", "mixed") else flagged == (verdict != "progressive"),
        )

    def _judge(self, before: Rows, now: Rows, after: Rows) -> None:
        self._compared += 1
        around = now[:-2] + now[2:]
        odd, even = around[0::2], around[1::2]  # of the frame's rows: the first of `around` is row 1
        top_first = _unlike(even, before[2:-1:2]) + _unlike(odd, after[1:-1:2])
        bottom_first = _unlike(odd, before[1:-1:2]) + _unlike(even, after[2:-1:2])
        own, near, far = _unlike(around, now[1:-1]), min(top_first, bottom_first), max(top_first, bottom_first)
        # With even motion fields are 1/2, 1/2 and 3/2 of a step apart, whole frames 0, 1 and 1: so far/near is weighed with near/own.
        if far > self._interlaced_ratio * near and far * own > near * near:
            self._votes["top" if top_first > bottom_first else "bottom"] += 1
        elif near > self._progressive_ratio * own:
            self._votes["progressive"] += 1


def rows_of(frame: Any) -> Rows | None:
    """Return strips of all rows of a frame's first plane, (rows, samples); None where its bytes can't be compared."""
    layout = frame.format
    plane = frame.planes[0]
    if layout.has_palette or layout.is_bit_stream or plane.line_size <= 0 or plane.height < LEAST_ROWS:
        return None
    sample, held = "u1", "i2"
    if max(part.bits for part in layout.components) > 8:
        if layout.name.endswith(("f32le", "f32be", "f16le", "f16be")):
            return None
        sample, held = ">u2" if layout.is_big_endian else "<u2", "i4"
    whole = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    whole = whole[:, : plane.line_size // 2 * 2].view(sample)
    width = min(plane.width, whole.shape[1])
    if width <= STRIPS * STRIP_WIDTH:
        return whole[:, :width].astype(held)
    starts = [(2 * strip + 1) * width // (2 * STRIPS) - STRIP_WIDTH // 2 for strip in range(STRIPS)]
    return np.concatenate([whole[:, start : start + STRIP_WIDTH] for start in starts], axis=1).astype(held)


def _unlike(around: Rows, rows: Rows) -> float:
    """Return how far rows are from the mean of those around them, twice and summed up."""
    return cv2.norm(around, 2 * rows, cv2.NORM_L1)


def _verdict(top: int, bottom: int, whole: int) -> Verdict:
    judged = top + bottom + whole
    if not judged:
        return "undecided"
    combs = (top + bottom) / judged
    if combs < MIXED_FROM or top + bottom < LEAST_COMBS:
        return "progressive"
    if max(top, bottom) / judged < INTERLACED_FROM:
        return "mixed"
    return "top field first" if top > bottom else "bottom field first"


INTERLACING = Frames(Interlacing, InterlacingCollector, moving_only)
