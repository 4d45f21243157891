"""What must hold in the ledger and on the disks whenever a farm has come to rest, whatever was done to it before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

QUESTIONS: dict[str, str] = {
    "a job that has not ended": """
        SELECT id, state FROM jobs WHERE state NOT IN ('done', 'failed', 'cancelled')""",
    "a lease that is left": "SELECT key, lease_owner FROM chunks WHERE state = 'leased'",
    "an attempt that runs": "SELECT chunk_key, owner FROM attempts WHERE outcome = 'running'",
    "a chunk that waits for nobody": """
        SELECT chunk.key, chunk.state FROM chunks chunk WHERE chunk.state = 'ready' AND NOT EXISTS (
            SELECT FROM job_chunks link JOIN jobs job ON job.id = link.job_id
            WHERE link.chunk_key = chunk.key AND job.state = 'failed')""",
    "a chunk that was finished twice": """
        SELECT chunk_key, count(*) FROM attempts WHERE outcome = 'done' GROUP BY chunk_key HAVING count(*) > 1""",
    "a finished chunk that was begun again": """
        SELECT late.chunk_key, late.token FROM attempts late JOIN attempts done ON done.chunk_key = late.chunk_key
        WHERE done.outcome = 'done' AND late.started_at > done.ended_at""",
    "a job that is done without all of its chunks": """
        SELECT job.id, chunk.key, chunk.state FROM jobs job JOIN job_chunks link ON link.job_id = job.id
        JOIN chunks chunk ON chunk.key = link.chunk_key WHERE job.state = 'done' AND chunk.state <> 'done'""",
    "a job that is done without its film or its manifest": """
        SELECT job.id FROM jobs job WHERE job.state = 'done' AND (
            SELECT count(*) FROM outputs WHERE job_id = job.id AND kind IN ('film', 'manifest')) <> 2""",
    "a film of a job that is not done": """
        SELECT job.id, output.location FROM outputs output JOIN jobs job ON job.id = output.job_id
        WHERE job.state <> 'done'""",
    "frames that do not add up": """
        SELECT id, frames_done, frames_total FROM jobs WHERE state = 'done' AND (frames_done <> frames_total OR progress <> 1
            OR frames_total <> (SELECT coalesce(sum(frames), 0) FROM job_chunks WHERE job_id = jobs.id))""",
    "a cache whose totals are not its sums": """
        SELECT held.place, held.entries, held.bytes FROM cache_places held
        WHERE (held.entries, held.bytes) <> (SELECT count(*), coalesce(sum(size), 0) FROM cache_entries
            WHERE cache_entries.place = held.place)""",
    "a finished chunk that the cache does not count": """
        SELECT key FROM chunks WHERE state = 'done' AND NOT EXISTS (
            SELECT FROM cache_entries WHERE cache_entries.place = 'farm' AND cache_entries.key = chunks.key)""",
    "news that nobody told": "SELECT id, event FROM news WHERE at < now() - interval '60 seconds'",
}
"""What is asked, by what an answer means; no row is the right answer."""


def violations(engine: Engine) -> Iterator[str]:
    """Yield everything in the ledger that must not be."""
    with engine.connect() as connection:
        for meaning, question in QUESTIONS.items():
            for row in connection.execute(text(question)):
                yield f"{meaning}: {tuple(row)}"


def film_violations(film: Path) -> Iterator[str]:
    """Yield what is wrong with a published film: it must be the one that its manifest speaks of, and nothing lie beside it."""
    manifest_file = film.with_suffix(".manifest.json")
    if not film.is_file() or not manifest_file.is_file():
        yield f"{film.name} or its manifest is not there"
        return
    manifest: dict[str, Any] = json.loads(manifest_file.read_text())
    if hashlib.sha256(film.read_bytes()).hexdigest() != manifest["sha256"]:
        yield f"{film.name} is not the file that its manifest speaks of"
    yield from (f"{left} is left" for left in film.parent.glob(".*"))


def times_to_notice(engine: Engine, since: Any, owners: Iterable[str]) -> list[float]:
    """Return for each attempt that these owners had in work at a moment how many seconds later it was over.

    Args:    since: when they were killed, by the database's clock.
    """
    question = text("""
        SELECT extract(epoch FROM ended_at - :since) FROM attempts
        WHERE worker = ANY(:owners) AND started_at <= :since AND ended_at > :since""")
    with engine.connect() as connection:
        values = {"since": since, "owners": list(owners)}
        return [float(seconds) for seconds in connection.execute(question, values).scalars()]
