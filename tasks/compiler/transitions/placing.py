"""Placing: what transitions are made of that move a picture: to another place, to another size, into depth.

Curves are over the transition's time, 0 to 1; places are pixels of the frame, (0, 0) its top left corner.
Source: ffmpeg-filters(1): overlay, perspective, scale.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, sin

from tasks.compiler.effects.row import Stream
from tasks.compiler.graph import joined
from tasks.compiler.transitions.expression import by_number, by_time
from tasks.compiler.transitions.mixing import mixed, pinned, premultiplied, straight
from tasks.compiler.transitions.row import BT709, Setting
from tasks.subtitles.easing import Easing as Curve

Place = tuple[float, float]
Motion = Callable[[float, float, float], Place]
"""(time, x, y) → where the picture's point (x, y), counted in pixels from its centre, lies then, from the frame's centre."""

Box = Callable[[float], tuple[float, float, float, float]]
"""Time → left, top, width and height."""

EDGE = 2
"""Clear pixels around a picture that is put into perspective: what lies outside of it then is clear."""


def ground(setting: Setting) -> Stream:
    """Black, or nothing at all between clear pictures."""
    colour = "black@0" if setting.clear else "black"
    size = f"{setting.width}x{setting.height}"
    stream = setting.sources.generate("color", setting.pixels, c=colour, s=size, r=str(setting.rate))
    return stream.filter("trim", end_frame=setting.frames).filter("setparams", **BT709)


def leaving(before: Stream, setting: Setting) -> Stream:
    """The old picture, for something to be laid over it; a clear one fades, for it would show through to the end."""
    return mixed(before, ground(setting), setting.progress, setting) if setting.clear else before


def arriving(after: Stream, setting: Setting) -> Stream:
    """The next picture, to lie under something; a clear one fades in, for it would show through from the start."""
    return mixed(ground(setting), after, setting.progress, setting) if setting.clear else after


def laid(below: Stream, above: Stream, x: Curve, y: Curve, setting: Setting) -> Stream:
    """Lay a picture, solid or clear, over another, its top left corner at (x, y)."""
    places = {name: by_time(curve, setting.frames, setting.rate) for name, curve in (("x", x), ("y", y))}
    above = above.filter("format", "yuva444p")
    stream = joined("overlay", [below, above], **places, format="auto" if setting.clear else "yuv444")
    return pinned(stream, setting)


def boxed(below: Stream, above: Stream, box: Box, setting: Setting) -> Stream:
    """Lay a picture over another, scaled into a box frame by frame; at least one pixel of it shows."""
    if setting.clear:

        def lies(time: float, x: float, y: float) -> Place:
            left, top, width, height = box(time)
            across, down = x / setting.width + 0.5, y / setting.height + 0.5
            return left + across * max(1, width) - setting.width / 2, top + down * max(1, height) - setting.height / 2

        return laid(below, turned(above, lies, setting), still, still, setting)
    left, top, width, height = (_side(box, side) for side in range(4))
    sides = {name: by_time(curve, setting.frames, setting.rate) for name, curve in (("w", width), ("h", height))}
    # Only a filter that scales by itself follows a changing size: the format has to come from it.
    above = above.filter("scale", **sides, eval="frame", flags="bilinear").filter("format", "yuva444p")
    return laid(below, above.filter("setsar", "1").filter("setparams", **BT709), left, top, setting)


def still(_: float) -> float:
    """A curve that stays at 0."""
    return 0.0


def turned(stream: Stream, motion: Motion, setting: Setting) -> Stream:
    """Put a picture into perspective: yuva444p, clear where it no longer is. The motion must keep its sides apart."""
    if setting.clear:
        stream = premultiplied(stream)
    stream = stream.filter("format", "yuva444p")
    stream = stream.filter("pad", f"iw+{2 * EDGE}", f"ih+{2 * EDGE}", EDGE, EDGE, color="black@0")
    stream = stream.filter("perspective", sense="destination", eval="frame", **_corners(motion, EDGE, setting))
    stream = stream.filter("crop", setting.width, setting.height, EDGE, EDGE)
    return straight(stream)


def zoomed(stream: Stream, factor: Curve, pivot: Place, setting: Setting, angle: Curve = lambda _: 0.0) -> Stream:
    """Show what a camera sees that zooms in on a point (fractions of the frame) and turns about it, in radians clockwise.

    The camera must see nothing outside of the picture, of which there are only the edges.
    """
    centre = ((pivot[0] - 0.5) * setting.width, (pivot[1] - 0.5) * setting.height)

    def seen(time: float, x: float, y: float) -> Place:
        sine, cosine, scale = sin(angle(time)), cos(angle(time)), factor(time)
        right, down = (x - centre[0]) / scale, (y - centre[1]) / scale
        return centre[0] + right * cosine + down * sine, centre[1] - right * sine + down * cosine

    if setting.clear:
        stream = premultiplied(stream)
    stream = stream.filter("perspective", sense="source", eval="frame", **_corners(seen, 0, setting))
    return straight(stream) if setting.clear else pinned(stream, setting)


def _side(box: Box, side: int) -> Curve:
    return lambda time: max(0 if side < 2 else 1, round(box(time)[side]))


def _corners(motion: Motion, edge: int, setting: Setting) -> dict[str, str]:
    """perspective's options for where the corners of a picture with an edge around it go."""
    width, height = setting.width + 2 * edge, setting.height + 2 * edge
    options: dict[str, str] = {}
    for number_, (right, down) in enumerate(((-1, -1), (1, -1), (-1, 1), (1, 1))):
        for axis, middle in enumerate((width / 2, height / 2)):

            def goes(time: float, corner: Place = (right * width / 2, down * height / 2), axis: int = axis) -> float:
                return motion(time, *corner)[axis]

            options[f"{'xy'[axis]}{number_}"] = by_number(_moved(goes, middle), setting.frames, "(in-1)")
    return options


def _moved(curve: Curve, by: float) -> Curve:
    return lambda time: curve(time) + by
