"""Blur: W3C blur(radius), a Gaussian whose standard deviation is the radius, in pixels of the layer."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
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
    if setting.alpha:
        stream = stream.filter("premultiply", inplace=1)
    blurred = stream.filter("gblur", sigma=number(parameters.radius), steps=2)
    return blurred.filter("unpremultiply", inplace=1) if setting.alpha else blurred


BLUR = EffectRow("blur", "Softens the picture.", "picture", Blur, build)
