"""Findings: what is seen or heard in a content for a while, as it is entered, and questions about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.values import Value

FIND = text("""
SELECT finding.name, finding.seen_from, finding.seen_to, finding.best, finding.finding,
    analysis.id AS analysis, analysis.content, analysis.path, analysis.model
FROM findings finding JOIN analyses analysis ON analysis.id = finding.analysis
WHERE (CAST(:names AS text[]) IS NULL OR finding.name = ANY(CAST(:names AS text[])))
    AND (CAST(:content AS text) IS NULL OR analysis.content = :content)
    AND (CAST(:analysis AS uuid) IS NULL OR analysis.id = :analysis)
    AND (CAST(:model AS text) IS NULL OR analysis.model = :model)
    AND finding.best >= :best
    AND (CAST(:seen_from AS float8) IS NULL OR finding.seen_to > :seen_from)
    AND (CAST(:seen_to AS float8) IS NULL OR finding.seen_from < :seen_to)
    AND least(finding.seen_to, coalesce(:seen_to, finding.seen_to))
        - greatest(finding.seen_from, coalesce(:seen_from, finding.seen_from)) > :over
ORDER BY analysis.path, analysis.id, finding.seen_from, finding.number
LIMIT :limit
""")
"""Of a `FindingsWanted`."""


class FindingEntered(Value):
    """Something found, as it is entered: its name, when it is seen, how sure it is, and all that is known of it."""

    name: str
    seen_from: float
    seen_to: float
    best: float = 1.0
    finding: Mapping[str, Any]


class Found(FindingEntered):
    """Something found, and where."""

    analysis: UUID
    content: str
    path: str
    model: str | None


class FindingsWanted(Value):
    """A question about findings: all that is given must hold."""

    names: tuple[str, ...] = ()
    content: str | None = None
    analysis: UUID | None = None
    model: str | None = None
    best: float = 0.0
    seen_from: float | None = None
    seen_to: float | None = None
    over: float = 0.0
    limit: int = 1000


def in_order(found: Iterable[FindingEntered]) -> tuple[FindingEntered, ...]:
    """Return findings by when they are seen first."""
    return tuple(sorted(found, key=lambda one: (one.seen_from, one.seen_to, one.name)))
