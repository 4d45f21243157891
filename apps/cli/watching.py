"""Commands about watched folders: arrivals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli import console
from apps.cli.options import AsJson

if TYPE_CHECKING:
    from infra.jobs.arrivals import Arrival


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(arrivals)


def arrivals(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the watched folders, and the files that arrived in them with what became of each."""
    from infra import services
    from infra.jobs.arrivals import ArrivalStore
    from infra.settings import in_force

    settings = in_force()
    with services.opened(settings) as container:
        found = container.get(ArrivalStore).recent(limit)
    folders = [
        {"folder": str(each.folder.absolute()), "output": str(each.output.absolute()), "there": each.folder.is_dir()}
        for each in settings.watch.folders
    ]
    if as_json:
        console.show_json({"folders": folders, "arrivals": [arrival_document(each) for each in found]})
        return
    for each in folders:
        console.show(f"watched   {each['folder']} -> {each['output']}{'' if each['there'] else '  (not there)'}")
    for arrival in found:
        job = f"job {str(arrival.job)[:8]} {arrival.job_state}" if arrival.job else ""
        console.show(f"{arrival.arrived_at:%Y-%m-%d %H:%M:%S}  {arrival.state:<9} {arrival.name}  {job}".rstrip())
        if arrival.error:
            console.show(f"    {arrival.error['code']} {arrival.error['message']}")
    if not folders:
        console.say("no folder is watched; name some in config.toml: [[watch.folders]] folder, output")


def arrival_document(found: Arrival) -> dict[str, Any]:
    """Return an arrival as JSON values."""
    return found.model_dump(mode="json")
