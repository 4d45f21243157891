"""Glide: an upright picture that changes its place and size from frame to frame, laid down to parts of a pixel.

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

from tasks.compiler.effects.row import Stream
from tasks.compiler.fit import Box, Fit, Place, Resting
from tasks.compiler.graph import by_frame, joined
from tasks.compiler.model import Clip, Size, Transform
from tasks.compiler.moving import Still, moves, transform_at

MARGIN = 8
"""Pixels around a box that moves: what is resampled by parts of a pixel needs its neighbours, also beyond the frame."""

LEAST_DIRECT = 0.75
"""How small a picture becomes at least, beside the size that it waits in, to be resampled from that at once."""


@dataclass(frozen=True)
class Course:
    """Where a picture lies over a stretch of frames.

    work: how it is cropped, scaled, cut and turned before it is laid down. boxes: where each frame lies, in whole, even
    pixels: one for each frame of the stretch. exact: where it ought to lie, if that is kept to parts of a pixel.
    direct: the resampling does all of the scaling.
    """

    work: Fit
    boxes: tuple[Box, ...]
    exact: tuple[Place, ...] | None
    direct: bool = False

    @property
    def lies_exactly(self) -> bool:
        """Do the whole pixels say it all, and is the picture as large as its boxes?"""
        pairs = zip(self.boxes, self.exact or (), strict=self.exact is not None)
        return all(Place(box.x, box.y, box.width, box.height) == place for box, place in pairs) and not self.sized

    @property
    def sized(self) -> bool:
        """Does the picture's size change on the way?"""
        return self.work.turn == 0 and {(box.width, box.height) for box in self.boxes} != {self.work.shown}

    def meets(self, size: Size) -> bool:
        """Does any of it show in a frame of that size?"""
        return any(box.meets(size) for box in self.boxes)


def course(part: Still, whole: Clip, rest: Resting) -> Course:
    """Work out a stretch's course. whole: the clip that the stretch is of."""
    if not moves(part.clip):
        fit = rest.fit(part.clip.transform)
        exact = rest.place(part.clip.transform) if _is_placed(whole) and fit.turn == 0 else None
        length = part.end - part.start
        return Course(fit, (fit.box,) * length, None if exact is None else (exact,) * length)
    transforms = [transform_at(part.clip, frame) for frame in range(part.start, part.end)]
    boxes = tuple(rest.fit(transform).box for transform in transforms)
    exact_places = tuple(rest.place(transform) for transform in transforms)
    waiting, direct = _working(whole, rest)
    return Course(rest.fit(waiting), boxes, exact_places, direct)


def room_of(courses: Sequence[Course], size: Size) -> Box | None:
    """Return the smallest box within the frame that holds what shows of all of these; its edges are even."""
    boxes = [box for each in courses for box in set(each.boxes) if box.meets(size)]
    if not boxes:
        return None
    left, top = max(0, min(box.x for box in boxes)), max(0, min(box.y for box in boxes))
    right = min(size.width, max(box.x + box.width for box in boxes))
    bottom = min(size.height, max(box.y + box.height for box in boxes))
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
    if not way.direct:
        wide = Box(x=room.x - margin, y=room.y - margin, width=room.width + 2 * margin, height=room.height + 2 * margin)
        number = f"round(t*{rate})"
        stream = _sized(stream, way, number)
        x, y = (by_frame([str(value) for value in values], number) for values in _offsets(way.boxes, wide))
        stream = joined(
            "overlay", [ground(wide.width, wide.height), stream], x=x, y=y, eof_action="pass", format="auto"
        )
        if way.lies_exactly:
            return stream
        return _resampled(stream, way, way.boxes, wide).filter("crop", room.width, room.height, margin, margin)
    width, height = way.work.shown
    wide = Box(
        x=room.x - margin,
        y=room.y - margin,
        width=max(room.width, width) + 2 * margin,
        height=max(room.height, height) + 2 * margin,
    )
    lies = Box(x=wide.x + margin, y=wide.y + margin, width=width, height=height)
    if (width, height) != (wide.width, wide.height):
        stream = stream.filter("pad", wide.width, wide.height, margin, margin, color="black@0")
    stream = _resampled(stream, way, (lies,) * len(way.boxes), wide)
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


def _is_placed(clip: Clip) -> bool:
    return any(name.startswith("transform.") for name in clip.keyframes)


def _offsets(boxes: Sequence[Box], wide: Box) -> tuple[list[int], list[int]]:
    return [box.x - wide.x for box in boxes], [box.y - wide.y for box in boxes]


def _sized(stream: Stream, way: Course, number: str) -> Stream:
    """Scale each frame to its box."""
    if not way.sized:
        return stream
    width, height = (
        by_frame([str(size) for size in sizes], number)
        for sizes in ([box.width for box in way.boxes], [box.height for box in way.boxes])
    )
    return stream.filter("scale", width, height, eval="frame", flags="bicubic").filter("setsar", "1")


def _resampled(stream: Stream, way: Course, lies: Sequence[Box], wide: Box) -> Stream:
    """Resample what lies at `lies` in each frame of the size and place of `wide` to where it lies exactly."""
    assert way.exact is not None
    corners = [_corners(box, place, wide) for box, place in zip(lies, way.exact, strict=True)]
    left, top, right, bottom = (by_frame([f"{corner[side]:.4f}" for corner in corners], "in-1") for side in range(4))
    places = {"x0": left, "y0": top, "x1": right, "y1": top, "x2": left, "y2": bottom, "x3": right, "y3": bottom}
    evaluated = "init" if len(set(corners)) == 1 else "frame"
    return stream.filter("perspective", **places, interpolation="cubic", sense="source", eval=evaluated)


def _corners(box: Box, exact: Place, wide: Box) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what of a whole frame becomes the whole frame; a pixel's place is that of its centre."""
    across, down = box.width / exact.width, box.height / exact.height
    x = box.x - wide.x - 0.5 + (wide.x + 0.5 - exact.x) * across
    y = box.y - wide.y - 0.5 + (wide.y + 0.5 - exact.y) * down
    return x, y, x + wide.width * across, y + wide.height * down
