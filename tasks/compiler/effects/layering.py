"""Streams that part and meet again inside an effect: blended, screened, summed, with alpha led around or along.

Source: ffmpeg-filters(1): blend, mix, mergeplanes, premultiply. All of it computes on 16-bit planar RGB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ffmpeg

from tasks.compiler.canvas import Canvas
from tasks.compiler.effects.pixels import look_up, number
from tasks.compiler.effects.row import Setting, Stream

Work = Callable[[Stream], Stream]

LARGEST_SIGMA = 1024
"""Pixels; ffmpeg's gblur takes no more."""

LEAST = 1e-8
"""Shares nearer than this to none or all are none or all."""

NARROW, MARGIN = 16, 32
"""Pixels: planes so wide are too narrow for gblur; what is added to each side of them, a multiple of every subsampling."""

LUMA, CHROMA, COLOURS = 1, 6, 7
"""Planes of YUV as ffmpeg's `planes` names them: a bit for each."""

SMALL = 8.0
"""Standard deviation, in pixels, from which on a blur is computed at a quarter of the size: nobody sees it."""


def copies(stream: Stream, count: int) -> Sequence[Stream]:
    """The stream that many times: each copy may be read by one filter."""
    parts = stream.filter_multi_output("split", count)
    return [parts[position] for position in range(count)]


def on_colour(stream: Stream, setting: Setting, work: Work) -> Stream:
    """Let work on opaque gbrp16le; alpha passes by untouched."""
    if not setting.alpha:
        return work(stream)
    colour, alpha = copies(stream, 2)
    return with_alpha(work(opaque(colour)), alpha.filter("alphaextract"))


def opaque(stream: Stream) -> Stream:
    """gbrp16le from gbrap16le: the colours alone.

    ffmpeg's own conversion leaves half a row black for each thread (measured).
    """
    planes = {f"map{number}s": 0 for number in range(3)} | {f"map{number}p": number for number in range(3)}
    return stream.filter("mergeplanes", format="gbrp16le", **planes)


def with_alpha(colour: Stream, alpha: Stream) -> Stream:
    """gbrap16le from gbrp16le and a grey picture."""
    planes = {"map0s": 0, "map0p": 0, "map1s": 0, "map1p": 1, "map2s": 0, "map2p": 2, "map3s": 1, "map3p": 0}
    return ffmpeg.filter([colour, alpha], "mergeplanes", format="gbrap16le", **planes)


def along_with_alpha(stream: Stream, setting: Setting, work: Work) -> Stream:
    """Let work on colour and alpha alike, on premultiplied values: what is clear has no colour to spread."""
    if not setting.alpha:
        return work(stream)
    return work(stream.filter("premultiply", inplace=1)).filter("unpremultiply", inplace=1)


def partly(stream: Stream, amount: float, work: Work) -> Stream:
    """(1 - amount) * in + amount * work(in); the stream itself at 0."""
    if amount < LEAST:
        return stream
    if amount > 1 - LEAST:
        return work(stream)
    before, changed = copies(stream, 2)
    return blended(work(changed), before, "normal", amount)


def blended(top: Stream, bottom: Stream, mode: str, opacity: float = 1, **options: Any) -> Stream:
    """One of ffmpeg's blend modes; where the other stream is a single picture it stands for all time.

    At 16 bits ffmpeg's `multiply` and `screen` run over with an opacity below 1 (measured): `lit` scales the light instead.
    """
    assert opacity == 1 or mode in ("normal", "darken"), mode
    if opacity < 1:
        options["all_opacity"] = number(opacity)
    return ffmpeg.filter([top, bottom], "blend", all_mode=mode, **options)


def lit(stream: Stream, light: Stream, amount: float) -> Stream:
    """screen(in, amount * light) = 1 - (1 - in)(1 - amount * light)"""
    if amount < 1:
        light = look_up(light, lambda x: amount * x)
    return blended(stream, light, "screen")


def summed(streams: Sequence[Stream], weights: Sequence[float]) -> Stream:
    """The sum of weight times stream, clamped once; weights may be negative."""
    written = " ".join(number(weight) for weight in weights)
    return ffmpeg.filter(list(streams), "mix", inputs=len(streams), weights=written, scale=1, duration="first")


def blurred(stream: Stream, setting: Setting, radius: float) -> Stream:
    """W3C blur(radius), the radius in pixels of the clip at scale 1.

    A recursive Gaussian: its cost does not grow with the radius. Clear pixels have no colour of their own to bleed: with
    alpha it runs on premultiplied values.
    """
    sigma = number(min(LARGEST_SIGMA, radius * setting.zoom))
    return along_with_alpha(stream, setting, lambda part: gaussian(part, setting.width, sigma=sigma))


def blurred_planes(stream: Stream, setting: Setting, radius: float, canvas: Canvas) -> Stream:
    """The same on solid pictures of a canvas: chroma planes have fewer pixels, so that the radius is shorter there."""
    sigma = min(LARGEST_SIGMA, radius * setting.zoom)
    across, down = canvas.subsampled
    if (across, down) == (1, 1):
        return gaussian(stream, setting.width, sigma=number(sigma), planes=COLOURS)
    stream = gaussian(stream, setting.width, sigma=number(sigma), planes=LUMA)
    chroma = {"sigma": number(sigma / across), "sigmaV": number(sigma / down)}
    return gaussian(stream, setting.width // across, **chroma, planes=CHROMA)


def gaussian(stream: Stream, width: int, **options: Any) -> Stream:
    """ffmpeg's gblur on planes that are `width` pixels wide.

    Its code for AVX-512 gives wrong values on planes of up to 16 pixels across (ffmpeg 9): those get wider for it, by their
    own edges, which is what it assumes to lie beyond them.
    """
    if width > NARROW:
        return stream.filter("gblur", steps=2, **options)
    stream = stream.filter("pad", w=f"iw+{2 * MARGIN}", x=MARGIN).filter(
        "fillborders", left=MARGIN, right=MARGIN, mode="smear"
    )
    return stream.filter("gblur", steps=2, **options).filter("crop", w=f"iw-{2 * MARGIN}", x=MARGIN)


def softened(stream: Stream, setting: Setting, sigma: float) -> Stream:
    """A Gaussian of that standard deviation in pixels, cheap where it is large."""
    small = max(1, setting.width // 4), max(1, setting.height // 4)
    if sigma < SMALL or min(small) < 4:
        return gaussian(stream, setting.width, sigma=number(sigma))
    stream = gaussian(stream.filter("scale", *small, flags="area"), small[0], sigma=number(sigma / 4))
    return scaled(stream, setting.width, setting.height)


def scaled(stream: Stream, width: int, height: int) -> Stream:
    """To another size; pixels stay square, whatever the sides' ratio becomes: streams meet only where they agree in that."""
    return stream.filter("scale", width, height, flags="bilinear").filter("setsar", "1")


def magnified(stream: Stream, setting: Setting, across: int, down: int) -> Stream:
    """Grown by so many pixels on each side, and cut to its size about its centre."""
    if not (across or down):
        return stream.filter("setsar", "1")
    stream = scaled(stream, setting.width + 2 * across, setting.height + 2 * down)
    return stream.filter("crop", setting.width, setting.height, across, down)
