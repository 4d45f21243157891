"""What is remembered of files and of joins, so that neither is looked at twice."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from infra.jobs.engine import surviving, transaction
from infra.jobs.models import JoinProofRow, MediaFactsRow
from infra.jobs.records import Key

Join = tuple[Key, Key]
"""Two chunks, the first shown right before the second."""


class FactsStore:
    """Facts of media files (`MediaFacts` as JSON values), valid while size, time and inode of the file stay as they are.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def get(self, path: Path, stat: os.stat_result) -> Mapping[str, Any] | None:
        """Return what is known of the file in the state `stat`; None: it has to be probed."""
        name = _storable(path)
        if name is None:
            return None
        query = select(MediaFactsRow.facts).where(
            MediaFactsRow.path == name,
            MediaFactsRow.size == stat.st_size,
            MediaFactsRow.modified_ns == stat.st_mtime_ns,
            MediaFactsRow.inode == _inode(stat),
        )
        with transaction(self.engine) as connection:
            found: Mapping[str, Any] | None = connection.execute(query).scalar_one_or_none()
        return found

    @surviving
    def put(self, path: Path, stat: os.stat_result, facts: Mapping[str, Any]) -> None:
        """Remember the facts of a file that was in the state `stat` before it was probed."""
        name = _storable(path)
        if name is None:
            return
        state = {"size": stat.st_size, "modified_ns": stat.st_mtime_ns, "inode": _inode(stat), "facts": dict(facts)}
        added = insert(MediaFactsRow).values(path=name, **state)
        newer = added.on_conflict_do_update(index_elements=["path"], set_=state | {"probed_at": func.now()})
        with transaction(self.engine) as connection:
            connection.execute(newer)


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


def _inode(stat: os.stat_result) -> str:
    return f"{stat.st_dev}:{stat.st_ino}"


def _storable(path: Path) -> str | None:
    """The path as text; None for one that is not Unicode: its file is probed each time."""
    try:
        return str(path).encode().decode()
    except UnicodeEncodeError:
        return None
