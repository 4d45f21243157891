"""Backups: a project and all that it reads as one file of the farm's, to be downloaded and opened elsewhere."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from pydantic import Field

from flows.commands.projects import EXAMPLE, ProjectNamed, opened, ordered
from infra.commands import Call, Command, Name
from infra.errors import KinofarmError
from infra.settings import Settings
from infra.values import Value
from tasks.compiler.editing.backup import SUFFIX, paths_of, size_of, write_backup
from tasks.compiler.model import Timeline
from tasks.compiler.relinking.relink import rebased

BACKUPS = "backups"
"""Folder in the farm's home."""
SPARE = 2 * 10**9
"""Bytes that stay free on the disk."""
AT_ONCE = 2
"""Backups that one process writes at once: each holds one of the API's threads for as long as copying takes."""

_GIGABYTE = 10**9
_WRITING = threading.BoundedSemaphore(AT_ONCE)
_NAME = re.compile(r"[\w.-]{1,120}\.otioz")


class BackupWanted(ProjectNamed):
    """A project that is to be kept."""

    media: bool = Field(
        True, description="With all the files that it reads; without, its paths lead to where they lie."
    )
    name: Name | None = Field(None, description="What the backup is called; none: as the project.")


class Backup(Value):
    """A backup."""

    name: str = Field(description="Download it from /api/v1/backups/{name}.")
    file: str = Field(description="Where it lies on the farm's machine.")
    size: int
    media: int = Field(description="Files that are in it.")


def back_up_project(call: Call, given: BackupWanted) -> Backup:
    """Put a project and all that it reads into one file (.otioz), which the farm and other programs open.

    Raises:  KinofarmError EDIT-011 when it would be too large, EDIT-012 while others are written, FORMAT-0xx, CHECK-0xx,
             PATH-0xx, MEDIA-0xx, PUBLISH-00x.
    """
    if not given.media:
        _, project = ordered(call, given)
        return _written(call, given, rebased(project.timeline, project.base, None), {})
    with _one_of_few(), opened(call, given) as found:
        timeline = found.read.timeline
        files = {path: found.roots.resolve(path) for path in paths_of(timeline)}
        return _written(call, given, timeline, files)


def backup_file(settings: Settings, name: str) -> Path:
    """Return a backup's file.

    Raises:  KinofarmError EDIT-013.
    """
    file = settings.home.absolute() / BACKUPS / name
    if not _NAME.fullmatch(name) or file.is_symlink() or not file.is_file():
        raise KinofarmError("EDIT-013", where="name", name=name)
    return file


def forget_backups(settings: Settings) -> int:
    """Remove the backups that are older than the settings say; return how many."""
    oldest = time.time() - settings.housekeeping.backup_days * 24 * 3600
    gone = [file for file in (settings.home.absolute() / BACKUPS).glob(f"*{SUFFIX}") if file.stat().st_mtime < oldest]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)


def _written(call: Call, given: BackupWanted, timeline: Timeline, files: Mapping[str, Path]) -> Backup:
    settings = call.services.get(Settings)
    folder = settings.home.absolute() / BACKUPS
    folder.mkdir(parents=True, exist_ok=True)
    size = size_of(files.values())
    most = shutil.disk_usage(folder).free - SPARE
    if call.remote:
        most = min(most, int(settings.api.backup_gigabytes * _GIGABYTE))
    if size > most:
        raise KinofarmError("EDIT-011", size=size // 10**6, most=max(0, most) // 10**6)
    stem = (
        re.sub(r"[^\w-]+", "-", given.name or timeline.name or "project", flags=re.ASCII).strip("-")[:80] or "project"
    )
    target = folder / f"{stem}-{uuid4().hex[:12]}{SUFFIX}"
    write_backup(timeline, files, target)
    return Backup(name=target.name, file=str(target), size=target.stat().st_size, media=len(set(files.values())))


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _WRITING.acquire(blocking=False):
        raise KinofarmError("EDIT-012")
    try:
        yield
    finally:
        _WRITING.release()


COMMANDS: tuple[Command, ...] = (
    Command("project.backup", back_up_project, "POST /projects/backup", scope="submit", example=EXAMPLE, makes=True),
)
"""Of this module."""
