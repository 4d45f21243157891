"""A colour chart for the effects' tests, and what sends it through effects by real ffmpeg.

The chart is 96 x 64: a grey ramp, eight colours, a fine pattern, two noisy greys with a white bar, and a speckled field.
Pictures are arrays (height, width, channels); what comes out is in 255ths, not rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import ffmpeg
import numpy as np

from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.row import EffectTable, Setting, Stream
from tasks.compiler.graph import Sources

WIDTH, HEIGHT = 96, 64
RATE = Fraction(25)
COLOURS = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (0, 255, 255),
    (255, 0, 255),
    (200, 150, 120),
    (90, 110, 60),
)

Apply = Callable[[Stream, Setting], Stream]


def chart() -> np.ndarray:
    """The colour chart, 8 bit RGB."""
    random = np.random.default_rng(5)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:16] = np.linspace(0, 255, WIDTH).astype(np.uint8)[None, :, None]
    for number, colour in enumerate(COLOURS):
        picture[16:32, number * 12 : (number + 1) * 12] = colour
    down, across = np.mgrid[0:16, 0:WIDTH]
    picture[32:48] = (127 + 100 * np.sin(across / 2) * np.cos(down / 3))[:, :, None]
    greys = np.where(np.arange(WIDTH) < WIDTH // 2, 60, 190)[None, :, None]
    picture[48:] = greys + random.normal(0, 9, (16, WIDTH, 3))
    picture[48:, 20:24] = 255
    picture[50:62, 60:84] = random.integers(0, 255, (12, 24, 3))
    return picture


def flat(colour: tuple[int, int, int], width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def applied(name: str, table: EffectTable = EFFECTS, **parameters: Any) -> Apply:
    row = table[name]
    chosen = row.parameters.model_validate(parameters)
    return lambda stream, setting: row.build(stream, chosen, setting)


def setting_of(pictures: np.ndarray, **more: Any) -> Setting:
    """The setting of frames, shape (n, height, width, channels)."""
    count, height, width, channels = pictures.shape
    return Setting(rate=RATE, width=width, height=height, alpha=channels == 4, frames=count, **more)


class Darkroom:
    """Sends frames through several effects at once, one ffmpeg for all of them."""

    def __init__(self, binary: str) -> None:
        self.binary = binary

    def develop(self, pictures: np.ndarray, *effects: Apply, threads: int = 2, **more: Any) -> list[np.ndarray]:
        """The frames (n, height, width, 3 or 4) as each effect shows them."""
        count, height, width, channels = pictures.shape
        raw, planar = ("rgba64le", "gbrap16le") if channels == 4 else ("rgb48le", "gbrp16le")
        stream = ffmpeg.input("pipe:0", f="rawvideo", pix_fmt=raw, s=f"{width}x{height}", r=RATE)
        parts = stream.filter("format", planar).filter("setsar", "1").filter_multi_output("split", len(effects))
        sources = Sources()
        setting = setting_of(pictures, generate=sources.generate, **more)
        shown = [apply(parts[number], setting).filter("format", raw) for number, apply in enumerate(effects)]
        stacked = shown[0] if len(shown) == 1 else ffmpeg.filter(shown, "vstack", inputs=len(shown))
        command = stacked.output("pipe:1", f="rawvideo", pix_fmt=raw)
        deep = pictures.astype("<u2") * 257
        command = command.global_args("-filter_complex_threads", str(threads))
        out, _ = command.run(cmd=self.binary, input=deep.tobytes(), capture_stdout=True, quiet=True)
        every = np.frombuffer(out, "<u2").reshape(-1, len(effects) * height, width, channels) / 257
        assert len(every) == count, f"{count} frames went in, {len(every)} came out"
        return [every[:, number * height : (number + 1) * height] for number in range(len(effects))]

    def still(self, picture: np.ndarray, *effects: Apply, **more: Any) -> list[np.ndarray]:
        """One picture as each effect shows it."""
        return [frames[0] for frames in self.develop(picture[None], *effects, **more)]


def ssim(first: np.ndarray, second: np.ndarray) -> float:
    """The mean structural similarity of two pictures' channels, over windows of 8 x 8 every 4 pixels."""
    found = []
    for channel in range(3):
        x, y = _windows(first[:, :, channel]), _windows(second[:, :, channel])
        mean_x, mean_y = x.mean((-1, -2)), y.mean((-1, -2))
        together = (x * y).mean((-1, -2)) - mean_x * mean_y
        likeness = (2 * mean_x * mean_y + 6.5025) * (2 * together + 58.5225)
        found.append(likeness / ((mean_x**2 + mean_y**2 + 6.5025) * (x.var((-1, -2)) + y.var((-1, -2)) + 58.5225)))
    return float(np.mean(found))


def _windows(plane: np.ndarray) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(plane.astype(float), (8, 8), axis=(0, 1))[::4, ::4]


def rising(values: Sequence[float], least: float = 0) -> bool:
    return all(after - before > least for before, after in pairwise(values))
