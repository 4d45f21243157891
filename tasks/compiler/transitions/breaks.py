"""Breaks: the old picture falls to blocks, to stripes, to noise or to a blur, and the next one comes out of it.

What looks like chance is drawn from fixed seeds: a transition looks the same wherever it is rendered.
"""

from __future__ import annotations

from random import Random

from pydantic import Field

from tasks.compiler.effects.row import Stream
from tasks.compiler.graph import joined
from tasks.compiler.transitions.expression import by_time
from tasks.compiler.transitions.mixing import halved, mixed, pinned, premultiplied, straight
from tasks.compiler.transitions.moves import between
from tasks.compiler.transitions.placing import laid, zoomed
from tasks.compiler.transitions.row import BT709, Eased, Paced, Setting, TransitionRow

SEED = 20_261
"""What all that looks like chance is drawn from."""

BLUR_PASSES = 4
"""Each doubles the number of pictures that a zoom blur is made of."""


class Pixelize(Eased):
    block_size: int = Field(16, ge=2, le=1000, description="Side of the largest blocks, in pixels.")
    intensity: float = Field(1, ge=0, le=1, description="How much of the sharp pictures the blocks hide.")


class Glitch(Paced):
    intensity: float = Field(0.7, ge=0, le=1, description="How far the stripes are torn.")
    frequency: float = Field(10, ge=1, le=60, description="Jumps a second.")
    color_shift: bool = Field(True, description="Whether the colours come apart.")
    blocks: int = Field(8, ge=1, le=64, description="Stripes into which the picture is torn.")


class TvStatic(Paced):
    noise_level: float = Field(0.8, ge=0, le=1, description="How much of the pictures the noise hides.")
    scan_lines: bool = Field(True, description="Whether the noise has dark lines.")
    color_shift: float = Field(0.2, ge=0, le=1, description="How colourful the noise is.")


class ZoomBlur(Paced):
    intensity: float = Field(0.8, ge=0, le=2, description="How far the blur reaches.")
    center_x: float = Field(0.5, ge=0, le=1, description="Where it comes from, as a fraction of the width.")
    center_y: float = Field(0.5, ge=0, le=1, description="Where it comes from, as a fraction of the height.")


def pixelize(before: Stream, after: Stream, parameters: Pixelize, setting: Setting) -> Stream:
    """Blocks that grow in the old picture and shrink in the next."""

    def blocky(picture: Stream, here: Setting) -> Stream:
        def swell(time: float) -> float:
            return 1 - abs(2 * here.progress(time) - 1)

        def across(side: int, time: float) -> int:
            return max(1, round(side / (1 + (parameters.block_size - 1) * swell(time))))

        copies = [picture] if parameters.intensity == 1 else list(_two(picture))
        stream = premultiplied(copies[-1]) if here.clear else copies[-1]
        small = {
            "w": by_time(lambda time: across(here.width, time), here.frames, here.rate),
            "h": by_time(lambda time: across(here.height, time), here.frames, here.rate),
        }
        stream = stream.filter("scale", **small, eval="frame", flags="area")
        stream = stream.filter("scale", w=here.width, h=here.height, flags="neighbor").filter("setparams", **BT709)
        stream = straight(stream) if here.clear else stream
        if parameters.intensity == 1:
            return stream
        return mixed(copies[0], stream, lambda t: parameters.intensity * between(swell(t), 0, 0.2), here)

    return halved(before, after, blocky, blocky, setting)


