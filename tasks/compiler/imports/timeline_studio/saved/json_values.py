"""Values of a saved file, written again as a ProjectSchema has them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from pydantic.alias_generators import to_snake


def whole(value: Fraction) -> int | float:
    """Return a number as JSON has it, without a point where it needs none; `fields.number` reads the same fraction out of it."""
    return int(value) if value.denominator == 1 else float(value)


def bare(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters that have been read already, as JSON has them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()}


def snake(value: Any) -> Any:
    """Return a value with the names in all of its objects in snake_case."""
    if isinstance(value, dict):
        return {to_snake(name): snake(child) for name, child in value.items()}
    return [snake(child) for child in value] if isinstance(value, list) else value
