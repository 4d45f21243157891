"""Grading: lift, gamma, gain and offset of each channel, and curves through points that an author has set."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from infra.values import Value
from tasks.compiler.effects.pixels import Curve, look_up, number
from tasks.compiler.effects.row import EffectRow, Setting, Stream

MOST_POINTS = 64
NEAREST = 0.001
"""Least distance of two points of a curve."""


class LiftGammaGain(Value):
    lift_r: float = Field(0, ge=-1, le=1, description="Raises red where there is little of it: black becomes lift.")
    lift_g: float = Field(0, ge=-1, le=1, description="The same for green.")
    lift_b: float = Field(0, ge=-1, le=1, description="The same for blue.")
    gamma_r: float = Field(1, ge=0.1, le=10, description="More makes middle tones of red lighter.")
    gamma_g: float = Field(1, ge=0.1, le=10, description="The same for green.")
    gamma_b: float = Field(1, ge=0.1, le=10, description="The same for blue.")
    gain_r: float = Field(1, ge=0, le=4, description="Factor of red.")
    gain_g: float = Field(1, ge=0, le=4, description="Factor of green.")
    gain_b: float = Field(1, ge=0, le=4, description="Factor of blue.")
    offset_r: float = Field(0, ge=-1, le=1, description="Added to red.")
    offset_g: float = Field(0, ge=-1, le=1, description="Added to green.")
    offset_b: float = Field(0, ge=-1, le=1, description="Added to blue.")


def build_wheels(stream: Stream, parameters: LiftGammaGain, setting: Setting) -> Stream:
    """out = max(0, gain * (in + lift * (1 - in)) + offset)^(1 / gamma), for each channel."""
    if parameters == LiftGammaGain():
        return stream
    values = parameters.model_dump()
    curves = [
        _wheels(*(values[f"{name}_{channel}"] for name in ("lift", "gamma", "gain", "offset"))) for channel in "rgb"
    ]
    return look_up(stream, *curves)


def _wheels(lift: float, gamma: float, gain: float, offset: float) -> Curve:
    def curve(x: float) -> float:
        value = gain * (x + lift * (1 - x)) + offset
        return value ** (1 / gamma) if value > 0 else value

    return curve


def _points(flat: tuple[float, ...]) -> tuple[float, ...]:
    """Hold a curve's numbers x0, y0, x1, y1, ... to what ffmpeg can draw a curve through."""
    if len(flat) % 2:
        raise ValueError("a curve is a list of pairs: x0, y0, x1, y1, ...")
    if len(flat) > 2 * MOST_POINTS:
        raise ValueError(f"a curve has at most {MOST_POINTS} points")
    if any(not 0 <= value <= 1 for value in flat):
        raise ValueError("a curve's points lie between 0 and 1")
    if any(after - before < NEAREST for before, after in pairwise(flat[::2])):
        raise ValueError(f"a curve's points go from left to right, at least {NEAREST} apart")
    return flat


Points = Annotated[tuple[float, ...], AfterValidator(_points)]


class Curves(Value):
    master: Points = Field(
        (), description="For all channels, after their own: x0, y0, x1, y1, ... from 0 to 1; none changes nothing."
    )
    red: Points = Field((), description="For red.")
    green: Points = Field((), description="For green.")
    blue: Points = Field((), description="For blue.")


def build_curves(stream: Stream, parameters: Curves, setting: Setting) -> Stream:
    """A smooth curve through the points that rises and falls only as they do (PCHIP), level before the first and after the last."""
    drawn = {
        name: points for name, points in parameters.model_dump().items() if points and not _changes_nothing(points)
    }
    if not drawn:
        return stream
    written = {name: " ".join(f"{number(x)}/{number(y)}" for x, y in _pairs(points)) for name, points in drawn.items()}
    return stream.filter("curves", **written, interp="pchip")


def _changes_nothing(points: tuple[float, ...]) -> bool:
    return points[0] == 0 and points[-2] == 1 and all(x == y for x, y in _pairs(points))


def _pairs(points: tuple[float, ...]) -> list[tuple[float, float]]:
    return list(zip(points[::2], points[1::2], strict=True))


LIFT_GAMMA_GAIN = EffectRow(
    "lift-gamma-gain",
    "Grades shadows, middle tones and lights of each channel, as colour wheels do.",
    "picture",
    LiftGammaGain,
    build_wheels,
    category="color-correction",
    property="Lift moves black, gain white, gamma what lies between, offset all of it.",
)
CURVES = EffectRow(
    "curves",
    "Maps tones along curves through points.",
    "picture",
    Curves,
    build_curves,
    category="color-correction",
    property="Each point's x becomes its y.",
)
