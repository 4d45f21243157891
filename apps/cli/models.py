"""Commands about the models that recognise things in pictures: models list, add, check, remove."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli import console
from apps.cli.calling import called
from apps.cli.options import AsJson

File = Annotated[Path, typer.Argument(metavar="FILE", help="The model (ONNX).", show_default=False)]
ModelName = Annotated[str, typer.Argument(metavar="NAME", help="What the model is called.", show_default=False)]
Classes = Annotated[
    Path | None,
    typer.Option(
        "--classes",
        metavar="FILE",
        help="Names of its classes, one on a line or JSON.",
        show_default="its own metadata's",
    ),
]
Layout = Annotated[
    str | None,
    typer.Option("--layout", help="How its head is laid out, where it could be several.", show_default="found out"),
]

models = typer.Typer(help="The models that recognise things in pictures.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(models, name="models")


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the farm's models: what each finds, and in pictures of what size."""
    found = called("model.list", {})["models"]
    if as_json:
        console.show_json(found)
        return
    for each in found:
        console.show(f"{each['name']:<20} {_line(each['facts'])}")
    if not found:
        console.say("there is no model; kinofarm models add adds one")


@models.command("check")
def check_model(file: File, classes: Classes = None, layout: Layout = None, as_json: AsJson = False) -> None:
    """Look into a model's file: its input, its head's layout, its classes. Nothing is added."""
    found = called("model.check", _fields(file, classes, layout))
    if as_json:
        console.show_json(found)
        return
    console.show(_line(found))
    console.show(f"sha256 {found['sha256']}")


@models.command("add")
def add_model(
    name: ModelName, file: File, classes: Classes = None, layout: Layout = None, as_json: AsJson = False
) -> None:
    """Add a model to the farm, or put it in the place of the one of that name. It is looked into first."""
    added = called("model.add", {"name": name, **_fields(file, classes, layout)})
    if as_json:
        console.show_json(added)
    else:
        console.say(f"{name} is added: {_line(added['facts'])}")


@models.command("remove")
def remove_model(name: ModelName, as_json: AsJson = False) -> None:
    """Remove a model; what it found stays."""
    removed = called("model.remove", {"name": name})
    if as_json:
        console.show_json(removed)
    else:
        console.say(f"{name} is removed")


def _fields(file: Path, classes: Path | None, layout: str | None) -> dict[str, Any]:
    given = {"path": str(file.absolute()), "classes": None if classes is None else str(classes.absolute()), "layout": layout}  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def _line(facts: dict[str, Any]) -> str:
    """A model in a line."""
    names = facts["classes"]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    size = f"{facts['width']} x {facts['height']}" + ("" if facts["fixed"] else " or any other size")
    return f"{facts['task']}, {facts['head']['layout']}, {size}: {shown}"
