"""The pictures of a job: frames while it renders, the part that is finished, and the film itself with its files."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from apps.ui.house import Visit
from apps.ui.job_manifest import ManifestPart
from apps.ui.parts.cells import DONE, REUSED, Cell
from apps.ui.parts.tags import icon, link, panel, set_attribute, tag
from apps.ui.parts.words import count, first_up, several, size
from infra.jobs.records import Job, Output

API = "/api/v1/jobs"
FRAME_SECONDS = 3.0
"""Between two frames that are shown while the film is made."""


class Film:
    """The panel with the pictures."""

    def __init__(self, visit: Visit, job: Job, outputs: Sequence[Output]) -> None:
        self.visit = visit
        self.job = job
        self.outputs = outputs
        self.shown = -1
        """Place of the chunk of which a frame is shown."""
        self.shown_at = 0.0
        self.playing = 0
        """Chunks of the finished part that is played; 0: a frame is shown."""

    def draw(self) -> None:
        """Draw what there is."""
        self.place = tag("div", "", "job-film")
        if self.outputs:
            self.published(self.job, self.outputs)
        elif not self.job.ended:
            self._early()
            self.renew(self.job, self.visit.live.chunks(self.job.id))

    def published(self, job: Job, outputs: Sequence[Output]) -> None:
        """Show the files that a job published."""
        self.job, self.outputs = job, outputs
        if not outputs:
            if job.ended:
                self.place.clear()
            return
        self.place.clear()
        with self.place:
            self._player()

    def renew(self, job: Job, chunks: Sequence[Cell], changed: Mapping[int, Cell] | None = None) -> None:
        """Show what there is of a film that is rendered: a frame of the chunk that was finished last, and the finished part.

        Args:    changed: chunks that changed, by their place; None: any may have.
        """
        self.job = job
        if self.outputs or job.ended:
            return
        done = [place for place, cell in (changed or dict(enumerate(chunks))).items() if _finished(cell)]
        now = time.monotonic()
        if done and (self.shown < 0 or (changed is not None and now - self.shown_at >= FRAME_SECONDS)):
            self.shown, self.shown_at = done[-1], now
            set_attribute(self.frame, "src", f"{API}/{job.id}/chunks/{self.shown}/frame")
            set_attribute(self.frame, "alt", f"A frame of chunk {self.shown + 1}")
        self.early.set_visibility(self.shown >= 0)
        whole = finished(chunks)
        frames = sum(cell[3] for cell in chunks[:whole])
        self.play.set_visibility(whole > self.playing)
        words = f"Play the {several(whole, 'chunk')} from the beginning on"
        if self.words.text != words:
            self.words.set_text(words)
        self.note.set_text(
            f"{count(frames)} frames of the beginning are finished; the sound comes with the film." if whole else ""
        )

    def _early(self) -> None:
        with self.place, panel("While it renders", "film-panel") as self.early:
            self.frame = tag("img", "", "preview", alt="", src=None)
            self.video = tag("video", "", "film", controls=True, playsinline=True, muted=True, aria_label="The finished part of the film")  # fmt: skip
            self.video.set_visibility(False)
            with tag("div", "", "early"):
                with tag("button", "", "button small", type="button") as self.play:
                    icon("play")
                    self.words = tag("span", "")
                self.note = tag("span", "", "sub")
        self.early.set_visibility(False)
        self.play.on("click", self._play, args=[])

    def _play(self) -> None:
        whole = finished(self.visit.live.chunks(self.job.id))
        if not whole:
            return
        self.playing = whole
        set_attribute(self.video, "src", f"{API}/{self.job.id}/partial?chunks={whole}")
        set_attribute(self.video, "autoplay", True)
        self.video.set_visibility(True)
        self.frame.set_visibility(False)
        self.play.set_visibility(False)

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
            for output in self.outputs:
                if output.kind.partition(":")[0] == "manifest":
                    ManifestPart(self.visit, self.job, output)


def _name(kind: str) -> str:
    what, _, deliverable = kind.partition(":")
    return first_up(what.replace("_", " ")) + (f" “{deliverable}”" if deliverable else "")


def _address(job: Job, kind: str) -> str:
    return f"{API}/{job.id}/outputs/{quote(kind, safe=':')}"


def _finished(cell: Cell) -> bool:
    return cell[0] in (DONE, REUSED) and cell[4] == "p"


def finished(chunks: Sequence[Cell]) -> int:
    """Return how many chunks are finished from the film's beginning on; a job's further films are not counted."""
    following = 0
    for number, cell in enumerate(chunks):
        if not _finished(cell) or cell[2] != following:
            return number
        following = cell[2] + cell[3]
    return len(chunks)
