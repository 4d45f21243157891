"""A farm on this machine: start it, find it, stop it.

    Farm(settings, keep).run_forever(on_ready)          be the supervisor (`kinofarm up` in the foreground)
    with embedded(settings, keep) as connection:        a farm for as long as this block, or this process, lives
    start(settings, keep)                               a farm that goes on in the background
    connect(settings)                                   the farm that runs on this home, or None
    stop(settings)                                      end it, and everything that it started

`keep` names plain functions as "name=module:function" (infra does not import flows); each is called every few seconds
with a service container, in a process of its own that has that name. `serve` names the function that serves the REST API and
the status page. `deployments` is the prefect.yaml to deploy; None: the shipped one.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from pydantic import SecretStr

from infra import deployment, farm_state, prefect
from infra.daemon import Daemon, descendants, end_processes
from infra.errors import KinofarmError
from infra.farm_state import FarmState
from infra.postgres import EmbeddedPostgres
from infra.settings import Settings, as_environment
from infra.values import Value

if TYPE_CHECKING:
    from infra.supervisor import Role

START_SECONDS = 180
"""Longest wait for a supervisor to be ready: a first start on a slow, busy machine takes most of a minute."""
STOP_SECONDS = 60


class FarmConnection(Value):
    """How to reach a farm: everything that a client, a worker or Prefect's command line needs."""

    home: Path
    database_url: SecretStr
    api_url: str
    api_auth: SecretStr | None
    state: FarmState | None
    """None: a farm elsewhere, whose database and server the settings name."""

    def prefect_environment(self) -> dict[str, str]:
        """Return the PREFECT_* variables with which Prefect's own command line and library reach this farm."""
        auth = self.api_auth.get_secret_value() if self.api_auth else None
        return prefect.client_environment(self.home, self.api_url, auth)


class Farm:
    """The supervisor of one home: see `infra.supervisor` for what it starts, in which order, and how it watches."""

    def __init__(
        self,
        settings: Settings,
        keep: Sequence[str] = (),
        *,
        serve: str = "",
        deployments: Path | None = None,
        embedded: bool = False,
        role: Role = "farm",
    ) -> None:
        self.settings = settings
        self.serve = serve
        self.deployments = deployments
        self.keep = keep
        self.is_embedded = embedded
        self.role: Role = role

    def run_forever(self, on_ready: Callable[[FarmConnection], None] | None = None) -> None:
        """Start all parts, call `on_ready`, and watch over them until SIGTERM or SIGINT; then end them all.

        Must run in the main thread of its process.
        Raises:  KinofarmError FARM-040 when a farm runs on this home, FARM-03x and DB-01x when a part does not start; in the
                 role of a worker FARM-062 when no farm is named, FARM-061, FARM-063.
        """
        if self.role == "worker" and not (self.settings.database.url and self.settings.prefect.api_url):
            raise KinofarmError("FARM-062")
        from infra.supervisor import StoppedEarly, Supervisor  # costs half a second to import, and only this needs it

        home = self.settings.home.absolute()
        farm_state.prepare(home)
        with farm_state.locked(home):
            farm_state.empty_scratch(home)
            deployments = self.deployments or deployment.shipped()
            supervisor = Supervisor(
                self.settings, self.keep, deployments, serve=self.serve, embedded=self.is_embedded, role=self.role
            )
            try:
                supervisor.start()
                if on_ready is not None and (connection := connect(self.settings)) is not None:
                    on_ready(connection)
                supervisor.watch()
            except StoppedEarly:
                pass
            finally:
                supervisor.stop()


def connect(settings: Settings) -> FarmConnection | None:
    """Return the farm that runs on this home and is ready, else the one that the settings name, else None."""
    home = settings.home.absolute()
    database, api_url, auth = settings.database.url, settings.prefect.api_url, settings.prefect.auth
    state = farm_state.read(home)
    if state is not None and state.ready:
        with contextlib.suppress(KinofarmError):  # its files are gone: then it is no farm that can be reached
            return FarmConnection(
                home=home,
                database_url=database or SecretStr(EmbeddedPostgres(home).url),
                api_url=api_url or state.api_url,
                api_auth=auth if api_url else SecretStr(prefect.auth_string(home)),
                state=state,
            )
    if database is not None and api_url is not None:
        return FarmConnection(home=home, database_url=database, api_url=api_url, api_auth=auth, state=None)
    return None


