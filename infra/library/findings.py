"""Findings: what is seen or heard in a content for a while, as it is entered, and questions about it.

A page of findings begins after a cursor (the last finding's place in the order), never at an offset.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, TypeVar
from uuid import UUID

from pydantic import Field
from sqlalchemy import Engine, RowMapping, text

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.values import Value

V = TypeVar("V", bound=Value)

MOST_NUMBER = 2**31
"""Findings of an analysis, which the database numbers with four bytes."""

_FIND = text("""
SELECT finding.name, finding.seen_from, finding.seen_to, finding.best, finding.finding,
    analysis.id AS analysis, analysis.content, analysis.path, analysis.model, finding.number
FROM findings finding JOIN analyses analysis ON analysis.id = finding.analysis
WHERE (CAST(:names AS text[]) IS NULL OR finding.name = ANY(CAST(:names AS text[])))
    AND (CAST(:content AS text) IS NULL OR analysis.content = :content)
    AND (CAST(:analysis AS uuid) IS NULL OR analysis.id = :analysis)
    AND (CAST(:model AS text) IS NULL OR analysis.model = :model OR :model = ANY(analysis.asked_as))
    AND finding.best >= :best
    AND (CAST(:seen_to AS float8) IS NULL OR finding.seen_from < :seen_to)
    AND (
        (finding.seen_from = finding.seen_to AND :over = 0 AND finding.seen_from >= coalesce(:seen_from, finding.seen_from))
        OR least(finding.seen_to, coalesce(:seen_to, finding.seen_to))
            - greatest(finding.seen_from, coalesce(:seen_from, finding.seen_from)) > :over
    )
    AND (CAST(:after_path AS text) IS NULL OR (analysis.path, analysis.id, finding.seen_from, finding.number)
        > (CAST(:after_path AS text), CAST(:after_analysis AS uuid), CAST(:after_seen AS float8), CAST(:after_number AS int)))
ORDER BY analysis.path, analysis.id, finding.seen_from, finding.number
LIMIT :limit
""")
"""Of a `FindingsWanted`, and the cursor after which it begins. What a still shows has no length: it is found by whoever asks for no
longer one. A model of two names looks once: what it found is found under each name by which it was asked."""
_SEEN = text("""
WITH places AS (
    SELECT name, seen_from, seen_to, best, max(seen_to) OVER (
        PARTITION BY name ORDER BY seen_from, number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM findings WHERE analysis = :analysis
)
SELECT name, count(*) AS times, min(seen_from) AS first, max(seen_to) AS last, max(best) AS best,
    sum(greatest(0, seen_to - greatest(seen_from, coalesce(reached, seen_from)))) AS seconds
FROM places GROUP BY name ORDER BY seconds DESC, name
""")
"""Of an analysis, each name: seconds in which several of a name are seen count once."""
_SPANS = text("""
SELECT name, min(seen_from) AS begin, max(seen_to) AS end, max(best) AS best FROM findings
WHERE analysis = :analysis GROUP BY name, least(:spans - 1, floor(:spans * seen_from / (
    SELECT greatest(max(seen_to), 0.001) FROM findings WHERE analysis = :analysis))) ORDER BY name, begin
""")
"""Of an analysis, each name: time is cut into so many equal parts, and what begins within the same one is one span."""


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


class SeenSpan(Value):
    """A time in which something is seen, or several of the same name after each other."""

    begin: float = Field(description="Seconds.")
    end: float
    best: float = Field(description="How sure, at most: 0 to 1.")


class SeenName(Value):
    """How often and how long something is seen or heard in a content."""

    name: str
    times: int = Field(description="Findings of that name.")
    seconds: float = Field(description="In which any of them is seen.")
    first: float = Field(description="The second in which it is seen first.")
    last: float = Field(description="The second until which it is seen.")
    best: float = Field(description="How sure, at most: 0 to 1.")
    spans: tuple[SeenSpan, ...] = Field(description="By time.")


class FindingPlace(Value):
    """Where a finding stands in the order of all findings."""

    path: str
    analysis: UUID
    seen_from: float
    number: int = Field(ge=0, lt=MOST_NUMBER)

    def cursor(self) -> str:
        """Return it as a page's cursor."""
        place = json.dumps([self.path, str(self.analysis), self.seen_from, self.number], separators=(",", ":"))
        return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, cursor: str) -> Self:
        """Return the place that a cursor means.

        Raises:  KinofarmError ANALYSIS-023 for a cursor that no page has given.
        """
        try:
            place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            path, analysis, seen_from, number = place
            found = cls(path=path, analysis=analysis, seen_from=seen_from, number=number)
            found.path.encode()
            if "\0" in found.path:
                raise ValueError
        except (binascii.Error, ValueError, TypeError, RecursionError):
            raise KinofarmError("ANALYSIS-023") from None
        return found


