"""The manifest of a film on its job's page: what it is made of, and how it was checked. It is read when it is opened."""

from __future__ import annotations

from apps.ui.house import Visit
from apps.ui.parts.tags import cell, error_box, facts, table, tag
from apps.ui.parts.words import count, several, size
from infra.errors import KinofarmError
from infra.jobs.records import Job, Output
from tasks.media.manifest import Manifest

MOST_CHUNKS = 200
"""Rows of the table of chunks; the file has them all."""
KEY_LETTERS = 12


class ManifestPart:
    """A part of the page that opens, and reads the manifest the first time that it does."""

    def __init__(self, visit: Visit, job: Job, output: Output) -> None:
        self.visit = visit
        self.job = job
        self.film = output.kind.partition(":")[2]
        self.read = False
        with tag("details", "", "fold manifest") as fold:
            tag("summary", f"How “{self.film}” was made and checked" if self.film else "How it was made and checked")
            self.place = tag("div", "", "manifest-parts")
        fold.on("toggle", self._opened, args=[])

    async def _opened(self) -> None:
        if self.read:
            return
        self.read = True
        try:
            manifest = await self.visit.ask(Manifest, "job.manifest", job=str(self.job.id), film=self.film)
        except KinofarmError as error:
            self.read = False
            self.place.clear()
            with self.place:
                error_box(error)
            return
        self.place.clear()
        with self.place:
            draw(manifest)


def draw(manifest: Manifest) -> None:
    """Draw what a manifest says."""
    facts(_checked(manifest))
    facts([("sha256 of the film", manifest.sha256), ("Content key", manifest.key)], "stacked hashes")
    facts(
        [
            (
                "Made with",
                "\n".join(
                    f"{name} {version}" if name not in version else version
                    for name, version in sorted(manifest.tools.items())
                ),
            )
        ],
        "stacked tools",
    )
    if manifest.chunks:
        reused = sum(chunk.reused for chunk in manifest.chunks)
        tag("p", f"{several(len(manifest.chunks), 'chunk')}, {count(reused)} of them from the cache", "note")
        with table("What the film is made of", ("Chunk", "From frame", "Frames", "Made", "Content key")):
            for chunk in manifest.chunks[:MOST_CHUNKS]:
                with tag("tr"):
                    cell(str(chunk.index + 1), "strong")
                    cell(count(chunk.start), label="From frame")
                    cell(count(chunk.frames), label="Frames")
                    with cell(label="Made"):
                        tag("span", *(("Reused", "badge reused") if chunk.reused else ("Rendered", "badge done")))
                    with cell(label="Content key"):
                        tag("code", chunk.key[:KEY_LETTERS], title=chunk.key)
        if len(manifest.chunks) > MOST_CHUNKS:
            tag("p", f"The first {MOST_CHUNKS} are shown; the file has them all.", "note")


def _checked(manifest: Manifest) -> list[tuple[str, str]]:
    """What was measured on the finished film, in words."""
    found = manifest.measurements
    rows = [("Container", manifest.container), ("Size", size(manifest.size))]
    if found.frames:
        rows += [
            ("Frames counted", f"{count(found.frames)} at {float(found.rate or 0):.6g} a second"),
            ("Joins between chunks", f"{count(found.joins)}, {count(found.joins_decoded)} decoded for this film"),
        ]
    rows.append(("Length", f"{float(found.duration):.3f} s"))
    if found.shape is not None:
        rows.append(("Picture", f"{found.shape.codec}, {found.shape.width} × {found.shape.height}, {found.shape.pixel_format}"))  # fmt: skip
    if found.sample_rate:
        rows.append(("Sound", f"{found.channels} × {count(found.sample_rate)} Hz, {float(found.sound_duration or 0):.3f} s"))  # fmt: skip
    if found.frames and found.offset_start is not None and found.offset_end is not None:
        rows.append(("Sound against picture", f"{1000 * float(found.offset_start):+.1f} ms at the start, {1000 * float(found.offset_end):+.1f} ms at the end"))  # fmt: skip
    if found.loudness is not None:
        rows.append(("Loudness", f"{found.loudness:.1f} LUFS" + (f", {found.true_peak:.1f} dBTP" if found.true_peak is not None else "")))  # fmt: skip
    if found.subtitles:
        rows.append(("Subtitles", ", ".join(found.subtitles)))
    return [*rows, ("Warnings", str(len(manifest.warnings)) if manifest.warnings else "none")]
