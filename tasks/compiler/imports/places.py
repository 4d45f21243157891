"""Places in a project file, as a user reads them: `tracks[1].clips[3].source_end`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from infra.errors import KinofarmError

Step = str | int

LONGEST_NAME = 80
"""Characters of one name that a path shows; names in a hostile file may be megabytes long."""


def join_path(steps: Sequence[Step], base: str = "") -> str:
    """Return a path in the file's own words: names joined by dots, list positions in brackets."""
    path = base
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            name = step if len(step) <= LONGEST_NAME else step[: LONGEST_NAME - 3] + "..."
            path += f".{name}" if path else name
    return path


def problem(code: str, **params: Any) -> PydanticCustomError:
    """Return what a validator raises so that the reader of the file sees this code of the catalogue."""
    return PydanticCustomError("kinofarm", "{code}", {"code": code, **params})


def refused(
    error: ValidationError, data: Any, *, base: str = "", names: Mapping[str, str] | None = None
) -> KinofarmError:
    """Translate pydantic's first complaint into an error with the place in the file.

    Args:
        data: what was validated; steps of the complaint's location that it lacks (a union's tag) are left out.
        base: the place of `data` in the file.
        names: the file's name of a field, where the model calls it otherwise.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    steps = _steps_in(first["loc"], data, first["type"] == "missing")
    if names:
        steps = [names.get(step, step) if isinstance(step, str) else step for step in steps]
    where = join_path(steps, base)
    field = str(next((step for step in reversed(steps) if isinstance(step, str)), "the project"))
    context = dict(first.get("ctx", {}))
    if first["type"] == "kinofarm":
        return KinofarmError(context.pop("code"), where=where, **{"field": field, **context})
    if first["type"] == "missing":
        return KinofarmError("FORMAT-021", where=where, field=field)
    if first["type"] == "extra_forbidden":
        return KinofarmError("FORMAT-022", where=where, field=field)
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input should ").removeprefix("Assertion failed, ")
    return KinofarmError(
        "FORMAT-020", where=where, field=field, problem="it should " + said if said.startswith("be ") else said
    )


def _steps_in(location: Sequence[Step], data: Any, missing: bool) -> list[Step]:
    """Follow a location into the data and keep the steps that exist there."""
    steps: list[Step] = []
    for number, step in enumerate(location):
        in_list = isinstance(step, int) and isinstance(data, list | tuple) and step < len(data)
        if in_list or (isinstance(data, dict) and step in data):
            steps.append(step)
            data = data[step]
        elif missing and number == len(location) - 1:
            steps.append(step)
    return steps
