"""What titles and subtitles share about text: weight, alignment, and how a style is put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ValidationError

from tasks.compiler.imports.places import problem, refused
from tasks.compiler.imports.timeline_studio.fields import one_of, shaped, squash
from tasks.subtitles.model import TextStyle

_WEIGHTS = {
    "thin": 100,
    "extralight": 200,
    "light": 300,
    "lighter": 300,
    "normal": 400,
    "regular": 400,
    "medium": 500,
    "semibold": 600,
    "bold": 700,
    "bolder": 700,
    "extrabold": 800,
    "black": 900,
}


def _weight(value: Any) -> int:
    """Read a font weight: a CSS name, or 1 to 1000 as a number or text."""
    if isinstance(value, str):
        named = _WEIGHTS.get(squash(value))
        if named is None and value.isascii() and value.isdigit() and len(value) <= 4:
            named = int(value)
        value = named
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 1000:
        raise problem("FORMAT-020", problem="a weight is a name such as bold, or a number from 1 to 1000")
    return int(value)


def is_slanted(style: str | None) -> bool:
    """Say whether a font style is set in italics."""
    return style is not None and squash(style) in ("italic", "oblique")


def text_style(where: str, names: Mapping[str, str], fields: dict[str, Any]) -> TextStyle:
    """Return a style in the model's own units.

    Args:    where: the object in the file that the fields come from. names: the file's names of fields.
    Raises:  FORMAT-020 for a length beyond what the model takes.
    """
    try:
        return TextStyle.model_validate(fields)
    except ValidationError as error:
        raise refused(error, fields, base=where, names=names) from None


Weight = Annotated[int, shaped(_weight)]
TextAlign = Annotated[
    Literal["left", "center", "right"],
    one_of("left", "center", "right", also={"centre": "center", "justify": "left", "start": "left", "end": "right"}),
]
