"""What the tests of `infra.apart` have done in a process of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.errors import KinofarmError


def echoed(value: Any) -> Any:
    return {"value": value, "pid": os.getpid(), "environment": sorted(os.environ)}


def crashed() -> None:
    os.abort()


def slept(seconds: float) -> None:
    time.sleep(seconds)


def grown(megabytes: int) -> int:
    return len(bytearray(megabytes * 2**20))


def refused(file: str) -> None:
    raise KinofarmError("MEDIA-001", where="path", file=file, reason="of a test")


def told(steps: int, progress: Callable[[float], None]) -> str:
    for step in range(steps):
        progress((step + 1) / steps)
    return "done"


def wrong() -> None:
    raise LookupError("a fault")


def written(path: str, delay: float) -> None:
    time.sleep(delay)
    Path(path).write_text("it went on")
