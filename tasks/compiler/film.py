"""A film as the ledger knows it: the chunks that are wanted for a plan, and the key of the whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from infra.jobs.records import WantedChunk
from tasks.compiler.plan import Plan

CONTAINER = "mp4/1"
"""The container and how films are joined into it: a change that makes other bytes of the same parts must alter it."""


def film_key(plan: Plan) -> str:
    """Return the key of the finished film: sha256 over its parts' keys in order, its rate and the container."""
    parts: dict[str, object] = {
        "container": CONTAINER,
        "rate": str(plan.rate),
        "chunks": [chunk.work.key for chunk in plan.chunks],
        "sound": plan.sound.key,
    }
    if plan.subtitles:
        parts["subtitles"] = [track.model_dump() for track in plan.subtitles]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def wanted_chunks(plan: Plan, pool: str) -> Iterator[WantedChunk]:
    """Yield what the plan needs, each at its place: the pictures in order, then the sound."""
    for chunk in plan.chunks:
        yield WantedChunk(
            key=chunk.work.key,
            kind="picture",
            index=chunk.index,
            first_frame=chunk.start - plan.chunks[0].start,
            frames=chunk.frames,
            pool=pool,
            work=chunk.work.model_dump(mode="json"),
        )
    yield WantedChunk(
        key=plan.sound.key, kind="sound", index=0, frames=0, pool=pool, work=plan.sound.model_dump(mode="json")
    )
