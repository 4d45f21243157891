"""Colour and orientation: what a source shows comes out in its colours, the right way up, in its shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from infra.process import run_ffmpeg
from tests.tasks.compiler.films import Studio, clip, timeline, track

COLOURS = [(200, 40, 60), (30, 180, 90), (40, 60, 200), (128, 128, 128), (250, 240, 20), (255, 255, 255), (0, 0, 0)]
SD, HD = (7 * 32, 32), (1288, 720)
TAGS = {"bt601": "smpte170m", "bt709": "bt709", "bt2020": "bt2020nc"}


def bars(size: tuple[int, int]) -> Image.Image:
    """Each colour as a bar of the same width."""
    width, height = size
    columns = np.repeat(np.array(COLOURS, np.uint8), width // len(COLOURS), axis=0)
    return Image.fromarray(np.repeat(columns[None], height, axis=0))


def film_of(studio: Studio, path: Path, size: tuple[int, int], matrix: str, span: str, form: str, tagged: bool) -> None:
    """Write the bars as a video with this matrix, range and pixel format."""
    bars(size).save(path.with_suffix(".bars.png"))
    convert = f"scale=out_color_matrix={matrix}:out_range={span}:flags=accurate_rnd+full_chroma_int,format={form}"
    tags = f"range={span}:colorspace={TAGS[matrix]}" if tagged else "range=unknown:colorspace=unknown"
    arguments = ["-i", f"file:{path.with_suffix('.bars.png')}", "-vf", f"{convert},setparams={tags}", "-frames:v", "3"]
    run_ffmpeg(
        [*("-loop", "1"), *arguments, *("-c:v", "libx264", "-qp", "1", "-preset", "ultrafast"), f"file:{path}"],
        cwd=studio.folder,
    )


def shown(studio: Studio, name: str, size: tuple[int, int], **looks: Any) -> list[tuple[int, ...]]:
    """The colours of the bars in the film's middle frame."""
    canvas = {"width": size[0], "height": size[1]}
    row = track(clip("a", name, 0, 3, **looks))
    planes = studio.pictures(timeline(row, duration=3, size=canvas))[1]
    picture = studio.to_rgb(planes)
    step = size[0] // len(COLOURS)
    return [tuple(int(v) for v in picture[size[1] // 2, n * step + step // 2]) for n in range(len(COLOURS))]


def distance(found: list[tuple[int, ...]]) -> int:
    return max(abs(a - b) for got, wanted in zip(found, COLOURS, strict=True) for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize(
    ("size", "matrix", "span", "form", "tagged"),
    [
        (SD, "bt601", "tv", "yuv420p", True),
        (SD, "bt601", "tv", "yuv420p", False),
        (SD, "bt709", "tv", "yuv420p", True),
        (SD, "bt709", "pc", "yuv420p", True),
        (SD, "bt601", "pc", "yuvj420p", True),
        (SD, "bt709", "tv", "yuv420p10le", True),
        (SD, "bt601", "tv", "yuv422p", True),
        (SD, "bt709", "tv", "yuv444p", True),
        (SD, "bt2020", "tv", "yuv420p10le", True),
        (HD, "bt709", "tv", "yuv420p", False),
    ],
)
def test_colours_survive_every_matrix_range_and_depth(
    studio: Studio, size: tuple[int, int], matrix: str, span: str, form: str, tagged: bool
) -> None:
    name = f"bars-{size[1]}-{matrix}-{span}-{form}-{tagged}.mp4"
    studio.source(name, lambda path: film_of(studio, path, size, matrix, span, form, tagged))
    assert distance(shown(studio, name, size)) <= 4
    if size == SD:  # through 16-bit RGB and back
        same = [{"kind": "brightness", "parameters": {"intensity": 1.000001}}]
        assert distance(shown(studio, name, size, effects=same)) <= 6


@pytest.mark.parametrize(
    ("file", "mode"),
    [("a.png", "RGB"), ("b.png", "RGBA"), ("c.png", "P"), ("d.bmp", "RGB"), ("e.tiff", "RGB"), ("f.webp", "RGB"),
     ("g.gif", "P"), ("h.jpg", "RGB")],
)  # fmt: skip
def test_stills_of_every_kind_show_their_colours(studio: Studio, file: str, mode: str) -> None:
    def save(path: Path) -> None:
        picture = bars(SD).quantize(16) if mode == "P" else bars(SD).convert(mode)
        how = {".webp": {"lossless": True}, ".jpg": {"quality": 100, "subsampling": 0}}.get(path.suffix, {})
        picture.save(path, **how)

    assert distance(shown(studio, studio.source(f"still-{file}", save), SD)) <= 4


@pytest.mark.parametrize(
    ("mode", "value", "level"), [("L", 90, 90), ("LA", (90, 255), 90), ("I;16", 23130, 90), ("1", 1, 255)]
)
def test_greys_of_every_depth_are_full_range(studio: Studio, mode: str, value: Any, level: int) -> None:
    name = studio.source(f"grey-{mode.replace(';', '')}.png", lambda path: Image.new(mode, (64, 64), value).save(path))
    assert max(abs(channel - level) for channel in studio.rgb(timeline(track(clip("a", name, 0, 2)), duration=2))) <= 2


def test_alpha_lets_through_what_lies_below(studio: Studio) -> None:
    half = studio.source("half.png", lambda path: Image.new("RGBA", (64, 64), (255, 0, 0, 128)).save(path))
    blue = studio.source("blue.png", lambda path: Image.new("RGB", (64, 64), (0, 0, 255)).save(path))
    below = track(clip("z", blue, 0, 2))
    invert = [{"kind": "invert", "parameters": {"intensity": 1}}]
    for tracks, wanted in (
        ([track(clip("a", half, 0, 2))], (128, 0, 0)),
        ([below, track(clip("a", half, 0, 2))], (128, 0, 127)),
        ([below, track(clip("a", half, 0, 2, opacity=0.5))], (64, 0, 191)),
        ([below, track(clip("a", half, 0, 2, effects=invert))], (0, 128, 255)),
    ):
        found = studio.rgb(timeline(*tracks, duration=2))
        assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 4, (found, wanted)


def upright(studio: Studio, filters: str = "null") -> str:
    """A tall video, green above and red below."""
    name = f"upright-{abs(hash(filters))}.mp4"
    drawing = f"color=c=red:s=32x64:r=25:d=0.2,drawbox=0:0:32:32:color=lime:t=fill,{filters}"
    arguments = ["-f", "lavfi", "-i", drawing, "-c:v", "libx264", "-qp", "1", "-pix_fmt", "yuv420p"]
    return studio.source(name, lambda path: run_ffmpeg([*arguments, f"file:{path}"], cwd=studio.folder))


def sides(studio: Studio, name: str) -> str:
    """What stands above, below, left and right in a square film: green, red or nothing."""
    film = timeline(track(clip("a", name, 0, 2)), duration=2)
    places = [studio.rgb(film, x, y) for x, y in ((0.5, 0.15), (0.5, 0.85), (0.15, 0.5), (0.85, 0.5))]
    return "".join("g" if green > 128 else "r" if red > 128 else "." for red, green, _ in places)


@pytest.mark.parametrize(
    ("turn", "wanted"),
    [
        ((), "gr.."),
        (("-display_rotation", "90"), "..gr"),
        (("-display_rotation", "180"), "rg.."),
        (("-display_rotation", "270"), "..rg"),
        (("-display_vflip",), "rg.."),
        (("-display_hflip",), "gr.."),
    ],
)
def test_a_picture_stands_the_way_its_metadata_says(studio: Studio, turn: tuple[str, ...], wanted: str) -> None:
    plain = studio.folder / upright(studio)
    arguments = [*turn, "-i", f"file:{plain}", "-c", "copy"]
    name = f"turned{''.join(turn)}.mp4"
    studio.source(name, lambda path: run_ffmpeg([*arguments, f"file:{path}"], cwd=studio.folder))
    assert sides(studio, name) == wanted


def test_pixel_aspect_stretches_the_width(studio: Studio) -> None:
    wide = upright(studio, "setsar=2")
    film = timeline(track(clip("a", wide, 0, 2)), duration=2)
    assert studio.rgb(film, 0.03, 0.2)[1] > 128
    assert studio.rgb(film, 0.97, 0.9)[0] > 128
    plain = timeline(track(clip("a", upright(studio), 0, 2)), duration=2)
    assert studio.rgb(plain, 0.2, 0.2) == (0, 0, 0)


def test_a_crop_is_taken_from_the_turned_picture(studio: Studio) -> None:
    plain = studio.folder / upright(studio)
    name = "cropped-turned.mp4"
    arguments = ["-display_rotation", "90", "-i", f"file:{plain}", "-c", "copy"]
    studio.source(name, lambda path: run_ffmpeg([*arguments, f"file:{path}"], cwd=studio.folder))
    for crop, wanted in (({"left": 32}, "red"), ({"right": 32}, "green")):
        film = timeline(track(clip("a", name, 0, 2, crop=crop)), duration=2)
        colour = studio.rgb(film)
        assert colour[0 if wanted == "red" else 1] > 200, (crop, colour)
