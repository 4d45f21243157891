"""Fixtures for every test: a real PostgreSQL for the session, and a fresh database of ours in it for a test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from xdist.scheduler import LoadScopeScheduling

from infra.jobs import engine as ledger_engine
from infra.jobs.models import Base, StateChange
from infra.postgres import EmbeddedPostgres
from infra.swift import EmbeddedS3
from tests.media_factory import MediaFactory

NO_NEED_TO_LAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_numbers = itertools.count(1)


ROWS = {
    "soak": ("tests/soak/",),
    "pages": ("tests/apps/ui/",),
    "farms": (
        "tests/acceptance/",
        "tests/bench/test_harness.py",
        "tests/flows/test_render.py",
        "tests/infra/test_event_stream.py",
        "tests/infra/test_farm.py",
    ),
}
"""Tests that start farms, in rows: a row's run one after the other. All other tests start none, and a file of them is a row."""


class Rows(LoadScopeScheduling):
    """How tests run side by side: a file's together, those that start farms in three rows, one of them for those that break farms.

    More farms at once on a small machine would wait for each other, and tests of how fast one heals would measure that. Rows
    begin in the order of the folders: the long ones before the files of tests/tasks, which fill what time is left on each core.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((row for row, begins in ROWS.items() if nodeid.startswith(begins)), nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give pytest-xdist our rows (its own `loadgroup` finds no groups under pytest 9.2)."""
    config.option.loadscopereorder = False  # by the number of tests the soak, which has few and is long, came last
    return Rows(config, log)


class FailuresAtOnce:
    """Names each failure when it happens: a run that is cut off has said of which tests it would have told at its end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a line of its own into the dots."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None and terminal.verbosity == 0:
            terminal.write_line(f" {report.nodeid} ({report.when})")


def pytest_configure(config: pytest.Config) -> None:
    """In the process that runs the others; those say nothing."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(config))


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, as root's database needs (pytest's own folders are closed)."""
    folder = Path(tempfile.mkdtemp(prefix="kinofarm-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(open_folder: Path) -> Iterator[str]:
    """URL (SQLAlchemy, psycopg) of a PostgreSQL for the whole session; its database `kinofarm` is migrated."""
    server = EmbeddedPostgres(open_folder / "home", options=NO_NEED_TO_LAST)
    server.start()
    try:
        ledger_engine.upgrade(server.url)
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """An S3 server (Swift) for the whole session."""
    folder = tmp_path_factory.mktemp("s3")
    with EmbeddedS3(folder, folder / "server.log") as server:
        yield server


@pytest.fixture
def database(postgres_url: str, spare_databases: list[str]) -> Iterator[str]:
    """URL of a migrated database in which nothing is; after the test whoever is still connected is thrown out."""
    if not spare_databases:
        spare_databases.append(f"test_{next(_numbers)}")
        with _administrator(postgres_url) as connection:
            connection.execute(f"CREATE DATABASE {spare_databases[-1]} TEMPLATE kinofarm")
    name = spare_databases.pop()
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    try:
        with _administrator(postgres_url, name) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [name],
            )
            for table in reversed(Base.metadata.sorted_tables):
                if table.name != StateChange.__tablename__:
                    connection.execute(f"DELETE FROM {table.name}")
        spare_databases.append(name)
    except psycopg.Error:  # the test changed its tables
        with _administrator(postgres_url) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def spare_databases() -> list[str]:
    """Names of databases that are migrated and empty: making one takes a tenth of a second, emptying one a hundredth."""
    return []


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An engine on a fresh database."""
    made = ledger_engine.create(database)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def media_factory(tmp_path_factory: pytest.TempPathFactory) -> MediaFactory:
    """Makes small media with ffmpeg's generators, each once a session."""
    return MediaFactory(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="session")
def real_media() -> Path:
    """The folder of real media files that KINOFARM_TEST_MEDIA names."""
    folder = os.environ.get("KINOFARM_TEST_MEDIA")
    if not folder:
        pytest.skip("KINOFARM_TEST_MEDIA is not set: no real media to test with")
    return Path(folder).resolve()


def _administrator(url: str, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    plain = make_url(url).set(drivername="postgresql", database=database)
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)
