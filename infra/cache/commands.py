"""Commands about the cache of finished chunks."""

from __future__ import annotations

from pydantic import Field

from infra.cache.index import CacheIndex, Limits
from infra.cache.store import ChunkStore, Usage
from infra.commands import Call, Command, Nothing
from infra.values import Value


class CacheStats(Value):
    """What the farm's cache holds, and what it may hold."""

    usage: Usage
    limits: Limits
    free: int | None = Field(description="Bytes that its disk can still take; null: not known, as of a bucket.")


class Evicted(Value):
    """What went."""

    entries: int


def stats(call: Call, given: Nothing) -> CacheStats:
    """Show what the cache holds, its limits, and what its disk can still take."""
    index = call.services.get(CacheIndex)
    return CacheStats(usage=index.usage(), limits=index.limits, free=call.services.get_abstract(ChunkStore).free())


def evict(call: Call, given: Nothing) -> Evicted:
    """Delete what is stale or too much, and not needed."""
    return Evicted(entries=len(call.services.get(CacheIndex).evict()))


COMMANDS: tuple[Command, ...] = (
    Command("cache.stats", stats, "GET /cache", scope="read"),
    Command("cache.evict", evict, "POST /cache/evict", scope="operate"),
)
"""Of this module."""
