"""What lies in the store, how it is used, and what has to go: a table of entries, whose eviction is an ORDER BY.

Record an artefact before it is put: a crash between the two leaves an entry without artefact, which does no harm
(presence is always asked of the store), never an artefact that nobody counts.

What a job that has not ended needs is never evicted: its chunks, its sound, its film. Evicting a chunk makes it
ready again in the same transaction in which its artefact goes, so that planning never counts on what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert

from infra.cache.store import ChunkStore, Key, Stored, Usage
from infra.jobs.engine import surviving, transaction
from infra.jobs.models import CacheEntryRow
from infra.values import Value

Kind = Literal["picture", "sound", "film"]

_NEEDED = """(
    EXISTS (SELECT FROM job_chunks link JOIN jobs job ON job.id = link.job_id
        WHERE link.chunk_key = entry.key AND job.state NOT IN ('done', 'failed', 'cancelled'))
    OR EXISTS (SELECT FROM jobs job WHERE job.film_key = entry.key AND job.state NOT IN ('done', 'failed', 'cancelled'))
)"""

_TOO_MUCH = text(f"""
WITH excess AS (
    SELECT sum(size) - :most AS bytes FROM cache_entries
), idle AS (
    SELECT key, sum(size) OVER (ORDER BY last_used, key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS freed,
        row_number() OVER (ORDER BY last_used, key) AS turn
    FROM cache_entries entry WHERE NOT {_NEEDED}
)
SELECT key FROM idle, excess WHERE coalesce(freed, 0) < excess.bytes ORDER BY turn
""")  # noqa: S608 (our own constants)

_LOCK = text("SELECT FROM chunks WHERE key = :key FOR NO KEY UPDATE")
_FORGET_IDLE = text(f"DELETE FROM cache_entries entry WHERE key = :key AND NOT {_NEEDED}")  # noqa: S608
_FORGET = text("DELETE FROM cache_entries WHERE key = :key")
_MAKE_AGAIN = text("""
UPDATE chunks SET state = 'ready', attempts = 0, frames_done = 0, result = NULL, error = NULL, not_before = NULL,
    lease_owner = NULL, ended_at = NULL
WHERE key = :key AND state = 'done'
""")
_TOUCH = text("UPDATE cache_entries SET uses = uses + 1, last_used = now() WHERE key = ANY(CAST(:keys AS text[]))")


class CacheEntry(Value):
    """One artefact. facts: what was measured of it once and holds as long as its bytes do."""

    key: Key
    kind: Kind
    size: int
    sha256: str
    facts: Mapping[str, Any] | None
    created_at: datetime
    last_used: datetime
    uses: int


class CacheIndex:
    """The table of entries.

    Raises:  every method: KinofarmError DB-001, DB-002; those that take a store also CACHE-004.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def record(self, stored: Stored, kind: Kind, facts: Mapping[str, Any] | None = None) -> None:
        """Enter an artefact, or correct what is known of it; it counts as used now."""
        row = {
            "kind": kind,
            "size": stored.size,
            "sha256": stored.sha256,
            "facts": None if facts is None else dict(facts),
        }
        added = insert(CacheEntryRow).values(key=stored.key, **row)
        newer = added.on_conflict_do_update(index_elements=["key"], set_=row | {"last_used": func.now()})
        with transaction(self.engine) as connection:
            connection.execute(newer)

    @surviving
    def entries(self, keys: Iterable[Key]) -> Mapping[Key, CacheEntry]:
        """Return what is known of those of the keys that are entered."""
        table = CacheEntryRow.__table__
        with transaction(self.engine) as connection:
            rows = connection.execute(select(table).where(CacheEntryRow.key.in_(list(keys)))).mappings()
            return {row["key"]: CacheEntry(**row) for row in rows}

    @surviving
    def touch(self, keys: Iterable[Key]) -> None:
        """Say that these artefacts were used now."""
        with transaction(self.engine) as connection:
            connection.execute(_TOUCH, {"keys": sorted(set(keys))})

    @surviving
    def discard(self, key: Key, store: ChunkStore) -> None:
        """Throw an artefact away because its bytes are not right, whoever needs it; its chunk is to be made again."""
        with transaction(self.engine) as connection:
            connection.execute(_LOCK, {"key": key})
            connection.execute(_FORGET, {"key": key})
            connection.execute(_MAKE_AGAIN, {"key": key})
            store.delete(key)

    @surviving
    def usage(self) -> Usage:
        """Count the entries and their bytes."""
        query = select(func.count(), func.coalesce(func.sum(CacheEntryRow.size), 0))
        with transaction(self.engine) as connection:
            entries, size = connection.execute(query).one()
        return Usage(entries=entries, bytes=int(size))

    def evict(self, store: ChunkStore, most: int) -> tuple[Key, ...]:
        """Delete the least recently used artefacts that nobody needs until at most `most` bytes are left.

        Returns: the keys that went. More than `most` may stay when live jobs need it.
        """
        return tuple(key for key in self._too_much(most) if self._evicted(key, store))

    @surviving
    def _too_much(self, most: int) -> tuple[Key, ...]:
        with transaction(self.engine) as connection:
            return tuple(connection.execute(_TOO_MUCH, {"most": most}).scalars())

    @surviving
    def _evicted(self, key: Key, store: ChunkStore) -> bool:
        with transaction(self.engine) as connection:
            connection.execute(_LOCK, {"key": key})  # planning waits here, and then sees that the chunk is ready
            if connection.execute(_FORGET_IDLE, {"key": key}).rowcount == 0:
                return False
            connection.execute(_MAKE_AGAIN, {"key": key})
            store.delete(key)
        return True
