"""The page for addresses at which there is nothing."""

from __future__ import annotations

from apps.ui.house import Visit
from apps.ui.parts.tags import empty, link, tag


async def show(visit: Visit) -> None:
    """Draw it."""
    tag("h1", "There is nothing here")
    with empty("This address leads nowhere", "It may be that a job was forgotten after its time.", "search"):
        link("To the overview", "/", "button")
