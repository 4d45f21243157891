"""Wipes: an edge moves over the old picture and uncovers the next."""

from __future__ import annotations

from math import log
from typing import Literal

from pydantic import Field

from tasks.compiler.effects.row import Stream
from tasks.compiler.transitions.mixing import one_colour, uncovered
from tasks.compiler.transitions.row import Eased, Paced, Setting, TransitionRow

_SHARP = Field(1, ge=0, le=1, description="1 is a sharp edge; less is a softer one, 0 one as wide as the picture.")
_RADIAL = Field(0.9, ge=0, le=1, description="1 is a sharp edge; less is a softer one, 0 one as wide as the picture.")

_STRAIGHT = {"right": "X/W", "left": "1-(X+1)/W", "down": "Y/H", "up": "1-(Y+1)/H"}
"""Where the edge moves → each pixel's turn. ffmpeg's own wipes begin and end a column too early."""

_TURN = {
    "topleft": "1-((X+1)/W+(Y+1)/H)/2",
    "topright": "(X/W+1-(Y+1)/H)/2",
    "bottomleft": "(1-(X+1)/W+Y/H)/2",
    "bottomright": "(X/W+Y/H)/2",
}
"""The corner that a diagonal edge moves towards → each pixel's turn."""

_HANDS = {
    "center": (0.5, 0.5, 1), "clockwise": (0.5, 0.5, 1), "counterclockwise": (0.5, 0.5, -1),
    "topleft": (0, 0, 1), "topright": (1, 0, 1), "bottomleft": (0, 1, 1), "bottomright": (1, 1, 1),
}  # fmt: skip
"""Where the clock's hand is fixed, in fractions of the frame, and which way it goes."""

_SHAPES = {
    "circle": "hypot({x},{y})",
    "ellipse": "hypot({x}/W,{y}/H)",
    "square": "max(abs({x}),abs({y}))",
    "rectangle": "max(abs({x})/W,abs({y})/H)",
    "diamond": "abs({x})+abs({y})",
}
"""Shape → how far from the centre a pixel lies, by its distance to the right and downwards."""


class Horizontal(Eased):
    direction: Literal["right", "left"] = Field("right", description="Where the edge moves.")
    intensity: float = _SHARP


class Vertical(Eased):
    direction: Literal["down", "up"] = Field("down", description="Where the edge moves.")
    intensity: float = _SHARP


class Diagonal(Eased):
    direction: Literal["topleft", "topright", "bottomleft", "bottomright"] = Field(
        "topleft", description="The corner that the edge moves towards."
    )
    intensity: float = _SHARP


class Radial(Eased):
    direction: Literal[
        "center", "clockwise", "counterclockwise", "topleft", "topright", "bottomleft", "bottomright"
    ] = Field("center", description="Which way the hand goes about the centre, or the corner in which it is fixed.")
    intensity: float = _RADIAL


class Blinds(Eased):
    direction: Literal["horizontal", "vertical", "left", "right", "up", "down"] = Field(
        "horizontal", description="Which way the slats lie, or where they open to."
    )
    slats: int = Field(10, ge=1, le=200, description="How many.")


class Iris(Paced):
    direction: Literal["in", "out", "center", ""] = Field(
        "", description="`in`: the old picture shrinks in the shape; else the next one grows in it."
    )
    shape: Literal["circle", "ellipse", "square", "rectangle", "diamond"] = Field("circle", description="Of the hole.")
    center_x: float = Field(0.5, ge=0, le=1, description="Its centre, as a fraction of the width.")
    center_y: float = Field(0.5, ge=0, le=1, description="Its centre, as a fraction of the height.")
    smoothness: float = Field(0.1, ge=0, le=1, description="How soft its edge is; 1 is as wide as its way.")


class Burn(Paced):
    temperature: float = Field(1500, ge=500, le=10_000, description="Of the burning edge, in kelvin: its colour.")
    spread: float = Field(0.3, ge=0, le=1, description="How ragged the edge is; 0 burns evenly from the bottom.")
    glow: float = Field(0.8, ge=0, le=1, description="How broad the glowing edge is; 0 has none.")


def straight_wipe(before: Stream, after: Stream, parameters: Horizontal | Vertical, setting: Setting) -> Stream:
    """A straight edge, sharp or soft."""
    turn = _STRAIGHT[parameters.direction]
    return uncovered(before, after, turn, setting.progress, 1 - parameters.intensity, setting)


def diagonal_wipe(before: Stream, after: Stream, parameters: Diagonal, setting: Setting) -> Stream:
    """An edge from corner to corner."""
    turn = _TURN[parameters.direction]
    return uncovered(before, after, turn, setting.progress, 1 - parameters.intensity, setting)


