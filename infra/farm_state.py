"""What a running farm tells others about itself: `HOME/farm.json`, and the lock that keeps a second farm out.

    HOME/farm.json    0600; ports, addresses and process ids, no secret; there while the farm runs
    HOME/farm.lock    held (flock) for as long as the supervisor lives; the kernel frees it however that ends
    HOME/run          engines that run now, scratch, why the last start failed
    HOME/logs         one log per part

A farm.json whose supervisor does not live any more (its process id and start time are compared) is stale: nobody trusts it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import pydantic
from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value

FOLDERS = ("run", "run/engines", "run/tmp", "logs")


class ProcessId(Value):
    """A process, told apart from a later one with the same number by when it started."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """Return the identity of a living process."""
        try:
            return cls(pid=pid, started=psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    def process(self) -> psutil.Process | None:
        """Return it while it lives."""
        try:
            found = psutil.Process(self.pid)
            # psutil reads the boot time anew and rounds: half a second apart is still the same process
            same = abs(found.create_time() - self.started) < 0.5
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


class FarmState(Value):
    """A farm that runs, as its supervisor last wrote it."""

    version: str
    supervisor: ProcessId
    embedded: bool
    ready: bool
    api_url: str
    page: str = Field("", description="URL of the REST API and the status page; empty: there are none.")
    started_at: datetime
    parts: dict[str, ProcessId]
    restarts: dict[str, int]


def prepare(home: Path) -> None:
    """Make the farm's folders. Home itself can be entered by the database's user; what is inside is ours alone.

    Raises:  KinofarmError FARM-041 when that is not possible.
    """
    try:
        if not home.exists():
            home.mkdir(parents=True, mode=0o755)
        for name in FOLDERS:
            (home / name).mkdir(exist_ok=True)
            (home / name).chmod(0o700)
        if not os.access(home, os.W_OK):
            raise PermissionError(13, "it can't be written to")
    except OSError as error:
        raise KinofarmError("FARM-041", home=str(home), reason=error.strerror or str(error)) from None


def instance(home: Path) -> UUID:
    """Return what tells this home's worker from another one of the same name; made once, so that a start after a crash
    finds its own name free."""
    file = home / "run" / "instance"
    with contextlib.suppress(OSError, ValueError):
        return UUID(file.read_text().strip())
    made = uuid4()
    write_private(file, f"{made}\n")
    return made


def empty_scratch(home: Path) -> None:
    """Remove what processes that were killed left in the farm's folder for temporary files."""
    for left in (home / "run" / "tmp").iterdir():
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the home's lock.

    Raises:  KinofarmError FARM-040 when another supervisor holds it.
    """
    handle = os.open(home / "farm.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(handle, 32).decode(errors="replace").strip()
            raise KinofarmError("FARM-040", home=str(home), pid=owner or "?") from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


def read(home: Path) -> FarmState | None:
    """Return the state of the farm that runs on this home; None when none does."""
    try:
        state = FarmState.model_validate_json((home / "farm.json").read_bytes())
    except (OSError, pydantic.ValidationError):
        return None
    return state if state.supervisor.process() is not None else None


def write(home: Path, state: FarmState) -> None:
    """Replace the state file in one step."""
    write_private(home / "farm.json", state.model_dump_json(indent=2))


def clear(home: Path) -> None:
    """Remove the state file: the farm has ended."""
    (home / "farm.json").unlink(missing_ok=True)


def write_private(file: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    half = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    half.replace(file)


def tell_failure(home: Path, error: KinofarmError) -> None:
    """Leave word of why the farm did not start, for the process that started its supervisor."""
    told = {"code": error.code, "where": error.where, "params": {k: str(v) for k, v in error.params.items()}}
    with contextlib.suppress(OSError):
        write_private(home / "run" / "failed.json", json.dumps(told))


def told_failure(home: Path, *, forget: bool = False) -> KinofarmError | None:
    """Return why the farm did not start last; `forget`: remove that word."""
    file = home / "run" / "failed.json"
    try:
        told = json.loads(file.read_text())
        return KinofarmError(told["code"], where=told["where"], **told["params"])
    except (OSError, ValueError, LookupError):
        return None
    finally:
        if forget:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
