"""The base of every value in the house: frozen, strict about names, exact about numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

_LARGEST = 10**18 - 1
"""Of the two numbers of a fraction: so many digits are read, and so none has more."""

_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?(/[1-9]\d{0,17})?")


class Value(BaseModel):
    """A frozen value: compared and hashed by content; an unknown field or a NaN is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def exact(value: Any) -> Fraction:
    """Read a number or a string such as "30000/1001" as a Fraction; a float means its shortest decimal.

    A fraction of more digits than can be read becomes the nearest one of fewer. Times of files whose streams count in large primes
    are such; within a day they are then off by less than a picosecond.
    Raises:  ValueError for NaN, infinity, booleans, and numbers of absurd size or length.
    """
    return _within_reason(_read(value))


def _read(value: Any) -> Fraction:
    if isinstance(value, bool):
        raise ValueError("a number is wanted, not true or false")
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, float):
        if value != value or abs(value) >= 10**15:
            raise ValueError("a finite number of sensible size is wanted")
        return Fraction(repr(value))
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Fraction(value)
    raise ValueError('a number or a string such as "30000/1001" is wanted')


def _within_reason(value: Fraction) -> Fraction:
    """The fraction, or the nearest one that has no more digits than are read."""
    if abs(value.numerator) <= _LARGEST and value.denominator <= _LARGEST:
        return value
    if abs(value) > _LARGEST:
        raise ValueError("the number is too large")
    return value.limit_denominator(_LARGEST // (int(abs(value)) + 1))


def _as_text(value: Fraction) -> str:
    return str(value)


Exact = Annotated[
    Fraction,
    BeforeValidator(exact),
    PlainSerializer(_as_text, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[+-]?\d+(\.\d+)?(/[1-9]\d*)?$"}],
            "description": 'An exact number: 25, 0.04, or a fraction such as "30000/1001".',
        }
    ),
]
"""A Fraction that JSON carries as text ("30000/1001") and that reads from text or numbers."""
