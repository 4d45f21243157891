"""Pixelate: the picture in square blocks of one colour each."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.layering import along_with_alpha
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Pixelate(Value):
    pixelSize: int = Field(  # noqa: N815  # the catalogue's own spelling
        4,
        ge=1,
        le=512,
        description="Side of a block in pixels; 1 changes nothing.",
        validation_alias=AliasChoices("pixelSize", "pixel_size", "size"),
    )


def build(stream: Stream, parameters: Pixelate, setting: Setting) -> Stream:
    """Every block of pixelSize x pixelSize, from the upper left corner, becomes its mean."""
    side = parameters.pixelSize
    if side == 1:
        return stream
    return along_with_alpha(stream, setting, lambda part: part.filter("pixelize", w=side, h=side, mode="avg"))


PIXELATE = EffectRow(
    "pixelate",
    "Shows the picture in coarse blocks.",
    "picture",
    Pixelate,
    build,
    category="artistic",
    property="Every block has one colour, its mean.",
)
