"""Marks in the names of temporary files: which process made them, so that what a killed one left is told from what is in use."""

from __future__ import annotations

import hashlib
import socket
import time
from functools import cache
from pathlib import Path

import psutil


def mark() -> str:
    """Return this process's mark: its machine, its number and when it started."""
    process = psutil.Process()
    return f"{_machine()}-{process.pid}-{int(process.create_time())}"


def is_left(path: Path, prefix: str, older: float = 0) -> bool:
    """Say whether a file or folder named `prefix`MARK-... was left by a process of this machine that is gone.

    Args:    older: seconds since its last change that it must be left alone, whoever made it.
    """
    machine, _, rest = path.name.removeprefix(prefix).partition("-")
    if not path.name.startswith(prefix) or machine != _machine():
        return False
    try:
        if time.time() - path.stat().st_mtime < older:
            return False
        pid, started = (int(part) for part in rest.split("-")[:2])
        return abs(psutil.Process(pid).create_time() - started) > 2  # the same number again is another process
    except psutil.NoSuchProcess:
        return True
    except (ValueError, OSError, psutil.AccessDenied):
        return False


@cache
def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
