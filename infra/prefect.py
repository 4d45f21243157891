"""The Prefect server and the workers that a farm runs, and the settings with which everything reaches them.

    HOME/prefect             the server's own folder (PREFECT_HOME): leases, and its database where it uses SQLite
    HOME/prefect/auth        0600: the password of the API, made at the first start
    HOME/prefect/port        kept across restarts
    HOME/prefect/deployed    what was deployed last, so that a restart need not do it again

The server listens on 127.0.0.1, asks for the password, and reports to nobody. It uses a database of the embedded
PostgreSQL where that offers pg_trgm, which its migrations need, else an SQLite file.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from infra.daemon import Daemon
from infra.errors import KinofarmError
from infra.launch import ENGINES
from infra.process import environment

ORCHESTRATOR_POOL = "orchestrator"
CPU_POOL = "cpu"
POOLS: Mapping[str, str] = {
    ORCHESTRATOR_POOL: "Parents of renders: they plan, wait and assemble, and take no render slot.",
    CPU_POOL: "Shards: they render chunks, one per slot of the machine.",
}
LEASES = "prefect.server.concurrency.lease_storage.filesystem"
"""Leases in memory leak a slot at each restart of the server."""
QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}
"""Nothing phones home: on the server, and on every client."""


def folder(home: Path) -> Path:
    """Return Prefect's folder in a farm's home; made, closed to others, if it is missing."""
    path = home / "prefect"
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def auth_string(home: Path) -> str:
    """Return the API's `user:password`, made at the first call."""
    file = folder(home) / "auth"
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, f"kinofarm:{secrets.token_urlsafe(24)}".encode())
        os.close(handle)
        return file.read_text().strip()


def client_environment(home: Path, api_url: str, auth: str | None) -> dict[str, str]:
    """Return the variables that workers, engines and Prefect's own command line need to reach the server."""
    return {
        **QUIET,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": api_url,
        **({"PREFECT_API_AUTH_STRING": auth} if auth else {}),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # the least that Prefect takes; the automations count on it
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_CLI_COLORS": "false",
    }


class PrefectServer:
    """The server of one farm.

    Args:    home: the farm's. database: SQLAlchemy URL for asyncpg; None: an SQLite file in the server's folder.
    """

    def __init__(self, home: Path, database: str | None) -> None:
        self.folder = folder(home)
        self.auth = auth_string(home)
        self.port = _kept_or_free_port(self.folder / "port")
        self.daemon = Daemon(
            "the Prefect server",
            [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app",
             "--host", "127.0.0.1", "--port", str(self.port), "--timeout-keep-alive", "5", "--log-level", "warning"],
            env=self._environment(database),
            cwd=self.folder,
            log=home / "logs" / "prefect.log",
        )  # fmt: skip

    @property
    def api_url(self) -> str:
        """Where its API answers."""
        return f"http://127.0.0.1:{self.port}/api"

    def _environment(self, database: str | None) -> dict[str, str]:
        return {
            **python_environment(self.folder),
            **QUIET,
            "PREFECT_HOME": str(self.folder),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_API_AUTH_STRING": self.auth,
            "PREFECT_SERVER_API_AUTH_STRING": self.auth,
            "PREFECT_SERVER_API_HOST": "127.0.0.1",
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": database
            or f"sqlite+aiosqlite:///{(self.folder / 'prefect.db').as_posix()}",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASES,
            "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "2",
            "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P1D",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_LOGGING_COLORS": "false",
        }


def worker(home: Path, pool: str, variables: Mapping[str, str]) -> Daemon:
    """Return the worker of `pool` on this machine, not started.

    Args:    variables: what it and its engines need to reach the farm, see `client_environment`.
    """
    engines = home / "run" / "engines"
    scratch = home / "run" / "tmp"
    for path in (engines, scratch):
        path.mkdir(parents=True, exist_ok=True)
    return Daemon(
        f"the worker of pool {pool}",
        [sys.executable, "-m", "infra.launch", "worker", pool, worker_name(pool)],
        env={**python_environment(home / "prefect"), **variables, ENGINES: str(engines), "TMPDIR": str(scratch)},
        cwd=scratch,
        log=home / "logs" / f"worker-{pool}.log",
    )


def worker_name(pool: str) -> str:
    """Return the name under which this machine's worker of a pool is known."""
    return f"{socket.gethostname()}-{pool}"


def deployer(home: Path, variables: Mapping[str, str]) -> Daemon:
    """Return the process that deploys the flows and ends, not started.

    Raises:  KinofarmError FARM-030 when this installation holds no prefect.yaml.
    """
    return Daemon(
        "the deployment of the flows",
        [sys.executable, "-m", "infra.launch", "deploy", str(prefect_yaml()), *POOLS],
        env={**python_environment(home / "prefect"), **variables},
        cwd=folder(home),
        log=home / "logs" / "deploy.log",
    )


def deployment_state() -> str:
    """Return a hash over all that a deployment is made of: it is done again when this changes.

    Raises:  KinofarmError FARM-030.
    """
    file = prefect_yaml()
    state = hashlib.sha256(f"{sys.prefix} {metadata.version('prefect')}\n".encode())
    for path in (file, *sorted(_package("flows").glob("**/*.py"))):
        state.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()


def prefect_yaml() -> Path:
    """Return the deployments' file: in a checkout at its root, in an installed package beside the flows.

    Raises:  KinofarmError FARM-030.
    """
    flows = _package("flows")
    for path in (flows.parent / "prefect.yaml", flows / "prefect.yaml"):
        if path.is_file():
            return path
    raise KinofarmError("FARM-030", folder=str(flows))


def python_environment(home: Path) -> dict[str, str]:
    """Return the environment for the farm's Python processes: ours first on the path, and the farm's own settings."""
    own = {name: value for name, value in os.environ.items() if name.startswith(("KINOFARM_", "OTEL_"))}
    base = environment()
    return base | own | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{base['PATH']}",
        "HOME": str(home),
        "PYTHONSAFEPATH": "1",  # a file in the folder they run in must not shadow a module
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(_package("infra").parent),
    }  # fmt: skip


def _package(name: str) -> Path:
    return Path(__file__).resolve().parents[1] / name


def _kept_or_free_port(file: Path) -> int:
    """Return the port of last time if it is free, else another one; and keep it."""
    kept = int(file.read_text()) if file.exists() and file.read_text().strip().isdigit() else 0
    for wanted in (kept, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will: TIME_WAIT is free
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            port = int(probe.getsockname()[1])
            file.write_text(f"{port}\n")
            return port
    raise KinofarmError("FARM-001", tool="the Prefect server", reason="no port is free on 127.0.0.1")
