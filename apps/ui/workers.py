"""The machines that render: how each is, what it takes, and what it can encode with, or why not."""

from __future__ import annotations

from typing import Any

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.tags import button, empty, facts, panel, tag
from apps.ui.parts.when import When
from apps.ui.parts.words import first_up, several
from apps.ui.refreshed import refreshed
from infra.errors import KinofarmError
from infra.jobs.commands import Asked, Machines, MachineShown

EACH_SECONDS = 4.0
WORDS = {"online": "Takes work", "draining": "Finishing, takes no more", "broken": "Takes no work", "offline": "Off"}
POOLS = {"cpu": "processor", "gpu": "graphics device"}


async def show(visit: Visit) -> None:
    """Draw them, and look again every few seconds."""

    async def probe() -> None:
        try:
            asked = await visit.ask(Asked, "worker.reprobe")
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")
            return
        say(f"{several(asked.asked, 'machine')} will find out anew what it can do")

    with tag("header", "", "page-head"):
        tag("h1", "Workers")
        if visit.may("operate"):
            button("Test encoders again", probe, "", "again")

    async def read() -> Machines:
        return await visit.look(Machines, "worker.list")

    await refreshed(visit, read, _all, EACH_SECONDS, loose=("heartbeat_at",))


def _all(found: Machines) -> None:
    if not found.workers:
        empty("No machine renders", "Start the farm with: kinofarm up, or join another machine to it with: kinofarm worker", "workers")  # fmt: skip
        return
    with tag("div", "", "machines"):
        for machine in found.workers:
            _one(machine)


def _one(machine: MachineShown) -> None:
    with panel(classes="machine"):
        with tag("header", "", "machine-head"):
            tag("h2", machine.name)
            lost = not machine.alive and machine.state != "offline"
            words = "Not heard of" if lost else WORDS[machine.state]
            well = machine.alive and machine.state == "online"
            tag(
                "span",
                words,
                f"badge {'done' if well else 'failed' if lost or machine.state == 'broken' else 'paused'}",
            )
        if machine.reason:
            tag("p", first_up(machine.reason), "machine-reason")
        slots = ", ".join(
            f"{several(number, 'slot')} on the {POOLS.get(pool, pool)}" for pool, number in machine.slots.items()
        )
        rows = [("At once", slots or "nothing")]
        if machine.failures:
            rows.append(("Failures in a row", str(machine.failures)))
        facts(rows)
        with tag("p", "", "note"):
            tag("span", "Up since ")
            When(machine.started_at)
            if lost:
                tag("span", ", last heard of ")
                When(machine.heartbeat_at)
        _encoders(machine)


def _encoders(machine: MachineShown) -> None:
    trials: list[dict[str, Any]] = [one for one in machine.probe.get("encoders", ()) if isinstance(one, dict)]
    with tag("details", "", "fold"):
        tag("summary", f"Encoders on devices: {', '.join(machine.encoders) or 'none'}")
        if machine.probed_at is not None:
            with tag("p", "", "note"):
                tag("span", "Tested ")
                When(machine.probed_at)
        if not trials:
            tag("p", "Nothing was tested yet. Software encoders work on every machine.", "note")
            return
        with tag("ul", "", "trials"):
            for trial in trials:
                works = trial.get("encoder") in machine.encoders
                with tag("li"):
                    tag("span", "", f"dot {'ok' if works else 'unknown'}", aria_hidden="true")
                    tag("code", str(trial.get("encoder", "")))
                    tag("span", "encodes" if works else str(trial.get("reason") or "does not encode here"), "sub")
