"""Glide: a picture that changes its place, size and turn from frame to frame, laid down to parts of a pixel.

A resampling of the whole frame takes each pixel from where it lies in the picture. It looks at four neighbours each way:
enough to enlarge, too little to make much smaller. So a picture waits for it about as large as it becomes; one that
shrinks a lot is first scaled to a whole, even box at each frame. Places and sizes are looked up by the frame's number, so
that one run of filters serves a whole stretch.

Source: ffmpeg-filters(1): scale, overlay, pad, perspective. Perspective counts its frames from 1 (measured).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import cos, radians, sin

from tasks.compiler.effects.row import Stream
from tasks.compiler.fit import Box, Fit, Place, Resting
from tasks.compiler.graph import by_frame, joined
from tasks.compiler.model import Clip, Size, Transform
from tasks.compiler.moving import Still, glides, transform_at

MARGIN = 8
"""Pixels around a box that moves: what is resampled by parts of a pixel needs its neighbours, also beyond the frame."""

BEYOND = 2
"""Pixels by which what is placed to parts of a pixel may jut out of its whole and even box."""

LEAST_DIRECT = 0.75
"""How small a picture becomes at least, beside the size that it waits in, to be resampled from that at once."""


@dataclass(frozen=True)
class Course:
    """Where a picture lies over a stretch of frames.

    work: how it is cropped, scaled, cut and turned before it is laid down. fits: where each frame lies, in whole, even
    pixels: one for each frame of the stretch. exact: where it ought to lie, if that is kept to parts of a pixel.
    direct: the resampling does all of the scaling.
    """

    work: Fit
    fits: tuple[Fit, ...]
    exact: tuple[Place, ...] | None
    direct: bool = False

    @property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(fit.box for fit in self.fits)

    @property
    def sized(self) -> bool:
        """Does the picture's size change on the way?"""
        return {fit.shown for fit in self.fits} != {self.work.shown}

    @property
    def turned(self) -> bool:
        """Does the resampling turn the picture?"""
        return any(place.turn for place in self.exact or ())

    @property
    def lies_exactly(self) -> bool:
        """Do the whole pixels say it all, and is the picture as large as its boxes?"""
        if self.exact is None:
            return True
        pairs = zip(self.fits, self.exact, strict=True)
        return not self.sized and all(place.is_box(fit.box) for fit, place in pairs)

    def meets(self, size: Size) -> bool:
        """Does any of it show in a frame of that size?"""
        return any(fit.box.meets(size) for fit in self.fits)


def course(part: Still, whole: Clip, rest: Resting) -> Course:
    """Work out a stretch's course. whole: the clip that the stretch is of."""
    if not glides(whole):
        fit = rest.fit(part.clip.transform)
        return Course(fit, (fit,) * (part.end - part.start), None)
    transforms = [transform_at(part.clip, frame) for frame in range(part.start, part.end)]
    waiting, direct = _working(whole, rest)
    fits = tuple(rest.fit(transform) for transform in transforms)
    return Course(rest.fit(waiting), fits, tuple(rest.place(transform) for transform in transforms), direct)


def room_of(courses: Sequence[Course], size: Size) -> Box | None:
    """Return the smallest box within the frame that holds what shows of all of these; its edges are even."""
    found = [
        (box, 0 if each.exact is None else BEYOND) for each in courses for box in set(each.boxes) if box.meets(size)
    ]
    if not found:
        return None
    left, top = max(0, min(box.x - more for box, more in found)), max(0, min(box.y - more for box, more in found))
    right = min(size.width, max(box.x + box.width + more for box, more in found))
    bottom = min(size.height, max(box.y + box.height + more for box, more in found))
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def laid(
    stream: Stream, way: Course, room: Box, rate: Fraction, ground: Callable[[int, int], Stream], *, fills: bool
) -> Stream:
    """Lay a picture along its course; returns what shows in `room`.

    Args:    stream: the frames of the stretch, timestamps from 0, as large as what shows of `way.work`.
             ground: makes as many empty frames of a width and height. fills: at all times of its clip the picture covers
             the frame, so that nothing beside it is ever seen.
    """
    margin = 0 if fills or way.lies_exactly else MARGIN
    if way.direct or way.turned:
        return _laid_aside(stream, way, room, rate, ground, margin)
    wide = room.model_copy(
        update={"x": room.x - margin, "y": room.y - margin, **_grown(room.width, room.height, margin)}
    )
    number = f"round(t*{rate})"
    stream = _sized(stream, way, number) if way.sized else stream
    x = by_frame([str(box.x - wide.x) for box in way.boxes], number)
    y = by_frame([str(box.y - wide.y) for box in way.boxes], number)
    stream = joined("overlay", [ground(wide.width, wide.height), stream], x=x, y=y, eof_action="pass", format="auto")
    if way.lies_exactly:
        return stream
    return _resampled(stream, way, way.boxes, wide).filter("crop", room.width, room.height, margin, margin)


