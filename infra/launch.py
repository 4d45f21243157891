"""What the farm's own processes run: `python -m infra.launch WHAT ...`.

    worker POOL NAME    waits until the pool exists, then is `prefect worker start`
    deploy FILE         waits likewise, then is `prefect deploy --all`
    engine              one flow run, as `python -m prefect.engine`, that dies with its worker
    supervise HOW NAME FILE  the supervisor of a farm (HOW: embedded or standing), see `infra.farm`
    reconcile NAME      calls the function NAME ("module:function") every few seconds with a service container

The first three import Prefect while the server still starts, which saves seconds of the farm's start. The engine is the
`command` of our work pools; without a command Prefect's process worker puts two more processes and a second of work
before each run."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import runpy
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from infra.engines import registered
from infra.errors import KinofarmError
from infra.process import die_with_parent
from infra.settings import Settings

logger = logging.getLogger("kinofarm.launch")

WAIT_SECONDS = 120
RECONCILE_SECONDS = 3
WORKER_PID = "KINOFARM_WORKER_PID"
"""Environment variable: the worker that started an engine."""


def main(argv: Sequence[str]) -> None:
    """Be the process that the arguments name; does not return normally."""
    match argv:
        case ["worker", pool, name]:
            os.environ[WORKER_PID] = str(os.getpid())
            _prefect(["worker", "start", "--pool", pool, "--type", "process", "--name", name], pools=[pool])
        case ["deploy", file, *pools]:
            _prefect(["--no-prompt", "deploy", "--all", "--prefect-file", file], pools=pools)
        case ["engine"]:
            _engine()
        case ["supervise", how, reconcile, deployments]:
            _supervise(how, reconcile, Path(deployments) if deployments else None)
        case ["reconcile", name]:
            _reconcile(name)
        case _:
            raise SystemExit(f"{__doc__}")


def _prefect(argv: list[str], pools: Sequence[str]) -> None:
    import prefect.cli

    for each in ("prefect.cli.worker", "prefect.workers.process") if argv[0] == "worker" else ("prefect.cli.deploy",):
        importlib.import_module(each)
    _wait_for(pools)
    sys.argv = ["prefect", *argv]
    prefect.cli.app()


def _engine() -> None:
    die_with_parent(signal.SIGKILL, int(os.environ.get(WORKER_PID, 0)))
    with registered():
        sys.argv = ["prefect.engine"]
        runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def _supervise(how: str, reconcile: str, deployments: Path | None) -> None:
    from infra import farm, farm_state, telemetry  # not for the engines, whose start this module is on the way of

    settings = Settings()
    telemetry.set_up("supervisor")
    try:
        is_embedded = how == "embedded"
        farm.Farm(settings, reconcile or None, deployments=deployments, embedded=is_embedded).run_forever()
    except KinofarmError as error:
        farm_state.tell_failure(settings.home, error)
        raise SystemExit(f"{error}\n{error.detail}") from None


def _reconcile(name: str) -> None:
    from infra import services, telemetry

    settings = Settings()
    telemetry.set_up("reconciler")
    module, _, function = name.partition(":")
    call = getattr(importlib.import_module(module), function)
    with services.opened(settings) as container:
        while True:
            try:
                call(container)
            except Exception:  # whatever it was, the next round may heal it; a lost round must not end the loop
                logger.exception("a round of the reconciler failed")
            time.sleep(RECONCILE_SECONDS)


def _wait_for(pools: Sequence[str]) -> None:
    """Wait until the server answers and has the pools; the supervisor makes them, with our template."""
    user, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    auth = httpx.BasicAuth(user, password) if user else None
    client = httpx.Client(base_url=os.environ["PREFECT_API_URL"], auth=auth, trust_env=False)
    deadline = time.monotonic() + WAIT_SECONDS
    missing = list(pools)
    while missing:
        with contextlib.suppress(httpx.HTTPError):
            missing = [pool for pool in missing if client.get(f"/work_pools/{pool}").status_code != 200]
        if missing and time.monotonic() > deadline:
            raise SystemExit(f"the Prefect server has no pool {missing[0]!r}")
        if missing:
            time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1:])
