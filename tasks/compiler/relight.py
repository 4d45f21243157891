"""Relight: a picture of one signal becomes one of another.

What is white in SDR is 203 cd/m² in HDR, and back: so titles and SDR clips look in an HDR film as they do beside HDR clips
elsewhere. HDR that becomes SDR is tone mapped: what is darker than half of white stays, what is brighter is pressed
together up to the brightness that a mastering display has.

Source: ITU-R BT.2408-7 (reference white: 58 % PQ, 75 % HLG); ffmpeg-filters(1): zscale, tonemap.
"""

from __future__ import annotations

from collections.abc import Mapping

from tasks.compiler.effects.layering import copies, with_alpha
from tasks.compiler.effects.row import Stream
from tasks.compiler.signals import SDR, Signal

Dimensions = tuple[int | str, int | str]
"""A size in pixels, or in zscale's words."""

AS_IT_IS: Dimensions = ("iw", "ih")

WHITE = 203
"""cd/m² of reference white in HDR."""

BRIGHTEST = 1000
"""cd/m² that tone mapping leads to SDR's white: what most HDR is mastered at. What is brighter is cut."""

KNEE = 0.5
"""Share of reference white up to which tone mapping changes nothing."""

EXACT = "bicubic+accurate_rnd+full_chroma_int"
"""swscale's flags where colours are converted."""

_ZIMG = {
    "bt709": "709", "bt470bg": "470bg", "smpte170m": "170m", "smpte240m": "240m", "bt2020nc": "2020_ncl", "fcc": "fcc",
    "bt2020": "2020", "gbr": "gbr",
}  # fmt: skip
"""ffmpeg's names of matrices and primaries → zscale's."""


def relit(
    stream: Stream, before: Signal, after: Signal, size: Dimensions, target: str, source: Mapping[str, str]
) -> Stream:
    """Scale a picture of one signal to a size and make it one of another, in the pixel format `target`.

    Args:    source: its `matrix` ("gbr" for RGB) and `range` ("tv" or "pc"), as they are tagged or taken for.
    """
    rgb = target.startswith("gbr")
    comes = {
        "w": size[0],
        "h": size[1],
        "filter": "bicubic",
        "min": _ZIMG[source["matrix"]],
        "pin": _ZIMG[before.primaries],
        "tin": _transfer(before),
        "rin": "full" if source["range"] == "pc" else "limited",
        "npl": WHITE,
    }
    goes = {
        "p": _ZIMG[after.primaries],
        "t": _transfer(after),
        "m": "gbr" if rgb else _ZIMG[after.matrix],
        "r": "full" if rgb else "limited",
    }
    if source["matrix"] == "gbr":
        stream = stream.filter("format", "gbrp|gbrp10le|gbrp12le|gbrp16le")
    if before.high and not after.high:
        stream = stream.filter("zscale", **comes, t="linear", m="gbr", r="full").filter("format", "gbrpf32le")
        stream = stream.filter("zscale", p=goes.pop("p"))
        stream = stream.filter("tonemap", "mobius", param=KNEE, desat=0, peak=f"{BRIGHTEST / WHITE:.4f}")
        stream = stream.filter("zscale", **goes)
    else:
        stream = stream.filter("zscale", **comes, **goes)
    stream = stream.filter("format", target).filter("setsar", "1")
    return stream if rgb else stream.filter("setparams", **after.tags)


def relit_clear(stream: Stream, before: Signal, after: Signal, target: str) -> Stream:
    """Make clear RGBA of one signal a picture of another in the clear format `target`.

    zscale takes straight alpha for multiplied (measured: white at half opacity came out brighter than white). So the
    colours go alone, and meet their alpha again as RGB: both are of full range, or ffmpeg would squeeze the alpha.
    """
    parts = copies(stream, 2)
    colour = relit(parts[0], before, after, AS_IT_IS, "gbrp16le", {"matrix": "gbr", "range": "pc"})
    merged = with_alpha(colour, parts[1].filter("alphaextract").filter("format", "gray16le"))
    merged = merged.filter("scale", out_color_matrix=after.matrix, out_range="tv", flags=EXACT)
    return merged.filter("format", target).filter("setparams", **after.tags)


def _transfer(signal: Signal) -> str:
    return "709" if signal is SDR else signal.transfer
