"""Programs of Debian that tests compare ours with, or use: the one that is there, else as root the package that has it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FETCH_SECONDS = 600


def program(name: str, package: str) -> str | None:
    """Return the path of a program; None: it is not there, and this user can install nothing."""
    with alone():
        found = shutil.which(name)
        if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            run("apt-get", "update", "-qq", env=quiet)
            run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package, env=quiet)
            found = shutil.which(name)
        return found


def run(*argv: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a program to its end and return what it said; one that fails fails the test with what it said."""
    done = subprocess.run(argv, env=env, cwd=cwd, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    assert done.returncode == 0, f"{argv[0]} failed\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def alone() -> Iterator[None]:
    """One of the processes of a test run at a time."""
    with Path(tempfile.gettempdir(), f"kinofarm-fetching-{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
