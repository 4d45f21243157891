"""The supervisor: starts a farm's parts in order, watches over them, and ends them all.

    PostgreSQL -> Prefect server, workers, deployment -> ledger migrated -> REST API, pools, automations -> ready

Workers and deployment start together with the server: they import Prefect while it boots, and wait for their pool.
On a machine that only renders for a farm elsewhere (`Role` "worker") it is the workers alone, and nothing is set up.
A part that ends is started again (`infra.parts`); engines that were killed are reported to Prefect (`infra.engines`).
On Linux every orphan below becomes a child of the supervisor, so that its end leaves no process behind.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

import httpx
import psutil

from infra import deployment, engines, farm_state, machine, prefect
from infra.daemon import Daemon, descendants, end_processes
from infra.errors import KinofarmError
from infra.farm_state import FarmState, ProcessId
from infra.front import Front, listen
from infra.jobs.engine import create, require_current, upgrade
from infra.jobs.states import WorkerState
from infra.jobs.workers import WorkerStore
from infra.parts import Part, Server
from infra.postgres import EmbeddedPostgres
from infra.prefect_api import PrefectApi
from infra.process import adopt_orphans
from infra.settings import Settings, as_environment

TICK_SECONDS = 0.25
ENGINES_SECONDS = 1.0
READY_SECONDS = 120
DRAIN_SECONDS = 6.0
"""For flows to hand back what they hold, from SIGTERM to SIGKILL."""

Role = Literal["farm", "worker"]

logger = logging.getLogger("kinofarm.supervisor")


class StoppedEarly(Exception):  # noqa: N818 (no error: somebody asked for it)
    """The supervisor was told to stop while it started."""


class Supervisor:
    """One farm's supervisor; `start`, then `watch`, then `stop`, all in the main thread of a process of its own."""

    def __init__(
        self,
        settings: Settings,
        keep: Sequence[str],
        deployments: Path,
        *,
        serve: str = "",
        embedded: bool,
        role: Role = "farm",
    ) -> None:
        self.settings = settings
        self.home = settings.home.absolute()
        self.keep = keep
        self.serve = serve if settings.api.enabled else ""
        self.front: Front | None = None
        self.door: socket.socket | None = None
        self.deployments = deployments
        self.embedded = embedded
        self.role = role
        self.machine = machine.name(settings)
        self.slots = machine.slots(settings)
        self.pools = (*((prefect.ORCHESTRATOR_POOL,) if role == "farm" else ()), *self.slots)
        self.instance = farm_state.instance(self.home)
        self.registry: WorkerStore | None = None
        given = settings.prefect
        self.server = prefect.PrefectServer(self.home) if given.api_url is None else None
        self.api_url = self.server.api_url if self.server else given.api_url or ""
        self.auth = self.server.auth if self.server else given.auth.get_secret_value() if given.auth else None
        self.api = PrefectApi(self.api_url, self.auth)
        self.parts: list[Part] = []
        self._workers: list[Daemon] = []
        self._began = datetime.now(UTC)
        self._told = threading.Event()

    def start(self) -> None:
        """Start every part and return when renders can be taken.

        Raises:  KinofarmError FARM-03x, DB-01x; StoppedEarly when a signal came first.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._told.set())
        adopt_orphans()
        if self.serve:
            self.front, self.door = listen(self.settings.api)  # first: where it may not listen, nothing is started
        ledger = self._start_servers()
        variables = self._variables(ledger)
        modules = deployment.modules(self.deployments)
        if self.role == "worker":
            self._join(ledger)
        for pool in self.pools:
            name = prefect.worker_name(self.machine, pool)
            # the pool has the limit too, but its server counts late: a burst of runs would exceed it
            limit = self.slots.get(pool) or prefect.renders_at_once(self.settings)
            self._workers.append(self._add(prefect.worker(self.home, pool, name, limit, modules, variables)))
        self._write(ready=False)
        if self.role == "farm":
            self._set_up(ledger, variables)
        self._until(self._workers_online, "the workers")
        self._until(self._served, "the REST API")
        if self.registry is not None:
            self.registry.beat(self.machine, self.instance)  # from here on its keeper does
        for name, _, function in (each.partition("=") for each in self.keep):
            self._add(prefect.keeper(self.home, name, function, variables), grace=1)
        self._write(ready=True)
        logger.info("the farm is ready after %.1f s", (datetime.now(UTC) - self._began).total_seconds())

    def watch(self) -> None:
        """Keep every part alive until a signal says to stop."""
        reporting = threading.Thread(target=self._report_killed_engines, name="reports-killed-engines", daemon=True)
        reporting.start()  # by itself: it waits for a server that is away, which is brought back here
        while not self._told.wait(TICK_SECONDS):
            now = time.monotonic()
            revived = [part.name for part in self.parts if part.revive(now)]
            if revived:
                self._write(ready=True)
            self._reap_orphans()

    def stop(self) -> None:
        """End everything: engines first, while there is a server to report to; PostgreSQL last."""
        self._write(ready=False)
        logger.info("the farm ends")
        self._turn("draining")
        if self.role == "worker":
            self._drain()
        end_processes(engines.processes(self.home / "run" / "engines"), grace=DRAIN_SECONDS)
        logger.info("the engines have ended")
        self._turn("offline")
        with ThreadPoolExecutor() as at_once:
            list(at_once.map(lambda daemon: daemon.stop(grace=DRAIN_SECONDS), self._workers))
        for part in reversed(self.parts):
            began = time.monotonic()
            part.stop()
            logger.info("%s has ended after %.1f s", part.name, time.monotonic() - began)
        end_processes(descendants(os.getpid()), grace=0)
        self._reap_orphans()
        self.api.close()
        if self.door is not None:
            self.door.close()
        farm_state.empty_scratch(self.home)
        farm_state.clear(self.home)
        logger.info("the farm has ended")

    def _start_servers(self) -> str:
        """Start PostgreSQL and the Prefect server, those of them that are ours; return the ledger's URL."""
        configured = self.settings.database.url
        url, prefects = configured.get_secret_value() if configured else "", None
        if configured is None:
            database = EmbeddedPostgres(self.home)
            self._watch(Part("PostgreSQL", database, database.stop))
            url = database.url
            prefects = prefect.database_url(database) if self.server else None
        if self.server is not None:
            self._add(self.server.daemon(prefects))
        return url

    def _variables(self, ledger: str) -> dict[str, str]:
        """Return what our processes need: the settings, with the servers that we started filled in."""
        reached = {"KINOFARM_HOME": str(self.home), "KINOFARM_DATABASE__URL": ledger}
        reached |= {"KINOFARM_PREFECT__API_URL": self.api_url, "KINOFARM_PREFECT__AUTH": self.auth or ""}
        reached |= {"KINOFARM_WORKER__NAME": self.machine, prefect.INSTANCE: str(self.instance)}
        client = prefect.client_environment(self.home, self.api_url, self.auth)
        return as_environment(self.settings) | reached | client

    def _set_up(self, ledger: str, variables: Mapping[str, str]) -> None:
        """Bring the database and the Prefect server to what this version of the farm needs, and register.

        Raises:  KinofarmError FARM-03x, FARM-061, DB-00x; StoppedEarly.
        """
        wanted = deployment.state(self.deployments)
        deployer = deployment.process(self.home, self.deployments, variables)
        if not deployment.is_done(self.home, wanted):
            deployer.start()
        upgrade(ledger)
        if self.door is not None:
            self._add(prefect.page(self.home, self.serve, self.door, variables), grace=3)
        self._register(ledger)
        self._until(self.api.healthy, "the Prefect server")
        self._report_losses()
        prefect.set_up_pools(self.api, prefect.renders_at_once(self.settings))
        self._deploy(deployer, wanted)

    def _join(self, ledger: str) -> None:
        """Register with a farm elsewhere, which has to be of this version.

        Raises:  KinofarmError FARM-061, FARM-063, DB-00x; StoppedEarly.
        """
        if not self.slots:
            raise KinofarmError("FARM-063", pool=self.settings.worker.pool)
        engine = create(ledger)
        try:
            require_current(engine)
        finally:
            engine.dispose()
        self._register(ledger)
        self._until(self.api.healthy, "the Prefect server")
        self._report_losses()

    def _register(self, ledger: str) -> None:
        if self.slots:
            registry = WorkerStore(create(ledger), patience=5)
            registry.register(self.machine, self.instance, self.slots)
            self.registry = registry

    def _turn(self, state: WorkerState) -> None:
        if self.registry is not None:
            try:
                self.registry.turn(self.machine, self.instance, state)
            except KinofarmError as away:  # then it is not heard of, which comes to the same
                logger.warning("the farm was not told that this worker is %s: %s", state, away)

    def _drain(self) -> None:
        """Give the chunks in work their time to end; a second signal cuts it short."""
        self._told.clear()
        deadline = time.monotonic() + self.settings.worker.drain_seconds
        logger.info("chunks in work have %.0f s to end", self.settings.worker.drain_seconds)
        while engines.processes(self.home / "run" / "engines") and time.monotonic() < deadline:
            if self._told.wait(TICK_SECONDS):
                return

    def _deploy(self, deployer: Daemon, wanted: str) -> None:
        """Set up the automations, and wait for the deployment, started if the server turns out to have none.

        Raises:  KinofarmError FARM-031.
        """
        missing = prefect.set_up_automations(self.api, self.settings.notify.blocks)
        if missing:  # no reason not to render
            logger.warning("the Prefect server has no block %s: nobody is told through it", ", ".join(missing))
        if deployer.pid is None:
            if self.api.deployments():
                return
            deployer.start()
        try:
            self._until(lambda: not deployer.alive(), deployer.name)
        finally:
            deployer.stop()
        deployment.require_done(deployer)
        deployment.remember(self.home, wanted)

    def _report_losses(self) -> None:
        """Tell Prefect which runs the last farm on this home took with it when it was killed."""
        engines.report_lost(self.api, self.home / "run" / "engines")
        own = frozenset(prefect.worker_name(self.machine, pool) for pool in self.pools)
        engines.report_left_over(self.api, self.pools, own, self._began)

    def _workers_online(self) -> bool:
        for pool in self.pools:
            name = prefect.worker_name(self.machine, pool)
            ours = [worker for worker in self.api.workers(pool) if worker.name == name]
            if not any(worker.last_heartbeat and worker.last_heartbeat >= self._began for worker in ours):
                return False
        return True

    def _served(self) -> bool:
        """Whether the REST API answers, whatever it says, where there is one."""
        if self.front is None:
            return True
        try:
            httpx.head(self.front.url, timeout=1, verify=False, trust_env=False)
        except httpx.HTTPError:
            return False
        return True

    def _add(self, daemon: Daemon, grace: float = DRAIN_SECONDS) -> Daemon:
        self._watch(Part(daemon.name, daemon, lambda: daemon.stop(grace=grace)))
        return daemon

    def _watch(self, part: Part) -> None:
        self.parts.append(part)  # first: a start that fails half-way is stopped too
        part.start()

    def _until(self, done: Callable[[], bool], what: str) -> None:
        """Wait until `done`; meanwhile every part must live.

        Raises:  KinofarmError FARM-032 too late, FARM-033 a part ended; StoppedEarly.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not done():
            for part in self.parts:
                if not part.server.alive():
                    raise KinofarmError("FARM-033", part=part.name, **_log(part.server, self.home))
            if time.monotonic() > deadline:
                logs = str(self.home / "logs")
                raise KinofarmError("FARM-032", part=what, seconds=READY_SECONDS, tail="", log=logs)
            if self._told.wait(0.1):
                raise StoppedEarly

    def _report_killed_engines(self) -> None:
        while not self._told.wait(ENGINES_SECONDS):
            try:
                engines.report_lost(self.api, self.home / "run" / "engines")
            except Exception:  # this thread must outlive whatever a server that is half up answers
                logger.exception("killed engines could not be looked for")

    def _reap_orphans(self) -> None:
        """Collect processes that were handed down to us by parents that died, so that no zombie stays."""
        own = {part.server.pid for part in self.parts}
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if ended.si_pid in own:  # its part does that
                    break
                os.waitpid(ended.si_pid, 0)

    def _write(self, *, ready: bool) -> None:
        known = {part.name: ProcessId.of(part.server.pid) for part in self.parts if part.server.pid is not None}
        own = ProcessId(pid=os.getpid(), started=psutil.Process().create_time())
        state = FarmState(
            version=metadata.version("kinofarm"),
            supervisor=own,
            embedded=self.embedded,
            ready=ready,
            api_url=self.api_url,
            page=self.front.url if self.front else "",
            started_at=self._began,
            parts={name: identity for name, identity in known.items() if identity is not None},
            restarts={part.name: part.restarts for part in self.parts},
        )
        farm_state.write(self.home, state)


def _log(server: Server, home: Path) -> dict[str, str]:
    if isinstance(server, Daemon) and server.log is not None:
        return {"tail": server.log_tail(), "log": str(server.log)}
    return {"tail": "", "log": str(home / "logs")}
