"""Reframe: the composed picture in a film of other proportions, e.g. 16:9 for a portrait screen.

fit: the whole picture with bars around it; fill: cut to fill, about the middle; blur: the whole picture over a blurred
copy of itself that fills the frame. Each frame is worked on alone, so that chunks stay chunks.

Source: ffmpeg-filters(1): scale, crop, pad, gblur, overlay.
"""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.canvas import Canvas
from tasks.compiler.effects.row import Stream
from tasks.compiler.encoders import canvas_of
from tasks.compiler.graph import joined
from tasks.compiler.model import Size, Timeline

SHRUNK = 8
"""The ground is blurred at an eighth of its size: what is blurred so much has no detail, and it costs little."""

LEAST = 34
"""Pixels of its sides: its chroma planes must be wider than those on which gblur goes wrong (`effects.layering.gaussian`)."""

SOFTNESS = Fraction(1, 24)
"""Strength of the blur (gblur's sigma) as a share of the ground's shorter side."""


def reframed(stream: Stream, timeline: Timeline) -> Stream:
    """Return the composed picture at the export's size; as it is, where that is the timeline's."""
    wanted, canvas = timeline.export.size, canvas_of(timeline.export)
    if wanted is None or wanted == timeline.size:
        return stream
    if timeline.size.width * wanted.height == timeline.size.height * wanted.width:
        return _scaled(stream, (wanted.width, wanted.height))
    inner, outer = _contained(timeline.size, wanted), _covering(timeline.size, wanted)
    if timeline.export.reframe == "fill":
        return _cut(_scaled(stream, outer), outer, wanted)
    x, y = _centred(wanted.width, inner[0]), _centred(wanted.height, inner[1])
    if timeline.export.reframe == "fit":
        colour = "black@0" if canvas.alpha else "black"
        return _scaled(stream, inner).filter("pad", wanted.width, wanted.height, x, y, color=colour)
    copies = stream.filter_multi_output("split", 2)
    ground = _blurred(copies[0], timeline.size, wanted)
    return _over(ground, _scaled(copies[1], inner), x, y, canvas)


def _blurred(stream: Stream, size: Size, wanted: Size) -> Stream:
    sides = (max(LEAST, _even(Fraction(side, SHRUNK))) for side in (wanted.width, wanted.height))
    small = Size.model_validate(dict(zip(("width", "height"), sides, strict=True)))
    outer = _covering(size, small)
    soft = float(min(small.width, small.height) * SOFTNESS)
    ground = _cut(_scaled(stream, outer), outer, small).filter("gblur", sigma=f"{soft:.3f}")
    return _scaled(ground, (wanted.width, wanted.height))


def _over(ground: Stream, stream: Stream, x: int, y: int, canvas: Canvas) -> Stream:
    over = joined("overlay", [ground, stream], x=x, y=y, **canvas.overlaying)
    return over.filter("setparams", **canvas.signal.tags)


def _scaled(stream: Stream, size: tuple[int, int]) -> Stream:
    return stream.filter("scale", size[0], size[1], flags="bicubic").filter("setsar", "1")


def _cut(stream: Stream, size: tuple[int, int], wanted: Size) -> Stream:
    if size == (wanted.width, wanted.height):
        return stream
    x, y = _centred(size[0], wanted.width), _centred(size[1], wanted.height)
    return stream.filter("crop", wanted.width, wanted.height, x, y)


def _contained(size: Size, room: Size) -> tuple[int, int]:
    share = min(Fraction(room.width, size.width), Fraction(room.height, size.height))
    return min(room.width, _even(size.width * share)), min(room.height, _even(size.height * share))


def _covering(size: Size, room: Size) -> tuple[int, int]:
    share = max(Fraction(room.width, size.width), Fraction(room.height, size.height))
    return max(room.width, _even(size.width * share)), max(room.height, _even(size.height * share))


def _centred(outer: int, inner: int) -> int:
    return _even(Fraction(outer - inner, 2))


def _even(value: Fraction) -> int:
    return 2 * round(value / 2)
