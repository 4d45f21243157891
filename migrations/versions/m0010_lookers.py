"""Which machine can't look an analysis through, in which order they are taken up, the run of a batch; ends are told of once.

Revision: 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("analyses", "analysis_batches", "scans")
"""What ends."""


def upgrade() -> None:
    op.add_column(
        "analyses",
        sa.Column(
            "refusals",
            postgresql.JSONB(),
            nullable=False,
            server_default="{}",
            comment="until when a machine, by its name, does not take it up; infinity: it can't",
        ),
    )
    op.add_column(
        "analyses",
        sa.Column(
            "asked_as",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default="{}",
            comment="other names of its model by which it was asked for",
        ),
    )
    op.create_index(
        "ix_analyses_turn",
        "analyses",
        ["begun_at", "id"],
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    for table in TABLES:
        op.add_column(
            table,
            sa.Column(
                "told", sa.Boolean(), nullable=False, server_default=sa.text("false"), comment="its end was told of"
            ),
        )
        op.execute(f"UPDATE {table} SET told = true WHERE ended_at IS NOT NULL")  # noqa: S608 (our own constants)
        untold = sa.text("ended_at IS NOT NULL AND NOT told")
        op.create_index(f"ix_{table}_untold", table, ["ended_at"], postgresql_where=untold)
    op.add_column("analysis_batches", sa.Column("run_id", sa.Uuid(), nullable=True, comment="its flow run in Prefect"))


def downgrade() -> None:
    op.drop_column("analysis_batches", "run_id")
    for table in TABLES:
        op.drop_index(f"ix_{table}_untold", table)
        op.drop_column(table, "told")
    op.drop_index("ix_analyses_turn", "analyses")
    op.drop_column("analyses", "asked_as")
    op.drop_column("analyses", "refusals")
