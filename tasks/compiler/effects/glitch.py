"""Glitch: bands of the picture jump sideways, and its colours part, as on a bad line."""

from __future__ import annotations

import ffmpeg
from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import on_colour
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
    high = max(2, setting.height // BANDS)
    spare = SPARE[1]
    size = f"{setting.width}x{setting.height + spare}"
    tall = setting.generate("color", "gray16le", c="black", s=size, r=str(setting.rate)).filter("trim", end_frame=1)
    band = f"st(0,floor(Y/{high}));"
    chance = "st(1,abs(sin(ld(0)*12.9898)*43758.5453));st(1,ld(1)-floor(ld(1)));"
    way = "st(2,abs(sin(ld(0)*78.233)*24634.6345));st(2,ld(2)-floor(ld(2)));"
    moved = f"X+if(lt(ld(1),{number(0.6 * amount)}),round((2*ld(2)-1)*{number(0.12 * amount * setting.width)}),0)"
    tall = tall.filter("geq", lum=f"{band}{chance}{way}mod({moved}+{setting.width},{setting.width})")
    row = drawn(setting, spare, 89, HOLD)
    across = standing(tall, setting).filter("crop", setting.width, setting.height, 0, row)
    size = f"{setting.width}x{setting.height}"
    rows = setting.generate("color", "gray16le", c="black", s=size, r=str(setting.rate)).filter("trim", end_frame=1)
    return across, standing(rows.filter("geq", lum="Y"), setting)


GLITCH = EffectRow(
    "glitch",
    "Tears bands of the picture sideways.",
    "picture",
    Glitch,
    build,
    category="creative",
    property="The more, the more bands lie away from their place; no band changes its brightness.",
    moving=True,
)
