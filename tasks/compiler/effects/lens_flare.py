"""Lens flare: a light source in the picture, its halo, and the ghosts that it throws across the lens."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import lit, on_colour
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.plates import plate
from tasks.compiler.effects.row import EffectRow, Setting, Stream

GHOSTS = ((0.6, 0.10, 0.30), (1.35, 0.07, 0.22), (1.7, 0.15, 0.16))
"""(how far from the light across the centre, 1 being the centre; radius as a fraction of the height; brightness)"""


class LensFlare(Value):
    intensity: float = Field(0.5, ge=0, le=1, description="Brightness of the light; 0 changes nothing.")
    x: float = Field(0.75, ge=0, le=1, description="Where the light stands, from the left.")
    y: float = Field(0.25, ge=0, le=1, description="Where the light stands, from the top.")


def build(stream: Stream, parameters: LensFlare, setting: Setting) -> Stream:
    """out = screen(in, intensity * flare): a core, a halo and a streak around (x, y), and three ghosts across the centre."""
    if parameters.intensity == 0:
        return stream
    return on_colour(stream, setting, lambda colour: lit(colour, _flare(parameters, setting), parameters.intensity))


def _flare(parameters: LensFlare, setting: Setting) -> Stream:
    """st(4): distance from the light in heights; st(5): light without ghosts."""
    aspect = setting.width / setting.height
    away = _away(parameters.x, parameters.y, aspect)
    core = f"st(4,{away});1.2*exp(-ld(4)*ld(4)*90)+0.45*exp(-ld(4)*5)"
    streak = f"0.5*exp(-abs(ld(1)-{number(parameters.y)})*60)*exp(-abs(ld(0)-{number(parameters.x)})*4)"
    ghosts = [_ghost(parameters, aspect, *ghost) for ghost in GHOSTS]
    red = f"{core}+{streak}*0.7+{ghosts[0]}+0.4*({ghosts[1]})+0.9*({ghosts[2]})"
    green = f"{core}*0.92+{streak}*0.85+0.8*({ghosts[0]})+{ghosts[1]}+0.5*({ghosts[2]})"
    blue = f"{core}*0.8+{streak}+0.3*({ghosts[0]})+0.8*({ghosts[1]})+{ghosts[2]}"
    return plate(setting, red, green, blue)


def _ghost(parameters: LensFlare, aspect: float, along: float, radius: float, brightness: float) -> str:
    x, y = parameters.x + (0.5 - parameters.x) * along, parameters.y + (0.5 - parameters.y) * along
    return f"{number(brightness)}*clip(({number(radius)}-{_away(x, y, aspect)})*40,0,1)"


def _away(x: float, y: float, aspect: float) -> str:
    return f"hypot((ld(0)-{number(x)})*{number(aspect)},ld(1)-{number(y)})"


LENS_FLARE = EffectRow(
    "lens-flare",
    "Lets a light shine into the lens.",
    "picture",
    LensFlare,
    build,
    category="creative",
    property="Around (x, y) every channel rises towards white, less with the distance; nothing falls.",
)
