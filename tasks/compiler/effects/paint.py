"""Paint: a colour as a parameter: "#rrggbb", "#rrggbbaa" (the alpha is not used), or 0xrrggbb as text or number."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_HEX = re.compile(r"(?:#|0[xX])([0-9a-fA-F]{6})(?:[0-9a-fA-F]{2})?")


def _hex(value: Any) -> str:
    """Read a colour as "#rrggbb".

    Raises:  ValueError for anything else.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFFFFFF:
        return f"#{value:06x}"
    if isinstance(value, str) and (match := _HEX.fullmatch(value)):
        return f"#{match[1].lower()}"
    raise ValueError("a colour such as #00ff00 is wanted")


Paint = Annotated[str, BeforeValidator(_hex)]


def channels(paint: str) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1."""
    return int(paint[1:3], 16) / 255, int(paint[3:5], 16) / 255, int(paint[5:7], 16) / 255
