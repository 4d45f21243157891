"""Custom: a filter template of the project's own, taken apart and allow-listed (`tasks.security.filters`)."""

from __future__ import annotations

from pydantic import Field, field_validator

from infra.values import Value
from tasks.compiler.effects.layering import on_colour
from tasks.compiler.effects.row import EffectRow, Setting, Stream
from tasks.security.filters import LONGEST, parse_filters


class Custom(Value):
    filter: str = Field(
        max_length=LONGEST, description="A chain of ffmpeg's filters, such as `eq=contrast=1.2,unsharp=5:5:1`."
    )

    @field_validator("filter")
    @classmethod
    def _allowed(cls, value: str) -> str:
        """Refuse what is not on the allow-list with its own KinofarmError (SECURITY-...)."""
        parse_filters(value, "picture")
        return value


def build(stream: Stream, parameters: Custom, setting: Setting) -> Stream:
    """The template's filters on the opaque colours; ffmpeg converts for those that work in YUV. Alpha passes by."""
    return on_colour(stream, setting, lambda colour: _filtered(colour, parameters).filter("format", "gbrp16le"))


CUSTOM = EffectRow("custom", "Runs a chain of allow-listed filters.", "picture", Custom, build, category="custom")


def _filtered(stream: Stream, parameters: Custom) -> Stream:
    for name, options in parse_filters(parameters.filter, "picture"):
        stream = stream.filter(name, **options)
    return stream
