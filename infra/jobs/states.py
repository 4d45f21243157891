"""The state machines of jobs and chunks, as tables.

The database refuses every change that is not in them: a trigger looks the change up in the table `state_changes`,
which a migration fills. A change here needs a migration that changes those rows (a test compares the two).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

JobState = Literal[
    "accepted", "planned", "rendering", "assembling", "verifying", "publishing", "done", "failed", "cancelled"
]
ChunkState = Literal["ready", "leased", "done", "failed", "cancelled"]
ChunkKind = Literal["picture", "sound"]
Outcome = Literal["running", "done", "failed", "lost", "released"]
"""How an attempt at a chunk ended; `lost`: its lease ran out; `released`: it was handed back and does not count."""

JOB_STATES: tuple[JobState, ...] = (
    "accepted",
    "planned",
    "rendering",
    "assembling",
    "verifying",
    "publishing",
    "done",
    "failed",
    "cancelled",
)
CHUNK_STATES: tuple[ChunkState, ...] = ("ready", "leased", "done", "failed", "cancelled")
WorkerState = Literal["online", "draining", "broken", "offline"]
"""`draining`: takes no more work and ends; `broken`: takes none until what it stands on is well again."""
WORKER_STATES: tuple[WorkerState, ...] = ("online", "draining", "broken", "offline")
ArrivalState = Literal["arrived", "submitted", "done", "failed", "replaced"]
"""`replaced`: the file changed, and what it is now is an arrival of its own."""
ARRIVAL_STATES: tuple[ArrivalState, ...] = ("arrived", "submitted", "done", "failed", "replaced")
DeliveryState = Literal["waiting", "delivered", "given up"]
DELIVERY_STATES: tuple[DeliveryState, ...] = ("waiting", "delivered", "given up")
LOWEST_PRIORITY, NORMAL_PRIORITY, HIGHEST_PRIORITY = 0, 50, 100
ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")
"""The job's flow has nothing left to do. A failed job can be opened again."""
WORKING: tuple[JobState, ...] = ("planned", "rendering")
"""States of a job whose chunks are rendered."""

_STOPPED: tuple[JobState, ...] = ("failed", "cancelled")

JOB_CHANGES: Mapping[JobState, tuple[JobState, ...]] = {
    "accepted": ("planned", *_STOPPED),
    # nothing to encode: on to assembling; the very film is at hand: on to publishing
    "planned": ("rendering", "assembling", "publishing", *_STOPPED),
    # back to planned: the flow run was started again after a crash, or an artefact was lost
    "rendering": ("assembling", "planned", *_STOPPED),
    "assembling": ("verifying", "planned", *_STOPPED),
    "verifying": ("publishing", "planned", *_STOPPED),
    "publishing": ("done", "planned", *_STOPPED),
    "done": (),
    "failed": ("accepted",),
    "cancelled": (),
}
CHUNK_CHANGES: Mapping[ChunkState, tuple[ChunkState, ...]] = {
    "ready": ("leased", "failed", "cancelled"),
    "leased": ("ready", "done", "failed", "cancelled"),
    "done": ("ready",),  # its artefact was evicted or lost
    "failed": ("ready",),  # a new job wants it: a fresh set of attempts
    "cancelled": ("ready",),
}
JOB_START: JobState = "accepted"
CHUNK_START: ChunkState = "ready"

PHASES: Mapping[JobState, tuple[float, float]] = {
    "accepted": (0.0, 0.0),
    "planned": (0.0, 0.94),
    "rendering": (0.0, 0.94),
    "assembling": (0.94, 0.96),
    "verifying": (0.96, 0.98),
    "publishing": (0.98, 1.0),
    "done": (1.0, 1.0),
}
"""Where a job's progress, 0 to 1, stands at the beginning and the end of each state."""


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield (machine, old state, new state) as the table `state_changes` holds them; "" is the state before birth."""
    yield "job", "", JOB_START
    yield "chunk", "", CHUNK_START
    for job_old, job_news in JOB_CHANGES.items():
        yield from (("job", job_old, new) for new in job_news)
    for chunk_old, chunk_news in CHUNK_CHANGES.items():
        yield from (("chunk", chunk_old, new) for new in chunk_news)
