"""What lies in a cache, how it is used, and what has to go: a table of entries, whose eviction is an ORDER BY.

Record an artefact before it is put: that makes room and counts it, so that the cache never holds more than it may. A crash
between the two leaves an entry without artefact, which does no harm (presence is always asked of the store), never an
artefact that nobody counts.

What a job that has not ended needs is never evicted from the farm's cache: its chunks, its sound, its film, the sources
that they are made of; nor what an analysis reads that has not ended, its medium and its model; nor, anywhere, what is
pinned because somebody reads it now. Evicting a chunk makes it ready again
in the same transaction in which its artefact goes, so that planning never counts on what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.dialects.postgresql import insert

from infra.cache.store import ChunkStore, Key, Stored, Usage
from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.jobs.models import CacheEntryRow, CachePlaceRow
from infra.values import Value

Kind = Literal["picture", "sound", "film", "source", "copy", "view"]
"""`source`: a file that chunks are made of; `copy`: a machine's own copy of what lies in the farm's cache."""
Policy = Literal["lru", "lfu", "fifo"]

FARM = "farm"
"""The place of the cache that all machines share."""

MOST_ROUNDS = 100
"""Times that room is made for one artefact."""

ORDERS: Mapping[Policy, str] = {
    "lru": "last_used, key",
    "lfu": "uses, last_used, key",
    "fifo": "created_at, key",
}
"""Who goes first: the one that was used last the longest time ago, the one that was used least, the one that came first."""

_ENDED = "('done', 'failed', 'cancelled')"
_NEEDED = f"""(
    EXISTS (SELECT FROM cache_pins pin
        WHERE pin.place = entry.place AND pin.key = entry.key AND pin.expires_at > now())
    OR entry.place = '{FARM}' AND (
        EXISTS (SELECT FROM job_chunks link JOIN jobs job ON job.id = link.job_id
            WHERE link.chunk_key = entry.key AND job.state NOT IN {_ENDED})
        OR EXISTS (SELECT FROM jobs job WHERE job.film_key = entry.key AND job.state NOT IN {_ENDED})
        OR EXISTS (SELECT FROM job_sources source JOIN jobs job ON job.id = source.job_id
            WHERE source.sha256 = entry.key AND job.state NOT IN {_ENDED})
        OR entry.kind = 'source' AND EXISTS (SELECT FROM analyses
            WHERE analyses.state IN ('waiting', 'running') AND (content = entry.key OR model IN (
                SELECT name FROM vision_models WHERE vision_models.sha256 = entry.key)))))"""  # noqa: S608 (our own constants)

_EXCESS = {
    policy: text(f"""
