"""Scratch folders: every attempt at a piece of work writes in a folder of its own, which goes when the attempt ends.

A folder's name carries the process that made it, so that what a killed process left is told from what is in use.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import KinofarmError
from tasks.filesystem.owner import is_left, mark
from tasks.filesystem.publish import FULL

_PREFIX = "attempt-"
_YOUNG = 60.0
"""Seconds for which a folder is never swept, whoever made it: its maker may run in another process namespace."""


@contextmanager
def scratch(home: Path, label: str = "work") -> Iterator[Path]:
    """Make an empty folder, private to this process, and remove it with all that is in it at the end.

    Args:
        home: the folder under which scratch folders lie; it is made when it is missing.
        label: lower-case letters, digits and dashes; for whoever looks into the folder.
    Raises:  KinofarmError PUBLISH-003 when it cannot be made, PUBLISH-005 when the disk is full.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{mark()}-{label}-", dir=home))
    except OSError as error:
        code = "PUBLISH-005" if error.errno in FULL else "PUBLISH-003"
        raise KinofarmError(code, path=str(home), reason=error.strerror or "it cannot be made") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(home: Path, older: float = _YOUNG) -> int:
    """Remove the scratch folders of processes that are gone; return how many.

    Args:  older: seconds since its last change that a folder must be left alone.
    """
    if not home.is_dir():
        return 0
    swept = 0
    for folder in home.iterdir():
        if is_left(folder, _PREFIX, older):
            shutil.rmtree(folder, ignore_errors=True)
            swept += not folder.exists()
    return swept
