"""What the farm's own processes run: `python -m infra.launch WHAT ...`.

    server PORT                    the Prefect server
    worker POOL NAME LIMIT MODULE ...  waits until the pool exists, then works for it; keeps MODULEs warm for its engines
    deploy FILE POOL ...           waits likewise, then is `prefect deploy --all`
    supervise HOW FUNCTIONS SERVE FILE    the supervisor of a farm, see `infra.farm`; HOW: embedded or standing
    keep NAME FUNCTION             calls it ("module:function") every few seconds with a service container
    serve NAME FUNCTION SOCKET     calls it once with the settings and that inherited socket; it serves until it is told to end

Worker and deployment import Prefect while the server still starts, which saves seconds of the farm's start.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from infra.engine import WORKER_PID
from infra.errors import KinofarmError
from infra.settings import Settings
from infra.warm import importing, keep_warm

logger = logging.getLogger("kinofarm.launch")

WAIT_SECONDS = 120
KEEP_SECONDS = 3


def main(argv: Sequence[str]) -> None:
    """Be the process that the arguments name; does not return normally."""
    match argv:
        case ["server", port]:
            _serve(int(port))
        case ["worker", pool, name, limit, *modules]:
            _work(pool, name, int(limit), modules)
        case ["deploy", file, *pools]:
            _deploy(file, pools)
        case ["supervise", how, keep, serve, deployments]:
            _supervise(how, keep, serve, Path(deployments) if deployments else None)
        case ["keep", name, function]:
            _keep(name, function)
        case ["serve", name, function, number]:
            _serve_page(name, function, int(number))
        case _:
            raise SystemExit(f"{__doc__}")


def _serve(port: int) -> None:
    with importing():
        uvicorn = importlib.import_module("uvicorn")
        server = importlib.import_module("prefect.server.api.server")
    uvicorn.run(server.create_app, factory=True, host="127.0.0.1", port=port, log_level="warning", timeout_keep_alive=5)


def _work(pool: str, name: str, limit: int, modules: Sequence[str]) -> None:
    os.environ[WORKER_PID] = str(os.getpid())
    with importing():
        importlib.import_module("prefect.flow_engine")  # before the fork, for both
        keep_warm(modules)
        worker = importlib.import_module("infra.worker")
    _wait_for([pool])
    worker.work(pool, name, limit or None)


def _deploy(file: str, pools: Sequence[str]) -> None:
    with importing():
        importlib.import_module("prefect.cli.deploy")
        app = importlib.import_module("prefect.cli").app
    _wait_for(pools)
    sys.argv = ["prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file]
    app()


def _supervise(how: str, keep: str, serve: str, deployments: Path | None) -> None:
    from infra import farm, farm_state, telemetry  # not for the engines, whose start this module is on the way of

    settings = Settings()
    telemetry.set_up("supervisor")
    try:
        is_embedded = how == "embedded"
        farm.Farm(
            settings,
            keep.split(",") if keep else (),
            serve=serve,
            deployments=deployments,
            embedded=is_embedded,
        ).run_forever()
    except KinofarmError as error:
        farm_state.tell_failure(settings.home, error)
        raise SystemExit(f"{error}\n{error.detail}") from None


def _keep(name: str, called: str) -> None:
    from infra import services, telemetry

    settings = Settings()
    telemetry.set_up(name)
    call = _named(called)
    with services.opened(settings) as container:
        while True:
            try:
                call(container)
            except Exception:  # whatever it was, the next round may heal it; a lost round must not end the loop
                logger.exception("a round of the %s failed", name)
            time.sleep(KEEP_SECONDS)


def _serve_page(name: str, called: str, number: int) -> None:
    from infra import telemetry

    settings = Settings()
    telemetry.set_up(name)
    with socket.socket(fileno=number) as door:
        _named(called)(settings, door)


def _named(called: str) -> Callable[..., Any]:
    module, _, function = called.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


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
