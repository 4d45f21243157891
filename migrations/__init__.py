"""Alembic migrations of the ledger; they travel in the package and are run by `infra.jobs.engine.upgrade`."""
