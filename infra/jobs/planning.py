"""How the chunks of a job come into the ledger.

A chunk that is done, and whose artefact is at hand, is reused. One that failed, was cancelled or has lost its
artefact is ready again, with fresh attempts. One that a shard holds for another job stays with that shard.

New keys are inserted, and known ones locked, in the order of the keys: twenty jobs that plan the same chunks at once
wait for each other in turn, never in a circle, and each chunk exists once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Select, bindparam, delete, func, select, text

from infra.jobs.models import ChunkRow, JobChunkRow
from infra.jobs.records import Key, WantedChunk

_NEW_CHUNKS = text("""
INSERT INTO chunks (key, kind, pool, needs, frames, work)
SELECT * FROM jsonb_to_recordset(CAST(:wanted AS jsonb))
    AS wanted (key text, kind text, pool text, needs text, frames bigint, work jsonb)
ORDER BY key
ON CONFLICT (key) DO NOTHING
""")

_REVIVE = text("""
UPDATE chunks SET state = 'ready', attempts = 0, not_before = NULL, frames_done = 0, error = NULL, result = NULL,
    lease_owner = NULL, ended_at = NULL, pool = wanted.pool, needs = wanted.needs, work = wanted.work
FROM jsonb_to_recordset(CAST(:wanted AS jsonb)) AS wanted (key text, pool text, needs text, work jsonb)
WHERE chunks.key = wanted.key
""")

_LINKS = text("""
INSERT INTO job_chunks (job_id, kind, index, chunk_key, first_frame, frames, reused)
SELECT :job, * FROM unnest(CAST(:kinds AS text[]), CAST(:indices AS int[]), CAST(:keys AS text[]),
    CAST(:firsts AS bigint[]), CAST(:frames AS bigint[]), CAST(:reused AS boolean[]))
""")


Present = Callable[[Iterable[Key]], Collection[Key]]
"""Asks the store which of these artefacts it has (`ChunkStore.present`)."""


def enter(
    connection: Connection, job_id: UUID, chunks: Sequence[WantedChunk], present: Present, known: Collection[Key]
) -> tuple[Key, ...]:
    """Enter the chunks of a job whose row is locked, in place of those that it had.

    Args:    known: done and found in the store a moment ago. What is evicted since is not done any more; what was
             finished since is looked up once its row is locked, so that no other job's work is taken for lost.
    Returns: the keys that are not done, in the order of `chunks`, each once.
    """
    first = {chunk.key: chunk for chunk in reversed(chunks)}
    wanted = [first[key] for key in sorted(first)]
    connection.execute(_NEW_CHUNKS, {"wanted": _document(wanted)})
    query = _states(first).order_by(ChunkRow.key).with_for_update(key_share=True)
    states = {row.key: row.state for row in connection.execute(query)}
    said = {key for key, state in states.items() if state == "done"}
    unsure = said - set(known)
    done = said - (unsure - set(present(unsure)) if unsure else set())
    lost = {key for key, state in states.items() if state in ("failed", "cancelled", "done")} - done
    if lost:
        connection.execute(_REVIVE, {"wanted": _document([chunk for chunk in wanted if chunk.key in lost])})
    mine = JobChunkRow.job_id == job_id
    to_encode = select(JobChunkRow.chunk_key).where(mine, ~JobChunkRow.reused)
    ours = set(connection.scalars(to_encode))  # of an earlier plan of this job: encoded for it, not reused
    connection.execute(delete(JobChunkRow).where(mine))
    connection.execute(_LINKS, {"job": job_id} | _places(chunks, done - ours))
    return tuple(dict.fromkeys(chunk.key for chunk in chunks if chunk.key not in done))


def at_hand(connection: Connection, chunks: Sequence[WantedChunk], present: Present) -> Collection[Key]:
    """Return the keys that are done and in the store, before anything is locked."""
    done = _states(chunk.key for chunk in chunks).where(ChunkRow.state == "done")
    keys = [row.key for row in connection.execute(done)]
    return present(keys) if keys else ()


def _states(keys: Iterable[Key]) -> Select[tuple[str, str]]:
    wanted = func.unnest(bindparam("wanted", list(keys), type_=ARRAY(ChunkRow.key.type)))
    return select(ChunkRow.key, ChunkRow.state).where(ChunkRow.key.in_(select(wanted.column_valued())))


def _document(chunks: Sequence[WantedChunk]) -> str:
    """The rows as one JSON text: a work can hold a look-up table of a megabyte, which arrays of text take seconds to quote."""
    rows = [
        {
            "key": chunk.key,
            "kind": chunk.kind,
            "pool": chunk.pool,
            "needs": chunk.needs,
            "frames": chunk.frames,
            "work": chunk.work,
        }
        for chunk in chunks
    ]
    return json.dumps(rows)


def _places(chunks: Sequence[WantedChunk], reused: Collection[Key]) -> dict[str, Any]:
    return {
        "kinds": [chunk.kind for chunk in chunks],
        "indices": [chunk.index for chunk in chunks],
        "keys": [chunk.key for chunk in chunks],
        "firsts": [chunk.first_frame for chunk in chunks],
        "frames": [chunk.frames for chunk in chunks],
        "reused": [chunk.key in reused for chunk in chunks],
    }
