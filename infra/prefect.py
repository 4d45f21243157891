"""The Prefect server and the workers that a farm runs, and the settings with which everything reaches them.

    HOME/prefect             the server's own folder (PREFECT_HOME): leases, and its database where it uses SQLite
    HOME/prefect/auth        0600: the password of the API, made at the first start
    HOME/prefect/port        kept across restarts

The server listens on 127.0.0.1, asks for the password, and reports to nobody. It uses a database of the embedded
PostgreSQL where that offers pg_trgm, which its migrations need, else an SQLite file.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra import machine
from infra.daemon import Daemon
from infra.engines import FOLDER as ENGINES
from infra.errors import KinofarmError
from infra.jobs.records import CPU_POOL, GPU_POOL
from infra.postgres import EmbeddedPostgres
from infra.prefect_api import AUTOMATIONS, PrefectApi
from infra.process import environment
from infra.settings import Settings

ORCHESTRATOR_POOL = "orchestrator"
POOLS: Mapping[str, str] = {
    ORCHESTRATOR_POOL: "Parents of renders: they plan, wait and assemble, and take no render slot.",
    CPU_POOL: "Shards: they render chunks, one per slot of each machine.",
    GPU_POOL: "Shards on machines whose devices encode, as many as a device encodes at once.",
}
INSTANCE = "KINOFARM_INSTANCE"
"""Environment variable: tells a machine's worker from another one of the same name."""
PARENTS = 8
"""Renders that may plan, wait and assemble at once: each costs 100 MB while it waits."""
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
        "PREFECT_WORKER_QUERY_SECONDS": "5",  # events wake our workers in between (`infra.worker`)
        "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # the least that Prefect takes; the automations count on it
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_CLI_COLORS": "false",
    }


class PrefectServer:
    """The server of one farm.

    Args:    home: the farm's.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = folder(home)
        self.auth = auth_string(home)
        self.port = _kept_or_free_port(self.folder / "port")

    def daemon(self, database: str | None) -> Daemon:
        """Return its process, not started.

        Args:    database: SQLAlchemy URL for asyncpg; None: an SQLite file in the server's folder.
        """
        return Daemon(
            "the Prefect server",
            [sys.executable, "-m", "infra.launch", "server", str(self.port)],
            env=self._environment(database),
            cwd=self.folder,
            log=self.home / "logs" / "prefect.log",
        )

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


def database_url(database: EmbeddedPostgres) -> str | None:
    """Return the URL of Prefect's own database in the embedded PostgreSQL, made if it is missing; None: use SQLite.

    Raises:  KinofarmError DB-001.
    """
    if not database.offers("pg_trgm"):
        return None
    database.ensure_database("prefect")
    return database.url_of("prefect", driver="asyncpg")


def worker(
    home: Path, pool: str, name: str, limit: int, modules: Sequence[str], variables: Mapping[str, str]
) -> Daemon:
    """Return the worker of `pool` on this machine, not started.

    Args:    limit: most runs at once; 0: as the pool says. modules: what its engines need imported. variables: what they
             need to reach the farm.
    """
    engines = {ENGINES: str(home / "run" / "engines")}
    argv = ["worker", pool, name, str(limit), *modules]
    return python_daemon(home, f"the worker of pool {pool}", f"worker-{pool}", argv, {**variables, **engines})


def worker_name(machine: str, pool: str) -> str:
    """Return the name under which Prefect knows a machine's worker of a pool."""
    return f"{machine}-{pool}"


def keeper(home: Path, name: str, function: str, variables: Mapping[str, str]) -> Daemon:
    """Return the process `name` that calls `function` ("module:function") every few seconds, not started."""
    return python_daemon(home, f"the {name}", name, ["keep", name, function], variables)


def page(home: Path, function: str, door: socket.socket, variables: Mapping[str, str]) -> Daemon:
    """Return the process that serves the REST API and the status page on `door` by `function` ("module:function"), not started."""
    number = door.fileno()
    return python_daemon(home, "the REST API", "api", ["serve", "api", function, str(number)], variables, (number,))


def set_up_pools(api: PrefectApi, renders: int) -> None:
    """Make the work pools or set their limits: renders as a whole, shards machine by machine (`worker`'s limit).

    Args:    renders: that plan, wait and assemble at once.
    Raises:  KinofarmError FARM-02x.
    """
    for pool, description in POOLS.items():
        api.ensure_pool(pool, renders if pool == ORCHESTRATOR_POOL else None, description)


def renders_at_once(settings: Settings) -> int:
    """Return how many renders may plan, wait and assemble at once."""
    return settings.render.at_once or max(PARENTS, 2 * machine.render_slots(settings.worker.slots))


def set_up_automations(api: PrefectApi, blocks: Sequence[str]) -> tuple[str, ...]:
    """Make the farm's automations, or set them: crash detection, and a message through each block for a job that failed.

    Returns: those of the blocks that the server does not have.
    Raises:  KinofarmError FARM-02x.
    """
    found = {block: api.block(block) for block in blocks}
    told = [_message_of_failures(block, known) for block, known in found.items() if known is not None]
    api.ensure_automations([*AUTOMATIONS, *told])
    return tuple(block for block, known in found.items() if known is None)


def _message_of_failures(block: str, block_id: str) -> Mapping[str, Any]:
    return {
        "name": f"kinofarm: {block} is told of jobs that failed",
        "description": "Made from the setting notify.blocks.",
        "enabled": True,
        "trigger": {
            "type": "event",
            "posture": "Reactive",
            "match": {"prefect.resource.id": "kinofarm.job.*"},
            "expect": ["kinofarm.job.failed"],
            "threshold": 1,
        },
        "actions": [
            {
                "type": "send-notification",
                "block_document_id": block_id,
                "subject": "Kinofarm: {{ event.payload.project }} was not rendered",
                "body": "{{ event.payload.code }}: {{ event.payload.message }}\nJob {{ event.payload.job }}",
            }
        ],
    }


def python_daemon(
    home: Path, name: str, log: str, argv: Sequence[str], variables: Mapping[str, str], handed: Sequence[int] = ()
) -> Daemon:
    """Return a daemon that runs `infra.launch` with these arguments, not started; `handed`: open files that it inherits."""
    return Daemon(
        name,
        [sys.executable, "-m", "infra.launch", *argv],
        env={**python_environment(home / "prefect"), **variables, "TMPDIR": str(home / "run" / "tmp")},
        cwd=home / "run" / "tmp",
        log=home / "logs" / f"{log}.log",
        handed=handed,
    )


def python_environment(home: Path) -> dict[str, str]:
    """Return the environment for the farm's Python processes: ours first on the path, and the farm's own settings."""
    kept = ("KINOFARM_", "OTEL_")
    own = {name: value for name, value in os.environ.items() if name.startswith(kept) and name != "KINOFARM_TOKEN"}
    base = environment()
    return base | own | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{base['PATH']}",
        "HOME": str(home),
        "PYTHONSAFEPATH": "1",  # a file in the folder they run in must not shadow a module
        "PYTHONUNBUFFERED": "1",
        "OPENBLAS_NUM_THREADS": "1",  # numpy would start a thread when it is imported (`infra.warm`)
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }  # fmt: skip


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
