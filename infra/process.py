"""The one module that starts processes: ffmpeg, the farm's servers, and short tools.

Every process started here leads a process group of its own, has its own pipes or a log file (never an inherited
stdout: that delays crash detection until it ends), sees only the environment that it is given, writes no core
file, and on Linux dies with the thread that started it (PR_SET_PDEATHSIG follows the thread, not the process).
`run_ffmpeg` and `run_tool` wait in the thread that started; a `Daemon` is started by a thread that lives as long
as this process. On other systems an orderly end stops them; there a `kill -9` of the farm can leave them running.

Source:  prctl(2), PR_SET_PDEATHSIG; ffmpeg(1), -progress; wait4(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from infra.errors import KinofarmError

GLOBAL_OPTIONS = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-progress", "pipe:1", "-y")
FONTS_CONF = Path(__file__).with_name("fonts.conf")
"""An empty fontconfig: without it ffmpeg scans the system's fonts and writes caches into the user's home."""

POLL_SECONDS = 0.2
KILL_SECONDS = 1.0
"""From SIGTERM to SIGKILL when ffmpeg has to stop."""
TAIL_LINES = 12
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ", "CUDA_VISIBLE_DEVICES")
"""What a started process may see of this process's environment: no secret is ever named like these."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None  # loaded here: nothing is imported after a fork
_ABSOLUTE_FOLDER = re.compile(r"(?<![\w:.])/(?:[^/\s'\":]+/)+")
_ADDRESS = re.compile(r" @ 0x[0-9a-f]+")
_EXHAUSTED = (
    "Cannot allocate memory",
    "Resource temporarily unavailable",
    "Too many open files",
    "Stale file handle",
    "Input/output error",
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far ffmpeg is: frames written, and microseconds of output (what sound without pictures advances by)."""

    frame: int
    microseconds: int


@dataclass(frozen=True, slots=True)
class EncodeResult:
    """What a finished ffmpeg used: wall and processor seconds, the frames it reported, its last lines of stderr."""

    seconds: float
    cpu_seconds: float
    frames: int
    stderr_tail: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Most bytes that one process may map and write to one file; None: no limit."""

    address_space: int | None = None
    file_size: int | None = None


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a started process: a few harmless names of ours, and `extra`."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {"PATH": os.defpath, "LANG": "C.UTF-8"} | kept | dict(extra or {})


def run_ffmpeg(
    argv: Sequence[str],
    *,
    cwd: Path,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    timeout: float = 3600,
    hang: float = 60,
    binary: Path | None = None,
    limits: Limits | None = None,
) -> EncodeResult:
    """Run ffmpeg to its end in the folder `cwd`, from this thread.

    Args:    argv: arguments without the binary and without global options (those are added here).
             should_stop: asked about five times a second; true: SIGTERM to the group, SIGKILL a second later.
             timeout, hang: seconds of wall time; seconds with neither a new frame nor processor time.
    Raises:  KinofarmError FFMPEG-001 cancelled, -002 timeout, -003 hung, -004 failed, -005 killed by a signal,
             -006 disk full, -007 machine exhausted, -008 not startable. What the callbacks raise passes through;
             no process is left in any case.
    """
    if binary is None:
        from infra import ffmpeg  # that module asks this one for ffmpeg's version

        binary = ffmpeg.binary(None)
    command = [str(binary), *GLOBAL_OPTIONS, *argv]
    own = environment({"HOME": str(cwd), "FONTCONFIG_FILE": str(FONTS_CONF)})
    started = time.monotonic()
    try:
        process = spawn(command, cwd=cwd, env=own, limits=limits, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except (OSError, subprocess.SubprocessError) as error:
        raise KinofarmError("FFMPEG-008", reason=_reason(error)) from None
    run = _Run(process)
    try:
        moved, frame, used = started, Progress(0, 0), 0.0
        while run.step(POLL_SECONDS):
            now = time.monotonic()
            if should_stop is not None and should_stop():
                raise KinofarmError("FFMPEG-001")
            if now - started > timeout:
                raise KinofarmError("FFMPEG-002", seconds=f"{timeout:g}")
            if run.progress != frame:
                moved, frame = now, run.progress
                if on_progress is not None:
                    on_progress(frame)
            elif now - moved > hang:
                if (consumed := _processor_seconds(process.pid)) > used:
                    moved, used = now, consumed
                else:
                    raise KinofarmError("FFMPEG-003", seconds=f"{hang:g}", tail=run.tail())
        if on_progress is not None and run.progress != frame:
            on_progress(run.progress)
    finally:
        run.end()
    if process.returncode != 0:
        raise _failure(process.returncode, run.tail())
    return EncodeResult(time.monotonic() - started, run.cpu_seconds, run.progress.frame, run.tail())


def run_tool(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
    timeout: float = 60,
) -> str:
    """Run a short command to its end and return its standard output.

    Args:    env: the whole environment; None: `environment()`. user, group: ids to drop to (root only).
    Raises:  KinofarmError FARM-001 not startable, FARM-002 non-zero exit, FARM-003 timeout.
    """
    tool = Path(argv[0]).name
    own = environment() if env is None else env
    pipe = subprocess.PIPE
    try:
        process = spawn(argv, cwd=cwd, env=own, user=user, group=group, stdout=pipe, stderr=pipe)
    except (OSError, subprocess.SubprocessError) as error:
        raise KinofarmError("FARM-001", tool=tool, reason=_reason(error)) from None
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as late:
        tail = readable(late.stderr or b"")
        raise KinofarmError("FARM-003", tool=tool, seconds=f"{timeout:g}", tail=tail) from None
    finally:
        kill_group(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode != 0:
        raise KinofarmError("FARM-002", tool=tool, status=process.returncode, tail=readable(err or out))
    return str(out.decode("utf-8", "replace"))


class _Run:
    """A running ffmpeg: drains both its pipes, so that it never blocks on them, and reaps it with its usage."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None or process.stderr is None:
            raise ValueError("started without pipes")
        self.process = process
        self.progress = Progress(0, 0)
        self.cpu_seconds = 0.0
        self._stderr: deque[bytes] = deque(maxlen=64)  # of at most 64 KiB each
        self._reports = b""
        self._selector = selectors.DefaultSelector()
        for stream, take in ((process.stdout, self._take_report), (process.stderr, self._stderr.append)):
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, take)

    def step(self, seconds: float) -> bool:
        """Read for at most `seconds`; return whether ffmpeg still runs."""
        if self._selector.get_map():
            for key, _ in self._selector.select(seconds):
                if data := os.read(key.fd, 65536):
                    key.data(data)
                else:
                    self._selector.unregister(key.fileobj)
            return True
        if self._reaped():
            return False
        time.sleep(0.005)  # both pipes are closed: it is about to exit
        return True

    def end(self) -> None:
        """Make sure that ffmpeg and its group are gone, and close the pipes."""
        if self.process.returncode is None and not self._reaped():
            kill_group(self.process.pid, signal.SIGTERM)
            deadline = time.monotonic() + KILL_SECONDS
            while time.monotonic() < deadline and self.step(0.05):
                pass
        kill_group(self.process.pid, signal.SIGKILL)
        while not self._reaped():
            time.sleep(0.005)
        self._selector.close()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def tail(self) -> str:
        return readable(b"".join(self._stderr))

    def _reaped(self) -> bool:
        if self.process.returncode is not None:
            return True
        pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        return True

    def _take_report(self, data: bytes) -> None:
        *lines, self._reports = (self._reports + data).split(b"\n")
        self._reports = self._reports[-4096:]
        frame, microseconds = self.progress.frame, self.progress.microseconds
        for line in lines:
            name, _, value = line.partition(b"=")
            if name == b"frame" and value.strip().isdigit():
                frame = int(value)
            elif name == b"out_time_us" and value.strip().isdigit():
                microseconds = int(value)
        self.progress = Progress(frame, microseconds)


Process = subprocess.Popen[bytes]
NOWHERE = subprocess.DEVNULL
"""Where a process writes what nobody reads."""


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    cwd: Path | None = None,
    user: int | None = None,
    group: int | None = None,
    limits: Limits | None = None,
    death_signal: signal.Signals | None = signal.SIGKILL,
    handed: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a process as this module's docstring promises; the calling thread's end is its end."""
    dropped: dict[str, Any] = {} if user is None else {"user": user, "group": group, "extra_groups": []}
    return subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        pass_fds=tuple(handed),
        preexec_fn=_preparation(os.getpid(), death_signal, limits or Limits()),
        **dropped,
    )


def _preparation(parent: int, death_signal: signal.Signals | None, limits: Limits) -> Callable[[], None]:
    """Return what runs between fork and exec: plain system calls only, for other threads' locks may be held."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: limits.address_space,
        resource.RLIMIT_FSIZE: limits.file_size,
    }
    ceilings = [(which, value) for which, value in wanted.items() if value is not None]

    def prepare() -> None:
        for which, value in ceilings:
            resource.setrlimit(which, (value, value))
        if death_signal is not None:
            die_with_parent(death_signal, parent)

    return prepare


def die_with_parent(death_signal: signal.Signals, parent: int = 0) -> None:
    """Ask the kernel to send this process `death_signal` when the thread that started it ends.

    Args:    parent: the process that should be ours; when it is not any more, this process ends at once. 0: any.
    """
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if parent and os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every process below this one whose own parent dies, so that none can hide (Linux)."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def ended_within(process: Process, seconds: float) -> bool:
    """Wait for its end at most `seconds`; return whether it has ended."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def kill_group(leader: int, number: signal.Signals) -> None:
    """Signal the process group that `leader` led; nothing happens when no process of it is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def readable(output: bytes, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a process's output fit for a message: no control characters, folders shortened."""
    text = output.decode("utf-8", "replace").replace("\r", "\n")
    kept = [line.rstrip() for line in text.split("\n") if line.strip()][-lines:]
    plain = ["".join(c if c.isprintable() else " " for c in line[:400]) for line in kept]
    return "\n".join(_ADDRESS.sub("", _ABSOLUTE_FOLDER.sub(".../", line)) for line in plain)


def _failure(status: int, tail: str) -> KinofarmError:
    """Tell apart what a retry can help (signals, exhausted resources) from what it can't."""
    if status < 0:
        return KinofarmError("FFMPEG-005", signal=signal.Signals(-status).name, tail=tail)
    if "received signal" in tail:  # ffmpeg ends in an orderly way on SIGTERM and SIGINT, with status 255
        return KinofarmError("FFMPEG-005", signal="a signal", tail=tail)
    if "No space left on device" in tail or "Disk quota exceeded" in tail:
        return KinofarmError("FFMPEG-006", tail=tail)
    if any(words in tail for words in _EXHAUSTED):
        return KinofarmError("FFMPEG-007", tail=tail)
    return KinofarmError("FFMPEG-004", status=status, tail=tail)


def _processor_seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
