"""Engines (the processes that run one flow each) on this machine: who runs now, and who was killed.

An engine keeps a file, named by its flow run, in HOME/run/engines for as long as it lives. SIGKILL leaves the file
behind, so that the supervisor can tell Prefect within a second that the run has crashed; Prefect's own detection takes
up to 90 s, and until then the run occupies a slot of its pool.
"""

from __future__ import annotations

import contextlib
import logging
import os
import runpy
import signal
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psutil

from infra.errors import KinofarmError
from infra.farm_state import ProcessId
from infra.prefect_api import PrefectApi
from infra.process import die_with_parent

FOLDER = "KINOFARM_ENGINES"
"""Environment variable: the folder where the engines of a worker register."""

HALF_WRITTEN_SECONDS = 5

logger = logging.getLogger("kinofarm.engines")


@contextlib.contextmanager
def registered() -> Iterator[None]:
    """Be a registered engine within this block, where a farm's worker started this process."""
    folder, run = os.environ.get(FOLDER), os.environ.get("PREFECT__FLOW_RUN_ID")
    own = ProcessId.of(os.getpid())
    if not folder or not run or own is None:
        yield
        return
    file = Path(folder) / run
    file.write_text(own.model_dump_json())
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def run(parent: int) -> None:
    """Be the engine of the flow run that the environment names; dies with `parent` (0: with whoever started it)."""
    die_with_parent(signal.SIGKILL, parent)
    warnings.filterwarnings("ignore", ".*prefect.engine.*", RuntimeWarning, "runpy")  # it is imported; run all the same
    with registered():
        sys.argv = ["prefect.engine"]
        runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def processes(folder: Path) -> tuple[psutil.Process, ...]:
    """Return the engines that live."""
    living = (identity.process() for file in folder.iterdir() if (identity := _identity(file)))
    return tuple(process for process in living if process is not None)


def lost(folder: Path) -> tuple[Path, ...]:
    """Return the files of engines that do not live any more."""
    return tuple(file for file in sorted(folder.iterdir()) if not _lives(file))


def report_lost(api: PrefectApi, folder: Path) -> int:
    """Mark the runs of killed engines as crashed; return how many were. Runs that went on elsewhere are left alone."""
    crashed = 0
    for file in lost(folder):
        try:
            crashed += _report(api, file)
            file.unlink(missing_ok=True)
        except KinofarmError as error:
            logger.warning("the end of the engine of run %s can't be reported yet: %s", file.name, error)
    return crashed


def report_left_over(api: PrefectApi, pools: tuple[str, ...], own: frozenset[str], before: datetime) -> int:
    """Mark runs that a worker took before `before` and that no engine here runs as crashed; return how many were.

    Does so only where no worker but ours (`own`, their names) is online: another machine's runs are its own.
    """
    alone = [pool for pool in pools if not any(w.online and w.name not in own for w in api.workers(pool))]
    left = [run for run in api.runs(alone, ("PENDING", "RUNNING", "CANCELLING")) if run.since < before] if alone else []
    for run in left:
        _crash(api, run.id, run.state)
    return len(left)


def _report(api: PrefectApi, file: Path) -> bool:
    run = api.run(UUID(file.name))
    if run is None or run.state not in ("PENDING", "RUNNING", "CANCELLING"):
        return False
    registered_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    if run.state == "PENDING" and run.since > registered_at:
        return False  # rescheduled and taken again already: this is its next engine's
    _crash(api, run.id, run.state)
    return True


def _crash(api: PrefectApi, run: UUID, state: str) -> None:
    logger.warning("run %s was %s and its engine is gone: it has crashed", run, state)
    end = ("CANCELLED", "Cancelled") if state == "CANCELLING" else ("CRASHED", "Crashed")
    api.set_state(run, end[0], name=end[1], message="The engine was killed, or its machine went down.", force=True)


def _lives(file: Path) -> bool:
    identity = _identity(file)
    if identity is not None:
        return identity.process() is not None
    try:
        return datetime.now(UTC).timestamp() - file.stat().st_mtime < HALF_WRITTEN_SECONDS
    except FileNotFoundError:
        return True  # it ended in good order just now


def _identity(file: Path) -> ProcessId | None:
    try:
        return ProcessId.model_validate_json(file.read_bytes())
    except (OSError, ValueError):
        return None
