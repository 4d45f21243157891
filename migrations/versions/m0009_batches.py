"""Many media files looked through by one wish, and who works on an analysis.

Revision: 0009, after 0008.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "analyses",
        sa.Column(
            "ready",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("true"),
            comment="its media are where machines can read them",
        ),
    )
    op.add_column("analyses", sa.Column("pool", sa.Text(), nullable=True, comment="in which it was taken up last"))
    op.add_column("analyses", sa.Column("machine", sa.Text(), nullable=True, comment="that took it up last"))
    op.create_table(
        "analysis_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="a folder, or a file"),
        sa.Column("model", sa.Text(), nullable=True, comment="of vision_models; null: the media's own analyses"),
        sa.Column("options", postgresql.JSONB(), nullable=False, comment="what is wished of each file"),
        sa.Column("recursive", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column(
            "sequences",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("true"),
            comment="numbered pictures are one",
        ),
        sa.Column("submitted_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("state", sa.Text(), nullable=False, server_default="waiting"),
        sa.Column("stop_requested", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("starts", sa.Integer(), nullable=False, server_default="0", comment="of its run"),
        sa.Column("found", sa.Integer(), nullable=False, server_default="0", comment="files"),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        _time("begun_at"),
        _time("beat_at", "when its run last told how far it is"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'stopped')", name=op.f("ck_analysis_batches_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_analysis_batches"),
    )
    op.create_index("ix_analysis_batches_begun_at", "analysis_batches", ["begun_at"])
    op.create_table(
        "analysis_batch_files",
        sa.Column("batch", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("analysis", sa.Uuid(), nullable=True),
        sa.Column("known", sa.Boolean(), nullable=False, server_default=sa.text("false"), comment="it was done before"),
        sa.Column("error", postgresql.JSONB(), nullable=True, comment="why the file can't be looked through"),
        sa.CheckConstraint(
            "(analysis IS NULL) <> (error IS NULL)", name=op.f("ck_analysis_batch_files_analysis_or_error")
        ),
        _of("batch", "analysis_batches"),
        _of("analysis", "analyses"),
        sa.PrimaryKeyConstraint("batch", "path", name="pk_analysis_batch_files"),
    )
    op.create_index("ix_analysis_batch_files_analysis", "analysis_batch_files", ["analysis"])


def downgrade() -> None:
    op.drop_table("analysis_batch_files")
    op.drop_table("analysis_batches")
    op.drop_column("analyses", "machine")
    op.drop_column("analyses", "pool")
    op.drop_column("analyses", "ready")


def _time(name: str, comment: str | None = None) -> sa.Column[Any]:
    now = sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=now, comment=comment)


def _of(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_analysis_batch_files_{column}_{table}"
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name, ondelete="CASCADE")
