"""Commands about the machines that render: worker, workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from apps.cli import console
from apps.cli.farm import KEEP_WORKER
from apps.cli.options import AsJson
from infra.errors import KinofarmError

if TYPE_CHECKING:
    from infra.farm import FarmConnection
    from infra.jobs.workers import Worker
    from infra.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (worker, workers):
        app.command()(command)


def worker(
    pool: Annotated[
        Literal["auto", "cpu", "gpu"] | None,
        typer.Option(
            "--pool", help="What to render: for processors, for devices that encode, or both.", show_default="auto"
        ),
    ] = None,
    slots: Annotated[
        int | None, typer.Option("--slots", min=1, help="Chunks at once.", show_default="half the cores")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Its name in the farm.", show_default="the host name")
    ] = None,
) -> None:
    """Render on this machine for the farm that the settings name, until Ctrl-C or SIGTERM.

    Needs the farm's database.url, prefect.api_url and prefect.auth, and its cache: cache.s3, or cache.folder on a share. What
    is in work when it is told to stop is finished, or handed back.
    """
    from infra import farm
    from infra.settings import in_force

    settings = in_force()
    given = {name: value for name, value in (("pool", pool), ("slots", slots), ("name", name)) if value is not None}
    settings = settings.model_copy(update={"worker": settings.worker.model_copy(update=given)})
    _look_before(settings)

    def ready(connection: FarmConnection) -> None:
        console.say(f"this machine renders for the farm at {connection.api_url}; Ctrl-C ends it")

    farm.Farm(settings, KEEP_WORKER, role="worker").run_forever(ready)


def workers(as_json: AsJson = False) -> None:
    """List the machines that render: what each can do, and why not, where it can't."""
    from infra import services
    from infra.jobs.workers import WorkerStore
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        found = container.get(WorkerStore).workers()
    if as_json:
        console.show_json([worker_document(each) for each in found])
        return
    for each in found:
        slots = ", ".join(f"{count} {pool}" for pool, count in sorted(each.slots.items())) or "none"
        state = each.state if each.alive or each.state == "offline" else "lost"
        console.show(f"{each.name:<20} {state:<9} slots: {slots}")
        if each.reason and each.state != "online":
            console.show(f"    {each.reason}")
        for line in _abilities(each):
            console.show(f"    {line}")
    if not found:
        console.say("no machine renders for this farm")


def worker_document(found: Worker) -> dict[str, Any]:
    """Return a worker as JSON values."""
    return found.model_dump(mode="json", exclude={"instance"})


def _abilities(found: Worker) -> list[str]:
    probe = found.probe
    if not probe:
        return ["what it can do is being found out"]
    lines = [f"{probe['cores']} cores, {probe['memory'] / 1e9:.0f} GB of memory, {probe['fonts']} fonts"]
    lines += [f"{trial['encoder']:<20} {trial['reason'] or 'works'}" for trial in probe["encoders"]]
    lines.append(f"{'NVDEC':<20} {probe['nvdec'] or 'works'}")
    lines.append(f"{'CUDA':<20} {probe['cuda'] or 'works'}")
    return lines


def _look_before(settings: Settings) -> None:
    """Look at everything that rendering needs, before anything is started.

    Raises:  KinofarmError FARM-062 when no farm is named, FARM-066 when something is wrong.
    """
    from flows.preflight import preflight
    from infra import services

    if not (settings.database.url and settings.prefect.api_url):
        raise KinofarmError("FARM-062")
    wrong = False
    with services.opened(settings) as container:
        for health in preflight(container):
            wrong = wrong or not health.ok
            console.say(
                f"{'ok   ' if health.ok else 'WRONG'}  {health.service:<10} {health.error or format(health.seconds, '.3f') + ' s'}"
            )
            if health.hint and not health.ok:
                console.say(f"       try: {health.hint}")
    if wrong:
        raise KinofarmError("FARM-066")
