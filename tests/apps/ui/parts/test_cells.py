"""The cells of the chunk grid."""

from __future__ import annotations

import pytest

from apps.ui.job_film import finished
from apps.ui.parts.cells import Cell, cells, changed_cell
from infra.jobs.records import JobChunk
from infra.jobs.states import ChunkState

WAITING: Cell = ("r", 0, 750, 250, "p")


def chunk(state: ChunkState, *, reused: bool = False, done: int = 0) -> JobChunk:
    return JobChunk(
        key="0" * 64, kind="picture", index=3, first_frame=750, frames=250, pool="cpu", needs=None, state=state, reused=reused,
        frames_done=done, attempts=1, owner=None, error=None, result=None, started_at=None, ended_at=None,
    )  # fmt: skip


def test_a_chunk_is_shown_by_its_state_and_how_far_it_is() -> None:
    found = cells(
        [chunk("ready"), chunk("leased", done=100), chunk("done"), chunk("done", reused=True), chunk("failed")]
    )
    assert [(cell[0], cell[1]) for cell in found] == [("r", 0), ("l", 40), ("d", 100), ("u", 100), ("f", 0)]
    assert found[0] == WAITING


def test_a_chunk_in_work_is_never_shown_as_whole() -> None:
    assert cells([chunk("leased", done=250)])[0][1] == 99


@pytest.mark.parametrize(
    ("state", "shown"),
    [("ready", ("r", 0)), ("leased", ("l", 0)), ("done", ("d", 100)), ("failed", ("f", 0)), ("cancelled", ("c", 0))],
)
def test_a_new_state_changes_the_cell_and_leaves_its_place(state: ChunkState, shown: tuple[str, int]) -> None:
    assert changed_cell(WAITING, state) == (*shown, *WAITING[2:])


def test_the_finished_part_ends_at_the_first_gap_and_where_a_further_film_begins() -> None:
    done = [("d", 100, start, 250, "p") for start in (0, 250, 500)]
    assert finished([]) == 0
    assert finished(done) == 3
    assert finished([done[0], ("l", 50, 250, 250, "p"), done[2]]) == 1
    assert finished([*done, ("d", 100, 0, 250, "p")]) == 3
    assert finished([*done, ("d", 100, 0, 0, "s")]) == 3