@contextlib.contextmanager
def embedded(settings: Settings, keep: Sequence[str] = (), deployments: Path | None = None) -> Iterator[FarmConnection]:
    """Run a farm for the duration of this block. It ends with this process too, however that ends.

    Raises:  as `Farm.run_forever`; FARM-042 when the supervisor ended without saying why.
    """
    supervisor = _supervisor(settings, keep, "", deployments, embedded=True)
    try:
        yield _started(supervisor, settings)
    finally:
        supervisor.stop((signal.SIGTERM,), grace=STOP_SECONDS)


def start(
    settings: Settings, keep: Sequence[str] = (), deployments: Path | None = None, *, serve: str = ""
) -> FarmConnection:
    """Start a farm in the background, which goes on when this process ends; return once it is ready.

    Raises:  as `Farm.run_forever`; FARM-042 when the supervisor ended without saying why.
    """
    supervisor = _supervisor(settings, keep, serve, deployments, embedded=False)
    try:
        return _started(supervisor, settings)
    except BaseException:
        supervisor.stop((signal.SIGTERM,), grace=STOP_SECONDS)
        raise


def stop(settings: Settings) -> bool:
    """End the farm that runs on this home: running renders are told to stop, then every process ends.

    Returns: whether one ran.
    Raises:  KinofarmError FARM-044 when a process survived even SIGKILL.
    """
    home = settings.home.absolute()
    state = farm_state.read(home)
    if state is None:
        return False
    supervisor = state.supervisor.process()
    known = [process for part in state.parts.values() if (process := part.process())]
    family = known + [each for process in known for each in descendants(process.pid)]
    if supervisor is not None:
        family.extend(descendants(supervisor.pid))
        with contextlib.suppress(psutil.Error):
            supervisor.terminate()
            supervisor.wait(STOP_SECONDS)
        end_processes([supervisor], grace=0)
    end_processes(family, grace=0)
    left = [process.pid for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    if left:
        raise KinofarmError("FARM-044", pids=", ".join(map(str, left)))
    farm_state.clear(home)
    return True


def _supervisor(
    settings: Settings, keep: Sequence[str], serve: str, deployments: Path | None, *, embedded: bool
) -> Daemon:
    home = settings.home.absolute()
    farm_state.prepare(home)
    farm_state.told_failure(home, forget=True)
    how = "embedded" if embedded else "standing"
    return Daemon(
        "the farm's supervisor",
        [sys.executable, "-m", "infra.launch", "supervise", how, ",".join(keep), serve, str(deployments or "")],
        env={**prefect.python_environment(home), **as_environment(settings), "KINOFARM_HOME": str(home)},
        cwd=home,
        log=home / "logs" / "farm.log",
        death_signal=signal.SIGTERM if embedded else None,
    )


def _started(supervisor: Daemon, settings: Settings) -> FarmConnection:
    """Start the supervisor and wait until its farm is ready."""
    home = settings.home.absolute()
    supervisor.start()
    deadline = time.monotonic() + START_SECONDS
    while supervisor.alive() and time.monotonic() < deadline:
        found = connect(settings)
        if found is not None and found.state is not None and found.state.supervisor.pid == supervisor.pid:
            return found
        time.sleep(0.05)
    log = home / "logs" / "farm.log"
    if supervisor.alive():
        tail = supervisor.log_tail()
        raise KinofarmError("FARM-032", part="the farm", seconds=START_SECONDS, tail=tail, log=str(log))
    raise farm_state.told_failure(home) or KinofarmError("FARM-042", tail=supervisor.log_tail(), log=str(log))
