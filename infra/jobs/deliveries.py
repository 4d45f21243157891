"""What webhooks are told: news of jobs become deliveries, deliveries are made until they arrive, and all of it is kept.

A trigger writes the news in the transaction that changes a job; here each becomes one delivery for each webhook that wants
it, in one transaction that takes the news away. So none is lost and none is doubled, whatever is killed in between.
A delivery that somebody has taken is due again a while later, should they die with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, RowMapping, text

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.jobs.states import DeliveryState
from infra.values import Value

MOST_NEWS = 500
PAUSES = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 43_200.0)
"""Seconds from one try to the next; after the last one, about a day later, a delivery is given up."""

_NEWS = text("""
WITH taken AS (
    DELETE FROM news WHERE id IN (SELECT id FROM news ORDER BY id FOR UPDATE SKIP LOCKED LIMIT :most)
    RETURNING id, job_id, event, at
)
SELECT taken.*, job.state, job.project, job.output, job.submitted_by, job.priority, job.error, job.accepted_at,
    job.ended_at, job.frames_total, (
        SELECT coalesce(jsonb_object_agg(kind, location), '{}') FROM outputs WHERE outputs.job_id = job.id
    ) AS outputs
FROM taken JOIN jobs job ON job.id = taken.job_id ORDER BY taken.id
""")

_ADD = text("""
INSERT INTO deliveries (id, webhook, event, job_id, payload)
SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS rows (id uuid, webhook text, event text, job_id uuid, payload jsonb)
""")

_TAKE = text("""
UPDATE deliveries SET attempts = attempts + 1, due_at = now() + make_interval(secs => (CAST(:pauses AS float8[]))[attempts + 1])
WHERE id IN (
    SELECT id FROM deliveries WHERE state = 'waiting' AND due_at <= now() AND webhook = ANY(:webhooks)
    ORDER BY due_at FOR UPDATE SKIP LOCKED LIMIT :most
)
RETURNING *
""")

_DELIVERED = text("""
UPDATE deliveries SET state = 'delivered', status = :status, error = NULL, ended_at = now()
WHERE id = :id AND state = 'waiting'
""")
_FAILED = text("""
UPDATE deliveries SET status = :status, error = :error,
    state = CASE WHEN attempts > :most THEN 'given up' ELSE state END,
    ended_at = CASE WHEN attempts > :most THEN now() END
WHERE id = :id AND state = 'waiting'
""")
_AGAIN = text("""
UPDATE deliveries SET state = 'waiting', attempts = 0, due_at = now(), ended_at = NULL
WHERE CAST(id AS text) LIKE :start || '%' RETURNING *
""")
_RECENT = text("""
SELECT * FROM deliveries WHERE CAST(:webhook AS text) IS NULL OR webhook = :webhook
ORDER BY created_at DESC, id LIMIT :limit
""")
_FORGET = text("DELETE FROM deliveries WHERE state <> 'waiting' AND ended_at < now() - make_interval(days => :days)")


class Delivery(Value):
    """One piece of news for one webhook. status: of the last answer. due_at: when it is tried next."""

    id: UUID
    webhook: str
    event: str
    job_id: UUID
    payload: Mapping[str, Any]
    state: DeliveryState
    attempts: int
    due_at: datetime
    status: int | None
    error: str | None
    created_at: datetime
    ended_at: datetime | None


class DeliveryStore:
    """The tables of news and deliveries. Safe to use from any thread.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def spread(self, wanted: Mapping[str, Sequence[str]]) -> int:
        """Make deliveries of the news that there are; return how many.

        Args:    wanted: webhooks by name, each with the events that it is told.
        """
        with transaction(self.engine) as connection:
            news = connection.execute(_NEWS, {"most": MOST_NEWS}).mappings().all()
            rows = [
                {"id": str(uuid4()), "webhook": name, "event": each["event"], "job_id": str(each["job_id"])}
                | {"payload": _payload(each)}
                for each in news
                for name, events in wanted.items()
                if each["event"] in events
            ]
            if rows:
                connection.execute(_ADD, {"rows": json.dumps(rows)})
        return len(rows)

    @surviving
    def take(self, webhooks: Sequence[str], most: int = 20) -> tuple[Delivery, ...]:
        """Take deliveries that are due; each is due again after its pause unless it is answered for."""
        pauses = [*PAUSES, PAUSES[-1]]
        values = {"pauses": pauses, "webhooks": list(webhooks), "most": most}
        with transaction(self.engine) as connection:
            return tuple(Delivery(**row) for row in connection.execute(_TAKE, values).mappings())

    @surviving
    def delivered(self, delivery: UUID, status: int) -> None:
        """Note that one has arrived."""
        with transaction(self.engine) as connection:
            connection.execute(_DELIVERED, {"id": delivery, "status": status})

    @surviving
    def failed(self, delivery: UUID, status: int | None, error: str) -> None:
        """Note that one has not arrived, and give it up after the last pause."""
        values = {"id": delivery, "status": status, "error": error, "most": len(PAUSES)}
        with transaction(self.engine) as connection:
            connection.execute(_FAILED, values)

    @surviving
    def again(self, name: str) -> Delivery:
        """Have one made once more, whatever became of it.

        Raises:  KinofarmError NEWS-001 when there is none whose id begins so, or several.
        """
        start = name.strip().lower()
        if len(start) < 4 or not set(start) <= set("0123456789abcdef-"):
            raise KinofarmError("NEWS-001", delivery=name)
        with transaction(self.engine) as connection:
            rows = connection.execute(_AGAIN, {"start": start}).mappings().all()
            if len(rows) != 1:
                raise KinofarmError("NEWS-001", delivery=name)
            return Delivery(**rows[0])

    @surviving
    def recent(self, limit: int = 50, webhook: str | None = None) -> tuple[Delivery, ...]:
        """Return the newest deliveries, newest first."""
        with transaction(self.engine) as connection:
            rows = connection.execute(_RECENT, {"limit": limit, "webhook": webhook}).mappings()
            return tuple(Delivery(**row) for row in rows)

    @surviving
    def forget(self, days: int) -> int:
        """Forget deliveries that came to their end so many days ago; return how many."""
        with transaction(self.engine) as connection:
            return int(connection.execute(_FORGET, {"days": days}).rowcount)


def _payload(news: RowMapping) -> dict[str, Any]:
    """What a webhook is told, as JSON values; the state is the one at the time of the news."""
    data = {
        "job": str(news["job_id"]),
        "state": news["event"].removeprefix("job."),
        "project": news["project"],
        "output": news["output"],
        "submitted_by": news["submitted_by"],
        "priority": news["priority"],
        "accepted_at": news["accepted_at"].isoformat(),
    }
    if news["event"] != "job.accepted":
        data |= {"frames": news["frames_total"], "outputs": news["outputs"], "error": news["error"]}
        data |= {"ended_at": news["ended_at"].isoformat() if news["ended_at"] else None}
    return {"type": news["event"], "timestamp": news["at"].isoformat(), "data": data}
