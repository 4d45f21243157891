"""Chromium for tests of the status page: the one that is there, else one that is fetched by the means of this machine.

KINOFARM_TEST_CHROMIUM   the path of a Chromium or Chrome to use
root                     Debian's package
others                   the npm package @sparticuz/chromium, whose binary needs no libraries of the system
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.debian import alone, program, run

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
    with alone():
        on_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    return on_path or program("chromium", "chromium") or _from_npm()


def _from_npm() -> str:
    """The binary of the npm package, unpacked into a folder of this user's."""
    folder = Path(tempfile.gettempdir()) / f"kinofarm-chromium-{os.geteuid()}"
    with alone():
        folder.mkdir(mode=0o700, exist_ok=True)
        if not (folder / "node_modules" / "@sparticuz" / "chromium").is_dir():
            run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "@sparticuz/chromium")
        script = (
            "import('@sparticuz/chromium').then(async (found) => console.log(await found.default.executablePath()))"
        )
        said = run("node", "-e", script, cwd=folder, env={**os.environ, "TMPDIR": str(folder)})
    return said.strip().splitlines()[-1]
