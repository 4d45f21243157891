"""Chroma key: what has the colour of the screen becomes clear, with soft edges and without the screen's shine.

Source: ffmpeg-filters(1): chromakey, whose measure of distance this keeps.
"""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import blended, copies, opaque, with_alpha
from tasks.compiler.effects.paint import Paint, channels
from tasks.compiler.effects.pixels import IDENTITY, Matrix, mix, number
from tasks.compiler.effects.row import EffectRow, Setting, Stream

SOFT = 0.06
"""Likeness over which an edge goes from clear to solid at least, so that it has no steps."""


class ChromaKey(Value):
    color: Paint = Field("#00ff00", description="The screen's colour.")
    similarity: float = Field(
        0.3, ge=0, le=1, description="Distance in chroma up to which colours are clear; 0 changes nothing."
    )
    blend: float = Field(0, ge=0, le=1, description="Further distance over which they become solid.")
    despill: float = Field(1, ge=0, le=1, description="How much of the screen's shine is taken from what stays.")


def build(stream: Stream, parameters: ChromaKey, setting: Setting) -> Stream:
    """alpha = (d - near) / (far - near), clamped; near = similarity - min(0.06, similarity / 2), far = similarity + blend.

    d is the distance from the screen's colour in (Cb, Cr) of BT.601, in limited range, divided by 255 sqrt(2): pure green is 0.33
    from grey. It is averaged over a pixel and its eight neighbours. Despill: the screen's own channel becomes at most as large as
    the larger of the other two.
    """
    if parameters.similarity == 0:
        return stream
    if not setting.alpha:
        raise ValueError("what is keyed needs an alpha channel")
    colour, screen, old = copies(stream, 3)
    alpha = blended(
        _matte(screen, parameters, setting), old.filter("alphaextract").filter("format", "gray16le"), "multiply"
    )
    return with_alpha(_despilled(opaque(colour), parameters), alpha)


def _matte(stream: Stream, parameters: ChromaKey, setting: Setting) -> Stream:
    """The key's alpha as a grey picture.

    Three things were measured of ffmpeg's chromakey. At 16 bits it runs over: it gets 12. It computes the screen's colour in full range:
    it gets that in numbers. For a neighbour beyond the picture it takes whatever it looked at last: it gets a rim of one pixel.
    """
    soft = min(SOFT, parameters.similarity / 2)
    stream = opaque(stream).filter("scale", out_color_matrix="smpte170m", out_range="tv", flags="accurate_rnd")
    stream = stream.filter("format", "yuva444p12le")
    stream = stream.filter("pad", setting.width + 2, setting.height + 2, 1, 1)
    stream = stream.filter("fillborders", 1, 1, 1, 1, mode="smear").filter(
        "chromakey",
        color="0x80{:02x}{:02x}".format(*_chroma(parameters.color)),
        yuv=1,
        similarity=number(max(0.00001, parameters.similarity - soft)),
        blend=number(min(1.0, parameters.blend + soft)),
    )
    stream = stream.filter("alphaextract").filter("format", "gray16le")
    return stream.filter("crop", setting.width, setting.height, 1, 1)


def _chroma(colour: str) -> tuple[int, int]:
    """(Cb, Cr) of BT.601 in limited range, 8 bit."""
    red, green, blue = channels(colour)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(128 + 224 * (blue - luma) / 1.772), round(128 + 224 * (red - luma) / 1.402)


def _despilled(stream: Stream, parameters: ChromaKey) -> Stream:
    levels = dict(zip("rgb", channels(parameters.color), strict=True))
    main = max(levels, key=lambda name: levels[name])
    if parameters.despill == 0 or list(levels.values()).count(levels[main]) > 1:
        return stream
    same, one, other = copies(stream, 3)
    limit = blended(mix(one, _from(main, 1)), mix(other, _from(main, 2)), "lighten")
    return blended(same, limit, "darken", parameters.despill)


def _from(channel: str, step: int) -> Matrix:
    """The matrix that puts the next channel, or the one after it, in a channel's place."""
    place = "rgb".index(channel)
    rows = [list(row) for row in IDENTITY]
    rows[place] = [1.0 if column == (place + step) % 3 else 0.0 for column in range(3)]
    return (tuple(rows[0]), tuple(rows[1]), tuple(rows[2]))  # type: ignore[return-value]  # three rows of three


CHROMA_KEY = EffectRow(
    "chroma-key",
    "Makes the colour of a screen clear.",
    "picture",
    ChromaKey,
    build,
    category="technical",
    property="Alpha falls to 0 towards the screen's colour, and the more, the larger the similarity.",
    clears=True,
)
