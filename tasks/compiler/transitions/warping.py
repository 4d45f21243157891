"""Warping: what transitions are made of that bend a picture: each pixel shows another place of it.

Where it is taken from is worked out on a grid of every eighth pixel and drawn out from there, so that a frame costs a
few milliseconds. A place beyond the edge is mirrored back into the picture.

Places are pixels of the picture, (0, 0) its top left corner.
Source: ffmpeg-filters(1): geq, remap.
"""

from __future__ import annotations

from tasks.compiler.effects.row import Stream
from tasks.compiler.graph import joined
from tasks.compiler.transitions.mixing import pinned, premultiplied, straight
from tasks.compiler.transitions.row import BT709, Setting

GRID = 8
"""Pixels from one point of the grid to the next."""


def warped(stream: Stream, x: str, y: str, setting: Setting) -> Stream:
    """Bend a picture.

    Args:    x, y: where the pixel (st 0, st 1) takes its picture from, as ffmpeg expressions: ld(0) and ld(1) are its
             own place, N is the frame's number.
    """
    maps = [_map(expression, side, setting) for expression, side in ((x, setting.width), (y, setting.height))]
    if setting.clear:
        return straight(joined("remap", [premultiplied(stream), *maps]))
    return pinned(joined("remap", [stream, *maps]), setting)


def _map(expression: str, side: int, setting: Setting) -> Stream:
    """A map of whole pixels, frame by frame.

    It is scaled up in steps finer than a pixel, from a picture's side before the first to one after the last, and only
    then rounded and mirrored, so that a place that is its own stays exact.
    """
    across, down = -(-setting.width // GRID) + 2, -(-setting.height // GRID) + 2
    fine = 65535 // (3 * side)
    own = f"st(0,(X-0.5)*{GRID}-0.5);st(1,(Y-0.5)*{GRID}-0.5)"
    grid = setting.sources.generate("color", "gray16le", c="black", s=f"{across}x{down}", r=str(setting.rate))
    grid = grid.filter("trim", end_frame=setting.frames).filter("setparams", **BT709)
    grid = grid.filter("geq", lum=f"{own};clip({fine}*({side}+({expression})),0,65535)")
    grid = grid.filter("scale", w=across * GRID, h=down * GRID, flags="bilinear")
    grid = grid.filter("crop", setting.width, setting.height, GRID, GRID)
    last = side - 1
    place = f"st(0,abs(floor(val/{fine}+0.5)-{side}))"
    return grid.filter("lut", c0=f"{place};clip(if(gt(ld(0),{last}),{2 * last}-ld(0),ld(0)),0,{last})")
