"""Plates: single pictures that an effect lays over every frame: masks, noise, lights; made once for each chunk.

A plate is a function of the place alone, computed at a small size where it is smooth, and scaled up. What looks
random is one plate of noise, larger than the picture, of which each frame sees another part: which part depends on the frame's
number in the clip's source alone, never on where a chunk begins.

Source: ffmpeg-filters(1): geq, noise, crop.
"""

from __future__ import annotations

from tasks.compiler.effects.layering import scaled
from tasks.compiler.effects.pixels import look_up
from tasks.compiler.effects.row import Setting, Stream

FINEST = 320
"""Longest side, in pixels, at which a smooth plate is computed: geq takes about 50 ms for it."""

SPARE = (251, 257)
"""Pixels by which a noise plate exceeds the picture; coprime, so that the same part comes back after 64,507 frames only."""

NOISE_STRENGTH = 32
NOISE_MEAN, NOISE_DEVIATION = 127.6 / 255, 25.2 / 255
"""Of the noise plate, as fractions of white; measured (deviations of two passes of strength / sqrt(3) levels, rounded)."""

_SEEDS = 20_011, 4_099

_WHITE = 65_535


def plate(setting: Setting, red: str, green: str = "", blue: str = "", *, striped: bool = False) -> Stream:
    """One picture in gbrp16le. red, green, blue: geq expressions from 0 (black) to 1 (white); with red alone it is grey.

    They may use the place, from 0 to 1, as ld(0) and ld(1), and its row as Y. Smooth plates are computed at a smaller size;
    striped: one that depends on the row alone, exactly.
    """
    scale = min(1.0, FINEST / max(setting.width, setting.height))
    width, height = max(1, round(setting.width * scale)), max(1, round(setting.height * scale))
    if striped:
        width, height = min(2, setting.width), setting.height
    expressions = {"r": red, "g": green, "b": blue} if green else {"lum": red}
    place = "st(0,(X+0.5)/W);st(1,(Y+0.5)/H);"
    written = {name: f"{place}min({_WHITE},{_WHITE}*clip({text},0,1)+0.5)" for name, text in expressions.items()}
    deep = "gbrp16le" if green else "gray16le"
    stream = setting.generate("color", deep, c="black", s=f"{width}x{height}", r=str(setting.rate))
    stream = stream.filter("trim", end_frame=1).filter("geq", **written).filter("format", deep)
    if (width, height) != (setting.width, setting.height):
        stream = scaled(stream, setting.width, setting.height)
    return stream if green else stream.filter("format", "gbrp16le")


def standing(stream: Stream, setting: Setting) -> Stream:
    """The one picture of a plate, again and again, numbered from 0."""
    return stream.filter("settb", str(1 / setting.rate)).filter("loop", loop=-1, size=1).filter("setpts", "N")


def noise(setting: Setting, deviation: float) -> Stream:
    """Grey noise around one half, other noise for each frame, for ever; deviation: as a fraction of white."""
    size = f"{setting.width + SPARE[0]}x{setting.height + SPARE[1]}"
    stream = setting.generate("color", "gray", c="gray", s=size, r=str(setting.rate)).filter("trim", end_frame=1)
    for (
        seed
    ) in _SEEDS:  # the filter moves one row of numbers along from line to line: across as well, that shows no longer
        stream = stream.filter("noise", alls=NOISE_STRENGTH, all_seed=seed).filter("transpose")
    stream = stream.filter("format", "gray").filter("format", "gbrp16le")
    gain = deviation / NOISE_DEVIATION
    stream = look_up(stream, lambda x: 0.5 + (x - NOISE_MEAN) * gain)
    across, down = drawn(setting, SPARE[0], 61), drawn(setting, SPARE[1], 89)
    return standing(stream, setting).filter("crop", setting.width, setting.height, across, down)


def drawn(setting: Setting, choices: int, factor: int, hold: int = 1) -> str:
    """An expression of a filter's frame number n: a whole number from 0 to choices - 1, drawn anew every `hold` frames.

    A square modulo a prime: neighbouring frames get numbers without a visible order, and each frame its own whatever
    frame the filter begins with.
    """
    turn = f"floor((n+{setting.first})/{hold})" if hold > 1 else f"(n+{setting.first})"
    turn = f"mod({turn},{choices})"
    return f"mod({factor}*{turn}*{turn}+{factor // 2}*{turn},{choices})"
