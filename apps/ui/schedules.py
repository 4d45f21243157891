"""Renders at set times: what, when, and when next; and their end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import PurePath

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.confirm import Confirm
from apps.ui.parts.tags import button, cell, empty, panel, table, tag
from apps.ui.parts.when import When
from apps.ui.refreshed import refreshed
from flows.commands.farm import Removed, Schedules
from infra.errors import KinofarmError

EACH_SECONDS = 10.0


async def show(visit: Visit) -> None:
    """Draw them, and look again every few seconds."""
    confirm = Confirm()
    with tag("header", "", "page-head"):
        tag("h1", "Schedules")

    async def read() -> Schedules:
        return await visit.look(Schedules, "schedule.list")

    def removing(name: str) -> Callable[[], Awaitable[None]]:
        async def remove() -> None:
            try:
                await visit.ask(Removed, "schedule.remove", name=name)
            except KinofarmError as error:
                say(f"{error.code}: {error.message}", "wrong")
                return
            say(f"{name} is scheduled no more")
            await again()

        async def asked() -> None:
            confirm.ask(f"Remove {name}?", "Renders that have begun go on.", "Remove the schedule", remove)

        return asked

    def draw(found: Schedules) -> None:
        with panel():
            if not found.schedules:
                empty(
                    "Nothing is scheduled",
                    "A project can be rendered at set times: kinofarm schedule project.json --cron '0 2 * * *'",
                    "schedules",
                )
                return
            with table("Schedules", ("Name", "When", "Next", "Project", "Film", "")):
                for one in found.schedules:
                    with tag("tr"):
                        cell(one.name, "strong")
                        with cell(label="When"):
                            tag("code", one.cron)
                            tag("span", one.timezone, "sub")
                        with cell(label="Next"):
                            if one.paused:
                                tag("span", "Paused", "badge paused")
                            elif one.next is not None:
                                When(one.next, exact=True)
                        cell(PurePath(one.project).name, "path", "Project")
                        cell(PurePath(one.output).name, "path", "Film")
                        with cell("", "end"):
                            if visit.may("operate"):
                                button("Remove", removing(one.name), "small", aria_label=f"Remove {one.name}")

    again = await refreshed(visit, read, draw, EACH_SECONDS)
