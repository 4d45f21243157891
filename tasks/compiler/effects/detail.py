"""Detail: sharpen, edge-enhance and emboss, each one linear filter of a pixel's neighbourhood."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import copies, gaussian, on_colour, summed
from tasks.compiler.effects.pixels import number
from tasks.compiler.effects.row import EffectRow, Setting, Stream

FINENESS = 1.0
"""Standard deviation, in pixels, of the blur that sharpening takes away."""

WHOLE = 1000
"""Steps of one in which a kernel is written."""


class Sharpen(Value):
    intensity: float = Field(1, ge=0, le=10, description="Share of the fine detail that is added; 0 changes nothing.")


class EdgeEnhance(Value):
    intensity: float = Field(0.5, ge=0, le=10, description="Share of the Laplacian that is added; 0 changes nothing.")


class Emboss(Value):
    intensity: float = Field(0.8, ge=0, le=10, description="Strength of the relief; 0 changes nothing.")


def build_sharpen(stream: Stream, parameters: Sharpen, setting: Setting) -> Stream:
    """out = in + intensity * (in - G(in)), G a Gaussian of one pixel."""
    if parameters.intensity == 0:
        return stream
    return on_colour(stream, setting, lambda colour: sharpened(colour, setting.width, parameters.intensity, FINENESS))


def sharpened(stream: Stream, width: int, amount: float, sigma: float) -> Stream:
    """Add to a picture so wide what a Gaussian takes away; a negative amount softens."""
    sharp, soft = copies(stream, 2)
    return summed([sharp, gaussian(soft, width, sigma=number(sigma))], [1 + amount, -amount])


def build_edge_enhance(stream: Stream, parameters: EdgeEnhance, setting: Setting) -> Stream:
    """out = in + intensity * (8 in - the eight neighbours)"""
    if parameters.intensity == 0:
        return stream
    k = parameters.intensity
    return on_colour(stream, setting, lambda colour: _convolved(colour, [-k, -k, -k, -k, 1 + 8 * k, -k, -k, -k, -k]))


def build_emboss(stream: Stream, parameters: Emboss, setting: Setting) -> Stream:
    """out = in + intensity * the difference between what lies below right and above left: [-2 -1 0; -1 0 1; 0 1 2]"""
    if parameters.intensity == 0:
        return stream
    k = parameters.intensity
    return on_colour(stream, setting, lambda colour: _convolved(colour, [-2 * k, -k, 0, -k, 1, k, 0, k, 2 * k]))


def _convolved(stream: Stream, kernel: Sequence[float]) -> Stream:
    """A 3x3 kernel; ffmpeg takes whole numbers and a factor for their sum."""
    written = " ".join(str(round(weight * WHOLE)) for weight in kernel)
    planes = {f"{plane}m": written for plane in range(3)} | {f"{plane}rdiv": number(1 / WHOLE) for plane in range(3)}
    return stream.filter("convolution", **planes)


SHARPEN = EffectRow(
    "sharpen",
    "Makes fine detail crisp.",
    "picture",
    Sharpen,
    build_sharpen,
    category="technical",
    property="Both sides of an edge move apart; what is flat stays.",
)
EDGE_ENHANCE = EffectRow(
    "edge-enhance",
    "Draws every edge with a hard outline.",
    "picture",
    EdgeEnhance,
    build_edge_enhance,
    category="technical",
    property="The pixels right beside an edge move apart by three times the step times the intensity; what is flat stays.",
)
EMBOSS = EffectRow(
    "emboss",
    "Lights the picture like a relief, from the upper left.",
    "picture",
    Emboss,
    build_emboss,
    category="artistic",
    property="Where it grows lighter to the right or downwards it rises, where it grows darker it falls; what is flat stays.",
)
