"""Mixing: what transitions are made of that lay one picture into another, by weight or by mask.

ffmpeg's xfade takes its progress from the timestamps of what it mixes. So a stream whose timestamps are a curve's
values is mixed along that curve, forwards and backwards, at the price of a plain cross-fade.

Pictures are those of `tasks.compiler.transitions.row`; each function here returns the format that it was given.
"""

from __future__ import annotations

from collections.abc import Callable

from tasks.compiler.effects.row import Stream
from tasks.compiler.graph import concatenated, joined
from tasks.compiler.transitions.expression import by_number, number
from tasks.compiler.transitions.row import BT709, Setting
from tasks.subtitles.easing import Easing as Curve

_MICROS = 1_000_000
Half = Callable[[Stream, Setting], Stream]

HARDEST = 1.5
"""Pixels over which the edge of a hard mask goes from clear to solid: narrower ones are jagged."""


def mixed(below: Stream, above: Stream, weight: Curve, setting: Setting, xfade: str = "fade") -> Stream:
    """Lead from `below` to `above` by weight (0 to 1, a curve over the transition's time), in the manner of an xfade."""
    if setting.clear:
        below, above = premultiplied(below), premultiplied(above)
    stream = _faded(below, above, weight, setting, xfade)
    return straight(stream) if setting.clear else pinned(stream, setting)


def premultiplied(stream: Stream) -> Stream:
    """Weigh a clear picture by its alpha, as what mixes neighbouring or overlying pixels needs it.

    The range stays limited: where a change of range made ffmpeg convert by itself, it stood still (measured: 16 of 40 runs).
    """
    return stream.filter("format", "yuva444p").filter("premultiply", inplace=1)


def straight(stream: Stream) -> Stream:
    """Undo `premultiplied`."""
    stream = stream.filter("format", "yuva444p").filter("unpremultiply", inplace=1)
    return stream.filter("format", "yuva444p").filter("setparams", **BT709)


def field(expression: str, setting: Setting) -> Stream:
    """A picture of 16-bit grey values, the same in every frame: 0 to 1 by X, Y, W and H, worked out once."""
    stream = _still(setting, setting.width, setting.height)
    stream = stream.filter("geq", lum=f"65535*clip({expression},0,1)")
    return lasting(stream, setting)


def one_colour(colour: tuple[int, int, int], setting: Setting) -> Stream:
    """A picture of one colour (red, green, blue), solid, in the format that the transition works in."""
    written = "0x" + "".join(f"{part:02x}" for part in colour)
    size = f"{setting.width}x{setting.height}"
    stream = setting.sources.generate("color", "gbrp", c=written, s=size, r=str(setting.rate))
    stream = stream.filter("trim", end_frame=1).filter("scale", out_color_matrix="bt709", out_range="tv")
    return lasting(pinned(stream, setting), setting)


def lasting(stream: Stream, setting: Setting) -> Stream:
    """One picture for as long as the transition lasts."""
    stream = stream.filter("loop", loop=-1, size=1).filter("settb", str(1 / setting.rate)).filter("setpts", "N")
    return stream.filter("fps", fps=str(setting.rate)).filter("trim", end_frame=setting.frames)


def uncovered(ground: Stream, picture: Stream, order: str, weight: Curve, softness: float, setting: Setting) -> Stream:
    """Lay a picture over another, each pixel at its turn.

    Args:    order: when a pixel's turn comes, 0 (first) to 1, as an expression of X, Y, W and H.
             weight: how far it has come, 0 to 1 over the transition's time. softness: how long a pixel takes, in the same measure.
    """
    soft = max(softness, HARDEST / max(setting.width, setting.height))
    halves = field(f"0.5-0.5*({order})/{number(1 + soft)}", setting).filter_multi_output("split", 2)
    mask = _faded(halves[0], halves[1].filter("lut", c0="val+32767"), weight, setting, "fade").filter(
        "format", "gray16le"
    )
    gain = number((1 + soft) / soft)
    mask = mask.filter("lut", c0=f"clip((2*val-65535)*{gain},0,65535)").filter("format", "gray")
    return masked(ground, picture, mask, setting)


def masked(ground: Stream, picture: Stream, mask: Stream, setting: Setting) -> Stream:
    """Lay a picture over another where a grey mask is white."""
    planes = {f"map{plane}{part}": 0 for plane in range(4 if setting.clear else 3) for part in "sp"}
    mask = pinned(joined("mergeplanes", [mask], **planes, format=setting.pixels), setting)
    if setting.clear:
        return straight(joined("maskedmerge", [premultiplied(ground), premultiplied(picture), mask]))
    return pinned(joined("maskedmerge", [ground, picture, mask]), setting)


def pinned(stream: Stream, setting: Setting) -> Stream:
    """Name the format: ffmpeg would choose one that suits all that follows, and convert there and back."""
    return stream.filter("format", setting.pixels).filter("setparams", **BT709)


def part(stream: Stream, start: int, end: int) -> Stream:
    """The frames [start, end) of a stream, timestamps from 0."""
    return stream.filter("trim", start_frame=start, end_frame=end).filter("setpts", "PTS-STARTPTS")


def halved(before: Stream, after: Stream, leaves: Half, arrives: Half, setting: Setting) -> Stream:
    """Show the old picture in its half of the transition and the next one in its own, each worked on only there."""
    half = next((n for n in range(setting.frames) if setting.progress(n / setting.frames) >= 0.5), setting.frames)
    halves = ((before, leaves, 0, half), (after, arrives, half, setting.frames))
    pieces = [
        build(part(stream, first, last), setting.within(first, last))
        for stream, build, first, last in halves
        if first < last
    ]
    return concatenated(pieces, setting.rate).filter("fps", fps=str(setting.rate))


def _still(setting: Setting, width: int, height: int) -> Stream:
    stream = setting.sources.generate("color", "gray16le", c="black", s=f"{width}x{height}", r=str(setting.rate))
    return stream.filter("trim", end_frame=1).filter("setparams", **BT709)


def _faded(below: Stream, above: Stream, weight: Curve, setting: Setting, xfade: str) -> Stream:
    """xfade along a curve. It counts from its first timestamp, which `offset` makes good where that is not 0."""
    times = by_number(lambda time: round(min(1.0, max(0.0, weight(time))) * _MICROS), setting.frames, "N")
    first = min(1.0, max(0.0, weight(0)))
    clocked = [stream.filter("settb", f"1/{_MICROS}").filter("setpts", times) for stream in (below, above)]
    stream = joined("xfade", clocked, transition=xfade, duration=1, offset=number(-first))
    return stream.filter("settb", str(1 / setting.rate)).filter("setpts", "N")
