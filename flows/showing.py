"""What Prefect's own page shows of a render: its name, how far it is, and at the end what came out, with links to the rest.

None of it is needed for the film: what can't be shown is logged and forgotten. A render of a few seconds shows no progress:
each step of it would cost a request.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import runtime
from prefect.artifacts import acreate_markdown_artifact, acreate_progress_artifact, aupdate_progress_artifact

from infra import farm
from infra.settings import Settings
from tasks.media.manifest import Manifest

SHOW_SECONDS = 5.0
"""Between two steps of the progress that is shown; also how long a render runs before any is."""
MOST_CHUNKS = 200
"""Rows of the table of chunks; the manifest has them all."""

logger = logging.getLogger("kinofarm.showing")


def run_name() -> str:
    """Return what a run of the render flow is called: its film, and its job."""
    given: Mapping[str, Any] = runtime.flow_run.parameters
    return name_of(str(given.get("output", "")), str(given.get("job") or runtime.flow_run.id))


def name_of(output: str, job: str) -> str:
    """Return what the run of a job is called."""
    return f"render {Path(output).name or 'a film'}, job {job[:8]}"


def link_of(settings: Settings, job: UUID) -> str | None:
    """Return the address of a job's page; None: the farm serves none."""
    connection = farm.connect(settings)
    page = settings.api.url or (connection.state.page if connection and connection.state else "")
    return f"{page.rstrip('/')}/jobs/{job}" if page else None


class Progress:
    """The bar on a run's page."""

    def __init__(self, job: UUID) -> None:
        self.job = job
        self._next = time.monotonic() + SHOW_SECONDS
        self._artifact: UUID | None = None

    async def show(self, done: float) -> None:
        """Show how far the job is, 0 to 1, if it was not shown a moment ago."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SHOW_SECONDS
        await _tried(lambda: self._shown(100 * done))

    async def end(self) -> None:
        """The job is done: fill the bar, where there is one."""
        if self._artifact is not None:
            await _tried(lambda: self._shown(100.0))

    async def _shown(self, percent: float) -> None:
        if self._artifact is None:
            key = f"progress-{self.job}"
            self._artifact = await acreate_progress_artifact(
                percent, key=key, description="Of the whole job, in percent"
            )
        else:
            await aupdate_progress_artifact(self._artifact, percent)


async def show_result(job: UUID, manifests: Sequence[tuple[str, Manifest]], link: str | None) -> None:
    """Show what was published: each film with its manifest's facts, and the chunks of which it is made.

    Args:    manifests: each with the place of its film. link: of the job's page.
    """
    text = result_text(job, manifests, link)
    await _tried(lambda: acreate_markdown_artifact(text, key=f"film-{job}", description="What came out"))


def result_text(job: UUID, manifests: Sequence[tuple[str, Manifest]], link: str | None) -> str:
    """Return what is shown, in Markdown."""
    parts = [f"# Job {str(job)[:8]}"]
    if link:
        parts.append(f"[The job's page]({link}), [the film]({link.replace('/jobs/', '/api/v1/jobs/')}/outputs/film)")
    for place, manifest in manifests:
        reused = sum(chunk.reused for chunk in manifest.chunks)
        size = f"{manifest.width}x{manifest.height}, " if manifest.width else ""
        rows = [
            ("film", _code(place)),
            ("frames", f"{manifest.frames} at {manifest.rate}"),
            ("file", f"{manifest.container}, {size}{manifest.size} bytes"),
            ("sha256", f"`{manifest.sha256}`"),
            ("chunks", f"{len(manifest.chunks)}, {reused} reused"),
            ("warnings", str(len(manifest.warnings))),
        ]
        parts.append("\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]))
        chunks = [
            f"| {chunk.index} | {chunk.start} | {chunk.frames} | {'reused' if chunk.reused else 'encoded'} | `{chunk.key[:12]}` |"
            for chunk in manifest.chunks[:MOST_CHUNKS]
        ]
        if chunks:
            parts.append("\n".join(["| chunk | from frame | frames | | key |", "|" + " --- |" * 5, *chunks]))
    return "\n\n".join(parts)


def _code(text: str) -> str:
    """A text as it stands: a path may have signs in it that mean something in Markdown."""
    return "`" + "".join(" " if sign in "`|" or not sign.isprintable() else sign for sign in text) + "`"


async def _tried(show: Callable[[], Awaitable[Any]]) -> None:
    try:
        await show()
    except Exception as error:  # whatever Prefect answers: the film does not depend on it
        logger.info("not shown on Prefect's page: %s", type(error).__name__)
