"""The chunks of a job: its grid, and what is known of the one that is chosen: its tries, where, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apps.ui.house import Visit
from apps.ui.parts.cells import DONE, FAILED, REUSED, STOPPED, WAITING, WORKING, Cell
from apps.ui.parts.chunk_grid import ChunkGrid
from apps.ui.parts.tags import cell, error_box, facts, panel, table, tag
from apps.ui.parts.when import When
from apps.ui.parts.words import count, duration, several
from infra.errors import KinofarmError
from infra.jobs.commands import Attempts, Chunks, ChunkShown
from infra.jobs.records import Attempt, Job

LEGEND = (
    ("waiting", "Waiting", WAITING),
    ("rendering", "Rendering", WORKING),
    ("done", "Rendered", DONE),
    ("reused", "Reused", REUSED),
    ("failed", "Failed", FAILED),
    ("cancelled", "Cancelled", STOPPED),
)
OUTCOMES = {
    "running": "Rendering",
    "done": "Done",
    "failed": "Failed",
    "lost": "Lost: the machine was not heard of",
    "released": "Handed back",
}


class Grid:
    """The panel with the chunks."""

    def __init__(self, visit: Visit, job: Job) -> None:
        self.visit = visit
        self.job = job
        self.picked: int | None = None

    async def draw(self) -> None:
        """Draw it; it is filled when the picture has the chunks."""
        shown = self.visit.live.chunks(self.job.id)
        with panel("Chunks", "chunk-panel") as self.panel:
            self.grid = ChunkGrid(shown)
            self.nothing = tag("p", "The job has no chunks yet: they are planned first.", "note")
            with tag("ul", "", "legend") as self.legend:
                self.counts = {}
                for kind, words, letter in LEGEND:
                    with tag("li") as row:
                        tag("span", "", f"chunk sample {kind}", aria_hidden="true")
                        tag("span", words)
                        self.counts[letter] = row, tag("span", "", "legend-count")
            self.details = tag("div", "", "chunk-details", aria_live="polite")
        self.grid.on("pick", self._pick)
        self._count(shown)

    def renew(self, changed: Mapping[int, Cell] | None) -> None:
        """Show what has changed. None: everything."""
        shown = self.visit.live.chunks(self.job.id)
        if changed is None:
            self.grid.show(shown)
        else:
            self.grid.renew(changed)
            if self.picked in changed:
                self.visit.later(self._show_picked)
        self._count(shown)

    def _count(self, shown: Sequence[Cell]) -> None:
        letters = [cell[0] for cell in shown]
        for letter, (row, number) in self.counts.items():
            found = letters.count(letter)
            row.set_visibility(found > 0)
            number.set_text(count(found))
        self.grid.set_visibility(bool(shown))
        self.legend.set_visibility(bool(shown))
        self.nothing.set_visibility(not shown)

    async def _pick(self, event: Any) -> None:
        self.picked = int(event.args)
        await self._show_picked()

    async def _show_picked(self) -> None:
        place = self.picked
        if place is None:
            return
        try:
            chunks = (await self.visit.ask(Chunks, "job.chunks", job=str(self.job.id))).chunks
            attempts = (await self.visit.ask(Attempts, "job.attempts", job=str(self.job.id))).attempts
        except KinofarmError as error:
            self.details.clear()
            with self.details:
                error_box(error)
            return
        if place < len(chunks) and place == self.picked:
            chunk = chunks[place]
            self.details.clear()
            with self.details:
                self._one(chunk, [each for each in attempts if each.key == chunk.key])

    def _one(self, chunk: ChunkShown, attempts: Sequence[Attempt]) -> None:
        tag("h3", "Sound" if chunk.kind == "sound" else f"Chunk {chunk.index + 1}")
        state = "reused" if chunk.reused and chunk.state == "done" else chunk.state
        rows = [("State", {"ready": "waiting", "leased": "rendering"}.get(state, state))]
        if chunk.kind == "picture":
            frames = f"{count(chunk.first_frame)} to {count(chunk.first_frame + chunk.frames - 1)}"
            rows.append(("Frames", f"{frames} · {several(chunk.frames, 'frame')}"))
        rows.append(("Pool", chunk.pool + (f" · needs {chunk.needs}" if chunk.needs else "")))
        if chunk.started_at and chunk.ended_at:
            rows.append(("Took", duration((chunk.ended_at - chunk.started_at).total_seconds())))
        rows.append(("Key", chunk.key[:16]))
        facts(rows)
        if chunk.error and chunk.state != "done":
            error_box(dict(chunk.error))
        if not attempts:
            words = "It was in the cache: nothing was rendered for it." if chunk.reused else "Nobody has tried it yet."
            tag("p", words, "note")
            return
        body = table("Tries at this chunk", ("Try", "How it went", "Where", "Began", "Took"), "attempts")
        with body:
            for number, one in enumerate(attempts, 1):
                self._try(number, one)

    def _try(self, number: int, one: Attempt) -> None:
        with tag("tr"):
            cell(str(number), "number")
            with cell():
                tag("span", OUTCOMES.get(one.outcome, one.outcome))
                if one.error:
                    tag("span", f"{one.error.get('code', '')} {one.error.get('message', '')}".strip(), "sub wrong")
            cell(one.worker or one.owner, label="Where")
            with cell(label="Began"):
                When(one.started_at)
            took = duration((one.ended_at - one.started_at).total_seconds()) if one.ended_at else "…"
            cell(took, "number", "Took")
