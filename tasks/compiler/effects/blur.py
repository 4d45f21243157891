"""Blur: W3C blur(radius), a Gaussian whose standard deviation is the radius, in pixels of the clip at scale 1."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import blurred
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Blur(Value):
    radius: float = Field(
        2, ge=0, le=1000, description="Standard deviation in pixels of the clip at scale 1; 0 changes nothing."
    )


def build(stream: Stream, parameters: Blur, setting: Setting) -> Stream:
    """A Gaussian; see `layering.blurred`."""
    return blurred(stream, setting, parameters.radius) if parameters.radius else stream


BLUR = EffectRow(
    "blur",
    "Softens the picture.",
    "picture",
    Blur,
    build,
    category="artistic",
    property="Fine detail loses contrast; what is flat stays.",
)
