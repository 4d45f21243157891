"""The farm's side of the comparison: one farm in a home of its own, asked through the command line's own functions."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.cli import main as kinofarm


@dataclass(frozen=True)
class Rendered:
    """A film by the farm. seconds: from the command to its return, by the clock: check, submit, render, publish."""

    film: Path
    seconds: float
    chunks: int
    encoded: int


class FarmError(Exception):
    """A command of the farm failed; the words are its own."""


@contextlib.contextmanager
def running(home: Path) -> Iterator[None]:
    """Have a farm up, on `home`, for as long as this block.

    Raises:  FarmError.
    """
    os.environ["KINOFARM_HOME"] = str(home)
    _ask("up")
    try:
        yield
    finally:
        _ask("down")


def render(project: Path, out: Path) -> Rendered:
    """Render a project as `kinofarm render` does.

    Raises:  FarmError.
    """
    began = time.monotonic()
    document = _ask("render", str(project), "-o", str(out))
    seconds = time.monotonic() - began
    chunks = document["chunks"]
    return Rendered(Path(document["film"]), seconds, chunks["total"], chunks["encoded"])


def render_later(project: Path, out: Path) -> str:
    """Submit a render, and return the job's id.

    Raises:  FarmError.
    """
    return str(_ask("render", str(project), "-o", str(out), "--no-wait")["job"])


def _ask(*arguments: str) -> dict[str, Any]:
    """Run a command in this process and return the document that it prints."""
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        code = kinofarm.main([*arguments, "--json"])
    if code:
        raise FarmError(f"kinofarm {arguments[0]} ended with {code}: {said.getvalue()[-2000:]}")
    document: dict[str, Any] = json.loads(printed.getvalue())
    return document
