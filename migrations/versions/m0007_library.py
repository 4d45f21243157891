"""The media library: files that have an error in place of facts, folders looked up by their path, scans; views in the cache.

Revision: 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = "kind IN ('picture', 'sound', 'film', 'source', 'copy', 'view')"
KINDS_BEFORE = "kind IN ('picture', 'sound', 'film', 'source', 'copy')"


def upgrade() -> None:
    op.alter_column("media_facts", "facts", nullable=True)
    op.add_column(
        "media_facts",
        sa.Column(
            "error",
            postgresql.JSONB(),
            nullable=True,
            comment="as KinofarmError.as_dict, where it has none",
        ),
    )
    op.create_check_constraint(
        op.f("ck_media_facts_facts_or_error"), "media_facts", "(facts IS NULL) <> (error IS NULL)"
    )
    op.create_index("ix_media_facts_folder", "media_facts", ["path"], postgresql_ops={"path": "text_pattern_ops"})
    op.create_index("ix_media_facts_probed_at", "media_facts", ["probed_at"])
    op.create_table(
        "scans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("state", sa.Text(), nullable=False, server_default="waiting"),
        sa.Column("stop_requested", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("found", sa.Integer(), nullable=False, server_default="0", comment="files"),
        sa.Column(
            "done",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="files that were looked into, or were known",
        ),
        sa.Column(
            "known",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="files that did not have to be looked into",
        ),
        sa.Column(
            "broken", sa.Integer(), nullable=False, server_default="0", comment="files with an error in place of facts"
        ),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column(
            "beat_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
            comment="when its run last told how far it is",
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'scanning', 'done', 'failed', 'stopped')", name=op.f("ck_scans_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_scans"),
    )
    op.create_index("ix_scans_begun_at", "scans", ["begun_at"])
    op.drop_constraint(op.f("ck_cache_entries_kind"), "cache_entries")
    op.create_check_constraint(op.f("ck_cache_entries_kind"), "cache_entries", KINDS)


def downgrade() -> None:
    op.execute("DELETE FROM cache_entries WHERE kind = 'view'")
    op.drop_constraint(op.f("ck_cache_entries_kind"), "cache_entries")
    op.create_check_constraint(op.f("ck_cache_entries_kind"), "cache_entries", KINDS_BEFORE)
    op.drop_table("scans")
    op.drop_index("ix_media_facts_probed_at", "media_facts")
    op.drop_index("ix_media_facts_folder", "media_facts")
    op.execute("DELETE FROM media_facts WHERE facts IS NULL")
    op.drop_constraint(op.f("ck_media_facts_facts_or_error"), "media_facts")
    op.drop_column("media_facts", "error")
    op.alter_column("media_facts", "facts", nullable=False)
