"""The ledger: jobs, chunks, attempts, media facts, cache entries, outputs; the state machines and their triggers.

Revision: 0001, the first.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATE_CHANGES = {
    ("job", ""): ("accepted",),
    ("job", "accepted"): ("planned", "failed", "cancelled"),
    ("job", "planned"): ("rendering", "assembling", "publishing", "failed", "cancelled"),
    ("job", "rendering"): ("assembling", "planned", "failed", "cancelled"),
    ("job", "assembling"): ("verifying", "planned", "failed", "cancelled"),
    ("job", "verifying"): ("publishing", "planned", "failed", "cancelled"),
    ("job", "publishing"): ("done", "planned", "failed", "cancelled"),
    ("job", "failed"): ("accepted",),
    ("chunk", ""): ("ready",),
    ("chunk", "ready"): ("leased", "failed", "cancelled"),
    ("chunk", "leased"): ("ready", "done", "failed", "cancelled"),
    ("chunk", "done"): ("ready",),
    ("chunk", "failed"): ("ready",),
    ("chunk", "cancelled"): ("ready",),
}

REFUSE = """
CREATE FUNCTION refuse_illegal_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := '';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        before := OLD.state;
    END IF;
    IF NOT EXISTS (
        SELECT FROM state_changes WHERE machine = TG_ARGV[0] AND from_state = before AND to_state = NEW.state
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'KF001',
            MESSAGE = format('a %s can not go from "%s" to "%s"', TG_ARGV[0], before, NEW.state),
            DETAIL = json_build_object('what', TG_ARGV[0], 'id', coalesce(to_jsonb(NEW) ->> 'id', to_jsonb(NEW) ->> 'key'),
                'old', before, 'new', NEW.state)::text;
    END IF;
    RETURN NEW;
END
$$
"""

ANNOUNCE_JOB = """
CREATE FUNCTION announce_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('kinofarm_job', NEW.id::text);
    RETURN NULL;
END
$$
"""

ANNOUNCE_CHUNKS = """
CREATE FUNCTION announce_chunks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('kinofarm_job', concerned.id) FROM (
        SELECT DISTINCT job.id::text AS id
        FROM changed
        JOIN job_chunks link ON link.chunk_key = changed.key
        JOIN jobs job ON job.id = link.job_id
        WHERE job.state NOT IN ('done', 'failed', 'cancelled')
    ) concerned;
    PERFORM pg_notify('kinofarm_work', waiting.pool) FROM (
        SELECT DISTINCT pool FROM changed WHERE state = 'ready'
    ) waiting;
    RETURN NULL;
END
$$
"""

FORGET_JOINS = """
CREATE FUNCTION forget_joins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM join_proofs WHERE left_key = NEW.key OR right_key = NEW.key;
    RETURN NULL;
END
$$
"""

TRIGGERS = (
    "CREATE TRIGGER a_chunk_made_anew_joins_anew AFTER UPDATE OF state ON chunks FOR EACH ROW"
    " WHEN (OLD.state = 'done' AND NEW.state = 'ready') EXECUTE FUNCTION forget_joins()",
    "CREATE TRIGGER jobs_are_born_accepted BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION refuse_illegal_change('job')",
    "CREATE TRIGGER jobs_change_legally BEFORE UPDATE OF state ON jobs FOR EACH ROW"
    " WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION refuse_illegal_change('job')",
    "CREATE TRIGGER chunks_are_born_ready BEFORE INSERT ON chunks FOR EACH ROW EXECUTE FUNCTION refuse_illegal_change('chunk')",
    "CREATE TRIGGER chunks_change_legally BEFORE UPDATE OF state ON chunks FOR EACH ROW"
    " WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION refuse_illegal_change('chunk')",
    "CREATE TRIGGER jobs_are_announced AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION announce_job()",
    "CREATE TRIGGER job_changes_are_announced AFTER UPDATE ON jobs FOR EACH ROW WHEN ("
    "(OLD.state, OLD.cancel_requested, OLD.paused, OLD.error) IS DISTINCT FROM"
    " (NEW.state, NEW.cancel_requested, NEW.paused, NEW.error)) EXECUTE FUNCTION announce_job()",
    "CREATE TRIGGER chunks_are_announced AFTER INSERT ON chunks REFERENCING NEW TABLE AS changed"
    " FOR EACH STATEMENT EXECUTE FUNCTION announce_chunks()",
    "CREATE TRIGGER chunk_changes_are_announced AFTER UPDATE ON chunks REFERENCING NEW TABLE AS changed"
    " FOR EACH STATEMENT EXECUTE FUNCTION announce_chunks()",
)


def upgrade() -> None:
    op.create_table(
        "cache_entries",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=True),
        _now("created_at"),
        _now("last_used"),
        sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('picture', 'sound', 'film')", name="ck_cache_entries_kind"),
        sa.PrimaryKeyConstraint("key", name="pk_cache_entries"),
    )
    op.create_index("ix_cache_entries_last_used", "cache_entries", ["last_used"], unique=False)
    op.create_table(
        "chunks",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="ready", nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("frames_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("work", postgresql.JSONB(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _time("not_before"),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), server_default="0", nullable=False),
        _time("lease_expires"),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        _now("created_at"),
        _time("started_at"),
        _time("ended_at"),
        sa.CheckConstraint("kind IN ('picture', 'sound')", name="ck_chunks_kind"),
        sa.CheckConstraint("state IN ('ready', 'leased', 'done', 'failed', 'cancelled')", name="ck_chunks_state"),
        sa.PrimaryKeyConstraint("key", name="pk_chunks"),
    )
    op.create_index("ix_chunks_leased", "chunks", ["key"], unique=False, postgresql_where=sa.text("state = 'leased'"))
    op.create_index(
        "ix_chunks_open",
        "chunks",
        ["pool", "key"],
        unique=False,
        postgresql_where=sa.text("state IN ('ready', 'leased')"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="accepted", nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("warnings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("frames_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("frames_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("progress", sa.Float(), server_default="0", nullable=False),
        sa.Column("film_key", sa.String(length=64), nullable=True),
        sa.Column("restarts", sa.Integer(), server_default="0", nullable=False),
        _now("accepted_at"),
        _now("updated_at"),
        _time("ended_at"),
        sa.CheckConstraint(
            "state IN ('accepted', 'planned', 'rendering', 'assembling', 'verifying', 'publishing', 'done', 'failed', 'cancelled')",
            name="ck_jobs_state",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("idempotency_key", name="uq_jobs_idempotency_key"),
    )
    op.create_index("ix_jobs_accepted_at", "jobs", ["accepted_at"], unique=False)
    op.create_index("ix_jobs_film_key", "jobs", ["film_key"], unique=False)
    op.create_index(
        "ix_jobs_live",
        "jobs",
        ["priority", "accepted_at"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('done', 'failed', 'cancelled')"),
    )
    op.create_table(
        "join_proofs",
        sa.Column("left_key", sa.String(length=64), nullable=False),
        sa.Column("right_key", sa.String(length=64), nullable=False),
        _now("proven_at"),
        sa.PrimaryKeyConstraint("left_key", "right_key", name="pk_join_proofs"),
    )
    op.create_index("ix_join_proofs_right_key", "join_proofs", ["right_key"], unique=False)
    op.create_table(
        "media_facts",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.Text(), nullable=False, comment="device:inode; inodes may exceed a signed 64-bit number"),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        _now("probed_at"),
        sa.PrimaryKeyConstraint("path", name="pk_media_facts"),
    )
    op.create_table(
        "state_changes",
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("machine", "from_state", "to_state", name="pk_state_changes"),
    )
    op.create_table(
        "attempts",
        sa.Column("chunk_key", sa.String(length=64), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="running", nullable=False),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        _now("started_at"),
        _time("ended_at"),
        sa.CheckConstraint("outcome IN ('running', 'done', 'failed', 'lost', 'released')", name="ck_attempts_outcome"),
        sa.ForeignKeyConstraint(["chunk_key"], ["chunks.key"], name="fk_attempts_chunk_key_chunks", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_attempts_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chunk_key", "token", name="pk_attempts"),
    )
    op.create_index("ix_attempts_job_id_outcome", "attempts", ["job_id", "outcome"], unique=False)
    op.create_table(
        "job_chunks",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("chunk_key", sa.String(length=64), nullable=False),
        sa.Column("first_frame", sa.BigInteger(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("reused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["chunk_key"], ["chunks.key"], name="fk_job_chunks_chunk_key_chunks"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_chunks_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "kind", "index", name="pk_job_chunks"),
    )
    op.create_index("ix_job_chunks_order", "job_chunks", ["job_id", sa.text("kind DESC"), "index"], unique=False)
    op.create_index("ix_job_chunks_chunk_key", "job_chunks", ["chunk_key"], unique=False)
    op.create_table(
        "outputs",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        _now("created_at"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_outputs_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "kind", name="pk_outputs"),
    )

    state_changes = sa.table(
        "state_changes", *(sa.column(name, sa.Text()) for name in ("machine", "from_state", "to_state"))
    )
    rows = [
        {"machine": machine, "from_state": before, "to_state": after}
        for (machine, before), afters in STATE_CHANGES.items()
        for after in afters
    ]
    op.bulk_insert(state_changes, rows)
    for statement in (REFUSE, ANNOUNCE_JOB, ANNOUNCE_CHUNKS, FORGET_JOINS, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("outputs")
    op.drop_table("job_chunks")
    op.drop_table("attempts")
    op.drop_table("state_changes")
    op.drop_table("media_facts")
    op.drop_table("join_proofs")
    op.drop_table("jobs")
    op.drop_table("chunks")
    op.drop_table("cache_entries")
    for name in ("refuse_illegal_change", "announce_job", "announce_chunks", "forget_joins"):
        op.execute(f"DROP FUNCTION {name}()")


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)
