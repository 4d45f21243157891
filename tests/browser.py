"""Chromium for tests of the status page: the one that is there, else one that is fetched by the means of this machine.

KINOFARM_TEST_CHROMIUM   the path of a Chromium or Chrome to use
root                     Debian's package
others                   the npm package @sparticuz/chromium, whose binary needs no libraries of the system
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FETCH_SECONDS = 600


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for as long as this block."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield started
        started.close()


def chromium() -> str:
    """Return the path of a Chromium, which is fetched first where there is none."""
    named = os.environ.get("KINOFARM_TEST_CHROMIUM")
    if named:
        return named
    with _alone():
        found = _on_path()
        if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            _run("apt-get", "update", "-qq", env=quiet)
            _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", env=quiet)
            found = _on_path()
        return found or _from_npm()


def _on_path() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def _from_npm() -> str:
    """The binary of the npm package, unpacked into a folder of this user's."""
    folder = Path(tempfile.gettempdir()) / f"kinofarm-chromium-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / "node_modules" / "@sparticuz" / "chromium").is_dir():
        _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "@sparticuz/chromium")
    script = "import('@sparticuz/chromium').then(async (found) => console.log(await found.default.executablePath()))"
    return _run("node", "-e", script, cwd=folder, env={**os.environ, "TMPDIR": str(folder)}).strip().splitlines()[-1]


def _run(*argv: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    done = subprocess.run(argv, env=env, cwd=cwd, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    assert done.returncode == 0, (
        f"{argv[0]} failed; KINOFARM_TEST_CHROMIUM may name a browser\n{done.stdout}\n{done.stderr}"
    )
    return done.stdout


@contextmanager
def _alone() -> Iterator[None]:
    """One of the processes of a test run at a time."""
    with Path(tempfile.gettempdir(), f"kinofarm-chromium-{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
