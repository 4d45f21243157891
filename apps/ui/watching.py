"""Watched folders, and the files that arrived in them with what became of each."""

from __future__ import annotations

from apps.ui.house import Visit
from apps.ui.parts.tags import cell, empty, link, panel, table, tag
from apps.ui.parts.when import When
from apps.ui.parts.words import size
from apps.ui.refreshed import refreshed
from infra.jobs.arrivals import Arrival
from infra.jobs.commands import Arrivals

EACH_SECONDS = 3.0
STATES = {
    "arrived": ("accepted", "Arrived"),
    "submitted": ("rendering", "Submitted"),
    "done": ("done", "Done"),
    "failed": ("failed", "Failed"),
    "replaced": ("cancelled", "Replaced"),
}


async def show(visit: Visit) -> None:
    """Draw them, and look again every few seconds."""
    with tag("header", "", "page-head"):
        tag("h1", "Watched folders")

    async def read() -> Arrivals:
        return await visit.look(Arrivals, "watch.list", limit=100)

    await refreshed(visit, read, _all, EACH_SECONDS)


def _all(found: Arrivals) -> None:
    if not found.folders:
        with panel():
            empty(
                "No folder is watched",
                "A project that is dropped into a watched folder becomes a job. Folders stand in the setting watch.folders.",
                "watching",
            )
    else:
        with panel("Folders"), table("Watched folders", ("Folder", "Films go to", "")):
            for each in found.folders:
                with tag("tr"):
                    cell(each.folder, "path", "Folder")
                    cell(each.output, "path", "Films go to")
                    with cell():
                        tag(
                            "span",
                            "Watched" if each.there else "Is not there",
                            f"badge {'done' if each.there else 'failed'}",
                        )
    if found.folders or found.arrivals:
        with panel("Arrivals"):
            if not found.arrivals:
                empty("Nothing has arrived yet", "Copy a project file into one of the folders.", "watching")
                return
            with table("Files that arrived", ("File", "State", "Job", "Size", "Arrived")):
                for one in found.arrivals:
                    _arrival(one)


def _arrival(one: Arrival) -> None:
    kind, words = STATES[one.state]
    with tag("tr"):
        with cell():
            tag("span", one.name, "path")
            tag("span", one.folder, "sub path")
            if one.error:
                tag("span", f"{one.error.get('code', '')} {one.error.get('message', '')}".strip(), "sub wrong")
        with cell():
            tag("span", words, f"badge {kind}")
        with cell(label="Job" if one.job is not None else ""):
            if one.job is not None:
                link(str(one.job)[:8], f"/jobs/{one.job}")
        cell(size(one.size), "number", "Size")
        with cell(label="Arrived"):
            When(one.arrived_at)
