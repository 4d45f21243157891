"""Temperature and tint: the balance of red against blue, and of green against both."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.pixels import Curve, look_up
from tasks.compiler.effects.row import EffectRow, Setting, Stream

REACH = 0.3
"""Share of a channel that 100 adds or takes."""


class Temperature(Value):
    temperature: float = Field(
        0,
        ge=-100,
        le=100,
        description="Above 0 warmer, below cooler; 0 changes nothing, 100 moves red and blue by 30 %.",
    )


class Tint(Value):
    tint: float = Field(
        0,
        ge=-100,
        le=100,
        description="Above 0 towards magenta, below towards green; 0 changes nothing, 100 moves by 30 %.",
    )


def gains(temperature: float, tint: float) -> tuple[float, float, float]:
    """Factors of red, green and blue: (1 + 0.3 t)(1 + 0.15 m), 1 - 0.15 m, (1 - 0.3 t)(1 + 0.15 m), in hundredths."""
    warm, magenta = temperature / 100 * REACH, tint / 100 * REACH / 2
    return (1 + warm) * (1 + magenta), 1 - magenta, (1 - warm) * (1 + magenta)


def build_temperature(stream: Stream, parameters: Temperature, setting: Setting) -> Stream:
    """red * (1 + 0.3 t), blue * (1 - 0.3 t), with t = temperature / 100"""
    return balanced(stream, gains(parameters.temperature, 0))


def build_tint(stream: Stream, parameters: Tint, setting: Setting) -> Stream:
    """red and blue * (1 + 0.15 m), green * (1 - 0.15 m), with m = tint / 100"""
    return balanced(stream, gains(0, parameters.tint))


def balanced(stream: Stream, factors: tuple[float, float, float]) -> Stream:
    """Each channel times its factor."""
    if all(factor == 1 for factor in factors):
        return stream
    return look_up(stream, *(_times(factor) for factor in factors))


def _times(factor: float) -> Curve:
    return lambda x: factor * x


TEMPERATURE = EffectRow(
    "temperature",
    "Makes the light warmer or cooler.",
    "picture",
    Temperature,
    build_temperature,
    category="color-correction",
    property="Red rises and blue falls; green stays.",
)
TINT = EffectRow(
    "tint",
    "Moves colours towards magenta or green.",
    "picture",
    Tint,
    build_tint,
    category="color-correction",
    property="Red and blue rise and green falls.",
)
