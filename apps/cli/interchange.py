"""Commands between projects: relink missing media, export to other programs. None needs a farm."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.cli import console
from apps.cli.options import AsJson, MediaRoots, Project
from apps.cli.project import order_of, tell_warnings

SUFFIX = ".kinofarm.json"
"""Of projects in our own format."""


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (relink, export):
        app.command()(command)


def relink(
    project: Project,
    media: Annotated[
        Path, typer.Option("--media", metavar="DIR", help="The folder to look for files in.", show_default=False)
    ],
    loop: Annotated[
        bool,
        typer.Option("--loop", help="Let other files stand in for what is not found, and repeat what is too short."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The project to write; by default NAME.kinofarm.json beside the old one.",
        ),
    ] = None,
    media_roots: MediaRoots = None,
    as_json: AsJson = False,
) -> None:
    """Find the missing media of a project in a folder: by name, then by length. Writes a project of our own format."""
    from infra.settings import in_force
    from tasks.compiler.order import read
    from tasks.compiler.relinking.relink import path_from, rebased, relink as relinked
    from tasks.filesystem.roots import MediaRoots as Roots
    from tasks.media.remembered import quick_look

    settings = in_force()
    loaded = read(order_of(project, None, None, media_roots), settings.home)
    target = (output or _beside(project)).absolute()
    roots = Roots(loaded.base, (*settings.media_roots, *(root.absolute() for root in media_roots or ())))
    done = relinked(
        loaded.timeline,
        roots,
        media.absolute(),
        quick_look,
        loop=loop,
        written=lambda path: path_from(target.parent, path),
    )
    text = rebased(done.timeline, loaded.base, target.parent).model_dump_json(indent=1)
    _write(target, text, keep=project)
    warnings = [warning.as_dict() for warning in done.warnings]
    if as_json:
        clips = [found.model_dump(mode="json") for found in done.found]
        console.show_json({"project": str(target), "clips": clips, "warnings": warnings})
        return
    for found in done.found:
        by = {"name": "by its name", "length": "by its length", "stand-in": "to stand in"}.get(found.how, "")
        console.show(f"{found.clip} ({found.track}): {found.file + ' ' + by if found.file else 'not found'}")
    tell_warnings(warnings)
    outside = (
        "" if media.resolve().is_relative_to(target.parent.resolve()) else f"; render it with --media-root {media}"
    )
    console.show(f"{target} is written{outside}")


def export(
    project: Project,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Ends in .otio or .kinofarm.json.", show_default=False),
    ],
    as_json: AsJson = False,
) -> None:
    """Write a project in another format: OpenTimelineIO (.otio), or our own (.kinofarm.json)."""
    from infra.errors import KinofarmError
    from infra.settings import in_force
    from tasks.compiler.editing.writing import project_text
    from tasks.compiler.order import read
    from tasks.compiler.relinking.relink import rebased

    loaded = read(order_of(project, None, None, None), in_force().home)
    target = output.absolute()
    timeline = rebased(loaded.timeline, loaded.base, target.parent)
    if output.name.lower().endswith(".otio"):
        text = project_text(timeline, "otio")
    elif output.name.lower().endswith(".json"):
        text = project_text(timeline, "kinofarm")
    else:
        raise KinofarmError("CLI-022", path=str(output))
    _write(target, text, keep=project)
    warnings = list(loaded.warnings)
    if as_json:
        console.show_json({"project": str(target), "warnings": warnings})
        return
    tell_warnings(warnings)
    console.show(f"{target} is written")


def _beside(project: Path) -> Path:
    stem = project.name.partition(".")[0]
    return next(place for name in (stem, f"{stem}.relinked") if (place := project.with_name(name + SUFFIX)) != project)


def _write(target: Path, text: str, keep: Path) -> None:
    """Write a project, whole or not at all, and never over the one that it was made from."""
    from tasks.filesystem.publish import check_target, put_in_place, staged

    check_target(target, keep=[keep.absolute()])
    with staged(target) as hidden:
        hidden.write_text(text, encoding="utf-8")
        put_in_place([(hidden, target)])
