"""Renders at set times: what, when, and when next; a new one, and their end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import PurePath

from apps.ui.asked_first import Question, asked_first
from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.confirm import Confirm
from apps.ui.parts.form import Form
from apps.ui.parts.tags import button, cell, empty, panel, table, tag
from apps.ui.parts.when import When
from apps.ui.refreshed import refreshed
from flows.commands.farm import Removed, Schedules
from infra.errors import KinofarmError
from tasks.compiler.commands import Presets

EACH_SECONDS = 10.0


async def show(visit: Visit) -> None:
    """Draw them, and look again every few seconds."""
    confirm = Confirm()
    with tag("header", "", "page-head"):
        tag("h1", "Schedules")
    form = _Form(visit, confirm)
    if visit.may("operate"):
        await form.draw()

    async def read() -> Schedules:
        return await visit.look(Schedules, "schedule.list")

    def removing(name: str) -> Callable[[], Awaitable[None]]:
        asked = Question(f"Remove {name}?", "Renders that have begun go on.", "Remove the schedule")
        said = f"{name} is scheduled no more"
        return asked_first(visit, confirm, asked, "schedule.remove", Removed, name, said, lambda: again())

    def draw(found: Schedules) -> None:
        with panel():
            if not found.schedules:
                empty(
                    "Nothing is scheduled",
                    "A project can be rendered at set times: here, or with kinofarm schedule nightly project.json night.mp4 --cron '0 2 * * *'",
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
    form.then = again


class _Form:
    """The form for a new schedule."""

    def __init__(self, visit: Visit, confirm: Confirm) -> None:
        self.visit = visit
        self.confirm = confirm
        self.then: Callable[[], Awaitable[None]] | None = None

        self.form = Form("schedule", "Schedule it", self._asked)

    async def draw(self) -> None:
        """Draw it.

        Raises:  KinofarmError when the presets can't be listed.
        """
        presets = (await self.visit.look(Presets, "catalogue.presets")).presets
        form = self.form
        with panel("Schedule a render"), form.fields():
            form.text("name", "Name", required=True, maxlength=100, placeholder="nightly")
            form.text("project", "Project file", "wide", required=True, maxlength=4096, placeholder="On the farm’s machine, in a media root")  # fmt: skip
            form.text("cron", "When", required=True, maxlength=200, placeholder="0 2 * * *, each night at two")
            form.text("timezone", "Time zone", maxlength=100, placeholder="UTC", data_zones="")
            form.choice("preset", "Export", {"": "As the project says", **{name: name for name in presets}})
            form.text("output", "Film", maxlength=4096, placeholder="Named after the project")

    async def _asked(self, given: dict[str, str]) -> None:
        """Schedule it; in place of one of that name only when somebody said so."""
        found = await self.visit.ask(Schedules, "schedule.list")
        name = given.get("name", "")
        if not any(one.name == name for one in found.schedules):
            await self._add(given)
            return

        async def replace() -> None:
            try:
                await self._add(given)
            except KinofarmError as error:
                say(f"{error.code}: {error.message}", "wrong")

        self.confirm.ask(f"Replace {name}?", "A render is scheduled under that name.", "Replace the schedule", replace)

    async def _add(self, given: dict[str, str]) -> None:
        made = await self.visit.ask(Schedules, "schedule.add", **given)
        for one in made.schedules:
            say(f"{one.name} is scheduled")
        self.form.clear()
        if self.then is not None:
            await self.then()
