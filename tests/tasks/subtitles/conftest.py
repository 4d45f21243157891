"""Titles and subtitles as pixels, through real ffmpeg and libass, as the farm runs them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from infra.process import run_ffmpeg
from tasks.compiler.model import Size
from tasks.subtitles.ass import AssScript
from tasks.subtitles.fonts import FontCatalogue, font_catalogue

BT709 = "setparams=colorspace=bt709:range=tv:color_primaries=bt709:color_trc=bt709"

Rendered = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def fonts() -> FontCatalogue:
    return font_catalogue()


@pytest.fixture
def rendered(ffmpeg_binary: str, tmp_path: Path) -> Rendered:
    """Draw a script onto a yuv420p black ground; frames x height x width x RGB."""
    numbers = count()

    def drawn(
        script: AssScript | None,
        size: Size,
        frames: int = 1,
        rate: Fraction = Fraction(25),
    ) -> np.ndarray:
        folder = tmp_path / str(next(numbers))
        (folder / "fonts").mkdir(parents=True)
        chain = f"color=c=black:s={size.width}x{size.height}:r={rate},format=yuv420p,{BT709}"
        if script is not None:
            (folder / "text.ass").write_text(script.text, encoding="utf-8")
            for font in script.fonts:
                shutil.copy(font.path, folder / "fonts" / f"{font.sha256}{font.path.suffix}")
            chain += f",setpts=PTS*{script.slow},ass=text.ass:fontsdir=fonts,setpts=PTS/{script.slow}"
        chain += ",scale=in_color_matrix=bt709:in_range=tv:flags=accurate_rnd+full_chroma_int"
        argv = ["-f", "lavfi", "-i", f"{chain},format=rgb24", "-frames:v", str(frames), "-f", "rawvideo", "o.raw"]
        run_ffmpeg(argv, cwd=folder, binary=Path(ffmpeg_binary))
        raw = np.fromfile(folder / "o.raw", np.uint8)
        return raw.reshape(-1, size.height, size.width, 3)

    return drawn
