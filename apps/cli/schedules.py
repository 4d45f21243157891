"""Commands about renders at set times: schedule, schedules, unschedule."""

from __future__ import annotations

from typing import Annotated

import typer

from apps.cli import console
from apps.cli.options import AsJson, MediaRoots, Preset, Project, Range
from apps.cli.project import checked_project, order_of, tell_warnings
from apps.cli.render import Output, submitter

ScheduleName = Annotated[str, typer.Argument(metavar="NAME", help="What the schedule is called.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (schedule, schedules, unschedule):
        app.command()(command)


def schedule(
    name: ScheduleName,
    project: Project,
    output: Output,
    cron: Annotated[
        str,
        typer.Option("--cron", metavar="TIMES", help='When: "0 2 * * *" is each night at two.', show_default=False),
    ],
    timezone: Annotated[str, typer.Option("--timezone", metavar="ZONE", help="Of these times: Europe/Berlin.")] = "UTC",
    preset: Preset = None,
    part: Range = None,
    media_roots: MediaRoots = None,
    as_json: AsJson = False,
) -> None:
    """Render a project at set times, on the farm that is up; what was scheduled under that name is replaced.

    The project is checked now, and read anew at each render; the film of the time before is replaced.
    """
    from flows import schedules as kept
    from infra import services
    from infra.settings import in_force
    from tasks.compiler.order import check_targets, warnings_of

    settings = in_force()
    order = order_of(project, preset, part, media_roots)
    read, checked = checked_project(order, settings)
    (target,) = check_targets(read, [output], [project, *(media.path for media in checked.media.values())])
    tell_warnings(list(warnings_of(read, checked)))
    with services.opened(settings) as container:
        kept.add(container, name, order, target, cron, timezone, submitter())
    if as_json:
        console.show_json({"schedule": name, "cron": cron, "timezone": timezone, "output": str(target)})
    else:
        console.say(f"{target} is rendered at {cron} ({timezone})")


def schedules(as_json: AsJson = False) -> None:
    """List what is rendered at set times, and when next."""
    from flows import schedules as kept
    from infra import services
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        found = kept.schedules(container)
    if as_json:
        console.show_json([each.model_dump(mode="json") for each in found])
        return
    for each in found:
        following = "paused" if each.paused else f"next {each.next:%Y-%m-%d %H:%M} UTC" if each.next else ""
        console.show(f"{each.name:<20} {each.cron} ({each.timezone})  {following}")
        console.show(f"    {each.project} -> {each.output}")
    if not found:
        console.say("nothing is rendered at set times; kinofarm schedule begins it")


def unschedule(name: ScheduleName, as_json: AsJson = False) -> None:
    """Render a project no longer at set times."""
    from flows import schedules as kept
    from infra import services
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        kept.remove(container, name)
    if as_json:
        console.show_json({"removed": name})
    else:
        console.say(f"{name} is rendered at set times no more")
