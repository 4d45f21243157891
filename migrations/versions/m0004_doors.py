"""Doors by which work arrives and news leaves: files in watched folders, webhooks; jobs are taken on before they have a run.

Revision: 0004, after 0003.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NEWS = """
CREATE FUNCTION note_news() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO news (job_id, event) VALUES (NEW.id, 'job.' || NEW.state);
    RETURN NULL;
END $$;
CREATE TRIGGER news_of_new_jobs AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION note_news();
CREATE TRIGGER news_of_ended_jobs AFTER UPDATE OF state ON jobs FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state IN ('done', 'failed', 'cancelled')) EXECUTE FUNCTION note_news();
"""


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="below the folder"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="arrived", nullable=False),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("moved", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _time("arrived_at"),
        _time("updated_at"),
        sa.CheckConstraint(
            "state IN ('arrived', 'submitted', 'done', 'failed', 'replaced')", name=op.f("ck_arrivals_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_arrivals"),
        sa.UniqueConstraint(
            "folder",
            "name",
            "size",
            "modified_ns",
            "generation",
            name="uq_arrivals_folder_name_size_modified_ns_generation",
        ),
    )
    op.create_index(
        "ix_arrivals_open", "arrivals", ["folder"], postgresql_where=sa.text("state IN ('arrived', 'submitted')")
    )
    op.create_table(
        "news",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        _time("at"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_news_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_news"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False, comment="no reference: the log outlives the job"),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _time("due_at"),
        sa.Column("status", sa.Integer(), nullable=True, comment="of the last answer, HTTP"),
        sa.Column("error", sa.Text(), nullable=True),
        _time("created_at"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'given up')", name=op.f("ck_deliveries_state")),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_waiting", "deliveries", ["due_at"], postgresql_where=sa.text("state = 'waiting'"))
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    op.add_column("jobs", sa.Column("run_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE jobs SET run_id = id")
    op.create_unique_constraint("uq_jobs_run_id", "jobs", ["run_id"])
    op.add_column("workers", sa.Column("probe_wanted", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(_NEWS)


def downgrade() -> None:
    op.execute("DROP TRIGGER news_of_ended_jobs ON jobs")
    op.execute("DROP TRIGGER news_of_new_jobs ON jobs")
    op.execute("DROP FUNCTION note_news()")
    op.drop_column("workers", "probe_wanted")
    op.drop_constraint("uq_jobs_run_id", "jobs")
    op.drop_column("jobs", "run_id")
    op.drop_table("deliveries")
    op.drop_table("news")
    op.drop_table("arrivals")


def _time(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
