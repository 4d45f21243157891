"""Connections to the ledger's database: engines, transactions whose errors are ours, and migrations.

A lost connection is no reason to lose work: calls of the store and the ledger are decorated with `surviving`,
which tries them again for `patience` seconds while the database is away. Each of them may be repeated safely.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import psycopg
import sqlalchemy
import tenacity
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, exc
from sqlalchemy.engine import URL, make_url

from infra.errors import KinofarmError

CONNECT_SECONDS = 5
ILLEGAL_CHANGE = "KF001"
"""SQLSTATE with which the triggers refuse a change of state."""
CONNECTION_OPTIONS = "-c timezone=UTC -c jit=off"
"""jit: compiling costs more than any of the ledger's statements takes."""

P = ParamSpec("P")
R = TypeVar("R")


def normalised(url: str) -> URL:
    """Return the URL with our driver, whichever spelling of PostgreSQL it has.

    Raises:  KinofarmError DB-004.
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise KinofarmError("DB-004", reason="it is not a URL") from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise KinofarmError("DB-004", reason=f"it names {parsed.get_backend_name()}, and the farm needs PostgreSQL")
    return parsed.set(drivername="postgresql+psycopg")


def create(url: str, *, pool: int = 2) -> Engine:
    """Return an engine with a small pool, whose connections are tested before use; nothing connects yet.

    Args:    pool: connections kept open; up to 3 more are opened under load and closed again.
    Raises:  KinofarmError DB-004.
    """
    return sqlalchemy.create_engine(
        normalised(url),
        pool_size=pool,
        max_overflow=3,
        pool_pre_ping=True,
        pool_timeout=CONNECT_SECONDS,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": CONNECTION_OPTIONS,
            "application_name": "kinofarm",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Run the block in one transaction, committed at its end.

    Raises:  KinofarmError DB-001 (no answer; retry), DB-002 (refused), JOB-001 (illegal change of state).
    """
    try:
        with engine.begin() as connection:
            yield connection
    except exc.DBAPIError as error:
        raise _translated(error) from None
    except (exc.TimeoutError, exc.StatementError) as error:
        raise KinofarmError(
            "DB-001" if isinstance(error, exc.TimeoutError) else "DB-002", reason=_line(error)
        ) from None
    except UnicodeEncodeError:
        raise KinofarmError("DB-002", reason="a text holds characters that are not Unicode") from None


@contextmanager
def alone(engine: Engine, what: str) -> Iterator[bool]:
    """Say within this block whether nobody else of the farm is in one for the same thing; does not wait.

    Args:    what: is done, in a word or two.
    Raises:  KinofarmError DB-001, DB-002.
    """
    with transaction(engine) as connection:
        asked = sqlalchemy.text("SELECT pg_try_advisory_xact_lock(hashtext(:what))")
        yield bool(connection.execute(asked, {"what": f"kinofarm {what}"}).scalar_one())


class _Patient(Protocol):
    @property
    def patience(self) -> float: ...


Self = TypeVar("Self", bound=_Patient)


def surviving(method: Callable[Concatenate[Self, P], R]) -> Callable[Concatenate[Self, P], R]:
    """Repeat a method while the database is away, for at most `self.patience` seconds; then let DB-001 through."""

    @functools.wraps(method)
    def repeated(self: Self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_away),
            wait=tenacity.wait_exponential_jitter(multiplier=0.1, max=1, jitter=0.1),
            stop=tenacity.stop_after_delay(self.patience),
            reraise=True,
        )
        return again(method, self, *args, **kwargs)

    return repeated


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database's tables to this version of the farm; safe when several processes do it at once.

    Raises:  KinofarmError DB-001, DB-002, DB-004.
    """
    _migrate(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take the tables back to `revision` ("base": none at all). Data that the older version has no place for go."""
    _migrate(url, lambda config: command.downgrade(config, revision))


def require_current(engine: Engine) -> None:
    """Check that the tables are of this version of the farm.

    Raises:  KinofarmError DB-001, DB-003.
    """
    wanted = ScriptDirectory.from_config(config()).get_current_head()
    with transaction(engine) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != wanted:
        raise KinofarmError("DB-003", found=found or "none", wanted=wanted)


def config() -> Config:
    """Return Alembic's configuration: the installed package `migrations`, and no database."""
    made = Config()
    made.set_main_option("script_location", str(resources.files("migrations")).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


def _migrate(url: str, run: Callable[[Config], None]) -> None:
    engine = create(url)
    try:
        with transaction(engine) as connection:
            # one at a time, farm-wide; let go at the end of the transaction
            connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(hashtext('kinofarm migrations'))"))
            made = config()
            made.attributes["connection"] = connection
            run(made)
    finally:
        engine.dispose()


def _is_away(error: BaseException) -> bool:
    return isinstance(error, KinofarmError) and error.code == "DB-001"


def _translated(error: exc.DBAPIError) -> KinofarmError:
    if isinstance(error.orig, psycopg.Error) and error.orig.sqlstate == ILLEGAL_CHANGE:
        change: dict[str, Any] = json.loads(error.orig.diag.message_detail or "{}")
        return KinofarmError("JOB-001", **change)
    if error.connection_invalidated or isinstance(error, (exc.OperationalError, exc.InterfaceError)):
        return KinofarmError("DB-001", reason=_line(error.orig))
    return KinofarmError("DB-002", reason=_line(error.orig))


def _line(error: BaseException | None) -> str:
    """The first line of what the driver says: never the statement, whose parameters may be large or private."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
