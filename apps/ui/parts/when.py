"""A moment: "3 min ago", and the exact time in the reader's own zone."""

from __future__ import annotations

from datetime import datetime

from nicegui.element import Element


class When(Element, component="when.js"):
    """A moment. exact: shown as a time of day and a date, not as how long ago."""

    def __init__(self, at: datetime, *, exact: bool = False) -> None:
        super().__init__()
        self.props["at"] = at.isoformat()
        self.props["exact"] = exact
