"""Names of files as projects from any system write them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

DRIVE = re.compile(r"/?([A-Za-z]:)[/\\]")


def file_name(path: str) -> str:
    """Return the last part of a path of any system."""
    pure = PureWindowsPath(path) if DRIVE.match(path) or "\\" in path else PurePosixPath(path)
    return pure.name
