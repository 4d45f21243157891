"""Waves: both pictures bend, more and more and then less and less, while one fades into the other."""

from __future__ import annotations

from math import pi, sin
from typing import Literal

from pydantic import Field

from tasks.compiler.effects.row import Stream
from tasks.compiler.transitions.expression import by_number, number
from tasks.compiler.transitions.mixing import mixed
from tasks.compiler.transitions.moves import between
from tasks.compiler.transitions.row import Eased, Paced, Setting, TransitionRow
from tasks.compiler.transitions.warping import warped

_CENTRE_X = Field(0.5, ge=0, le=1, description="The centre, as a fraction of the width.")
_CENTRE_Y = Field(0.5, ge=0, le=1, description="The centre, as a fraction of the height.")


class Ripple(Eased):
    intensity: float = Field(0.7, ge=0, le=1, description="How much of the amplitude is reached.")
    frequency: float = Field(5, ge=0.1, le=50, description="Rings between the centre and the corner.")
    amplitude: float = Field(20, ge=0, le=500, description="How far a place moves, in pixels.")


class Wave(Paced):
    amplitude: float = Field(20, ge=0, le=500, description="How far a line moves, in pixels.")
    frequency: float = Field(3, ge=0.1, le=50, description="Waves across the picture.")
    direction: Literal["horizontal", "vertical"] = Field("horizontal", description="Where the lines move.")


class Swirl(Paced):
    rotations: float = Field(2, ge=-10, le=10, description="Turns of the centre; below 0 counterclockwise.")
    center_x: float = _CENTRE_X
    center_y: float = _CENTRE_Y
    radius: float = Field(1, ge=0.05, le=2, description="How far the swirl reaches, in halves of the longer side.")


class Kaleidoscope(Paced):
    segments: int = Field(6, ge=2, le=32, description="Mirrored sectors about the centre.")
    rotation_speed: float = Field(1, ge=-10, le=10, description="Turns of the mirrors over the transition.")
    intensity: float = Field(0.8, ge=0, le=1, description="How much of the plain pictures the mirrors hide.")


class Morph(Paced):
    intensity: float = Field(0.9, ge=0, le=1, description="How far the pictures are pulled; 0 is a cross-fade.")
    smoothness: float = Field(0.8, ge=0, le=1, description="How long they fade into one another; 0 is a cut.")
    points: int = Field(100, ge=4, le=2500, description="Points at which they are pulled.")


def ripple(before: Stream, after: Stream, parameters: Ripple, setting: Setting) -> Stream:
    """Rings run out from the centre, as from a stone in water."""
    height = parameters.intensity * parameters.amplitude

    def moved(picture: Stream) -> Stream:
        x, y = f"(ld(0)-{setting.width / 2})", f"(ld(1)-{setting.height / 2})"
        ring = f"sin(2*PI*{number(parameters.frequency)}*(ld(3)/hypot({setting.width / 2},{setting.height / 2})-{_done(setting)}))"
        pull = f"st(3,max(hypot({x},{y}),0.001));{_swell(setting, height)}*{ring}/ld(3)"
        return warped(picture, f"({pull})*{x}+ld(0)", f"({pull})*{y}+ld(1)", setting)

    return _crossed(moved(before), moved(after), setting)


def wave(before: Stream, after: Stream, parameters: Wave, setting: Setting) -> Stream:
    """Lines sway, each a little after its neighbour."""

    def moved(picture: Stream) -> Stream:
        horizontal = parameters.direction == "horizontal"
        place = f"ld(1)/{setting.height}" if horizontal else f"ld(0)/{setting.width}"
        swing = f"{_swell(setting, parameters.amplitude)}*sin(2*PI*({number(parameters.frequency)}*{place}-{_done(setting)}))"
        x, y = (f"ld(0)+{swing}", "ld(1)") if horizontal else ("ld(0)", f"ld(1)+{swing}")
        return warped(picture, x, y, setting)

    return _crossed(moved(before), moved(after), setting)


