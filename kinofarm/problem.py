"""What a farm answers when something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Problem(Exception):  # noqa: N818 (the name that RFC 9457 gives it)
    """An error that the farm told of, with the fields of its problem+json document.

    status: HTTP's; 0: the farm was not reached. code: stays the same whatever the words. retry: the same request may be
    answered later.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.status = int(document.get("status", 0))
        self.code = str(document.get("code", ""))
        self.title = str(document.get("title", ""))
        self.detail = str(document.get("detail", ""))
        self.hint = str(document.get("hint", ""))
        self.where = str(document.get("where", ""))
        self.retry = bool(document.get("retry", False))
        super().__init__(f"{self.code}  {self.title}".strip())

    def as_dict(self) -> dict[str, Any]:
        """Return it as the command line prints an error: code, message, hint, where, detail, retry."""
        return {
            "code": self.code,
            "message": self.title,
            "hint": self.hint,
            "where": self.where,
            "detail": self.detail,
            "retry": self.retry,
        }
