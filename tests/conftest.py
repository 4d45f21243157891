"""Fixtures for every test: a real PostgreSQL for the session, and a fresh database of ours in it for a test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from infra.jobs import engine as ledger_engine
from infra.postgres import EmbeddedPostgres
from tests.media_factory import MediaFactory

NO_NEED_TO_LAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_numbers = itertools.count(1)


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


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    """URL of a fresh, migrated, empty database; dropped after the test, whoever is still connected."""
    name = f"test_{next(_numbers)}"
    with _administrator(postgres_url) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE kinofarm")
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with _administrator(postgres_url) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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


def _administrator(url: str) -> psycopg.Connection[tuple[object, ...]]:
    plain = make_url(url).set(drivername="postgresql", database="postgres")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)
