"""The names of a model's classes: from its own metadata, or from a file beside it."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.errors import KinofarmError

MOST_NAMES = 10_000
LONGEST_NAME = 100
_MOST_BYTES = 1_000_000


def names_of_literal(literal: str, model: str) -> tuple[str, ...]:
    """Read the names that Ultralytics' exporter writes: a Python dict of number to name, or a list.

    Raises:  KinofarmError MODEL-006.
    """
    if len(literal) > _MOST_BYTES:
        raise KinofarmError("MODEL-006", file=model, reason="the list of names in its metadata is too long")
    try:
        # A literal only: no name, call or operator in it is ever carried out.
        found = ast.literal_eval(literal)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise KinofarmError("MODEL-006", file=model, reason="the names in its metadata can't be read") from None
    return _checked(found, model)


def names_of_file(place: Path) -> tuple[str, ...]:
    """Read names from a file: one on a line, or JSON: a list, or an object of number to name.

    Raises:  KinofarmError MODEL-006.
    """
    try:
        with place.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise KinofarmError("MODEL-006", file=place.name, reason=error.strerror or "it cannot be opened") from None
    if len(data) > _MOST_BYTES:
        raise KinofarmError("MODEL-006", file=place.name, reason="it is too long")
    try:
        text = data.decode("utf-8-sig").strip()
        found = (
            json.loads(text) if text[:1] in ("[", "{") else [line.strip() for line in text.splitlines() if line.strip()]
        )
    except (ValueError, RecursionError):
        raise KinofarmError("MODEL-006", file=place.name, reason="it is neither JSON nor lines of text") from None
    return _checked(found, place.name)


def _checked(found: Any, file: str) -> tuple[str, ...]:
    if isinstance(found, Mapping):
        try:
            numbered = {_number(number): name for number, name in found.items()}
        except ValueError:
            raise KinofarmError("MODEL-006", file=file, reason="its classes are not numbered") from None
        if len(found) > MOST_NAMES or sorted(numbered) != list(range(len(found))):
            raise KinofarmError("MODEL-006", file=file, reason="its classes are not numbered from 0 on without gaps")
        found = [numbered[number] for number in sorted(numbered)]
    if not isinstance(found, list | tuple) or not 0 < len(found) <= MOST_NAMES:
        raise KinofarmError("MODEL-006", file=file, reason=f"1 to {MOST_NAMES} names are wanted")
    names = tuple(name.strip() if isinstance(name, str) else "" for name in found)
    for place, name in enumerate(names):
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            reason = f"the name of class {place} is empty, too long, or not plain text"
            raise KinofarmError("MODEL-006", file=file, reason=reason)
    if len({name.casefold() for name in names}) < len(names):
        raise KinofarmError("MODEL-006", file=file, reason="two classes have one name")
    return names


def _number(key: Any) -> int:
    """Return the number of a class: a whole one, or one written out, as JSON has it. Raises ValueError."""
    if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) <= 6:
        return int(key)
    if type(key) is not int:
        raise ValueError("no number of a class")
    return key
