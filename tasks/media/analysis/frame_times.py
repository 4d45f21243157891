"""Frame times: how long each frame is shown, and whether the rate varies, read from packets."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from infra.values import Exact, Value
from tasks.media.analysis.parts import Ending, Packets, Scope, moving_only


class FrameTimes(Value):
    """Seconds from one frame to the next; the last frame's are in no timestamp and not among them."""

    variable: bool = Field(description="The frames fit no constant rate, give or take a tick of the file's clock.")
    least: Exact | None = Field(description="None: fewer than two frames.")
    largest: Exact | None
    usual: Exact | None = Field(description="That of most frames; the shortest such.")
    usual_share: float | None = Field(description="Share of frames that have it.")


class FrameTimeReader:
    """Reads the packets' times.

    Args:  scope: whose facts say whether the rate is constant.
    """

    def __init__(self, scope: Scope) -> None:
        self._constant = scope.picture is not None and scope.picture.constant_rate

    def result(self, end: Ending) -> FrameTimes:
        """Return the times."""
        steps = np.diff(end.timing.ticks())
        if not steps.size:
            return FrameTimes(variable=False, least=None, largest=None, usual=None, usual_share=None)
        tick = end.timing.time_base
        lengths, counts = np.unique(steps, return_counts=True)
        most = int(counts.argmax())
        return FrameTimes(
            variable=not self._constant,
            least=int(lengths[0]) * tick,
            largest=int(lengths[-1]) * tick,
            usual=int(lengths[most]) * tick,
            usual_share=round(int(counts[most]) / steps.size, 6),
        )


FRAME_TIMES = Packets(FrameTimes, FrameTimeReader, moving_only)
