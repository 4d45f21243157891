"""A source that says of every frame which one it is, in bits, and flashes and beeps on every whole second."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from infra.process import run_ffmpeg
from tests.acceptance import films

RATE = Fraction(30000, 1001)
BITS = 16
SIZE = 320, 180
_FLASH_ROWS = 2
"""Of the eight rows of the picture before it is enlarged; the others hold the bits, one in each column."""


def counter(folder: Path, frames: int) -> Path:
    """Make the source: each frame's number from left to right, lowest bit first, white is 1."""
    file = folder / f"counter-{frames}.mp4"
    flash = f"lt(mod(N*{RATE.denominator},{RATE.numerator}),{RATE.denominator})"
    picture = (
        f"color=black:s={BITS}x8:r={RATE},format=gray,"
        f"geq=lum='16+219*if(lt(Y,{_FLASH_ROWS}),{flash},mod(floor(N/pow(2,X)),2))',"
        f"scale={SIZE[0]}:{SIZE[1]}:flags=neighbor,format=yuv420p[v]"
    )
    beep = "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.05)':s=48000,aformat=channel_layouts=stereo[a]"
    outputs = ("-map", "[v]", "-map", "[a]", "-frames:v", str(frames), "-t", str(float(frames / RATE)))
    encoding = ("-c:v", "libx264", "-preset", "veryfast", "-g", "60", "-c:a", "aac", "-b:a", "192k")
    run_ffmpeg(("-filter_complex", f"{picture};{beep}", *outputs, *encoding, str(file)), cwd=folder)
    return file


def number(picture: Any) -> int:
    """Read the number from a decoded frame.

    Raises:  AssertionError when a bit is neither black nor white: two frames were mixed.
    """
    luma = films.luma(picture)
    height, width = luma.shape
    row = luma[height * 5 // 8]
    found = 0
    for bit in range(BITS):
        value = row[int((bit + 0.5) * width / BITS)]
        assert value < 60 or value > 190, f"bit {bit} is {value}: neither black nor white"
        found |= int(value > 125) << bit
    return found


def flashes(picture: Any) -> bool:
    """Whether a decoded frame flashes."""
    luma = films.luma(picture)
    return bool(luma[luma.shape[0] // 8, luma.shape[1] // 2] > 125)