def glitch(before: Stream, after: Stream, parameters: Glitch, setting: Setting) -> Stream:
    """The picture jumps to and fro between the two, torn in stripes."""
    ticks = max(2, round(parameters.frequency * float(setting.frames / setting.rate)))

    def chance(time: float, what: int) -> float:
        """A value from 0 to 1 that jumps at each tick, by what it is for."""
        return Random(SEED + 1009 * what + min(ticks - 1, int(time * ticks))).random()

    def strength(time: float) -> float:
        progress = setting.progress(time)
        return between(min(progress, 1 - progress), 0, 0.15) if progress > 0 else 0.0

    def turned(time: float) -> float:
        progress = setting.progress(time)
        return 1.0 if chance(time, 0) < between(progress, 0.15, 0.85) else 0.0

    shown = mixed(before, after, turned, setting)
    count = min(parameters.blocks, setting.height // 4)
    copies = shown.filter_multi_output("split", count + 1)
    stream = copies[0]
    for number in range(count):
        top, bottom = (2 * round(setting.height * edge / count / 2) for edge in (number, number + 1))
        stripe = copies[number + 1].filter("crop", setting.width, bottom - top, 0, top)

        def torn(time: float, number: int = number) -> float:
            far = (2 * chance(time, number + 1) - 1) * setting.width * 0.3 * parameters.intensity
            return round(far * strength(time)) if chance(time, number + 101) < 0.7 else 0

        def place(_: float, top: int = top) -> float:
            return top

        stream = laid(stream, stripe, torn, place, setting)
    if parameters.color_shift:
        pair = _two(stream)
        apart = max(1, round(setting.width * 0.03))
        shifted = pair[1].filter("chromashift", cbh=apart, crh=-apart).filter("setparams", **BT709)
        stream = mixed(pair[0], shifted, lambda t: strength(t) * (1 if chance(t, 201) < 0.7 else 0.3), setting)
    return stream


def tv_static(before: Stream, after: Stream, parameters: TvStatic, setting: Setting) -> Stream:
    """A receiver between two stations."""
    shown = mixed(before, after, lambda t: between(setting.progress(t), 0.4, 0.6), setting)
    size = f"{setting.width}x{setting.height}"
    static = setting.sources.generate("color", "yuv444p", c="gray", s=size, r=str(setting.rate))
    static = static.filter("trim", end_frame=setting.frames).filter("setparams", **BT709)
    colour = round(100 * parameters.color_shift)
    static = static.filter("noise", c0s=100, c0f="t+u", c1s=colour, c1f="t+u", c2s=colour, c2f="t+u", all_seed=SEED)
    static = static.filter("lutyuv", y="clip((val-128)*2.2+110,16,235)")
    if parameters.scan_lines:
        static = static.filter("drawgrid", x=-4, y=0, w=2 * setting.width, h=4, t=2, color="black@0.5")
    static = static.filter("setparams", **BT709)
    if setting.clear:
        pair = _two(shown)
        shown, static = pair[0], joined("alphamerge", [static, pair[1].filter("alphaextract")])
        static = pinned(static, setting)

    def hidden(time: float) -> float:
        progress = setting.progress(time)
        return parameters.noise_level * min(between(progress, 0, 0.35), 1 - between(progress, 0.65, 1))

    return mixed(shown, static, hidden, setting)


def zoom_blur(before: Stream, after: Stream, parameters: ZoomBlur, setting: Setting) -> Stream:
    """A rush into the old picture and out of the next, blurred along the way."""

    def rushing(picture: Stream, here: Setting) -> Stream:
        stream = picture
        for number in range(BLUR_PASSES):

            def factor(time: float, share: float = 0.5 ** (number + 1)) -> float:
                return 1 + parameters.intensity * (1 - abs(2 * here.progress(time) - 1)) * share

            pair = _two(stream)
            nearer = zoomed(pair[1], factor, (parameters.center_x, parameters.center_y), here)
            stream = mixed(pair[0], nearer, lambda time: 0.5 if here.progress(time) > 0 else 0.0, here)
        return stream

    return halved(before, after, rushing, rushing, setting)


def _two(stream: Stream) -> tuple[Stream, Stream]:
    copies = stream.filter_multi_output("split", 2)
    return copies[0], copies[1]


BREAKS = (
    TransitionRow("pixelize", "Both pictures turn into growing, then shrinking blocks.", Pixelize, pixelize, seconds=(0.8, 3.0)),
    TransitionRow("glitch", "The picture tears and jumps to and fro between the two.", Glitch, glitch, seconds=(0.5, 2.0)),
    TransitionRow("tv-static", "Noise, as between two stations, hides the change.", TvStatic, tv_static, seconds=(0.3, 1.5)),
    TransitionRow("zoom-blur", "A blurred rush into the old picture and out of the next.", ZoomBlur, zoom_blur, seconds=(0.5, 2.0)),
)  # fmt: skip
