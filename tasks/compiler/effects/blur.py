"""Blur: W3C blur(radius), a Gaussian whose standard deviation is the radius, in pixels of the layer."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import along_with_alpha
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Blur(Value):
    radius: float = Field(2, ge=0, le=1000, description="Standard deviation in pixels; 0 changes nothing.")


def build(stream: Stream, parameters: Blur, setting: Setting) -> Stream:
    """A recursive Gaussian: its cost does not grow with the radius.

    Clear pixels have no colour of their own to bleed: with alpha the blur runs on premultiplied values.
    """
    if parameters.radius == 0:
        return stream
    return along_with_alpha(
        stream, setting, lambda colour: colour.filter("gblur", sigma=number(parameters.radius), steps=2)
    )


BLUR = EffectRow(
    "blur",
    "Softens the picture.",
    "picture",
    Blur,
    build,
    category="artistic",
    property="Fine detail loses contrast; what is flat stays.",
)
