"""Texts and numbers that every database keeps: PostgreSQL takes no NUL, no half characters (lone surrogates), which names of files that
are not Unicode have here, and no number beyond 64 bits, which a file's time in nanoseconds is after 2262 and before 1678."""

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


def bigint(number: int) -> int:
    """Return a number in 64 bits; one beyond them comes round at the other end, so that of two that lie near each other each is its own."""
    return (number + 2**63) % 2**64 - 2**63
