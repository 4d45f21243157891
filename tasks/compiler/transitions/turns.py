"""Turns: pictures as the sides of something solid that turns in space."""

from __future__ import annotations

from math import cos, inf, pi, radians, sin
from typing import Literal

from pydantic import Field

from tasks.compiler.effects.row import Stream
from tasks.compiler.transitions.mixing import halved, mixed
from tasks.compiler.transitions.moves import between
from tasks.compiler.transitions.placing import Motion, Place, arriving, ground, laid, still, turned
from tasks.compiler.transitions.row import Eased, Paced, Setting, TransitionRow
from tasks.subtitles.easing import EasingName

EDGE_ON = radians(89)
"""A side is not turned further than this: seen exactly edge on it has no area to draw."""

SLIVER = 0.01
"""Share of its width to which a page is narrowed at least."""

_LINES = 720
"""Lines of the frame in which a distance from the eye is counted."""


class Flip(Eased):
    direction: Literal["left", "right", "up", "down"] = Field("left", description="Where the nearer edge moves.")
    intensity: float = Field(1, ge=0, le=1, description="How strong the perspective is; 0 has none.")


class Cube(Eased):
    direction: Literal["horizontal", "vertical", "left", "right", "up", "down"] = Field(
        "horizontal", description="Where the cube's front moves: horizontal is left, vertical is up."
    )
    intensity: float = Field(0.8, ge=0, le=1, description="How far the cube moves away while it turns.")
    perspective: float = Field(800, ge=200, le=10_000, description="How far off the eye is, in 720ths of the height.")


class PageTurn(Paced):
    easing: EasingName = Field("ease-out", description="How the change runs over its time.")
    direction: Literal["right", "left"] = Field("right", description="The edge at which the page is held.")
    intensity: float = Field(0.85, ge=0, le=1, description="How dark the page's shadow is.")
    angle: float = Field(45, ge=0, le=80, description="How far the page's lower corner runs ahead, in degrees.")


def flip(before: Stream, after: Stream, parameters: Flip, setting: Setting) -> Stream:
    """A card turns over: the old picture on its front, the next one on its back."""
    sideways = parameters.direction in ("left", "right")
    way = 1 if parameters.direction in ("right", "down") else -1
    side = setting.width if sideways else setting.height
    eye = 1.5 * side / parameters.intensity if parameters.intensity else inf

    def face(picture: Stream, shift: float, here: Setting) -> Stream:
        def lies(time: float, x: float, y: float) -> Place:
            angle = min(EDGE_ON, max(-EDGE_ON, way * (here.progress(time) - shift) * pi))
            along, across = (x, y) if sideways else (y, x)
            near = eye / (eye + along * sin(angle)) if eye < inf else 1.0
            place = (along * cos(angle) * near, across * near)
            return place if sideways else (place[1], place[0])

        return laid(ground(here), turned(picture, lies, here), still, still, here)

    return halved(
        before,
        after,
        lambda picture, here: face(picture, 0, here),
        lambda picture, here: face(picture, 1, here),
        setting,
    )


def cube(before: Stream, after: Stream, parameters: Cube, setting: Setting) -> Stream:
    """A cube turns from the side with the old picture to the one with the next."""
    sideways = parameters.direction in ("horizontal", "left", "right")
    way = 1 if parameters.direction in ("right", "down") else -1
    depth = (setting.width if sideways else setting.height) / 2
    eye = parameters.perspective * setting.height / _LINES

    def side(shift: float) -> Motion:
        def lies(time: float, x: float, y: float) -> Place:
            progress = setting.progress(time)
            angle = way * (progress - shift) * pi / 2
            away = parameters.intensity * depth * sin(pi * progress)
            along, across = (x, y) if sideways else (y, x)
            far = depth - depth * cos(angle) + along * -sin(angle) + away
            right = along * cos(angle) + depth * sin(angle)
            near = eye / (eye + far)
            # What shows its back lies aside: the side turns away from the eye before it is edge on.
            hidden = 8 * depth if cos(angle) * (eye + depth + away) <= depth else 0.0
            place = (right * near + hidden, across * near)
            return place if sideways else (place[1], place[0])

        return lies

    stream = ground(setting)
    for picture, shift in ((before, 0.0), (after, 1.0)):
        stream = laid(stream, turned(picture, side(shift), setting), still, still, setting)
    return stream


def page_turn(before: Stream, after: Stream, parameters: PageTurn, setting: Setting) -> Stream:
    """The old picture is a page that swings open towards the eye; its shadow lies on the next."""
    way = -1 if parameters.direction == "right" else 1
    hinge = -way * setting.width / 2
    eye = 6 * setting.width
    lead = radians(parameters.angle)

    def lies(time: float, x: float, y: float) -> Place:
        progress = setting.progress(time)
        ahead = lead * sin(pi * progress) * max(0.0, y / setting.height + 0.5) / 2
        angle = min(EDGE_ON, progress * EDGE_ON + ahead)
        arm = way * (x - hinge)
        near = eye / (eye - max(0.0, arm) * sin(angle))
        # What swings towards the eye at the frame's edge would swing out beyond its own hinge.
        reach = max(arm * SLIVER, arm * cos(angle) * near - (near - 1) * setting.width / 2) if arm > 0 else arm
        return hinge + way * reach, y * near

    new = after.filter_multi_output("split", 3)
    bright = 1 - 0.7 * parameters.intensity
    dark = new[1].filter("lutyuv", y=f"16+(val-16)*{bright:.6f}")
    lit = arriving(mixed(dark, new[2], setting.progress, setting), setting)
    both = laid(lit, turned(before, lies, setting), still, still, setting)
    return mixed(both, new[0], lambda time: between(setting.progress(time), 0.9, 1), setting)


TURNS = (
    TransitionRow("flip", "The picture turns over like a card.", Flip, flip, seconds=(0.6, 2.0)),
    TransitionRow("cube-3d", "A cube turns from the old picture to the next.", Cube, cube, seconds=(1.0, 4.0)),
    TransitionRow("page-turn", "The old picture is turned over like a page.", PageTurn, page_turn, seconds=(1.0, 3.5)),
)
