"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Project = Annotated[Path, typer.Argument(help="The project file.", show_default=False)]
MediaRoots = Annotated[
    list[Path] | None,
    typer.Option(
        "--media-root",
        metavar="DIR",
        help="A folder, beside the project's own, from which media may be read; repeatable.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option("--preset", metavar="NAME", help="An export preset in place of the project's export settings."),
]
Range = Annotated[
    str | None,
    typer.Option(
        "--range", metavar="IN-OUT", help="Render this part only. Times: seconds, f123, HH:MM:SS.mmm or HH:MM:SS:FF."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else.")]
JobName = Annotated[str, typer.Argument(metavar="ID", help="The job's id, or its first letters.", show_default=False)]
