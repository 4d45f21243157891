"""The pictures of a job: frames while it renders, the part that is finished, and the film itself with its files."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from apps.ui.house import Visit
from apps.ui.parts.cells import DONE, REUSED, Cell
from apps.ui.parts.tags import icon, link, panel, tag
from apps.ui.parts.words import first_up, size
from infra.jobs.records import Job, Output

API = "/api/v1/jobs"


class Film:
    """The panel with the pictures."""

    def __init__(self, visit: Visit, job: Job, outputs: Sequence[Output]) -> None:
        self.visit = visit
        self.job = job
        self.outputs = outputs

    def draw(self) -> None:
        """Draw what there is."""
        self.place = tag("div", "", "job-film")
        self.published(self.job, self.outputs)

    def published(self, job: Job, outputs: Sequence[Output]) -> None:
        """Show the files that a job published."""
        self.job, self.outputs = job, outputs
        self.place.clear()
        if not outputs:
            return
        with self.place:
            self._player()

    def renew(self, job: Job, chunks: Sequence[Cell]) -> None:
        """Show what there is of a film that is rendered."""
        self.job = job

    def _player(self) -> None:
        films = [each for each in self.outputs if each.kind.partition(":")[0] == "film"]
        with panel("Film", "film-panel"):
            for film in films[:1]:
                tag("video", "", "film", src=_address(self.job, film.kind), controls=True, preload="metadata", playsinline=True, aria_label="The film")  # fmt: skip
            with tag("ul", "", "files"):
                for output in self.outputs:
                    with tag("li"):
                        with link("", _address(self.job, output.kind), "file", download="", title=output.location):
                            icon("download")
                            tag("span", _name(output.kind))
                        tag("span", size(output.size), "sub")


def _name(kind: str) -> str:
    what, _, deliverable = kind.partition(":")
    return first_up(what.replace("_", " ")) + (f" “{deliverable}”" if deliverable else "")


def _address(job: Job, kind: str) -> str:
    return f"{API}/{job.id}/outputs/{quote(kind, safe=':')}"


def finished(chunks: Sequence[Cell]) -> int:
    """Return how many chunks of the picture are finished from the film's beginning on, without a gap."""
    pictures = [cell for cell in chunks if cell[4] == "p"]
    return next((place for place, cell in enumerate(pictures) if cell[0] not in (DONE, REUSED)), len(pictures))
