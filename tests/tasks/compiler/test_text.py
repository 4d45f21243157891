"""Titles on a clear ground of their own: colour, alpha and the frames on which they show."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np
import pytest

from infra.process import run_ffmpeg
from tasks.compiler.model import Clip, Export, ShapeElement, Size, Timeline, TitleSource, Track
from tasks.compiler.text import TextFiles, drawn_title
from tasks.subtitles.fonts import font_catalogue
from tests.tasks.compiler.films import Studio, timeline, track

SIZE = Size(width=160, height=90)


def shape(**fields: object) -> ShapeElement:
    return ShapeElement.model_validate({"x": 0.25, "y": 0.2, "width": 0.5, "height": 0.6, "fill": "#ff8000"} | fields)


@pytest.mark.parametrize("rate", ["25", "120"])
@pytest.mark.parametrize("fill", ["#ff8000", "#ff8000c0", "#ff800040"])
def test_a_title_on_a_clear_ground_keeps_its_colour_its_alpha_and_its_frames(
    ffmpeg_binary: str, tmp_path: Path, fill: str, rate: str
) -> None:
    clip = Clip(id="c", source=TitleSource(elements=(shape(fill=fill, rotation=20),)), start=10, end=14)
    track = Track(id="t", kind="video", clips=(clip,))
    timeline = Timeline(rate=Fraction(rate), size=SIZE, duration=20, tracks=(track,), export=Export())
    texts = TextFiles(font_catalogue())
    ground = ffmpeg.input(f"color=black@0:s=160x90:r={rate},format=rgba", f="lavfi")
    stream = drawn_title(ground, clip, 8, 16, timeline, texts)
    for file in texts.files:
        (tmp_path / file.name).write_text(file.text, encoding="utf-8")
    (tmp_path / "fonts").mkdir()
    for font in texts.fonts:
        (tmp_path / "fonts" / f"{font.sha256}.ttf").write_bytes(Path(font.path).read_bytes())
    argv = stream.output("o.raw", f="rawvideo", pix_fmt="rgba", frames=8).get_args()
    run_ffmpeg(argv, cwd=tmp_path, binary=Path(ffmpeg_binary))
    frames = np.fromfile(tmp_path / "o.raw", np.uint8).reshape(-1, 90, 160, 4).astype(int)
    opacity = int(fill[7:] or "ff", 16)
    assert [bool(frame[..., 3].any()) for frame in frames] == [False, False, True, True, True, True, False, False]
    middle = frames[3, 45, 80]
    assert abs(middle[3] - opacity) <= 2
    assert np.abs(middle[:3] - [255, 128, 0]).max() <= 4
    edge = frames[3][(frames[3, ..., 3] > 0.3 * opacity) & (frames[3, ..., 3] < 0.7 * opacity)]
    assert len(edge) > 10
    assert np.abs(edge[:, :3] - [255, 128, 0]).max() <= 16, "an edge is less opaque, not darker"


def test_eleven_scripts_show_in_one_film_and_none_is_warned_of(tmp_path: Path) -> None:
    """Each line is seen in its own band of the picture, on every frame of a film in two chunks."""
    words = ["Vidéo", "Кино", "Ταινία", "مرحبا", "סרט", "फ़िल्म", "ภาพยนตร์", "电影", "映画です", "영화", "🎬😀"]
    rows = [
        {"kind": "text", "text": text, "x": 0, "y": n / 11, "width": 1, "height": 1 / 11, "style": {"font_size": 64}}
        for n, text in enumerate(words)
    ]
    studio = Studio(tmp_path)
    source = {"kind": "title", "elements": rows}
    film = timeline(track({"id": "c", "source": source, "start": 0, "end": 4}), duration=4, side=264)
    made = studio.plan(film)
    assert made.warnings == ()
    seen = studio.pictures(film)[:, :264].astype(int)
    for n, text in enumerate(words):
        band = seen[:, n * 24 + 2 : n * 24 + 22]
        assert (band > 180).sum(axis=(1, 2)).min() > 40, text
    parts = np.concatenate([studio.pictures(film, start=0, end=1), studio.pictures(film, start=1, end=4)])[:, :264]
    assert np.abs(seen - parts).max() <= 3
