"""Workers: who renders, what each can do, and which of them an attempt was made on.

Revision: 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "instance",
            sa.Uuid(),
            nullable=False,
            comment="of its home: a second worker of the same name is told apart",
        ),
        sa.Column("state", sa.Text(), server_default="online", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("slots", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("encoders", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("probe", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('online', 'draining', 'broken', 'offline')", name=op.f("ck_workers_state")),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )
    op.add_column(
        "chunks",
        sa.Column("needs", sa.Text(), nullable=True, comment="the encoder on a device that it was planned with"),
    )
    op.add_column("attempts", sa.Column("worker", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_attempts_job_id_started_at", "attempts", ["job_id", "started_at"])


def downgrade() -> None:
    op.drop_index("ix_attempts_job_id_started_at", "attempts")
    op.drop_column("attempts", "worker")
    op.drop_column("chunks", "needs")
    op.drop_table("workers")
