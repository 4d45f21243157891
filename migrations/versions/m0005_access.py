"""Who may do what: tokens, sessions of the status page, the audit log; uploads; words by which jobs are found; a
job's new priority is announced as its other changes are.

Revision: 0005, after 0004.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORDS = (
    r"to_tsvector('simple'::regconfig, translate((((project || ' '::text) || output) || ' '::text) || submitted_by, "
    r"'/\._-'::text, '     '::text))"
)


def _announced(*columns: str) -> str:
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return (
        "CREATE TRIGGER job_changes_are_announced AFTER UPDATE ON jobs FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION announce_job()"
    )


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, comment="sha256 of the token, in hex"),
        _time("created_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'submit', 'operate', 'admin')", name=op.f("ck_tokens_scope")),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_index(
        "ix_tokens_valid_name", "tokens", ["name"], unique=True, postgresql_where=sa.text("revoked_at IS NULL")
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), nullable=False, comment="sha256 of the cookie's value, in hex"),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        _time("created_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name="fk_sessions_token_id_tokens", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_token_id", "sessions", ["token_id"])
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _time("at"),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False, comment="by which it came: api, page, cli"),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, comment="ok, or the code of the error"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="in bytes, as it was announced"),
        sa.Column("received", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True, comment="of the whole file; null until it is there"),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.CheckConstraint("received BETWEEN 0 AND size", name=op.f("ck_uploads_received")),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_sha256", "uploads", ["sha256"])
    op.create_index("ix_uploads_created_at", "uploads", ["created_at"])
    op.create_index("ix_jobs_words", "jobs", [sa.text(WORDS)], postgresql_using="gin")
    op.drop_index("ix_jobs_accepted_at", "jobs")
    op.create_index("ix_jobs_newest", "jobs", ["accepted_at", "id"])
    op.create_index("ix_jobs_state_newest", "jobs", ["state", "accepted_at", "id"])
    op.create_index("ix_jobs_submitter_newest", "jobs", ["submitted_by", "accepted_at", "id"])
    op.execute("DROP TRIGGER job_changes_are_announced ON jobs")
    op.execute(_announced("state", "cancel_requested", "paused", "error", "priority"))


def downgrade() -> None:
    op.execute("DROP TRIGGER job_changes_are_announced ON jobs")
    op.execute(_announced("state", "cancel_requested", "paused", "error"))
    op.drop_index("ix_jobs_submitter_newest", "jobs")
    op.drop_index("ix_jobs_state_newest", "jobs")
    op.drop_index("ix_jobs_newest", "jobs")
    op.create_index("ix_jobs_accepted_at", "jobs", ["accepted_at"])
    op.drop_index("ix_jobs_words", "jobs")
    for table in ("uploads", "audit", "sessions", "tokens"):
        op.drop_table(table)


def _time(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
