"""Deploying: all that a Prefect server and a database need to have for this version of the farm.

`up` does it step by step while the servers start (`infra.supervisor`), and only when something has changed; `deploy` does all
of it, for servers that run already. Both end in the same state, however often they are done.

HOME/prefect/deployed    a hash over all that was deployed last, so that a restart need not do it again
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from infra import prefect
from infra.daemon import Daemon
from infra.errors import KinofarmError
from infra.jobs import engine as database
from infra.prefect import POOLS, python_daemon
from infra.prefect_api import PrefectApi
from infra.settings import Settings
from infra.values import Value

if TYPE_CHECKING:
    from infra.farm import FarmConnection

_ENTRYPOINT = re.compile(r"^\s*entrypoint:\s*([\w.]+)\.\w+\s*$", re.MULTILINE)
DEPLOY_SECONDS = 180.0
PACKAGES = Path(__file__).resolve().parents[1]


class Deployed(Value):
    """What a Prefect server has for the farm, by name."""

    pools: tuple[str, ...]
    deployments: tuple[str, ...]
    automations: tuple[str, ...]


def deploy(settings: Settings, connection: FarmConnection, file: Path | None = None) -> Deployed:
    """Bring a database and a Prefect server that run to what this version of the farm needs.

    Args:    file: the prefect.yaml to deploy; None: the shipped one.
    Raises:  KinofarmError FARM-02x, FARM-030, FARM-031, FARM-067 for a block that is missing, DB-00x.
    """
    auth = connection.api_auth.get_secret_value() if connection.api_auth else None
    api, file = PrefectApi(connection.api_url, auth), file or shipped()
    try:
        api.version()  # before anything is changed
        missing = [block for block in settings.notify.blocks if api.block(block) is None]
        if missing:
            raise KinofarmError("FARM-067", blocks=", ".join(missing))
        database.upgrade(connection.database_url.get_secret_value())
        prefect.set_up_pools(api, prefect.renders_at_once(settings))
        prefect.set_up_automations(api, settings.notify.blocks)
        _run(process(connection.home, file, connection.prefect_environment()))
        remember(connection.home, state(file))
        return Deployed(pools=tuple(POOLS), deployments=tuple(sorted(api.deployments())), automations=api.automations())
    finally:
        api.close()


def _run(deployer: Daemon) -> None:
    deployer.start()
    try:
        deployer.wait(DEPLOY_SECONDS)
    finally:
        deployer.stop()
    require_done(deployer)


def require_done(deployer: Daemon) -> None:
    """Check that a deployment that has ended went well.

    Raises:  KinofarmError FARM-031.
    """
    if deployer.returncode != 0:
        raise KinofarmError("FARM-031", tail=deployer.log_tail(), log=str(deployer.log))


def state(file: Path) -> str:
    """Return a hash over all that a deployment is made of: its file, the flows, Prefect's version."""
    found = hashlib.sha256(f"{sys.prefix} {metadata.version('prefect')}\n".encode())
    for path in (file, *sorted((PACKAGES / "flows").glob("**/*.py"))):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def shipped() -> Path:
    """Return the deployments' file: in a checkout at its root, in an installed package beside the flows.

    Raises:  KinofarmError FARM-030.
    """
    for path in (PACKAGES / "prefect.yaml", PACKAGES / "flows" / "prefect.yaml"):
        if path.is_file():
            return path
    raise KinofarmError("FARM-030", folder=str(PACKAGES))


def is_done(home: Path, wanted: str) -> bool:
    """Whether this state was deployed from this home last."""
    done = home / "prefect" / "deployed"
    return done.exists() and done.read_text() == wanted


def remember(home: Path, done: str) -> None:
    """Keep what is deployed now."""
    (home / "prefect" / "deployed").write_text(done)


def modules(file: Path) -> tuple[str, ...]:
    """Return the modules of the flows that the file deploys, from its dotted entrypoints."""
    return tuple(sorted(set(_ENTRYPOINT.findall(file.read_text(encoding="utf-8")))))


def process(home: Path, file: Path, variables: Mapping[str, str]) -> Daemon:
    """Return the process that deploys all of `file` and ends, not started; it waits for the server and its pools."""
    return python_daemon(home, "the deployment", "deploy", ["deploy", str(file), *POOLS], variables)
