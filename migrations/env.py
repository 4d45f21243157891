"""Alembic's environment: runs on the connection that `infra.jobs.engine` opened, or prints SQL (`--sql`)."""

from __future__ import annotations

from alembic import context

from infra.access import models as _access  # noqa: F401 (its tables belong to the metadata)
from infra.jobs.models import Base
from infra.library import models as _library  # noqa: F401

connection = context.config.attributes.get("connection")
if connection is None:
    context.configure(
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
else:
    context.configure(
        connection=connection, target_metadata=Base.metadata, compare_type=True, compare_server_default=True
    )

with context.begin_transaction():
    context.run_migrations()
