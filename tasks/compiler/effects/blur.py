"""Blur: W3C blur(radius), a Gaussian whose standard deviation is the radius, in pixels of the clip at scale 1."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.canvas import Canvas
from tasks.compiler.effects.layering import blurred, blurred_planes
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Blur(Value):
    radius: float = Field(
        2, ge=0, le=1000, description="Standard deviation in pixels of the clip at scale 1; 0 changes nothing."
    )


def build(stream: Stream, parameters: Blur, setting: Setting) -> Stream:
    """A Gaussian; see `layering.blurred`."""
    return blurred(stream, setting, parameters.radius) if parameters.radius else stream


def last(stream: Stream, parameters: Blur, setting: Setting, canvas: Canvas) -> Stream:
    """The same on a canvas' planes: half as many pixels in 4:2:0, of half as many bits."""
    return blurred_planes(stream, setting, parameters.radius, canvas) if parameters.radius else stream


BLUR = EffectRow(
    "blur",
    "Softens the picture.",
    "picture",
    Blur,
    build,
    category="artistic",
    property="Fine detail loses contrast; what is flat stays.",
    last=last,
)
