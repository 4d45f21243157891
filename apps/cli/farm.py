"""Commands about the farm: up, down, status, deploy, doctor, config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli import console
from apps.cli.options import AsJson
from infra.errors import KinofarmError

if TYPE_CHECKING:
    from infra.settings import Settings

KEEP = ("keeper=flows.keeping:keep_farm",)
KEEP_WORKER = ("keeper=flows.keeping:keep_worker",)
"""What a farm's machine, and a worker's, call every few seconds, each in a process of its name."""
SERVE = "apps.api.serving:serve"
"""What serves the REST API and the status page of a farm that is up."""
WATCH = "watcher=apps.watch.keeping:watch_folders"


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (up, down, status, deploy, doctor, config):
        app.command()(command)


def up(
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay in the foreground until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start the farm on this machine and return once it takes jobs."""
    from infra import farm
    from infra.settings import in_force

    settings = in_force()

    def ready(connection: farm.FarmConnection) -> None:
        if as_json:
            page = connection.state.page if connection.state else ""
            console.show_json({"home": str(connection.home), "page": page, "prefect": connection.api_url})
        else:
            console.say(f"the farm is up: home {connection.home}, Prefect {connection.api_url}")
            if connection.state and connection.state.page:
                console.say(
                    f"REST API and status page: {connection.state.page}; the first token lies in {connection.home / 'admin.token'}"
                )

    if foreground:
        farm.Farm(settings, kept(settings), serve=SERVE).run_forever(ready)
        return
    running = farm.connect(settings)
    if running is not None and running.state is not None and running.state.embedded:
        raise KinofarmError("FARM-040", home=str(running.home), pid=running.state.supervisor.pid)
    if running is None:
        console.say("starting the farm (about 10 s)")
    ready(running or farm.start(settings, kept(settings), serve=SERVE))


def kept(settings: Settings) -> tuple[str, ...]:
    """Return what a farm that is up calls every few seconds."""
    return (*KEEP, *((WATCH,) if settings.watch.folders else ()))


def down(as_json: AsJson = False) -> None:
    """Stop the farm on this machine. Renders are told to stop; they go on when the farm is up again."""
    from infra import farm
    from infra.settings import in_force

    stopped = farm.stop(in_force())
    if as_json:
        console.show_json({"stopped": stopped})
    else:
        console.say("the farm is down" if stopped else "no farm was running")


def status(as_json: AsJson = False) -> None:
    """Show whether the farm runs, how its parts are, and what it is doing."""
    from infra import farm, services
    from infra.jobs.ledger import Ledger
    from infra.jobs.states import ENDED, JOB_STATES
    from infra.jobs.store import JobStore
    from infra.settings import in_force

    settings = in_force()
    connection = farm.connect(settings)
    if connection is None:
        if as_json:
            console.show_json({"running": False, "home": str(settings.home)})
        else:
            console.show(f"no farm runs on {settings.home}")
        raise typer.Exit(console.FARM_UNAVAILABLE)
    health = services.check(settings)
    facts: dict[str, Any] = {"running": True, "home": str(connection.home), "prefect": connection.api_url}
    facts["services"] = [{**one.model_dump(mode="json"), "ok": one.ok} for one in health]
    if all(one.ok for one in health):
        with services.opened(settings) as container:
            live = container.get(JobStore).jobs(1000, [state for state in JOB_STATES if state not in ENDED])
            ledger = container.get(Ledger)
            facts |= {"jobs": len(live), "chunks": {"waiting": ledger.waiting(), "rendering": ledger.leased()}}
    if connection.state is not None:
        state = connection.state
        facts["page"] = state.page
        facts["parts"] = {name: part.pid for name, part in state.parts.items()}
        facts["restarts"] = dict(state.restarts)
    if as_json:
        console.show_json(facts)
    else:
        _show_status(facts)
    if not all(one.ok for one in health):
        raise typer.Exit(console.FARM_UNAVAILABLE)


def deploy(as_json: AsJson = False) -> None:
    """Bring the farm's database and Prefect server to what this version needs: tables, pools, flows, schedules, triggers;
    and make the bucket, where the cache lies in one.

    For servers that the settings name (database.url, prefect.api_url), or the farm that is up. `kinofarm up` does the same
    by itself. Doing it again changes nothing.
    """
    from infra import deployment, farm, farm_state, services
    from infra.settings import in_force

    settings = in_force()
    services.ensure_bucket(settings)
    connection = farm.connect(settings)
    if connection is None:
        raise KinofarmError("FARM-043", home=str(settings.home))
    farm_state.prepare(settings.home.absolute())
    found = deployment.deploy(settings, connection)
    if as_json:
        console.show_json(found.model_dump(mode="json"))
        return
    for what, names in found.model_dump().items():
        console.show(f"{what:<12} {', '.join(names)}")


def doctor(as_json: AsJson = False) -> None:
    """Look at everything that the farm stands on, on this machine, and say what is missing."""
    from apps.cli.examination import examine
    from infra.settings import in_force

    findings = examine(in_force())
    if as_json:
        console.show_json([finding.model_dump(mode="json") for finding in findings])
    else:
        for finding in findings:
            console.show(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.what:<12} {finding.found}")
            if not finding.ok and finding.hint:
                console.show(f"       try: {finding.hint}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(console.FARM_UNAVAILABLE)


def config(as_json: AsJson = False) -> None:
    """Show the settings in force; secrets are hidden."""
    from infra.settings import in_force

    settings = in_force()
    values = settings.model_dump(mode="json")
    if as_json:
        console.show_json(values)
        return
    console.show(f"# {settings.home / 'config.toml'}, overridden by KINOFARM_... variables")
    for name, value in _flat(values):
        console.show(f"{name} = {'(unset)' if value is None else value}")


def _flat(values: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            found += _flat(value, f"{above}{name}.")
        else:
            found.append((above + name, value))
    return found


def _show_status(facts: dict[str, Any]) -> None:
    console.show(f"the farm runs: home {facts['home']}, Prefect {facts['prefect']}")
    if facts.get("page"):
        console.show(f"REST API and status page: {facts['page']}")
    for one in facts["services"]:
        console.show(
            f"  {'ok   ' if one['ok'] else 'WRONG'} {one['service']:<20} {one['error'] or format(one['seconds'], '.3f') + ' s'}"
        )
    for name, pid in facts.get("parts", {}).items():
        again = facts["restarts"].get(name, 0)
        console.show(f"  {name:<26} process {pid}{f', started again {again} times' if again else ''}")
    if "jobs" in facts:
        chunks = facts["chunks"]
        console.show(f"  {facts['jobs']} jobs, {chunks['rendering']} chunks in work, {chunks['waiting']} waiting")
