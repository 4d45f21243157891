"""The watcher: a process with a thread for each watched folder, so that a share that hangs keeps no other one waiting."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
import watchfiles

from apps.watch.folder import Watch
from infra.errors import KinofarmError
from infra.sections import WatchedFolder
from infra.services import Services, opened
from infra.settings import Settings

QUIET_SECONDS = 15.0
"""Between two looks at a folder in which nothing is on its way, where the system tells of changes."""
SHARES = ("nfs", "cifs", "smb", "9p", "fuse", "afs", "ceph", "gluster", "lustre", "davfs", "virtiofs", "vboxsf")
"""What names of file systems begin with whose changes, made elsewhere, nobody tells us of."""

logger = logging.getLogger("kinofarm.watch")

_threads: dict[Path, threading.Thread] = {}


def watch_folders(services: Services) -> None:
    """Make sure that every watched folder is looked after; called every few seconds."""
    settings = services.get(Settings)
    for folder in settings.watch.folders:
        thread = _threads.get(folder.folder)
        if thread is None or not thread.is_alive():
            thread = threading.Thread(target=_look_after, args=(settings, folder), name=str(folder.folder), daemon=True)
            _threads[folder.folder] = thread
            thread.start()


def _look_after(settings: Settings, folder: WatchedFolder) -> None:
    watch, changes = Watch(folder), Changes(folder)
    with opened(settings) as services:
        while True:
            began = time.monotonic()
            changes.forget() if watch.is_away else changes.listen()
            try:
                watch.round(services)
            except KinofarmError as away:
                logger.warning("%s has to wait: %s", folder.folder, away)
            except Exception:  # one round is lost, not the folder
                logger.exception("a round of %s failed", folder.folder)
            left = folder.poll_seconds - (time.monotonic() - began)
            time.sleep(max(0.05, left))
            if not watch.is_busy and not watch.is_away:
                changes.wait(QUIET_SECONDS)


class Changes:
    """Waits for the system to tell of a change below a folder; on a share, where it does not, waits for nothing."""

    def __init__(self, folder: WatchedFolder) -> None:
        self.folder = folder
        self._told = threading.Event()
        self._ending = threading.Event()
        self._listening: threading.Thread | None = None

    def listen(self) -> None:
        """Begin to listen, before the folder is looked at, so that no change falls between the two."""
        self._told.clear()
        if (self._listening is None or not self._listening.is_alive()) and not is_share(self.folder.folder):
            self._ending = threading.Event()
            self._listening = threading.Thread(target=self._listen, args=(self._ending,), name="listens", daemon=True)
            self._listening.start()

    def forget(self) -> None:
        """Listen anew next time: the folder went away, and what comes back is another one to the system."""
        self._ending.set()
        self._listening = None

    def wait(self, seconds: float) -> None:
        """Return at a change, or after so many seconds; at once where changes are not told of."""
        if self._listening is not None and self._listening.is_alive():
            self._told.wait(seconds)

    def _listen(self, ending: threading.Event) -> None:
        try:
            for _ in watchfiles.watch(
                self.folder.folder,
                recursive=self.folder.recursive,
                watch_filter=None,
                step=50,
                debounce=200,
                rust_timeout=1000,
                stop_event=ending,
                raise_interrupt=False,
            ):
                self._told.set()
        except OSError as error:  # too many watches, or the folder went away: looked at like a share
            logger.info("%s tells of no changes: %s", self.folder.folder, error)


def is_share(folder: Path) -> bool:
    """Whether a folder lies on a file system whose changes may be made on another machine."""
    kind = file_system(folder.resolve(), ((part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)))
    return kind.lower().startswith(SHARES)


def file_system(folder: Path, mounted: Iterable[tuple[str, str]]) -> str:
    """Return the kind of the file system that holds a folder, out of (mount point, kind)."""
    holding = [(len(point), kind) for point, kind in mounted if folder.is_relative_to(point)]
    return max(holding, default=(0, ""))[1]