WITH idle AS MATERIALIZED (
    SELECT entry.*, last_used < now() - make_interval(secs => :idle) IS TRUE AS stale
    FROM cache_entries entry WHERE place = :place AND NOT {_NEEDED}
), queue AS (
    SELECT key, stale, row_number() OVER turns AS turn,
        sum(size) OVER (turns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS freed
    FROM idle WINDOW turns AS (ORDER BY stale DESC, {order})
), excess AS (
    SELECT greatest(bytes + :more_bytes - CAST(:most_bytes AS bigint), CAST(:short AS bigint)) AS bytes,
        entries + :more_entries - CAST(:most_entries AS bigint) AS entries
    FROM (SELECT coalesce(sum(bytes), 0) AS bytes, coalesce(sum(entries), 0) AS entries
        FROM cache_places WHERE place = :place) held
)
SELECT key, excess.bytes IS NULL OR excess.bytes <= (SELECT coalesce(sum(size), 0) FROM idle) AS enough_bytes,
    excess.entries IS NULL OR excess.entries <= (SELECT count(*) FROM idle) AS enough_entries
FROM excess LEFT JOIN queue ON stale OR coalesce(freed, 0) < excess.bytes OR turn <= excess.entries
ORDER BY turn
""")  # noqa: S608 (our own constants)
    for policy, order in ORDERS.items()
}

_LOCK = text("SELECT FROM chunks WHERE key = :key FOR NO KEY UPDATE")
_LOCK_IDLE = text(f"SELECT FROM cache_entries entry WHERE place = :place AND key = :key AND NOT {_NEEDED} FOR UPDATE")
_FORGET = text("DELETE FROM cache_entries WHERE place = :place AND key = :key")
_MAKE_AGAIN = text("""
UPDATE chunks SET state = 'ready', attempts = 0, frames_done = 0, result = NULL, error = NULL, not_before = NULL,
    lease_owner = NULL, ended_at = NULL
WHERE key = :key AND state = 'done'
""")
_TOUCH = text("""
UPDATE cache_entries SET uses = uses + 1, last_used = now()
WHERE place = :place AND key = ANY(CAST(:keys AS text[]))
""")
_PIN = text("""
INSERT INTO cache_pins (place, key, holder, expires_at)
SELECT :place, key, :holder, now() + make_interval(secs => :seconds) FROM unnest(CAST(:keys AS text[])) AS wanted (key)
ON CONFLICT (place, key, holder) DO UPDATE SET expires_at = EXCLUDED.expires_at
""")
_UNPIN = text("DELETE FROM cache_pins WHERE place = :place AND (holder = :holder OR expires_at < now())")


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


class Limits(Value):
    """What a cache may hold; what is not set has no limit.

    idle: seconds without use after which an artefact goes in any case. free: bytes that its disk must keep free.
    """

    bytes: int | None = Field(None, ge=0)
    entries: int | None = Field(None, ge=0)
    idle: float | None = Field(None, gt=0)
    free: int = Field(0, ge=0)
    policy: Policy = "lru"


class CacheIndex:
    """The table of entries of one cache.

    Args:    store: the cache itself. place: its name.
    Raises:  every method: KinofarmError DB-001, DB-002; those that delete also what the store raises.
    """

    def __init__(
        self, engine: Engine, store: ChunkStore, limits: Limits, place: str = FARM, *, patience: float = 30
    ) -> None:
        self.engine = engine
        self.store = store
        self.limits = limits
        self.place = place
        self.patience = patience

    def record(self, stored: Stored, kind: Kind, facts: Mapping[str, Any] | None = None) -> None:
        """Enter an artefact, or correct what is known of it; it counts as used now. What has to go for it goes.

        Raises:  KinofarmError CACHE-007 when it does not fit beside what is needed.
        """
        row = {
            "kind": kind,
            "size": stored.size,
            "sha256": stored.sha256,
            "facts": None if facts is None else dict(facts),
        }
        for _ in range(MOST_ROUNDS):  # others take the room that was made, and the victims, at the same time
            if self._entered(stored.key, row):
                return
            victims = self._excess(stored.size, entries=1)
            if victims is None:
                break
            for key in victims:
                self._evicted(key)
        raise KinofarmError("CACHE-007", wanted=stored.size, limit=_words(self.limits))

    def evict(self) -> tuple[Key, ...]:
        """Delete what is stale or too much, and not needed; return the keys that went."""
        victims = self._excess(0, entries=0, all_or_nothing=False) or ()
        return tuple(key for key in victims if self._evicted(key))

    @surviving
    def entries(self, keys: Iterable[Key]) -> Mapping[Key, CacheEntry]:
        """Return what is known of those of the keys that are entered."""
        columns = [column for column in CacheEntryRow.__table__.columns if column.name != "place"]
        query = select(*columns).where(CacheEntryRow.place == self.place, CacheEntryRow.key.in_(list(keys)))
        with transaction(self.engine) as connection:
            return {row["key"]: CacheEntry(**row) for row in connection.execute(query).mappings()}

    @surviving
    def touch(self, keys: Iterable[Key]) -> None:
        """Say that these artefacts were used now."""
        with transaction(self.engine) as connection:
            connection.execute(_TOUCH, {"place": self.place, "keys": sorted(set(keys))})

    @contextmanager
    def pinned(self, keys: Iterable[Key], holder: str, seconds: float) -> Iterator[None]:
        """Keep these keys from being evicted within this block, for at most so many seconds."""
        self._pin(keys, holder, seconds)
        try:
            yield
        finally:
            self._unpin(holder)

    @surviving
    def discard(self, key: Key) -> None:
        """Throw an artefact away because its bytes are not right, whoever needs it; its chunk is to be made again."""
        with transaction(self.engine) as connection:
            connection.execute(_LOCK, {"key": key})
            self._delete(connection, key)

    @surviving
    def usage(self) -> Usage:
        """Return how many entries there are, and their bytes."""
        query = select(CachePlaceRow.entries, CachePlaceRow.bytes).where(CachePlaceRow.place == self.place)
        with transaction(self.engine) as connection:
            found = connection.execute(query).one_or_none()
        return Usage(entries=0, bytes=0) if found is None else Usage(entries=found.entries, bytes=found.bytes)

    @surviving
    def _entered(self, key: Key, row: Mapping[str, Any]) -> bool:
        """Enter it if the whole then fits; whoever else enters something meanwhile waits at the total."""
        added = insert(CacheEntryRow).values(place=self.place, key=key, **row)
        newer = added.on_conflict_do_update(index_elements=["place", "key"], set_={**row, "last_used": text("now()")})
        total = select(CachePlaceRow.entries, CachePlaceRow.bytes).where(CachePlaceRow.place == self.place)
        try:
            with transaction(self.engine) as connection:
                connection.execute(newer)
                held, most = connection.execute(total).one(), self.limits
                if (most.bytes is not None and held.bytes > most.bytes) or (
                    most.entries is not None and held.entries > most.entries
                ):
                    raise _Full
                if self._short(row["size"]) > 0:
                    raise _Full
        except _Full:
            return False
        return True

    @surviving
    def _excess(self, more: int, *, entries: int, all_or_nothing: bool = True) -> tuple[Key, ...] | None:
        """Return what has to go for `more` bytes, in its order; None when not enough can go."""
        short = self._short(more)
        asked = {
            "place": self.place,
            "idle": self.limits.idle,
            "more_bytes": more,
            "more_entries": entries,
            "most_bytes": self.limits.bytes,
            "most_entries": self.limits.entries,
            "short": short if short > 0 else None,
        }
        with transaction(self.engine) as connection:
            rows = connection.execute(_EXCESS[self.limits.policy], asked).all()
        if all_or_nothing and not all(row.enough_bytes and row.enough_entries for row in rows):
            return None
        return tuple(row.key for row in rows if row.key is not None)

    @surviving
    def _evicted(self, key: Key) -> bool:
        with transaction(self.engine) as connection:
            if self.place == FARM:
                connection.execute(_LOCK, {"key": key})  # planning waits here, and then sees that the chunk is ready
            if connection.execute(_LOCK_IDLE, {"place": self.place, "key": key}).one_or_none() is None:
                return False
            self._delete(connection, key)
        return True

    def _delete(self, connection: Connection, key: Key) -> None:
        self.store.delete(key)
        connection.execute(_FORGET, {"place": self.place, "key": key})
        if self.place == FARM:
            connection.execute(_MAKE_AGAIN, {"key": key})

    @surviving
    def _pin(self, keys: Iterable[Key], holder: str, seconds: float) -> None:
        asked = {"place": self.place, "keys": sorted(set(keys)), "holder": holder, "seconds": seconds}
        with transaction(self.engine) as connection:
            connection.execute(_PIN, asked)

    @surviving
    def _unpin(self, holder: str) -> None:
        with transaction(self.engine) as connection:
            connection.execute(_UNPIN, {"place": self.place, "holder": holder})

    def _short(self, more: int) -> int:
        """Bytes that the cache's disk lacks for `more` and for what has to stay free."""
        free = self.store.free() if self.limits.free else None
        return 0 if free is None else self.limits.free + more - free


class _Full(Exception):  # noqa: N818 (no error: room has to be made)
    """The entry does not fit; its transaction is undone."""


def _words(limits: Limits) -> str:
    told = [f"{limits.bytes} bytes"] if limits.bytes is not None else []
    told += [f"{limits.entries} entries"] if limits.entries is not None else []
    told += [f"a disk that keeps {limits.free} bytes free"] if limits.free else []
    return ", ".join(told)
