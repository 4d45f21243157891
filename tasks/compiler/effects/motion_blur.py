"""Motion blur: what moves leaves a trace, as behind a shutter that stays open into the neighbouring frames."""

from __future__ import annotations

import math

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import along_with_alpha
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class MotionBlur(Value):
    radius: float = Field(2, ge=0, le=8, description="Frames before and after that shine through; 0 changes nothing.")
    angle: float = Field(
        180, ge=0, le=360, description="The shutter's, in degrees: how much they weigh; 0 changes nothing."
    )


def reach(parameters: MotionBlur) -> int:
    """Frames on each side."""
    return math.ceil(parameters.radius) if parameters.angle else 0


def build(stream: Stream, parameters: MotionBlur, setting: Setting) -> Stream:
    """A weighted mean: the frame itself weighs 1, one within the radius angle / 360, the outermost by what the radius cuts off it."""
    around = reach(parameters)
    if around == 0:
        return stream
    side = [parameters.angle / 360 * min(1.0, parameters.radius - (away - 1)) for away in range(around, 0, -1)]
    weights = [*side, 1.0, *reversed(side)]
    written = " ".join(number(weight) for weight in weights)

    def mixed(part: Stream) -> Stream:
        """tmix looks back only: the stream is delayed by what it should look ahead."""
        part = part.filter("tpad", stop=around, stop_mode="clone").filter("tmix", frames=len(weights), weights=written)
        return part.filter("trim", start_frame=around).filter("setpts", "PTS-STARTPTS")

    return along_with_alpha(stream, setting, mixed)


MOTION_BLUR = EffectRow(
    "motion-blur",
    "Lets what moves leave a trace.",
    "picture",
    MotionBlur,
    build,
    category="motion",
    property="What moves spreads over its neighbouring frames; what stands still stays.",
    handles=reach,
)