def _laid_aside(
    stream: Stream, way: Course, room: Box, rate: Fraction, ground: Callable[[int, int], Stream], margin: int
) -> Stream:
    """Lay a picture upright into a corner, all of it, and resample it from there."""
    sizes = [way.work.shown] * len(way.fits) if way.direct else [fit.shown for fit in way.fits]
    width = max(room.width, *(width for width, _ in sizes))
    height = max(room.height, *(height for _, height in sizes))
    wide = Box(x=room.x - margin, y=room.y - margin, **_grown(width, height, margin))
    if way.sized and not way.direct:
        stream = _sized(stream, way, f"round(t*{rate})")
        options = {"x": margin, "y": margin, "eof_action": "pass", "format": "auto"}
        stream = joined("overlay", [ground(wide.width, wide.height), stream], **options)
    elif way.work.shown != (wide.width, wide.height):
        stream = stream.filter("pad", wide.width, wide.height, margin, margin, color="black@0")
    lies = [Box(x=room.x, y=room.y, width=width, height=height) for width, height in sizes]
    stream = _resampled(stream, way, lies, wide)
    if (room.width, room.height) == (wide.width, wide.height):
        return stream
    return stream.filter("crop", room.width, room.height, margin, margin)


def _working(whole: Clip, rest: Resting) -> tuple[Transform, bool]:
    """The scale at which a picture waits to be laid down, and whether it may be resampled from there at once.

    That is the scale that it has when it is largest, but no more pixels than its source has, or than it has at scale 1.
    """
    transform = whole.transform or Transform()
    across = [key.value for key in whole.keyframes.get("transform.scale_x", ())] or [transform.scale_x]
    down = [key.value for key in whole.keyframes.get("transform.scale_y", ())] or [transform.scale_y]
    if min(across) == max(across) and min(down) == max(down):
        return Transform(scale_x=across[0], scale_y=down[0]), False
    most = max(1.0, *rest.own_scale)
    waiting = Transform(scale_x=min(most, max(across)), scale_y=min(most, max(down)))
    return waiting, min(across) >= LEAST_DIRECT * waiting.scale_x and min(down) >= LEAST_DIRECT * waiting.scale_y


def _grown(width: int, height: int, margin: int) -> dict[str, int]:
    return {"width": width + 2 * margin, "height": height + 2 * margin}


def _sized(stream: Stream, way: Course, number: str) -> Stream:
    """Scale each frame to its size in whole pixels."""
    width, height = (by_frame([str(fit.shown[side]) for fit in way.fits], number) for side in (0, 1))
    return stream.filter("scale", width, height, eval="frame", flags="bicubic").filter("setsar", "1")


def _resampled(stream: Stream, way: Course, lies: Sequence[Box], wide: Box) -> Stream:
    """Resample what lies at `lies`, upright, in each frame of the size and place of `wide` to where it lies exactly."""
    assert way.exact is not None
    corners = [_corners(box, place, wide) for box, place in zip(lies, way.exact, strict=True)]
    names = [f"{axis}{corner}" for corner in range(4) for axis in "xy"]
    places = {name: by_frame([f"{each[n]:.3f}" for each in corners], "in-1") for n, name in enumerate(names)}
    evaluated = "init" if len(set(corners)) == 1 else "frame"
    return stream.filter("perspective", **places, interpolation="cubic", sense="source", eval=evaluated)


def _corners(box: Box, exact: Place, wide: Box) -> tuple[float, ...]:
    """Where the corners of the whole frame come from, in it: x and y of the upper left, upper right, lower left, lower right.

    A pixel's place is that of its centre.
    """
    across, down = box.width / exact.width, box.height / exact.height
    sine, cosine = sin(radians(exact.turn)), cos(radians(exact.turn))
    found: list[float] = []
    for y in (wide.y, wide.y + wide.height):
        for x in (wide.x, wide.x + wide.width):
            right, below = x + 0.5 - exact.x - exact.width / 2, y + 0.5 - exact.y - exact.height / 2
            found.append(box.x - wide.x - 0.5 + box.width / 2 + (right * cosine + below * sine) * across)
            found.append(box.y - wide.y - 0.5 + box.height / 2 + (below * cosine - right * sine) * down)
    return tuple(found)
