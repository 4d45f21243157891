"""A film as the ledger knows it: the chunks that are wanted for a plan, and the key of the whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from infra.jobs.records import CPU_POOL, GPU_POOL, WantedChunk
from tasks.compiler.plan import Plan
from tasks.compiler.work import Work
from tasks.media.containers import PLAIN_MP4
from tasks.media.palette import PALETTE

CONTAINER = "mp4/1"
"""How films are joined: a change that makes other bytes of the same parts must alter it."""


def film_key(plan: Plan) -> str:
    """Return the key of the finished film: sha256 over its parts' keys in order, its rate and what else goes into it."""
    parts: dict[str, Any] = {
        "container": CONTAINER,
        "rate": str(plan.rate),
        "chunks": [chunk.work.key for chunk in plan.chunks],
        "sound": None if plan.sound is None else plan.sound.key,
    }
    if plan.muxing != PLAIN_MP4:
        parts["muxing"] = plan.muxing.model_dump(mode="json")
    if plan.muxing.row.kind == "loop":
        parts["palette"] = [PALETTE, plan.chunks[0].work.ffmpeg]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def works_of(plan: Plan) -> Iterator[Work]:
    """Yield the pieces of work of a plan: its pictures in order, then its sound."""
    yield from (chunk.work for chunk in plan.chunks)
    if plan.sound is not None:
        yield plan.sound


def wanted_of(plans: Sequence[Plan]) -> Iterator[WantedChunk]:
    """Yield what several plans of one job need: the pictures of one after those of the other, each with its own sound."""
    first = 0
    for number, plan in enumerate(plans):
        yield from wanted_chunks(plan, first, number)
        first += len(plan.chunks)


def places(plans: Sequence[Plan], number: int) -> tuple[range, int]:
    """Return which pictures and which sound of a job are those of its plan `number`, by their indices."""
    first = sum(len(plan.chunks) for plan in plans[:number])
    return range(first, first + len(plans[number].chunks)), number


def wanted_chunks(plan: Plan, first: int = 0, sound: int = 0) -> Iterator[WantedChunk]:
    """Yield what the plan needs, each at its place: the pictures in order, then the sound.

    Pictures that an encoder on a device makes go to the pool of the machines that have one, the rest to any machine.

    Args:    first, sound: the indices in the job of the plan's first picture and of its sound.
    """
    for chunk in plan.chunks:
        yield WantedChunk(
            key=chunk.work.key,
            kind="picture",
            index=first + chunk.index,
            first_frame=chunk.start - plan.chunks[0].start,
            frames=chunk.frames,
            pool=CPU_POOL if plan.device is None else GPU_POOL,
            needs=plan.device,
            work=chunk.work.model_dump(mode="json"),
        )
    if plan.sound is not None:
        yield WantedChunk(
            key=plan.sound.key, kind="sound", index=sound, frames=0, work=plan.sound.model_dump(mode="json")
        )
