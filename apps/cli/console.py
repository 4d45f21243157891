"""What the command line says and with which code it exits.

Results go to standard output; progress, messages and errors to standard error. With `--json` standard output
holds one JSON document and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Protocol

OK = 0
BUG = 1
USAGE = 2
BAD_PROJECT = 3
RENDER_FAILED = 4
FARM_UNAVAILABLE = 5
UNKNOWN_JOB = 6
CANCELLED = 130

EXIT_CODES: dict[int, str] = {
    OK: "done",
    BUG: "a bug of Kinofarm; the message names the log",
    USAGE: "the command was not understood: an unknown option, a time or a range that is none",
    BAD_PROJECT: "the project, its media or a path is wrong; nothing was rendered",
    RENDER_FAILED: "the job was taken on and failed",
    FARM_UNAVAILABLE: "the farm, its database or its Prefect server can't be started or reached",
    UNKNOWN_JOB: "no such job",
    CANCELLED: "the job was cancelled, by Ctrl-C or by `kinofarm cancel`",
}
"""Every exit code of every command, and what it means."""

_BY_FAMILY = {
    "CLI": USAGE,
    "API": USAGE,
    "ACCESS": USAGE,
    "FARM": FARM_UNAVAILABLE,
    "DB": FARM_UNAVAILABLE,
    "SETTINGS": FARM_UNAVAILABLE,
    "CACHE": FARM_UNAVAILABLE,
    "INTERNAL": BUG,
}
_BY_CODE = {"CLI-005": CANCELLED, "CLI-008": CANCELLED, "JOB-002": UNKNOWN_JOB, "JOB-003": UNKNOWN_JOB}


class Coded(Protocol):
    """An error with a code."""

    code: str


def exit_code(error: Coded) -> int:
    """Return the exit code of an error that no job stands behind, by its code's family; without a code no farm was reached."""
    if not error.code:
        return FARM_UNAVAILABLE
    return _BY_CODE.get(error.code) or _BY_FAMILY.get(error.code.partition("-")[0], BAD_PROJECT)


def lines_of(error: Mapping[str, Any]) -> str:
    """Return an error as a user reads it: code and message, the detail with its place, what to try.

    Args:    error: as `KinofarmError.as_dict()` gives it.
    """
    lines = [f"{error['code']}  {error['message']}"]
    where, detail, hint = (error.get(name) for name in ("where", "detail", "hint"))
    context = "; ".join(part for part in (where and f"at {where}", detail) if part)
    lines += [f"  {context}"] if context else []
    lines += [f"  try: {hint}"] if hint else []
    lines += [
        f"  {number}. on {each['worker'] or 'a machine'}: {each['error'] or each['outcome']}"
        for number, each in enumerate(error.get("attempts", ()), 1)
    ]
    return "\n".join(lines)


def error_document(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `--json` prints for an error, of the fields that `KinofarmError.as_dict` gives."""
    return {"error": {name: fields.get(name, "") for name in ("code", "message", "hint", "where", "detail")}}


def say(text: str) -> None:
    """Print a message to standard error."""
    print(text, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Print a result to standard output."""
    print(text, flush=True)


def show_json(document: Any) -> None:
    """Print a result as one JSON document to standard output."""
    show(json.dumps(document, indent=2, ensure_ascii=False))
