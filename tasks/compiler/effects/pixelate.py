"""Pixelate: the picture in square blocks of one colour each."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from infra.values import Value
from tasks.compiler.effects.layering import along_with_alpha
from tasks.compiler.effects.row import EffectRow, Setting, Stream

LARGEST_BLOCK = 1024
"""Pixels; ffmpeg's pixelize takes no more."""


class Pixelate(Value):
    pixelSize: int = Field(  # noqa: N815  # the catalogue's own spelling
        4,
        ge=1,
        le=512,
        description="Side of a block in pixels of the clip at scale 1; 1 changes nothing.",
        validation_alias=AliasChoices("pixelSize", "pixel_size", "size"),
    )


def build(stream: Stream, parameters: Pixelate, setting: Setting) -> Stream:
    """Every block of pixelSize x pixelSize pixels of the clip at scale 1, from the upper left corner, becomes its mean."""
    side = max(1, min(LARGEST_BLOCK, round(parameters.pixelSize * setting.zoom)))
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
