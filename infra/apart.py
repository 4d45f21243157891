"""Work in processes of its own, for what hostile files could make crash, hang or grow without end.

    apart = Apart(most=4, megabytes=3072)
    facts = apart.call("tasks.media.reading:probed", {"path": "/media/clip.mp4"}, file="clip.mp4", seconds=60)

A function of ours is called by its name, with JSON values, in one of a few processes that live on from call to call. Each
has a ceiling on its address space, none of this process's environment, and dies with this process. What a call does can end in
three ways that it could not end in here: the process is killed when its time is over, it may crash, it may run out of
memory. Each is an error, and the next call has a new process.

The other side of the line is `infra.reader`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.errors import KinofarmError
from infra.process import NOWHERE, Limits, Process, environment, kill_group, spawn

CALLS = 500
"""After so many calls a process is replaced: what a library loses does not add up."""
POLL_SECONDS = 0.2
ASK_SECONDS = 20.0
"""In which a process, which may only begin, takes a question; one of what was found in a film has megabytes."""
LONGEST_ANSWER = 64 * 2**20
"""Bytes; what is larger is written into a file."""
MEGABYTE = 2**20

logger = logging.getLogger("kinofarm.apart")


class Apart:
    """A few processes that do what is not done here. Calls may come from any thread; each waits for a free process.

    Args:    most: processes at once; each is started when it is needed. megabytes: address space of each.
    """

    def __init__(self, most: int, megabytes: int) -> None:
        self._limits = Limits(address_space=megabytes * MEGABYTE)
        self._own = threading.local()
        self._open: set[_Reader] = set()
        self._lock = threading.Lock()
        # A process dies with the thread that started it: so each has a thread that lives as long as this object.
        self._threads = ThreadPoolExecutor(most, "apart")

    def call(
        self,
        function: str,
        given: Mapping[str, Any],
        *,
        file: str,
        seconds: float,
        progress: Callable[[float], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Any:
        """Call "module:function" with these values by name and return what it answers, a JSON value.

        Args:    file: what is looked into, for messages. seconds: for which it may run.
                 progress: told the shares of the work, 0 to 1, that the function tells (it is given `progress` if so).
                 should_stop: asked about five times a second; true: the process is killed.
        Raises:  KinofarmError MEDIA-010 out of time, MEDIA-011 crashed, MEDIA-012 out of memory, FFMPEG-001 stopped, and what
                 the function raises; a fault of ours in it is logged, and MEDIA-011.
        """
        work = self._threads.submit(self._call, function, dict(given), file, seconds, progress, should_stop)
        return work.result()

    def close(self) -> None:
        """End all processes. Calls that wait are forgotten, those in work end in MEDIA-011."""
        with self._lock:
            for reader in self._open:
                reader.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for reader in list(self._open):
            self._ended(reader)

    def _call(
        self,
        function: str,
        given: dict[str, Any],
        file: str,
        seconds: float,
        progress: Callable[[float], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> Any:
        if should_stop is not None and should_stop():
            raise KinofarmError("FFMPEG-001")
        reader = self._reader()
        kept = False
        try:
            reader.ask({"function": function, "given": given, "tell": progress is not None})
            answer = _answered(reader, file, seconds, progress, should_stop)
            kept = "memory" not in answer and reader.calls < CALLS
        finally:
            if not kept:
                self._own.reader = None
                self._ended(reader)
        return _meant(answer, function, file)

    def _reader(self) -> _Reader:
        """This thread's process; another one where it died between two calls, as when memory was short."""
        found: _Reader | None = getattr(self._own, "reader", None)
        if found is not None and found.process.poll() is not None:
            self._ended(found)
            found = None
        if found is None:
            found = self._own.reader = _Reader(self._limits)
            with self._lock:
                self._open.add(found)
        return found

    def _ended(self, reader: _Reader) -> None:
        with self._lock:
            self._open.discard(reader)
        reader.end()


class _Reader:
    """A process and the line to it."""

    def __init__(self, limits: Limits) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            argv = [sys.executable, "-m", "infra.reader", str(theirs.fileno())]
            self.process: Process = spawn(
                argv, env=environment(), stdout=NOWHERE, stderr=NOWHERE, limits=limits, handed=[theirs.fileno()]
            )
        self.line = ours
        self.line.settimeout(POLL_SECONDS)
        self.calls = 0
        self._read = bytearray()

    def ask(self, question: Mapping[str, Any]) -> None:
        """Send a question; one that the process did not live to take is answered by its end."""
        self.calls += 1
        self.line.settimeout(ASK_SECONDS)
        with contextlib.suppress(OSError):
            self.line.sendall(json.dumps(question).encode() + b"\n")
        self.line.settimeout(POLL_SECONDS)

    def answer(self) -> dict[str, Any] | None:
        """Return the next line, if it comes within a moment.

        Raises:  EOFError when the process is no more, or says more than it should.
        """
        if b"\n" not in self._read:
            try:
                part = self.line.recv(2**16)
            except TimeoutError:
                return None
            except OSError:
                part = b""
            if not part or len(self._read) > LONGEST_ANSWER:
                raise EOFError
            self._read += part
            if b"\n" not in part:
                return None
        line, _, rest = self._read.partition(b"\n")
        self._read = bytearray(rest)
        found: dict[str, Any] = json.loads(bytes(line))
        return found

    def kill(self) -> None:
        kill_group(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        self.kill()
        self.process.wait()
        self.line.close()


def _answered(
    reader: _Reader,
    file: str,
    seconds: float,
    progress: Callable[[float], None] | None,
    should_stop: Callable[[], bool] | None,
) -> dict[str, Any]:
    """Wait for the answer."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = reader.answer()
        except EOFError:
            reader.kill()
            status = reader.process.wait()
            reason = signal.Signals(-status).name if status < 0 else f"status {status}"
            raise KinofarmError("MEDIA-011", file=file, reason=reason) from None
        if found is not None and "progress" not in found:
            return found
        if found is not None and progress is not None:
            progress(float(found["progress"]))
        if should_stop is not None and should_stop():
            raise KinofarmError("FFMPEG-001")
        if time.monotonic() > deadline:
            raise KinofarmError("MEDIA-010", file=file, seconds=f"{seconds:g}")


def _meant(answer: Mapping[str, Any], function: str, file: str) -> Any:
    if "error" in answer:
        error = answer["error"]
        raise KinofarmError(error["code"], where=error["where"], **error["params"])
    if "memory" in answer:
        raise KinofarmError("MEDIA-012", file=file)
    if "fault" in answer:
        logger.error("%s failed on %s:\n%s", function, file, answer["fault"])
        raise KinofarmError("MEDIA-011", file=file, reason="a fault of the farm's own")
    return answer["answer"]
