"""Migrations: up and down leave nothing behind, the tables are those of the models, the states those of the code."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from infra.errors import KinofarmError
from infra.jobs import engine as ledger_engine, states
from infra.jobs.models import Base


def test_the_tables_are_those_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": Base.metadata}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_state_machines_in_the_database_are_those_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT machine, from_state, to_state FROM state_changes")).all()
    assert {tuple(row) for row in rows} == set(states.rows())


def test_down_leaves_nothing_and_up_works_again(engine: Engine, database: str) -> None:
    ledger_engine.downgrade(database, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    with engine.connect() as connection:
        assert connection.execute(text(functions)).scalar_one() == 0
    with pytest.raises(KinofarmError, match="DB-003"):
        ledger_engine.require_current(engine)
    ledger_engine.upgrade(database)
    ledger_engine.require_current(engine)


def test_several_processes_may_upgrade_at_once(database: str) -> None:
    ledger_engine.downgrade(database, "base")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ledger_engine.upgrade, [database] * 4))
    made = ledger_engine.create(database)
    ledger_engine.require_current(made)
    made.dispose()


def test_the_sql_can_be_printed_without_a_database() -> None:
    config = ledger_engine.config()
    config.output_buffer = io.StringIO()
    command.upgrade(config, "head", sql=True)
    assert "CREATE TRIGGER jobs_change_legally" in config.output_buffer.getvalue()
