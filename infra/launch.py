"""What the farm's Prefect processes run: `python -m infra.launch worker|deploy|engine ...`.

    worker POOL NAME    waits until the pool exists, then is `prefect worker start`
    deploy FILE         waits likewise, then is `prefect deploy --all`
    engine              one flow run, as `python -m prefect.engine`, that dies with its worker

All three import Prefect while the server still starts, which saves seconds of the farm's start. The engine is the
`command` of our work pools; without a command Prefect's process worker puts two more processes and a second of work
before each run. An engine registers itself in HOME/run/engines, so that the supervisor sees at once when one was killed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import psutil

from infra.process import die_with_parent

WAIT_SECONDS = 120
WORKER_PID = "KINOFARM_WORKER_PID"
ENGINES = "KINOFARM_ENGINES"
"""Environment variables: the worker that started an engine, and the folder where engines register."""


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
    with _registered():
        runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


@contextlib.contextmanager
def _registered() -> Iterator[None]:
    """Leave a file, named by the flow run, for as long as the engine lives; a killed engine leaves it behind."""
    folder, run = os.environ.get(ENGINES), os.environ.get("PREFECT__FLOW_RUN_ID")
    if not folder or not run:
        yield
        return
    file = Path(folder) / run
    file.write_text(json.dumps({"pid": os.getpid(), "started": psutil.Process().create_time()}))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


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
