"""`kinofarm`: the command line, and the one place where errors become words and exit codes.

Commands live in one file per noun. What costs time to import (media libraries, the database, the farm) is imported
inside the command that needs it: `kinofarm --help` answers at once.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from apps.cli import (
    calling,
    console,
    demo,
    farm,
    interchange,
    jobs,
    models,
    news,
    project,
    render,
    schedules,
    watching,
    workers,
)
from apps.cli.progress import JobFailed
from infra.errors import KinofarmError

app = typer.Typer(
    name="kinofarm",
    help="A self-hosted render farm for video: a timeline goes in, a verified film comes out.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in console.EXIT_CODES.items()) + ".",
)
for room in (farm, demo, project, interchange, render, jobs, schedules, watching, news, workers, models, calling):
    room.add_to(app)


def run() -> None:
    """Run the command line and exit with one of `console.EXIT_CODES`."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code; every error is told, none is raised."""
    as_json = "--json" in arguments
    try:
        code = typer.main.get_command(app).main(
            args=arguments or ["--help"], prog_name="kinofarm", standalone_mode=False
        )
        if code == console.CANCELLED:  # what Typer makes of Ctrl-C
            return _told(KinofarmError("CLI-005"), as_json)
        return code if isinstance(code, int) else console.OK
    except KinofarmError as error:
        return _told(error, as_json)
    except calling.RefusedElsewhere as refused:
        _tell(refused.error, as_json)
        return console.exit_code(refused)
    except JobFailed as failed:
        _tell(failed.error, as_json)
        return console.RENDER_FAILED
    except typer.Abort:
        return _told(KinofarmError("CLI-005"), as_json)
    except typer.TyperException as misuse:
        return _told(KinofarmError("CLI-006", reason=misuse.format_message()), as_json)
    except Exception:
        return _told(KinofarmError("INTERNAL-001", log=str(_log_of_bug())), as_json)


def _told(error: KinofarmError, as_json: bool) -> int:
    _tell(error.as_dict(), as_json)
    return console.exit_code(error)


def _tell(error: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        console.show_json(console.error_document(error))
    console.say(console.lines_of(error))


def _log_of_bug() -> Path:
    """Write the traceback in hand where a user can find it; return where."""
    text = f"{datetime.now(UTC).isoformat()} kinofarm {' '.join(sys.argv[1:])}\n{traceback.format_exc()}\n"
    for folder in (_home() / "logs", Path("/tmp") if sys.platform != "win32" else Path.home()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            log = folder / "kinofarm-bugs.log"
            with log.open("a", encoding="utf-8") as file:
                file.write(text)
            return log
        except OSError:
            continue
    return Path("nowhere")


def _home() -> Path:
    import os

    from infra.settings import default_home

    return Path(os.environ.get("KINOFARM_HOME") or default_home())
