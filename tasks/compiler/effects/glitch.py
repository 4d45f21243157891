"""Glitch: bands of the picture jump sideways, and its colours part, as on a bad line."""

from __future__ import annotations

import ffmpeg
from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import blended, on_colour
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.plates import SPARE, drawn, standing
from tasks.compiler.effects.row import EffectRow, Setting, Stream

HOLD = 3
"""Frames for which a disturbance stands."""

BANDS = 24
"""Bands over the picture's height."""


class Glitch(Value):
    intensity: float = Field(
        50, ge=0, le=100, description="Percent: how many bands jump, and how far; 0 changes nothing."
    )


def build(stream: Stream, parameters: Glitch, setting: Setting) -> Stream:
    """A share of 60 % * i of the bands moves by up to 12 % * i of the width, wrapped; red and blue part by 1 % * i of it."""
    if parameters.intensity == 0:
        return stream
    return on_colour(stream, setting, lambda colour: _torn(colour, parameters.intensity / 100, setting))


def _torn(stream: Stream, amount: float, setting: Setting) -> Stream:
    across, down = _maps(amount, setting)
    stream = ffmpeg.filter([stream, across, down], "remap")
    apart = max(1, round(0.01 * amount * setting.width))
    return stream.filter("rgbashift", rh=apart, bh=-apart, edge="wrap")


def _maps(amount: float, setting: Setting) -> tuple[Stream, Stream]:
    """Where each pixel comes from, as grey values: its column, moved with its band; and its row.

    The first is higher than the picture: each stretch of frames sees another part of it.
    """
    width, height, spare = setting.width, setting.height, SPARE[1]
    high = max(2, height // BANDS)
    chance = f"st(1,abs(sin(st(0,floor(Y/{high}))*12.9898)*43758.5453));st(1,ld(1)-floor(ld(1)));"
    way = "st(2,abs(sin(ld(0)*78.233)*24634.6345));st(2,ld(2)-floor(ld(2)));"
    farthest = number(0.12 * amount * width)
    moved = f"if(lt(ld(1),{number(0.6 * amount)}),mod(round((2*ld(2)-1)*{farthest})+{width},{width}),0)"
    bands = _computed(setting, (2, height + spare), (width, height + spare), chance + way + moved)
    columns = _computed(setting, (width, 2), (width, height + spare), "X")
    across = blended(columns, bands, "addition").filter("lut", y=f"mod(val,{width})")
    row = drawn(setting, spare, 89, HOLD)
    across = standing(across, setting).filter("crop", width, height, 0, row)
    return across, standing(_computed(setting, (2, height), (width, height), "Y"), setting)


def _computed(setting: Setting, small: tuple[int, int], size: tuple[int, int], expression: str) -> Stream:
    """One grey picture of whole numbers, the same along one side, along which it is computed small."""
    options = {"c": "black", "s": f"{small[0]}x{small[1]}", "r": str(setting.rate)}
    stream = setting.generate("color", "gray16le", **options).filter("trim", end_frame=1).filter("geq", lum=expression)
    return stream.filter("format", "gray16le").filter("scale", *size, flags="neighbor").filter("setsar", "1")


GLITCH = EffectRow(
    "glitch",
    "Tears bands of the picture sideways.",
    "picture",
    Glitch,
    build,
    category="creative",
    property="The more, the more bands lie away from their place; no band changes its brightness.",
    moving=lambda parameters: parameters.intensity > 0,
)
