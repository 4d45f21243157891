"""The audit log: who changed what through which door, and who was not let."""

from __future__ import annotations

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.tags import button, cell, empty, panel, table, tag
from apps.ui.parts.when import When
from infra.access.audit import Deed
from infra.access.commands import Deeds
from infra.errors import KinofarmError

ON_A_PAGE = 100
DOORS = {"api": "REST", "page": "Page", "cli": "Command line"}


async def show(visit: Visit) -> None:
    """Draw its newest lines, and older ones on demand."""
    with tag("header", "", "page-head"):
        tag("h1", "Audit log")
    found = await visit.ask(Deeds, "audit.list", limit=ON_A_PAGE)
    with panel():
        if not found.deeds:
            empty("Nobody has changed anything yet", "What is done over REST, this page and the command line stands here.", "audit")  # fmt: skip
            return
        body = table("Who did what", ("When", "Who", "Did", "To what", "Outcome", "From"))
        with body:
            for deed in found.deeds:
                _row(deed)
    last = found.deeds[-1].id

    async def older() -> None:
        nonlocal last
        try:
            more = await visit.ask(Deeds, "audit.list", limit=ON_A_PAGE, before=last)
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")
            return
        with body:
            for deed in more.deeds:
                _row(deed)
        last = more.deeds[-1].id if more.deeds else last
        further.set_visibility(len(more.deeds) == ON_A_PAGE)

    with tag("div", "", "pager"):
        further = button("Older", older, "quiet", "down")
        further.set_visibility(len(found.deeds) == ON_A_PAGE)


def _row(deed: Deed) -> None:
    with tag("tr"):
        with cell():
            When(deed.at, exact=True)
        cell(deed.who or "–", "strong", "Who")
        with cell(label="Did"):
            tag("code", deed.command)
        cell(deed.subject or "–", "path", "To what")
        with cell(label="Outcome"):
            tag("span", deed.outcome, f"badge {'done' if deed.outcome == 'ok' else 'failed'}")
        cell(f"{DOORS[deed.door]} {deed.address}".strip(), label="From")
