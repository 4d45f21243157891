"""Caches: several places, their totals, what is being read, and the sources that a job needs.

Revision: 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FIRST_NAME = "ck_cache_entries_ck_cache_entries_kind"
"""What the naming convention made of the name in 0001."""

COUNT_ENTRIES = """
CREATE FUNCTION count_cache_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    more_entries bigint := 0;
    more_bytes bigint := 0;
    concerned text := coalesce(NEW.place, OLD.place);
BEGIN
    IF TG_OP <> 'DELETE' THEN
        more_entries := more_entries + 1;
        more_bytes := more_bytes + NEW.size;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        more_entries := more_entries - 1;
        more_bytes := more_bytes - OLD.size;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO cache_places AS held (place, entries, bytes) VALUES (concerned, more_entries, more_bytes)
        ON CONFLICT (place) DO UPDATE SET entries = held.entries + more_entries, bytes = held.bytes + more_bytes;
    ELSE
        UPDATE cache_places SET entries = entries + more_entries, bytes = bytes + more_bytes WHERE place = concerned;
    END IF;
    RETURN NULL;
END
$$
"""

TRIGGERS = (
    "CREATE TRIGGER cache_entries_are_counted AFTER INSERT OR DELETE ON cache_entries"
    " FOR EACH ROW EXECUTE FUNCTION count_cache_entries()",
    "CREATE TRIGGER cache_entries_are_counted_anew AFTER UPDATE OF size ON cache_entries"
    " FOR EACH ROW WHEN (OLD.size <> NEW.size) EXECUTE FUNCTION count_cache_entries()",
)


def upgrade() -> None:
    op.drop_index("ix_cache_entries_last_used", "cache_entries")
    op.drop_constraint("pk_cache_entries", "cache_entries")
    op.drop_constraint(op.f(FIRST_NAME), "cache_entries")
    op.add_column("cache_entries", sa.Column("place", sa.Text(), server_default="farm", nullable=False))
    op.alter_column("cache_entries", "place", server_default=None)
    op.create_primary_key("pk_cache_entries", "cache_entries", ["place", "key"])
    op.create_check_constraint(
        op.f("ck_cache_entries_kind"), "cache_entries", "kind IN ('picture', 'sound', 'film', 'source', 'copy')"
    )
    op.create_index("ix_cache_entries_place_last_used", "cache_entries", ["place", "last_used"])
    op.create_table(
        "cache_places",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("entries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_cache_places"),
    )
    op.execute(
        "INSERT INTO cache_places (place, entries, bytes)"
        " SELECT place, count(*), sum(size) FROM cache_entries GROUP BY place"
    )
    op.create_table(
        "cache_pins",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("place", "key", "holder", name="pk_cache_pins"),
    )
    op.create_index("ix_cache_pins_expires_at", "cache_pins", ["expires_at"])
    op.create_table(
        "job_sources",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_sources_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "sha256", name="pk_job_sources"),
    )
    op.create_index("ix_job_sources_sha256", "job_sources", ["sha256"])
    for statement in (COUNT_ENTRIES, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("job_sources")
    op.drop_table("cache_pins")
    op.drop_table("cache_places")
    op.execute("DELETE FROM cache_entries WHERE place <> 'farm' OR kind IN ('source', 'copy')")
    op.execute("DROP TRIGGER cache_entries_are_counted ON cache_entries")
    op.execute("DROP TRIGGER cache_entries_are_counted_anew ON cache_entries")
    op.execute("DROP FUNCTION count_cache_entries()")
    op.drop_index("ix_cache_entries_place_last_used", "cache_entries")
    op.drop_constraint("pk_cache_entries", "cache_entries")
    op.drop_constraint(op.f("ck_cache_entries_kind"), "cache_entries")
    op.drop_column("cache_entries", "place")
    op.create_primary_key("pk_cache_entries", "cache_entries", ["key"])
    op.create_check_constraint(op.f(FIRST_NAME), "cache_entries", "kind IN ('picture', 'sound', 'film')")
    op.create_index("ix_cache_entries_last_used", "cache_entries", ["last_used"])
