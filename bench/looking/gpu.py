"""Which NVIDIA GPU there is, and for which share of a time it worked: nvidia-smi tells, as NVIDIA's driver brings it along."""

from __future__ import annotations

import shutil
import threading
from types import TracebackType

from infra.errors import KinofarmError
from infra.process import run_tool

SMI = "nvidia-smi"
EVERY_SECONDS = 0.5


def gpu_name() -> str | None:
    """Return the first GPU's name and its driver; None: there is none that NVIDIA's driver knows."""
    return _asked("name,driver_version")


class Busy:
    """Asks twice a second, while it is entered, for which share of the last moments the first GPU worked."""

    def __init__(self) -> None:
        self._shares: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="gpu", daemon=True)

    @property
    def share(self) -> float | None:
        """The mean, 0 to 1; None: it never answered."""
        return sum(self._shares) / len(self._shares) if self._shares else None

    def __enter__(self) -> Busy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            told = _asked("utilization.gpu", "noheader,nounits")
            if told is not None and told.isdigit():
                self._shares.append(int(told) / 100)


def _asked(what: str, form: str = "noheader") -> str | None:
    tool = shutil.which(SMI)
    if tool is None:
        return None
    try:
        told = run_tool([tool, f"--query-gpu={what}", f"--format=csv,{form}"], timeout=20)
    except KinofarmError:  # a driver that does not fit its module, or no device
        return None
    return next((line.strip() for line in told.splitlines() if line.strip()), None)
