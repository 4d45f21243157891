"""Chunks as the chunk grid shows them: small values, so that a whole film's grid is a short message."""

from __future__ import annotations

from collections.abc import Iterable

from infra.jobs.records import JobChunk
from infra.jobs.states import ChunkState

Cell = tuple[str, int, int, int, str]
"""Letter of its state, percent done, first frame, frames, kind ("p" picture, "s" sound)."""

WAITING, WORKING, DONE, REUSED, FAILED, STOPPED = "r", "l", "d", "u", "f", "c"
_LETTERS: dict[ChunkState, str] = {
    "ready": WAITING,
    "leased": WORKING,
    "done": DONE,
    "failed": FAILED,
    "cancelled": STOPPED,
}


def cells(chunks: Iterable[JobChunk]) -> list[Cell]:
    """Return a job's chunks as cells, in their order."""
    return [_cell(chunk) for chunk in chunks]


def changed_cell(cell: Cell, state: ChunkState) -> Cell:
    """Return a cell as it is in another state of its chunk."""
    _, _, first, frames, kind = cell
    return _LETTERS[state], 100 if state == "done" else 0, first, frames, kind


def _cell(chunk: JobChunk) -> Cell:
    letter = REUSED if chunk.reused and chunk.state == "done" else _LETTERS[chunk.state]
    percent = 100 if chunk.state == "done" else 0
    if chunk.state == "leased" and chunk.frames:
        percent = min(99, 100 * chunk.frames_done // chunk.frames)
    return letter, percent, chunk.first_frame, chunk.frames, chunk.kind[0]
