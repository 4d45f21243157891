"""What is seen and heard in media: models that recognise, analyses with their finished groups, findings.

Revision: 0008, after 0007.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vision_models",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False, server_default=""),
        _time("added_at"),
        sa.PrimaryKeyConstraint("name", name="pk_vision_models"),
    )
    op.create_table(
        "analyses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column(
            "wish", sa.String(64), nullable=False, comment="hash of what is wished, the model's content and the recipe"
        ),
        sa.Column("path", sa.Text(), nullable=False, comment="where the content lay when it was asked for"),
        sa.Column("model", sa.Text(), nullable=True, comment="of vision_models; null: the media's own analyses"),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("state", sa.Text(), nullable=False, server_default="waiting"),
        sa.Column("stop_requested", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column(
            "starts", sa.Integer(), nullable=False, server_default="0", comment="of its run, with those after a crash"
        ),
        sa.Column("progress", sa.Double(), nullable=False, server_default="0", comment="0 to 1"),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        _time("begun_at"),
        _time("beat_at", "when its run last told how far it is"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'stopped')", name=op.f("ck_analyses_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_analyses"),
        sa.UniqueConstraint("content", "wish", name="uq_analyses_content_wish"),
    )
    op.create_index("ix_analyses_begun_at", "analyses", ["begun_at"])
    op.create_index(
        "ix_analyses_open", "analyses", ["beat_at"], postgresql_where=sa.text("state IN ('waiting', 'running')")
    )
    op.create_table(
        "analysis_groups",
        sa.Column("analysis", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("found", postgresql.JSONB(), nullable=False),
        _of_analysis("analysis_groups"),
        sa.PrimaryKeyConstraint("analysis", "number", name="pk_analysis_groups"),
    )
    op.create_table(
        "findings",
        sa.Column("analysis", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="the class, in lower case; or scene, silence, black, frozen"
        ),
        sa.Column("seen_from", sa.Double(), nullable=False, comment="seconds"),
        sa.Column("seen_to", sa.Double(), nullable=False, comment="seconds; half-open"),
        sa.Column("best", sa.Double(), nullable=False, comment="highest score; 1 where nothing is scored"),
        sa.Column("finding", postgresql.JSONB(), nullable=False),
        _of_analysis("findings"),
        sa.PrimaryKeyConstraint("analysis", "number", name="pk_findings"),
    )
    op.create_index("ix_findings_name", "findings", ["name", "best"])


def downgrade() -> None:
    for table in ("findings", "analysis_groups", "analyses", "vision_models"):
        op.drop_table(table)


def _time(name: str, comment: str | None = None) -> sa.Column[Any]:
    now = sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=now, comment=comment)


def _of_analysis(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["analysis"], ["analyses.id"], name=f"fk_{table}_analysis_analyses", ondelete="CASCADE"
    )
