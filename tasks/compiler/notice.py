"""Notices: what a project's author should know although the film is rendered."""

from __future__ import annotations

from typing import Any

from infra.errors import catalogue
from infra.values import Value


class Notice(Value):
    """A warning: its code, the place in the project, and its words."""

    code: str
    where: str = ""
    message: str
    hint: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the notice as JSON values: code, where, message, hint."""
        return self.model_dump()


def notice(code: str, where: str = "", **params: Any) -> Notice:
    """Put a warning of the catalogue into words."""
    entry = catalogue()[code]
    return Notice(
        code=code, where=where, message=entry["message"].format(**params), hint=entry["hint"].format(**params)
    )
