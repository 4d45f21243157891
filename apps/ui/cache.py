"""The cache of finished chunks: what it holds against what it may hold."""

from __future__ import annotations

from collections.abc import Callable

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.tags import button, facts, panel, tag
from apps.ui.parts.words import count, duration, several, size
from apps.ui.refreshed import refreshed
from infra.cache.commands import CacheStats, Evicted
from infra.errors import KinofarmError

EACH_SECONDS = 5.0
POLICIES = {
    "lru": "what was not used for the longest time",
    "lfu": "what was used least often",
    "fifo": "what was made first",
}


async def show(visit: Visit) -> None:
    """Draw it, and look again every few seconds."""

    async def evict() -> None:
        try:
            gone = await visit.ask(Evicted, "cache.evict")
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")
            return
        say(f"{several(gone.entries, 'entry', 'entries')} deleted" if gone.entries else "Nothing is stale or too much")
        await again()

    with tag("header", "", "page-head"):
        tag("h1", "Cache")
        if visit.may("operate"):
            button("Tidy up now", evict, "", "broom")

    async def read() -> CacheStats:
        return await visit.look(CacheStats, "cache.stats")

    again = await refreshed(visit, read, _all, EACH_SECONDS)


def _all(found: CacheStats) -> None:
    usage, limits = found.usage, found.limits
    with panel("What it holds"), tag("div", "", "meters"):
        _meter("Bytes", usage.bytes, limits.bytes, size)
        _meter("Entries", usage.entries, limits.entries, count)
    with panel("Limits"):
        rows = [
            ("Goes first", POLICIES.get(limits.policy, limits.policy)),
            ("Goes in any case after", f"{duration(limits.idle)} without use" if limits.idle else "never"),
            ("Kept free on its disk", size(limits.free)),
            ("Free now", size(found.free) if found.free is not None else "not known, as of a bucket"),
        ]
        facts(rows)
        tag("p", "Each chunk is kept under a hash of what it is made of: an edit renders only what it changes.", "note")


def _meter(name: str, used: int, limit: int | None, words: Callable[[float], str]) -> None:
    told = words(used)
    with tag("div", "", "meter"):
        with tag("p", "", "meter-head"):
            tag("span", name)
            tag("strong", told)
        if limit:
            share = min(100.0, 100 * used / limit)
            with tag("div", "", "bar large", role="meter", aria_label=f"{name} of the cache", aria_valuemin=0, aria_valuemax=100, aria_valuenow=round(share)):  # fmt: skip
                tag("span", "", "fill done").style(f"transform: scaleX({share / 100:.4f})")
            tag("p", f"{share:.1f} % of {words(limit)}", "sub")
        else:
            tag("p", "no limit is set", "sub")