def radial_wipe(before: Stream, after: Stream, parameters: Radial, setting: Setting) -> Stream:
    """The hand of a clock: about the centre from the top on; in a corner from one side of the frame to the other."""
    x, y, way = _HANDS[parameters.direction]
    if (x, y) == (0.5, 0.5):
        turn = f"mod({way}*atan2(X+0.5-W/2,H/2-Y-0.5)/(2*PI)+1,1)"
    else:
        turn = f"atan2(abs(Y+0.5-{y}*H),abs(X+0.5-{x}*W))/(PI/2)"
    return uncovered(before, after, turn, setting.progress, 1 - parameters.intensity, setting)


def blinds(before: Stream, after: Stream, parameters: Blinds, setting: Setting) -> Stream:
    """Slats that open all at once."""
    way = parameters.direction
    axis = "Y/H" if way in ("horizontal", "up", "down") else "X/W"
    turn = f"mod({axis}*{parameters.slats},1)"
    turn = f"1-{turn}" if way in ("up", "left") else turn
    return uncovered(before, after, turn, setting.progress, 0, setting)


def iris(before: Stream, after: Stream, parameters: Iris, setting: Setting) -> Stream:
    """A hole that opens until the farthest corner is reached."""
    distance = _SHAPES[parameters.shape]
    far = distance.format(
        x=f"(W*{max(parameters.center_x, 1 - parameters.center_x):.6f})",
        y=f"(H*{max(parameters.center_y, 1 - parameters.center_y):.6f})",
    )
    x, y = f"(X+0.5-W*{parameters.center_x:.6f})", f"(Y+0.5-H*{parameters.center_y:.6f})"
    turn = f"({distance.format(x=x, y=y)})/({far})"
    turn = f"1-{turn}" if parameters.direction == "in" else turn
    return uncovered(before, after, turn, setting.progress, parameters.smoothness, setting)


def burn(before: Stream, after: Stream, parameters: Burn, setting: Setting) -> Stream:
    """Flames eat the old picture from the bottom up; behind their glowing edge lies the next."""
    rough = "+".join(f"{share}*sin({a}*X/W+{b})*sin({c}*Y/H+{d})" for share, a, b, c, d in _RAGGED)
    turn = f"clip({1 - parameters.spread:.6f}*(1-Y/H)+{parameters.spread:.6f}*(0.5+0.5*({rough})),0,1)"
    edge = 0.25 * parameters.glow
    if edge == 0:
        return uncovered(before, after, turn, setting.progress, 0.02, setting)

    def lit(time: float) -> float:
        return min(1.0, setting.progress(time) * (1 + edge))

    def burnt(time: float) -> float:
        return max(0.0, setting.progress(time) * (1 + edge) - edge)

    ember = one_colour(blackbody(parameters.temperature), setting)
    burning = uncovered(before, ember, turn, lit, 0.1, setting)
    return uncovered(burning, after, turn, burnt, 0.05, setting)


_RAGGED = (
    (0.4, 7.3, 0.4, 5.1, 1.9), (0.3, 17.9, 2.1, 13.7, 0.3), (0.2, 41.3, 4.4, 37.1, 2.6), (0.1, 97.7, 1.2, 89.3, 5.0),
)  # fmt: skip
"""Waves whose sum is the ragged edge: share, and by axis their number (in radians a frame) and where they begin."""


def blackbody(kelvin: float) -> tuple[int, int, int]:
    """The colour of a glowing body, red, green and blue 0 to 255, at full brightness.

    Source: Tanner Helland's fit to Mitchell Charity's table of black bodies, 1000 to 40000 K; below it goes on to red.
    """
    t = kelvin / 100
    red = 255.0 if t <= 66 else 329.698727446 * (t - 60) ** -0.1332047592
    green = 99.4708025861 * log(t) - 161.1195681661 if t <= 66 else 288.1221695283 * (t - 60) ** -0.0755148492
    blue = 255.0 if t >= 66 else 0.0 if t <= 19 else 138.5177312231 * log(t - 10) - 305.0447927307
    return _byte(red), _byte(green), _byte(blue)


def _byte(value: float) -> int:
    return round(min(255.0, max(0.0, value)))


WIPES = (
    TransitionRow(
        "wipe-horizontal", "A straight edge uncovers the next picture, to the right or to the left.",
        Horizontal, straight_wipe, seconds=(0.5, 3.0),
    ),
    TransitionRow(
        "wipe-vertical", "A straight edge uncovers the next picture, downwards or upwards.",
        Vertical, straight_wipe, seconds=(0.5, 3.0),
    ),
    TransitionRow(
        "wipe-diagonal", "An edge from corner to corner uncovers the next picture.",
        Diagonal, diagonal_wipe, seconds=(0.6, 3.0),
    ),
    TransitionRow(
        "radial-wipe", "The hand of a clock uncovers the next picture.", Radial, radial_wipe, seconds=(0.8, 3.5)
    ),
    TransitionRow("blinds", "The old picture opens like a blind onto the next.", Blinds, blinds, seconds=(0.8, 3.0)),
    TransitionRow("iris", "The next picture appears in a growing hole.", Iris, iris, seconds=(0.8, 3.0)),
    TransitionRow("burn", "The old picture burns away and uncovers the next.", Burn, burn, seconds=(1.5, 4.0)),
)  # fmt: skip
