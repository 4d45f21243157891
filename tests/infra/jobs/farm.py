"""A small farm of plain values for the tests of the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID, uuid4

from infra.jobs.planning import Present
from infra.jobs.records import Claim, Job, Key, WantedChunk
from infra.jobs.store import JobStore

RESULT = {"frames": 50}
ERROR = {"code": "FFMPEG-005", "message": "killed", "hint": "look", "where": "", "detail": "", "retry": True}


def key_of(name: object) -> Key:
    return hashlib.sha256(str(name).encode()).hexdigest()


def picture(name: object, index: int, frames: int = 50) -> WantedChunk:
    return WantedChunk(
        key=key_of(name),
        kind="picture",
        index=index,
        first_frame=index * frames,
        frames=frames,
        work={"name": str(name)},
    )


def sound(name: object) -> WantedChunk:
    return WantedChunk(key=key_of(name), kind="sound", index=0, frames=0, work={"name": str(name)})


def accepted(store: JobStore, **wanted: Any) -> Job:
    job_id: UUID = wanted.pop("job_id", None) or uuid4()
    return store.accept(job_id, **{"project": "film.json", "output": "film.mp4", "submitted_by": "me", **wanted})


def everything(keys: Iterable[Key]) -> Collection[Key]:
    """A store that has all artefacts."""
    return set(keys)


def nothing(keys: Iterable[Key]) -> Collection[Key]:
    """A store that lost all artefacts."""
    return ()


def planned(store: JobStore, names: Iterable[object], *, present: Present = everything, **wanted: Any) -> Job:
    job = accepted(store, **wanted)
    store.plan(job.id, [picture(name, index) for index, name in enumerate(names)], present)
    return store.job(job.id)


def name_of(claim: Claim | None) -> str | None:
    return None if claim is None else str(claim.work["name"])
