"""A chunk's new state is announced with the chunk and its jobs: whoever shows chunks need not read the ledger for each.

Revision: 0006, after 0005.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ANNOUNCE_CHUNK = """
CREATE FUNCTION announce_chunk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('kinofarm_chunk', concat_ws(' ', concerned.id, NEW.key, concerned.index, NEW.state)) FROM (
        SELECT DISTINCT ON (link.job_id) link.job_id AS id, link.index
        FROM job_chunks link
        JOIN jobs job ON job.id = link.job_id
        WHERE link.chunk_key = NEW.key AND job.state NOT IN ('done', 'failed', 'cancelled')
        ORDER BY link.job_id, link.index
    ) concerned;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute(ANNOUNCE_CHUNK)
    op.execute(
        "CREATE TRIGGER chunk_states_are_announced AFTER UPDATE OF state ON chunks FOR EACH ROW"
        " WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION announce_chunk()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER chunk_states_are_announced ON chunks")
    op.execute("DROP FUNCTION announce_chunk()")
