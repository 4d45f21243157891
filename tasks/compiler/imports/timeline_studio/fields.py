"""The kinds of value that Timeline Studio writes, read in every shape that it writes them.

Names of enums come in Rust's PascalCase and the editor's kebab-case, colours as names, hex, rgba() and u32, and
nullable fields as null. What a value means is the same in every shape; what fits none is refused with its place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any

from PIL import ImageColor
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from infra.values import exact
from tasks.compiler.imports.places import problem
from tasks.compiler.model import Parameter

MAX_SECONDS = 10**7
"""Latest time, in seconds: a hundred days, so that arithmetic stays small."""

MAX_LIST = 1000
"""Numbers in a parameter that is a list: a curve or a set of bands has a few dozen."""

_SIMPLEST = 120_120
"""Largest denominator that a time is thought to come from: multiples of 1001/24000, 1/120 s and the like."""

_LONG = 15
"""A float written with fewer characters than this was written by hand or rounded, and is meant as it stands."""

_KEBAB = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[-_\s]+")
_HEX = re.compile(r"(?:#|0[xX])([0-9a-fA-F]{3,8})")
_FUNCTION = re.compile(r"rgba?\(([^()]{1,100})\)", re.IGNORECASE)


class Read(BaseModel):
    """An object of the file: unknown fields are kept, null means absent."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None}
        return data


def squash(name: str) -> str:
    """Return a name without case and separators, in which both spellings are the same."""
    return _SEPARATORS.sub("", name).casefold()


def kebab(name: str) -> str:
    """Return a name in the spelling of the catalogue: "AudioFadeIn" and "audio_fade_in" → "audio-fade-in"."""
    return _SEPARATORS.sub("-", _KEBAB.sub("-", name.strip())).casefold()


def one_of(*names: str, also: Mapping[str, str] | None = None) -> BeforeValidator:
    """Return a validator that reads an enum in both spellings. `also` maps further spellings to one of the names."""
    table = {squash(name): name for name in names} | {squash(key): name for key, name in (also or {}).items()}

    def read(value: Any) -> str:
        found = table.get(squash(value)) if isinstance(value, str) else None
        if found is None:
            raise problem("FORMAT-020", problem="it should be one of " + ", ".join(names))
        return found

    return BeforeValidator(read)


def number(value: Any) -> Fraction:
    """Read a number exactly: a decimal as it is written, a full-length float as the simple fraction it came from.

    0.1 + 0.2 and 10/30 reach the file as 0.30000000000000004 and 0.3333333333333333; 3/10 and 1/3 are meant.
    Raises:  ValueError for what is no number.
    """
    if isinstance(value, str) or not isinstance(value, int | float):
        raise problem("FORMAT-020", problem="a number is wanted")
    return _meant(value) if isinstance(value, float) else exact(value)


@lru_cache(maxsize=16_384)
def _meant(value: float) -> Fraction:
    read = exact(value)
    if len(repr(value)) >= _LONG:
        simple = read.limit_denominator(_SIMPLEST)
        if abs(float(simple) - value) <= 4 * math.ulp(value):
            return simple
    return read


def _time(value: Any) -> Fraction:
    read = number(value)
    if read.numerator < 0:
        raise problem("FORMAT-023", value=str(value))
    if value > MAX_SECONDS:
        raise problem("FORMAT-020", problem=f"no time in a film lies after {MAX_SECONDS} s")
    return read


def colour(value: Any) -> str:
    """Read a colour: a CSS name, #rgb(a), #rrggbb(aa), 0xrrggbb(aa), rgb(), rgba(), or RGBA as u32."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFFFFFFFF:
        return f"#{value:08x}"
    if not isinstance(value, str) or len(value) > 200:
        raise problem("FORMAT-020", problem="a colour is wanted")
    text = value.strip()
    if text.lower() == "transparent":
        return "#00000000"
    name = text.lower()
    if name in ImageColor.colormap:
        red, green, blue = ImageColor.getrgb(name)[:3]
        return f"#{red:02x}{green:02x}{blue:02x}"
    if match := _HEX.fullmatch(text):
        digits = match[1].lower()
        if len(digits) in (3, 4):
            digits = "".join(digit * 2 for digit in digits)
        if len(digits) in (6, 8):
            return f"#{digits}"
    if match := _FUNCTION.fullmatch(text):
        return _rgba([part for part in re.split(r"[\s,/]+", match[1].strip()) if part])
    raise problem("FORMAT-020", problem="a colour such as #ff8800, rgba(255, 136, 0, 0.5) or orange is wanted")


def _rgba(parts: list[str]) -> str:
    def channel(text: str, whole: float) -> int:
        try:
            value = float(text[:-1]) / 100 if text.endswith("%") else float(text) / whole
        except ValueError:
            value = math.nan
        if not 0 <= value <= 1:
            raise problem("FORMAT-020", problem="a colour's channels go from 0 to 255, its alpha from 0 to 1")
        return round(value * 255)

    if len(parts) not in (3, 4):
        raise problem("FORMAT-020", problem="rgb() has three numbers, rgba() four")
    channels = [channel(part, 255) for part in parts[:3]] + [channel(part, 1) for part in parts[3:]]
    return "#" + "".join(f"{value:02x}" for value in channels)


def parameter(value: Any) -> Parameter:
    """Read a parameter's value in any of its three shapes: bare, {"type": "Float", "value": 1.2}, {"Float": 1.2}."""
    kind = ""
    if isinstance(value, dict):
        if len(value) == 1:
            ((kind, value),) = value.items()
        elif {"type", "value"} <= value.keys() and isinstance(value["type"], str):
            kind, value = value["type"], value["value"]
        kind = squash(kind)
        if kind not in _KINDS:
            raise problem(
                "FORMAT-020",
                problem="a parameter is a value, or a value with one of the kinds Float, Int, "
                "String, Bool, Color, FloatArray, FilePath",
            )
    if kind == "color":
        return colour(value)
    if isinstance(value, list) and len(value) <= MAX_LIST:
        return tuple(_plain(item) for item in value)
    if isinstance(value, str) and len(value) <= 100_000:
        return value
    if isinstance(value, bool):
        return value
    return _plain(value)


_KINDS = {"float", "int", "string", "bool", "color", "floatarray", "filepath"}


def _plain(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 10**15:
        raise problem("FORMAT-020", problem="a number, text, true or false, or a list of numbers is wanted")
    return value


def shaped(read: Callable[[Any], Any]) -> PlainValidator:
    """Return a validator that reads every shape by one function."""
    return PlainValidator(read)


Seconds = Annotated[Fraction, PlainValidator(_time)]
"""A time on disk: seconds from 0, exact."""

Ratio = Annotated[Fraction, PlainValidator(number)]
"""A number that is computed with exactly."""

Real = Annotated[float, Field(strict=True, ge=-1e6, le=1e6)]
"""A number that is only passed on."""

Paint = Annotated[str, PlainValidator(colour)]
Parameters = dict[Annotated[str, Field(max_length=200)], Annotated[Any, PlainValidator(parameter)]]
Id = Annotated[str, Field(max_length=500)]
Ids = Annotated[list[Id], Field(max_length=100)]
