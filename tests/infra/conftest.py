"""Farms for tests: real ones, with small flows of their own, in folders that the database's user may enter."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest

from infra import farm
from infra.farm import FarmConnection
from infra.prefect_api import PrefectApi, Run
from infra.sections import WorkerSettings
from infra.settings import Settings

DEPLOYMENTS = Path(__file__).with_name("farms") / "prefect.yaml"
KEEP = ("keeper=tests.infra.farms.flows:reconcile_once",)


@dataclass(frozen=True)
class RunningFarm:
    """A farm that runs, and a client of its Prefect server."""

    settings: Settings
    api: PrefectApi

    @property
    def connection(self) -> FarmConnection:
        """How to reach it, as it stands now."""
        found = farm.connect(self.settings)
        assert found is not None
        return found

    def pid(self, part: str) -> int:
        """The process id of a part, as the farm's state names it; waits for one that is just being started again."""

        def found() -> int | None:
            state = self.connection.state
            return state.parts[part].pid if state is not None and part in state.parts else None

        return until(found, 60)

    def ended(self, run: UUID, seconds: float = 60) -> Run:
        """Wait for the run's end."""
        return until(lambda: (found := self.api.run(run)) and found.state in ENDED and found, seconds)

    def reached(self, run: UUID, state: str, seconds: float = 60) -> Run:
        """Wait for the run to reach a state."""
        return until(lambda: (found := self.api.run(run)) and found.state == state and found, seconds)


ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def until(true: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until `true()` is, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


def processes_of(home: Path) -> list[psutil.Process]:
    """Return every living process that has to do with a farm's home, by its arguments, folder or environment."""
    found = []
    for process in psutil.process_iter(["status"]):
        with contextlib.suppress(psutil.Error, OSError):
            texts = [*process.cmdline(), process.cwd(), *process.environ().values()]
            if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(home) in text for text in texts):
                found.append(process)
    return found


@pytest.fixture(scope="module")
def running_farm(open_folder: Path) -> Iterator[RunningFarm]:
    """A farm in the background, with one render slot."""
    settings = Settings(home=open_folder / "farm", worker=WorkerSettings(slots=1))
    connection = farm.start(settings, KEEP, DEPLOYMENTS)
    assert connection.api_auth is not None
    api = PrefectApi(connection.api_url, connection.api_auth.get_secret_value())
    try:
        yield RunningFarm(settings, api)
    finally:
        api.close()
        farm.stop(settings)
