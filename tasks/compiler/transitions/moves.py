"""Moves: one picture or both change place, size or angle."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Literal

from pydantic import Field

from tasks.compiler.effects.row import Stream
from tasks.compiler.transitions.mixing import mixed
from tasks.compiler.transitions.placing import Place, arriving, boxed, ground, laid, leaving, still, turned, zoomed
from tasks.compiler.transitions.row import Eased, Paced, Setting, TransitionRow
from tasks.subtitles.easing import EasingName

Corner = Literal["center", "left", "right", "up", "down", "topleft", "topright", "bottomleft", "bottomright"]
_ANCHORS: dict[str, Place] = {
    "center": (0.5, 0.5), "left": (0, 0.5), "right": (1, 0.5), "up": (0.5, 0), "down": (0.5, 1),
    "topleft": (0, 0), "topright": (1, 0), "bottomleft": (0, 1), "bottomright": (1, 1),
}  # fmt: skip
"""A point of the frame, in fractions, by its name."""

_WAYS: dict[str, Place] = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
"""Where a picture moves, to the right and downwards."""

_DIAGONALS: dict[str, Place] = {"up": (1, -1), "down": (-1, 1), "left": (-1, -1), "right": (1, 1)}
"""Where a picture moves along a diagonal: up from the bottom left corner, and so on."""

ARRIVAL = 0.25
"""Share of the time in which a picture that does not come from outside fades in."""

_TRAVEL = "How far the pictures travel, in frames; below 1 they fade into one another on the way."
_OUT = "How the change runs over its time."


class Zoom(Eased):
    direction: Corner = Field("center", description="The point that the camera dives into.")
    intensity: float = Field(0.8, ge=0, le=2, description="How deep: 0.8 shows at most a 2.6th of the picture.")


class Slide(Paced):
    easing: EasingName = Field("ease-out", description=_OUT)
    direction: Literal["left", "right", "up", "down"] = Field("left", description="Where the next picture moves.")
    intensity: float = Field(1, ge=0, le=1, description=_TRAVEL)


class Push(Paced):
    easing: EasingName = Field("ease-out", description=_OUT)
    direction: Literal["right", "left", "up", "down"] = Field("right", description="Where both pictures move.")
    intensity: float = Field(1, ge=0, le=1, description=_TRAVEL)


class Diagonal(Eased):
    direction: Literal["up", "down", "left", "right"] = Field(
        "up",
        description="Up comes from the bottom left corner, right from the top left, down and left from those beyond.",
    )
    intensity: float = Field(0.9, ge=0, le=1, description=_TRAVEL)


class Scale(Eased):
    direction: Corner = Field("center", description="The point that the next picture grows from.")
    intensity: float = Field(0.9, ge=0, le=1, description="How much smaller than the frame it begins.")


class Squeeze(Paced):
    easing: EasingName = Field("bounce", description=_OUT)
    direction: Literal["center", "horizontal", "vertical", "left", "right", "up", "down"] = Field(
        "center", description="What the old picture is squeezed to: the centre, a line, or an edge."
    )
    intensity: float = Field(0.8, ge=0, le=1, description="How far, before it vanishes; 1 is to nothing.")


class Rotate(Eased):
    direction: Literal["center", "right", "left"] = Field("center", description="Clockwise, but for left.")
    intensity: float = Field(0.7, ge=0, le=2, description="How far both pictures turn, in half turns.")


class Spiral(Eased):
    direction: Literal["center", "right", "left"] = Field("center", description="Clockwise, but for left.")
    intensity: float = Field(
        0.6, ge=0, le=2, description="How often the next picture turns on its way, in pairs of turns."
    )


def zoom(before: Stream, after: Stream, parameters: Zoom, setting: Setting) -> Stream:
    """The camera dives into the old picture and comes out of the next."""
    pivot, deep = _ANCHORS[parameters.direction], 2 * parameters.intensity

    def into(time: float) -> float:
        return 1 + deep * setting.progress(time)

    def out_of(time: float) -> float:
        return 1 + deep * (1 - setting.progress(time))

    old = zoomed(before, into, pivot, setting)
    new = zoomed(after, out_of, pivot, setting)
    return mixed(old, new, lambda time: between(setting.progress(time), 0.25, 0.75), setting)


def slide(before: Stream, after: Stream, parameters: Slide, setting: Setting) -> Stream:
    """The next picture slides over the old one."""
    if parameters.intensity == 1:
        return mixed(before, after, setting.progress, setting, f"cover{parameters.direction}")
    return _slid(before, after, _WAYS[parameters.direction], parameters.intensity, setting)


def push(before: Stream, after: Stream, parameters: Push, setting: Setting) -> Stream:
    """The next picture pushes the old one away. (ffmpeg's own reads beyond the picture at its beginning.)"""
    return _slid(before, after, _WAYS[parameters.direction], parameters.intensity, setting, pushes=True)


def diagonal(before: Stream, after: Stream, parameters: Diagonal, setting: Setting) -> Stream:
    """The next picture slides over the old one along the diagonal."""
    return _slid(before, after, _DIAGONALS[parameters.direction], parameters.intensity, setting)


def scale(before: Stream, after: Stream, parameters: Scale, setting: Setting) -> Stream:
    """The next picture grows from a point over the old one."""
    anchor = _ANCHORS[parameters.direction]

    def box(time: float) -> tuple[float, float, float, float]:
        size = 1 - parameters.intensity * (1 - setting.progress(time))
        return _about(anchor, size * setting.width, size * setting.height, setting)

    old = before.filter_multi_output("split", 2)
    both = boxed(leaving(old[1], setting), after, box, setting)
    return mixed(old[0], both, lambda time: between(setting.progress(time), 0, ARRIVAL), setting)


def squeeze(before: Stream, after: Stream, parameters: Squeeze, setting: Setting) -> Stream:
    """The old picture is squeezed together and gives way to the next."""
    way = parameters.direction
    across = way in ("center", "vertical", "left", "right")
    down = way in ("center", "horizontal", "up", "down")

    def box(time: float) -> tuple[float, float, float, float]:
        size = 1 - parameters.intensity * setting.progress(time)
        width, height = (size if across else 1) * setting.width, (size if down else 1) * setting.height
        return _about(_ANCHORS.get(way, (0.5, 0.5)), width, height, setting)

    new = after.filter_multi_output("split", 2)
    both = boxed(arriving(new[1], setting), before, box, setting)
    # By time, not by progress: a picture that bounces is not to flicker.
    return mixed(both, new[0], lambda time: between(time, 1 - ARRIVAL, 1), setting)


def rotate(before: Stream, after: Stream, parameters: Rotate, setting: Setting) -> Stream:
    """Both pictures turn, close enough that their edges are not seen, and fade into one another."""
    whole = pi * parameters.intensity * (-1 if parameters.direction == "left" else 1)
    long, short = max(setting.width, setting.height), min(setting.width, setting.height)

    def angle(time: float) -> float:
        return whole * setting.progress(time)

    def rest(time: float) -> float:
        return whole * (setting.progress(time) - 1)

    def close(turn: float) -> float:
        """How far to zoom in so that a turned frame lies within the picture."""
        return abs(cos(turn)) + abs(sin(turn)) * long / short

    centre = (0.5, 0.5)
    old = zoomed(before, lambda time: close(angle(time)), centre, setting, angle)
    new = zoomed(after, lambda time: close(rest(time)), centre, setting, rest)
    return mixed(old, new, lambda time: between(setting.progress(time), 0.3, 0.7), setting)


def spiral(before: Stream, after: Stream, parameters: Spiral, setting: Setting) -> Stream:
    """The next picture comes out of the depth, turning."""
    turns = 4 * pi * parameters.intensity * (-1 if parameters.direction == "left" else 1)

    def lies(time: float, x: float, y: float) -> Place:
        progress = setting.progress(time)
        size, angle = 0.02 + 0.98 * progress, turns * (progress - 1)
        sine, cosine = sin(angle) * size, cos(angle) * size
        return x * cosine - y * sine, x * sine + y * cosine

    old = before.filter_multi_output("split", 2)
    new = turned(after, lies, setting)
    both = laid(leaving(old[1], setting), new, still, still, setting)
    return mixed(old[0], both, lambda time: between(setting.progress(time), 0, 0.1), setting)


def _about(anchor: Place, width: float, height: float, setting: Setting) -> tuple[float, float, float, float]:
    """A box of that size that touches the frame, or is centred in it, as the anchor says."""
    return (setting.width - width) * anchor[0], (setting.height - height) * anchor[1], width, height


def between(progress: float, low: float, high: float) -> float:
    """Progress within a part of the way: 0 before it, 1 after it."""
    return min(1.0, max(0.0, (progress - low) / (high - low)))


def _slid(
    before: Stream, after: Stream, way: Place, intensity: float, setting: Setting, *, pushes: bool = False
) -> Stream:
    """Slide the next picture in, over the old one or together with it."""
    right, down = way[0] * setting.width * intensity, way[1] * setting.height * intensity
    old = before.filter_multi_output("split", 2)
    ground_ = leaving(old[1], setting)
    if pushes:
        gone = (lambda time: round(right * setting.progress(time)), lambda time: round(down * setting.progress(time)))
        ground_ = laid(ground(setting), ground_, *gone, setting)
    both = laid(
        ground_,
        after,
        lambda time: round(right * (setting.progress(time) - 1)),
        lambda time: round(down * (setting.progress(time) - 1)),
        setting,
    )
    arrival = ARRIVAL if intensity < 1 else 0.01
    return mixed(old[0], both, lambda time: between(setting.progress(time), 0, arrival), setting)


def _plain_slide(parameters: Slide) -> str | None:
    return f"cover{parameters.direction}" if parameters.intensity == 1 else None


MOVES = (
    TransitionRow("zoom", "The camera dives into the old picture and comes out of the next.", Zoom, zoom, seconds=(0.5, 3.0)),
    TransitionRow("slide", "The next picture slides over the old one.", Slide, slide, _plain_slide, (0.5, 2.5)),
    TransitionRow("scale", "The next picture grows from a point over the old one.", Scale, scale, seconds=(0.4, 2.0)),
    TransitionRow("rotate", "Both pictures turn and fade into one another.", Rotate, rotate, seconds=(0.8, 3.0)),
    TransitionRow("push", "The next picture pushes the old one away.", Push, push, seconds=(0.8, 2.5)),
    TransitionRow("squeeze", "The old picture is squeezed together and gives way to the next.", Squeeze, squeeze, seconds=(1.0, 3.0)),
    TransitionRow("diagonal", "The next picture slides in along the diagonal.", Diagonal, diagonal, seconds=(0.7, 2.2)),
    TransitionRow("spiral", "The next picture comes turning out of the depth.", Spiral, spiral, seconds=(1.2, 4.0)),
)  # fmt: skip
