"""Scopes: what a token allows. Each allows what those before it do.

read      see everything
submit    have films rendered, upload media, and steer jobs of one's own
operate   steer every job, the workers and the cache
admin     tokens, and all else
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Scope = Literal["read", "submit", "operate", "admin"]

SCOPES: Mapping[Scope, str] = {
    "read": "see jobs, machines, the cache, settings; watch films",
    "submit": "have films rendered, upload media, steer one's own jobs",
    "operate": "steer every job, the machines, the cache, schedules and webhooks",
    "admin": "make and revoke tokens, read the audit log",
}
"""Every scope and what it adds to those before it, weakest first."""


def allows(held: Scope, needed: Scope) -> bool:
    """Whether who holds one scope may do what needs the other."""
    order = list(SCOPES)
    return order.index(held) >= order.index(needed)
