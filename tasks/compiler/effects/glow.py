"""Glow and dream: light that spreads from what is bright, and a picture softened in its own light."""

from __future__ import annotations

from math import hypot

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import copies, lit, on_colour, partly, softened, summed
from tasks.compiler.effects.looks import Intensity
from tasks.compiler.effects.pixels import look_up, mix, saturate_matrix
from tasks.compiler.effects.row import EffectRow, Setting, Stream

SPREAD = 0.02
"""Standard deviation of the spread light, as a fraction of the picture's diagonal."""

BRIGHT = 0.5
"""What is brighter than this glows."""


class Glow(Value):
    intensity: float = Field(0.5, ge=0, le=1, description="0 changes nothing, 1 adds all of the spread light.")


def build_glow(stream: Stream, parameters: Glow, setting: Setting) -> Stream:
    """out = screen(in, intensity * G(2 in - 1)): G is a Gaussian of 2 % of the diagonal, of what is above middle grey."""
    if parameters.intensity == 0:
        return stream
    return on_colour(stream, setting, lambda colour: glowing(colour, parameters.intensity, setting))


def glowing(stream: Stream, intensity: float, setting: Setting) -> Stream:
    """The glow on opaque colours."""
    picture, light = copies(stream, 2)
    light = look_up(light, lambda x: (x - BRIGHT) / (1 - BRIGHT))
    return lit(picture, softened(light, setting, _sigma(setting)), intensity)


def build_dreamy(stream: Stream, parameters: Intensity, setting: Setting) -> Stream:
    """out = (1 - intensity) * in + intensity * dream: dream = 0.1 + 0.9 (0.35 in + 0.65 G(in)), paler and rosy."""
    if parameters.intensity == 0:
        return stream
    return on_colour(
        stream, setting, lambda colour: partly(colour, parameters.intensity, lambda part: _dream(part, setting))
    )


def _dream(stream: Stream, setting: Setting) -> Stream:
    sharp, soft = copies(mix(stream, saturate_matrix(0.85)), 2)
    mixed = summed([sharp, softened(soft, setting, _sigma(setting))], [0.35, 0.65])
    return look_up(mixed, lambda x: 0.12 + 0.88 * x, lambda x: 0.08 + 0.9 * x, lambda x: 0.11 + 0.88 * x)


def _sigma(setting: Setting) -> float:
    return max(1.0, SPREAD * hypot(setting.width, setting.height))


GLOW = EffectRow(
    "glow",
    "Lets bright parts spread their light.",
    "picture",
    Glow,
    build_glow,
    category="creative",
    property="What lies beside something bright rises; what has nothing bright near it stays.",
)
DREAMY = EffectRow(
    "dreamy",
    "Softens the picture in its own light.",
    "picture",
    Intensity,
    build_dreamy,
    category="artistic",
    property="Fine detail loses contrast; black rises to a rosy 10 %.",
)
