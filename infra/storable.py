"""Texts that every database keeps: PostgreSQL takes no NUL, and no half characters (lone surrogates), which names of files that are
not Unicode have here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


def storable(text: str) -> str:
    """Return a text with what can't be kept written as an escape."""
    return text.replace("\0", r"\x00").encode("utf-8", "backslashreplace").decode()


def storable_values(value: Any) -> Any:
    """Return JSON values whose texts, names of fields among them, can be kept; a number that is none becomes null."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(name)): storable_values(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [storable_values(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
