"""Parts of pages that ask again every few seconds, and are drawn anew only when the answer is another one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from nicegui import ui
from pydantic import BaseModel

from apps.ui.house import Visit
from apps.ui.parts.tags import error_box, tag
from infra.errors import KinofarmError

T = TypeVar("T", bound=BaseModel)


async def refreshed(
    visit: Visit,
    read: Callable[[], Awaitable[T]],
    draw: Callable[[T], None],
    seconds: float,
    loose: Collection[str] = (),
) -> Callable[[], Awaitable[None]]:
    """Draw what `read` answers, and again when that has changed; returns what does so at once.

    Args:    seconds: between two questions. loose: fields of the items whose change alone is no reason to draw.
    """
    place = tag("div", "", "refreshed")
    shown: Any = None
    wrong = ""

    async def again() -> None:
        nonlocal shown, wrong
        try:
            found = await read()
        except KinofarmError as error:
            if wrong != error.code and not (error.code.startswith("DB-") and shown is not None):
                wrong, shown = error.code, None
                place.clear()
                with place:
                    error_box(error)
            return
        tight = _without(found.model_dump(), loose)
        if tight != shown or wrong:
            shown, wrong = tight, ""
            place.clear()
            with place:
                draw(found)

    await again()
    ui.timer(seconds, again, immediate=False)
    return again


def _without(document: Any, loose: Collection[str]) -> Any:
    if isinstance(document, dict):
        return {name: _without(value, loose) for name, value in document.items() if name not in loose}
    if isinstance(document, (list, tuple)):
        return [_without(each, loose) for each in document]
    return document
