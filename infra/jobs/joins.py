"""Joins that were proven by decoding them, so that none is looked at twice."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine, select, text, tuple_

from infra.jobs.engine import surviving, transaction
from infra.jobs.models import JoinProofRow
from infra.jobs.records import Key

Join = tuple[Key, Key]
"""Two chunks, the first shown right before the second."""


class JoinProofs:
    """Joins that were verified by decoding, once for every film in which they stand.

    The database forgets those of a chunk that is made anew: other bytes may make another join.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def proven(self, joins: Iterable[Join]) -> frozenset[Join]:
        """Return those of the joins that were verified before."""
        wanted = list(set(joins))
        if not wanted:
            return frozenset()
        columns = (JoinProofRow.left_key, JoinProofRow.right_key)
        with transaction(self.engine) as connection:
            rows = connection.execute(select(*columns).where(tuple_(*columns).in_(wanted)))
            return frozenset((row.left_key, row.right_key) for row in rows)

    @surviving
    def add(self, joins: Iterable[Join]) -> None:
        """Remember joins that were verified; knowing them already is fine."""
        rows = [{"left": left, "right": right} for left, right in sorted(set(joins))]
        if not rows:
            return
        added = text("INSERT INTO join_proofs (left_key, right_key) VALUES (:left, :right) ON CONFLICT DO NOTHING")
        with transaction(self.engine) as connection:
            connection.execute(added, rows)
