"""Warnings: what a project asks for that the farm renders otherwise than its author may think.

A warning is data like an error: a code of the same catalogue, the place in the file and named parameters. It
never stops a render; commands show it on standard error and in `--json`.
"""

from __future__ import annotations

from typing import Any

from infra.errors import KinofarmError
from infra.values import Value


class Warning_(Value):  # noqa: N801  (Python's own Warning is an exception)
    """A warning in plain words, with its code and the place in the project file."""

    code: str
    where: str = ""
    message: str
    hint: str

    def as_dict(self) -> dict[str, Any]:
        """Return the warning as JSON values: code, message, hint, where."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "where": self.where}


def warning(code: str, *, where: str = "", **params: Any) -> Warning_:
    """Return the warning of that code with its words filled in.

    Raises:  LookupError when the code is not in the catalogue, or a parameter that its words name is missing.
    """
    words = KinofarmError(code, where=where, **params)
    return Warning_(code=code, where=where, message=words.message, hint=words.hint)


class Warnings:
    """The warnings of one project as they are found; one that says the same again is left out."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Warning_] = {}

    def add(self, code: str, *, where: str = "", **params: Any) -> None:
        """Keep a warning, unless one with the same words is there already."""
        found = warning(code, where=where, **params)
        self._found.setdefault((code, found.message), found)

    def all(self) -> tuple[Warning_, ...]:
        """Return what was found, in the order in which it was found."""
        return tuple(self._found.values())