class FindingPage(Value):
    """Findings by file and time."""

    found: tuple[Found, ...]
    following: str | None
    """The cursor of the page after this one; None: this is the last."""


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
    after: str | None = None

    def asked(self) -> dict[str, Any]:
        """Return it as the values of `_FIND`, for one finding more: whether there is another page.

        Raises:  KinofarmError ANALYSIS-023.
        """
        place = None if self.after is None else FindingPlace.of(self.after)
        return self.model_dump(exclude={"after"}) | {
            "names": [name.lower() for name in self.names] or None,
            "limit": self.limit + 1,
            "after_path": place and place.path,
            "after_analysis": place and place.analysis,
            "after_seen": place and place.seen_from,
            "after_number": place and place.number,
        }

    def page(self, rows: Sequence[RowMapping]) -> FindingPage:
        """Return the page that these rows of `_FIND` are."""
        found = tuple(_of(Found, row) for row in rows[: self.limit])
        following = _of(FindingPlace, rows[self.limit - 1]).cursor() if len(rows) > self.limit else None
        return FindingPage(found=found, following=following)


def in_order(found: Iterable[FindingEntered]) -> tuple[FindingEntered, ...]:
    """Return findings by when they are seen first."""
    return tuple(sorted(found, key=lambda one: (one.seen_from, one.seen_to, one.name)))


def _seen_names(names: Iterable[RowMapping], spans: Iterable[RowMapping]) -> tuple[SeenName, ...]:
    """Return what rows of `_SEEN` and of `_SPANS` say."""
    of_name: dict[str, list[SeenSpan]] = {}
    for row in spans:
        of_name.setdefault(row["name"], []).append(_of(SeenSpan, row))
    return tuple(SeenName(**row, spans=tuple(of_name.get(row["name"], ()))) for row in names)


def _of(model: type[V], row: RowMapping) -> V:
    return model.model_validate({name: row[name] for name in model.model_fields})


class FindingStore:
    """What was found in all contents.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def find(self, wanted: FindingsWanted) -> FindingPage:
        """Return a page of the findings that a question asks for, by file and time.

        Raises:  KinofarmError ANALYSIS-023.
        """
        given = wanted.asked()
        with transaction(self.engine) as connection:
            return wanted.page(connection.execute(_FIND, given).mappings().all())

    def find_all(self, wanted: FindingsWanted) -> tuple[Found, ...]:
        """Return all findings that a question asks for, by file and time.

        Raises:  KinofarmError ANALYSIS-022 when there are more than its limit.
        """
        page = self.find(wanted)
        if page.following is not None:
            raise KinofarmError("ANALYSIS-022", most=wanted.limit)
        return page.found

    @surviving
    def seen(self, analysis: UUID, spans: int) -> tuple[SeenName, ...]:
        """Return how often and how long an analysis saw each name, the longest seen first.

        Args:    spans: of each name, at most; what begins at about the same time is one.
        """
        with transaction(self.engine) as connection:
            names = connection.execute(_SEEN, {"analysis": analysis}).mappings().all()
            return _seen_names(names, connection.execute(_SPANS, {"analysis": analysis, "spans": spans}).mappings())
