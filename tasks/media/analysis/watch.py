"""Progress and stopping, asked and told while a file goes by."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

from infra.errors import KinofarmError

ASK_SECONDS = 0.2
"""Between two questions whether to stop, and two reports of progress."""


class Watch:
    """Asks whether to stop and tells how far the work is, but not more often than makes sense.

    Args:  duration: seconds of the file.
    """

    def __init__(
        self,
        duration: Fraction,
        progress: Callable[[float], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self._duration = duration
        self._progress, self._should_stop = progress, should_stop
        self._asked, self._told = time.monotonic(), 0.0
        self.raised: Exception | None = None

    def at(self, reached: Fraction) -> None:
        """Say which time of the file is reached.

        Raises:  KinofarmError FFMPEG-001 when the work is to stop.
        """
        now = time.monotonic()
        if now - self._asked < ASK_SECONDS:
            return
        self._asked = now
        try:
            self._ask(reached)
        except Exception as error:
            self.raised = error  # so that it is not taken for an error of the file
            raise

    def _ask(self, reached: Fraction) -> None:
        if self._should_stop is not None and self._should_stop():
            raise KinofarmError("FFMPEG-001")
        if self._progress is not None and self._duration > 0:
            share = min(1.0, float(reached / self._duration))
            if share > self._told:
                self._told = share
                self._progress(share)
