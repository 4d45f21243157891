"""`kinofarm demo`: make the demo project, render it, and say where the film, its manifest and its contact sheet lie."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from apps.cli import console
from apps.cli.options import AsJson
from apps.cli.project import checked_project, order_of
from apps.cli.render import interruptible, reached_farm, rendered, told


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where everything is written.")] = Path(
        "out"
    ),
    as_json: AsJson = False,
) -> None:
    """Render the demo film: demo.mp4, demo.manifest.json and the contact sheet demo.png."""
    from apps.demo import make_project
    from infra.settings import in_force
    from tasks.filesystem.publish import check_target

    began, settings = time.monotonic(), in_force()
    target = check_target(folder / "demo.mp4")
    project = make_project(folder.absolute() / "demo")
    order = order_of(project, None, None, None)
    read, checked = checked_project(order, settings)
    with interruptible(), reached_farm(settings) as container:
        document = rendered(container, order, target, {}, checked=checked)
    sheet = target.with_suffix(".png")
    _draw_sheet(target, sheet, read.timeline.rate, document["frames"])
    if as_json:
        console.show_json({**document, "sheet": str(sheet)})
        return
    told(document)
    console.show(f"sheet     {sheet}")
    console.say(f"the demo took {time.monotonic() - began:.1f} s")


def _draw_sheet(film: Path, sheet: Path, rate: Fraction, frames: int) -> None:
    from tasks.filesystem.publish import put_in_place, staged
    from tasks.media.contact_sheet import contact_sheet

    with staged(sheet) as hidden:
        contact_sheet(film, hidden, rate=rate, frames=frames)
        put_in_place([(hidden, sheet)])
