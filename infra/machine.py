"""This machine: its name in the farm, its cores and memory, and whether it has a device that may encode."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from infra.jobs.records import CPU_POOL, GPU_POOL
from infra.settings import Settings

DEVICES = ("/dev/nvidia[0-9]*", "/dev/dri/renderD*")
"""Device files of NVIDIA's driver and of Linux' own (Quick Sync, VA-API)."""


def name(settings: Settings) -> str:
    """Return the name under which this machine is known in the farm."""
    return settings.worker.name or socket.gethostname()


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int:
    """Return the machine's memory in bytes."""
    return int(psutil.virtual_memory().total)


def may_encode() -> bool:
    """Whether there is a device that may encode; trials say whether it does."""
    if sys.platform != "linux":
        return sys.platform in ("darwin", "win32")
    return any(list(Path("/").glob(pattern.removeprefix("/"))) for pattern in DEVICES)


def render_slots(configured: int) -> int:
    """Return how many chunks this machine renders at once; 0 configured: half its cores, at least 2 where it has 2."""
    return configured or max(cores() // 2, min(cores(), 2))


def slots(settings: Settings) -> Mapping[str, int]:
    """Return how many chunks of each pool this machine takes at once, before its devices were tried."""
    wanted, most = settings.worker.pool, {CPU_POOL: render_slots(settings.worker.slots)}
    if wanted in ("gpu", "auto") and may_encode():
        most[GPU_POOL] = settings.worker.gpu_slots or 1
    kept = {"auto": most.keys(), "cpu": {CPU_POOL}, "gpu": {GPU_POOL}, "none": set()}[wanted]
    return {pool: count for pool, count in most.items() if pool in kept}
