"""Servers that the farm starts and looks after: one object per server, its process group and its log.

A daemon may be started from any thread: the start itself happens in a thread that lives as long as this process,
because the kernel's death signal follows the thread that started a process (see `infra.process`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import psutil

from infra.errors import KinofarmError
from infra.process import TAIL_LINES, Process, ended_within, environment, kill_group, readable, spawn

T = TypeVar("T")

LOG_BYTES = 8 * 1024 * 1024
"""A log longer than this is moved aside (to NAME.1) when its daemon is started again."""


@dataclass
class Daemon:
    """A long-lived server.

    Args:    name: what messages call it. env: its whole environment. log: file to which its output is appended
             (None: nowhere). user, group: ids to drop to (root only). death_signal: what the kernel sends it
             when this process dies, however that happens (None: nothing, it lives on). handed: numbers of open files that it
             inherits, under the same numbers.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=environment, repr=False)  # may hold secrets
    cwd: Path | None = None
    log: Path | None = None
    user: int | None = None
    group: int | None = None
    death_signal: signal.Signals | None = signal.SIGKILL
    handed: Sequence[int] = ()
    _process: Process | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Start it, from any thread; also again, once it has ended. Does nothing while it runs.

        Raises:  KinofarmError FARM-001.
        """
        if not self.alive():
            self._process = _in_lasting_thread(self._spawned)

    @property
    def pid(self) -> int | None:
        """Its process id, also after its end; None before the first start."""
        return self._process.pid if self._process else None

    @property
    def returncode(self) -> int | None:
        """Its exit code (negative: the signal that ended it); None while it runs and before the first start."""
        return self._process.poll() if self._process else None

    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def wait(self, timeout: float) -> bool:
        """Wait until it has ended, at most `timeout` seconds; return whether it has."""
        return self._process is None or ended_within(self._process, timeout)

    def stop(self, signals: Sequence[signal.Signals] = (signal.SIGTERM,), grace: float = 5.0) -> None:
        """End it and all that it started: each signal to it in turn, `grace` seconds apart, then SIGKILL to the rest."""
        if self._process is None:
            return
        family = descendants(self._process.pid) if self.alive() else []
        for each in signals:
            if self.alive():
                self._process.send_signal(each)
                self.wait(grace)
        end_processes(family, grace=0)
        kill_group(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        """Return the last lines of its log, folders shortened."""
        if self.log is None or not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16384))
            return readable(file.read(), lines)

    def _spawned(self) -> Process:
        try:
            with _log_file(self.log) as output:
                return spawn(
                    self.argv,
                    cwd=self.cwd,
                    env=self.env,
                    user=self.user,
                    group=self.group,
                    stdout=output,
                    stderr=output,
                    death_signal=self.death_signal,
                    handed=self.handed,
                )
        except OSError as error:
            raise KinofarmError("FARM-001", tool=self.name, reason=error.strerror or str(error)) from None


def descendants(pid: int) -> list[psutil.Process]:
    """Return all living processes below `pid`, whatever group or session they moved to."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def end_processes(processes: Sequence[psutil.Process], grace: float) -> None:
    """End these processes: SIGTERM, and SIGKILL to what is left after `grace` seconds (0: SIGKILL at once)."""
    left = list(processes)
    for terminate in (True, False) if grace > 0 else (False,):
        for process in left:
            with contextlib.suppress(psutil.Error):  # psutil compares start times: a reused pid is not signalled
                (process.terminate if terminate else process.kill)()
        _, left = psutil.wait_procs(left, timeout=grace if terminate else 2)


@contextlib.contextmanager
def _log_file(path: Path | None) -> Iterator[int]:
    if path is not None and path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    handle = os.open(path or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


class _LastingThread:
    """A thread that starts processes and ends with this process only."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._calls: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        threading.Thread(target=self._serve, name="starts-processes", daemon=True).start()

    def run(self, call: Callable[[], T]) -> T:
        done: Future[T] = Future()
        self._calls.put((call, done))
        return done.result()

    def _serve(self) -> None:
        while True:
            call, done = self._calls.get()
            try:
                done.set_result(call())
            except BaseException as error:
                done.set_exception(error)


_lasting: _LastingThread | None = None
_lasting_lock = threading.Lock()


def _in_lasting_thread(call: Callable[[], T]) -> T:
    global _lasting
    with _lasting_lock:
        if _lasting is None or _lasting.pid != os.getpid():  # threads do not survive a fork
            _lasting = _LastingThread()
    return _lasting.run(call)