def swirl(before: Stream, after: Stream, parameters: Swirl, setting: Setting) -> Stream:
    """Both pictures run into a whirl about a point and out of it again."""
    centre = (parameters.center_x * setting.width, parameters.center_y * setting.height)
    reach = parameters.radius * max(setting.width, setting.height) / 2

    def moved(picture: Stream) -> Stream:
        x, y = f"(ld(0)-{number(centre[0])})", f"(ld(1)-{number(centre[1])})"
        near = f"max(0,1-hypot({x},{y})/{number(reach)})"
        angle = f"st(3,{_swell(setting, -2 * pi * parameters.rotations)}*pow({near},2))"
        return warped(
            picture,
            f"{angle};{number(centre[0])}+{x}*cos(ld(3))-{y}*sin(ld(3))",
            f"{angle};{number(centre[1])}+{x}*sin(ld(3))+{y}*cos(ld(3))",
            setting,
        )

    return _crossed(moved(before), moved(after), setting)


def kaleidoscope(before: Stream, after: Stream, parameters: Kaleidoscope, setting: Setting) -> Stream:
    """Mirrors close over the old picture, turn, and open on the next."""
    sector = 2 * pi / parameters.segments

    def shown(time: float) -> float:
        progress = setting.progress(time)
        return parameters.intensity * min(between(progress, 0, 0.3), 1 - between(progress, 0.7, 1))

    def mirrored(picture: Stream) -> Stream:
        copies = picture.filter_multi_output("split", 2)
        x, y = f"(ld(0)-{setting.width / 2})", f"(ld(1)-{setting.height / 2})"
        turn = by_number(lambda time: 2 * pi * parameters.rotation_speed * setting.progress(time), setting.frames, "N")
        # The angle folded into half a sector: 0 at its middle, the same on both sides of each mirror.
        folded = f"abs(mod(atan2({y},{x})+{turn}+{4 * parameters.segments}*PI,{number(sector)})-{number(sector / 2)})"
        polar = f"st(4,hypot({x},{y}));st(3,{folded}-{turn})"
        seen = warped(
            copies[1],
            f"{polar};{setting.width / 2}+ld(4)*cos(ld(3))",
            f"{polar};{setting.height / 2}+ld(4)*sin(ld(3))",
            setting,
        )
        return mixed(copies[0], seen, shown, setting)

    return _crossed(mirrored(before), mirrored(after), setting)


def morph(before: Stream, after: Stream, parameters: Morph, setting: Setting) -> Stream:
    """The pictures are pulled out of shape at many points, each its own way, and melt into one another."""
    rows = max(2, round(parameters.points**0.5))
    reach = 0.6 * parameters.intensity * max(setting.width, setting.height) / rows

    def moved(picture: Stream) -> Stream:
        across, down = f"(ld(0)*{rows * pi / setting.width:.6f})", f"(ld(1)*{rows * pi / setting.height:.6f})"
        swell = _swell(setting, reach)
        x = f"ld(0)+{swell}*sin({across}*0.73+1.3*sin({down}*0.61+0.4))*cos({down}*0.83+0.9*sin({across}*0.47+2.1))"
        y = f"ld(1)+{swell}*cos({across}*0.67+1.1*sin({down}*0.53+1.7))*sin({down}*0.79+1.2*sin({across}*0.59+0.8))"
        return warped(picture, x, y, setting)

    half = max(0.01, parameters.smoothness / 2)
    old, new = moved(before), moved(after)
    return mixed(old, new, lambda time: between(setting.progress(time), 0.5 - half, 0.5 + half), setting)


def _crossed(old: Stream, new: Stream, setting: Setting) -> Stream:
    return mixed(old, new, lambda time: between(setting.progress(time), 0.25, 0.75), setting)


def _swell(setting: Setting, height: float) -> str:
    """From nothing up to a height at half way, and back."""
    return "(" + by_number(lambda time: height * sin(pi * setting.progress(time)), setting.frames, "N") + ")"


def _done(setting: Setting) -> str:
    return "(" + by_number(setting.progress, setting.frames, "N") + ")"


WAVES = (
    TransitionRow("ripple", "Rings run over both pictures, as over water.", Ripple, ripple, seconds=(1.2, 4.0)),
    TransitionRow("morph", "The old picture is pulled out of shape and melts into the next.", Morph, morph, seconds=(1.5, 5.0)),
    TransitionRow("kaleidoscope", "Mirrors close over the old picture and open on the next.", Kaleidoscope, kaleidoscope, seconds=(1.0, 4.0)),
    TransitionRow("swirl", "The old picture runs into a whirl, the next one out of it.", Swirl, swirl, seconds=(1.0, 4.0)),
    TransitionRow("wave", "Both pictures sway and fade into one another.", Wave, wave, seconds=(1.0, 3.0)),
)  # fmt: skip
