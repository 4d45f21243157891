"""The page of a batch: a folder that is looked through by one wish, how far it is, and which files failed and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.media_words import OWN_ANALYSES
from apps.ui.parts.tags import button, cell, empty, error_box, facts, link, panel, set_attribute, table, tag
from apps.ui.parts.when import When
from apps.ui.parts.words import count, several
from apps.ui.refreshed import refreshed
from flows.commands.batches import BatchShown
from infra.errors import KinofarmError
from infra.library.batches import Batch

EACH_SECONDS = 2.0
STATES = {
    "waiting": ("accepted", "Waiting"),
    "running": ("rendering", "Looking"),
    "done": ("done", "Done"),
    "failed": ("failed", "Failed"),
    "stopped": ("cancelled", "Stopped"),
}


async def show(visit: Visit, batch: str) -> None:
    """Draw it, and look again while it goes on.

    Raises:  KinofarmError ANALYSIS-010, API-009.
    """
    first = (await visit.ask(BatchShown, "batch.show", batch=batch)).batch
    folder = first.path.rpartition("/")[2] or first.path
    link("Media", f"/media?{urlencode({'folder': first.path})}", "back")
    with tag("header", "", "page-head"):
        tag("h1", f"{f'Search with {first.model}' if first.model else 'Analysis'} of {folder}")

    async def read() -> BatchShown:
        return await visit.look(BatchShown, "batch.show", batch=batch)

    await refreshed(visit, read, lambda shown: _all(visit, shown), EACH_SECONDS)


def _all(visit: Visit, shown: BatchShown) -> None:
    batch = shown.batch
    with panel(classes="scan"):
        with tag("div", "", "scan-head"):
            kind, words = STATES[batch.state]
            tag("span", words, f"badge {kind}")
            if not batch.ended and not batch.stop_requested and visit.may("submit"):
                button("Stop", _stopping(visit, batch), "small", "stop")
        if not batch.ended:
            with tag("div", "", "bar large", role="progressbar", aria_label="How far it is", aria_valuemin=0, aria_valuemax=100) as bar:  # fmt: skip
                tag("span", "", "fill rendering").style(f"transform: scaleX({shown.progress:.4f})")
            set_attribute(bar, "aria-valuenow", round(100 * shown.progress))
        facts(_counts(batch))
        with tag("p", "", "sub"):
            tag("span", f"Begun by {batch.submitted_by or 'nobody'} ")
            When(batch.begun_at)
        if batch.error:
            error_box(dict(batch.error))
    more = batch.failed > len(shown.failures)
    note = f"The first {count(len(shown.failures))} of {count(batch.failed)}, by path" if more else ""
    with panel("Files with an error", note=note):
        if not shown.failures:
            empty("None", "Each file that was looked through so far could be.", "done")
            return
        with table("Files with an error", ("File", "Why")):
            for one in shown.failures:
                with tag("tr"):
                    with cell():
                        link(one.path.rpartition("/")[2], f"/media/file?{urlencode({'path': one.path})}", "path")
                        tag("span", one.path.rpartition("/")[0], "sub path")
                    with cell("", "told", "Why"), tag("span"):
                        tag("span", f"{one.error.get('code', '')}: {one.error.get('message', '')}", "wrong")
                        tag("span", str(one.error.get("hint", "")), "sub")


def _counts(batch: Batch) -> list[tuple[str, str]]:
    looked_for = f"What {batch.model} knows" if batch.model else OWN_ANALYSES
    rows = [("Looked for", looked_for), ("Files", count(batch.found)), ("Looked through", count(batch.done))]
    rows += [("Known before", count(batch.known))]
    rows += [("Without pictures", count(batch.skipped))] if batch.skipped else []
    rows += [("Stopped", count(batch.stopped))] if batch.stopped else []
    return [*rows, ("With an error", several(batch.failed, "file"))]


def _stopping(visit: Visit, batch: Batch) -> Callable[[], Awaitable[None]]:
    async def stop() -> None:
        try:
            await visit.ask(Batch, "batch.stop", batch=str(batch.id))
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")

    return stop
