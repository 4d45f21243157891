"""Analyses that are done without a look, also on a farm whose lookers would take them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.jobs.engine import transaction
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.findings import FindingEntered


def looked_through(
    store: AnalysisStore,
    content: str,
    path: str,
    model: str | None,
    found: Sequence[FindingEntered],
    *,
    result: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    wish: str = "1" * 64,
    by: str = "anna",
    named: UUID | None = None,
) -> AnalysisEntry:
    """Enter an analysis of a content, and what it found.

    Args:    named: its id.
    """
    row = store.begin(content, wish, path, model, options or {}, by, ready=False)
    with transaction(store.engine) as connection:
        claim = text("UPDATE analyses SET state = 'running', starts = 1, id = :named WHERE id = :id")
        connection.execute(claim, {"id": row.id, "named": named or row.id})
    claimed = store.get(named or row.id)
    assert store.finish(claimed, result or {}, found)
    return store.get(claimed.id)
