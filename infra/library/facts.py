"""What is remembered of media files, so that none is looked into twice: their facts, or why they have none."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, exc, func, select, text
from sqlalchemy.dialects.postgresql import insert

from infra.jobs.engine import surviving, transaction
from infra.library.medium import MediumState
from infra.library.models import MediaFactsRow
from infra.storable import bigint, storable_values
from infra.values import Value

logger = logging.getLogger("kinofarm.library")

TOO_LARGE = "54"
"""SQLSTATEs with this beginning: beyond a limit of the database's, as a path that is too long for its index."""
DAY_SECONDS = 86_400.0
MONTH_DAYS = 30.0

_BELOW = text("""
SELECT path, size, modified_ns, inode, facts, error FROM media_facts
WHERE path ~>=~ :first AND path ~<~ :beyond AND probed_at > now() - make_interval(secs => :seconds)
""")


class Remembered(Value):
    """What is known of a medium: the state in which it was, and its facts (`MediaFacts` as JSON values), or the error it gave.

    size, modified_ns: as the database has them, in 64 bits; what goes beyond, as times after 2262 do, is folded into them.
    """

    path: str
    size: int
    modified_ns: int
    inode: str
    facts: Mapping[str, Any] | None
    error: Mapping[str, Any] | None

    @classmethod
    def of(
        cls, path: Path, state: MediumState, facts: Mapping[str, Any] | None, error: Mapping[str, Any] | None = None
    ) -> Remembered:
        """Return what was found in a medium that was in that state before."""
        size, modified_ns, inode = _folded(state)
        return cls(path=str(path), size=size, modified_ns=modified_ns, inode=inode, facts=facts, error=error)

    def holds(self, state: MediumState) -> bool:
        """Whether the medium is still as it was."""
        return (self.size, self.modified_ns, self.inode) == _folded(state)


class FactsStore:
    """Facts of media, valid while size, time and inode of a medium stay as they are, and for so many days.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, days: float = MONTH_DAYS, *, patience: float = 30) -> None:
        self.engine = engine
        self.days = days
        self.patience = patience

    def get(self, path: Path, state: MediumState) -> Mapping[str, Any] | None:
        """Return the facts of a medium in that state; None: it has to be probed."""
        found = self.known(path, state)
        return found.facts if found is not None else None

    @surviving
    def known(self, path: Path, state: MediumState) -> Remembered | None:
        """Return what is known of a medium in that state, its facts or its error; None: it has to be probed."""
        name = _storable(path)
        if name is None:
            return None
        row = MediaFactsRow
        query = select(row.path, row.size, row.modified_ns, row.inode, row.facts, row.error).where(
            row.path == name, row.probed_at > func.now() - text("make_interval(secs => :seconds)")
        )
        with transaction(self.engine) as connection:
            found = connection.execute(query, {"seconds": self.days * DAY_SECONDS}).mappings().one_or_none()
        remembered = None if found is None else Remembered.model_validate(dict(found))
        return remembered if remembered is not None and remembered.holds(state) else None

    @surviving
    def below(self, folder: Path) -> Mapping[str, Remembered]:
        """Return what is known of the files in a folder and in those below it, by path."""
        name = _storable(folder)
        if name is None:
            return {}
        first = name.rstrip("/") + "/"
        given = {"first": first, "beyond": first[:-1] + "0", "seconds": self.days * DAY_SECONDS}  # "0" follows "/"
        with transaction(self.engine) as connection:
            rows = connection.execute(_BELOW, given).mappings()
            return {row["path"]: Remembered.model_validate(dict(row)) for row in rows}

    @surviving
    def those(self, paths: Iterable[Path]) -> Mapping[str, Remembered]:
        """Return what is known of these files, by path."""
        row = MediaFactsRow
        names = [name for path in paths if (name := _storable(path)) is not None]
        query = select(row.path, row.size, row.modified_ns, row.inode, row.facts, row.error).where(row.path.in_(names))
        with transaction(self.engine) as connection:
            rows = connection.execute(query).mappings()
            return {found["path"]: Remembered.model_validate(dict(found)) for found in rows}

    def put(
        self,
        path: Path,
        state: MediumState,
        facts: Mapping[str, Any] | None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Remember the facts of a medium that was in that state before it was probed, or the error that it gave."""
        self.put_all([Remembered.of(path, state, facts, error)])

    @surviving
    def put_all(self, found: Sequence[Remembered]) -> None:
        """Remember what was found in files, or the errors that they gave, in place of what was known of them.

        What the database refuses to keep is left out, and found out anew each time.
        """
        kept = {one.path: _row(one) for one in found if _is_text(one.path)}
        if not kept:
            return
        with transaction(self.engine) as connection:
            if _written(connection, list(kept.values())):
                return
            for path, row in kept.items():
                if not _written(connection, [row]):
                    logger.warning("what was found in %s can't be kept", path)

    @surviving
    def forget(self) -> int:
        """Forget what is older than it may be; return of how many files."""
        old = MediaFactsRow.probed_at <= func.now() - text("make_interval(secs => :seconds)")
        with transaction(self.engine) as connection:
            return connection.execute(delete(MediaFactsRow).where(old), {"seconds": self.days * DAY_SECONDS}).rowcount


def _folded(state: MediumState) -> tuple[int, int, str]:
    return bigint(state.size), bigint(state.modified_ns), state.inode


def _row(one: Remembered) -> dict[str, Any]:
    return one.model_dump() | {"facts": storable_values(one.facts), "error": storable_values(one.error)}


def _written(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Write rows, all or none of them; False when the database can't keep what stands in one."""
    added = insert(MediaFactsRow).values(rows)
    state = {name: added.excluded[name] for name in ("size", "modified_ns", "inode", "facts", "error")}
    newer = added.on_conflict_do_update(index_elements=["path"], set_=state | {"probed_at": func.now()})
    try:
        with connection.begin_nested():
            connection.execute(newer)
    except exc.DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None) or ""
        if not isinstance(error, exc.DataError) and not code.startswith(TOO_LARGE):
            raise
        return False
    return True


def _storable(path: Path) -> str | None:
    """The path as text; None for one that is not Unicode: its file is probed each time."""
    return str(path) if _is_text(str(path)) else None


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
