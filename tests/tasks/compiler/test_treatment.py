"""What is taken together for speed shows what it showed apart: a table with a line, and a blur on the canvas."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from infra.process import run_ffmpeg
from tasks.compiler.model import Timeline
from tests.tasks.compiler.films import FAST, Studio, clip, timeline, title, track

BLUR = {"kind": "blur", "parameters": {"radius": 3}}
NOTHING = {"kind": "brightness", "parameters": {"intensity": 1}}
"""Changes nothing; an effect before it is not the last one."""


def chart(path: Path) -> Path:
    """Five frames of colours with hard edges."""
    graph = "testsrc2=s=128x96:r=25:d=0.2,scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
    return_code = run_ffmpeg(
        ("-f", "lavfi", "-i", graph, "-c:v", "libx264", "-qp", "0", f"file:{path}"), cwd=path.parent
    )
    assert return_code.frames == 5
    return path


def film(studio: Studio, *effects: Any, export: Any = FAST, **more: Any) -> Timeline:
    shot = clip("shot", studio.source("chart.mp4", chart), 0, 5, effects=list(effects), **more)
    return timeline(track(shot), duration=5, size={"width": 128, "height": 96}, export=export)


def argv(studio: Studio, one: Timeline) -> str:
    return " ".join(studio.plan(one).chunks[0].work.stages[-1].argv)


def shown(studio: Studio, one: Timeline) -> np.ndarray:
    """The first frame of the film's chunk, as RGB of 8 bits."""
    with av.open(str(studio.rendered(studio.plan(one).chunks[0].work))) as file:
        frame = next(file.decode(video=0))
        return frame.to_ndarray(format="rgb24").astype(int)


CANVASES = [
    ("yuv420p", FAST),
    ("yuv422p10le", {"container": "mov", "video": {"codec": "prores"}}),
    ("yuv444p10le", {"container": "mov", "video": {"codec": "prores", "profile": "4444"}}),
]


@pytest.mark.parametrize(("canvas", "export"), CANVASES)
def test_a_last_blur_on_the_canvas_looks_like_one_in_rgb(studio: Studio, canvas: str, export: Any) -> None:
    on_canvas, in_rgb = film(studio, BLUR, export=export), film(studio, BLUR, NOTHING, export=export)
    assert "gbrp16le" not in argv(studio, on_canvas)
    assert f"format={canvas}" in argv(studio, on_canvas) or canvas == "yuv420p"
    assert "gbrp16le" in argv(studio, in_rgb)
    apart = np.abs(shown(studio, on_canvas) - shown(studio, in_rgb))
    # 4:2:0 gives saturated edges their colour by blocks of two pixels, blurred or not: hence the few large ones
    assert apart.mean() <= 1.5
    assert np.percentile(apart, 99) <= 6
    assert np.abs(shown(studio, on_canvas) - shown(studio, film(studio, export=export))).mean() > 5


def test_a_last_blur_grows_with_the_clip_s_scale(studio: Studio) -> None:
    one = film(studio, BLUR, transform={"scale_x": 2, "scale_y": 2})
    assert "gblur=planes=1:sigma=6:" in argv(studio, one)
    assert "gblur=planes=6:sigma=3:sigmaV=3:" in argv(studio, one)


def test_a_blur_of_flat_colour_keeps_it(studio: Studio) -> None:
    for colour in ("#000000", "#ffffff", "#c86432", "#1020f0"):
        plain = timeline(track(title("t", 0, 5, colour=colour)), duration=5)
        blurred = timeline(track(title("t", 0, 5, colour=colour, effects=[BLUR])), duration=5)
        assert np.abs(np.subtract(studio.rgb(plain), studio.rgb(blurred))).max() <= 1, colour


def test_a_blur_that_is_limited_or_not_the_last_is_done_in_rgb(studio: Studio) -> None:
    for effects in ([BLUR | {"end": 3}], [BLUR | {"start": 1}], [BLUR, NOTHING]):
        assert "gbrp16le" in argv(studio, film(studio, *effects)), effects


def table(low: float = 0.0, high: float = 1.0, size: int = 9) -> Any:
    """A table that leads black to low and white to high, and mixes a little of each colour into the next."""

    def write(path: Path) -> None:
        steps = np.linspace(low, high, size)
        rows = [(0.9 * r + 0.1 * g, 0.9 * g + 0.1 * b, b) for b in steps for g in steps for r in steps]
        path.write_text("\n".join([f"LUT_3D_SIZE {size}", *(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in rows)]))

    return write


def graded(studio: Studio, colour: str, file: str, *effects: Any) -> Timeline:
    lut = {"kind": "lut", "parameters": {"file": file}}
    return timeline(track(title("t", 0, 5, colour=colour, effects=[lut, *effects])), duration=5)


LINES: list[tuple[Any, Any]] = [
    ({"kind": "contrast", "parameters": {"intensity": 2, "pivot": 0.4}}, lambda x: 2 * (x - 0.4) + 0.4),
    ({"kind": "brightness", "parameters": {"intensity": 0.5}}, lambda x: 0.5 * x),
    ({"kind": "brightness", "parameters": {"intensity": 3}}, lambda x: 3 * x),
    ({"kind": "color-correction", "parameters": {"contrast": 1.5, "brightness": 0.1}}, lambda x: 1.5 * x - 0.15),
]


@pytest.mark.parametrize(("effect", "line"), LINES)
def test_a_table_takes_in_the_line_after_it_and_shows_what_the_two_show(studio: Studio, effect: Any, line: Any) -> None:
    file = studio.source("mild.cube", table())
    for colour in ("#000000", "#ffffff", "#c86432", "#1020f0", "#808080"):
        one = graded(studio, colour, file, effect)
        assert "curves" not in argv(studio, one)
        red, green, blue = (channel / 255 for channel in bytes.fromhex(colour[1:]))
        looked_up = np.array([0.9 * red + 0.1 * green, 0.9 * green + 0.1 * blue, blue])
        wanted = np.clip(line(looked_up), 0, 1) * 255
        assert np.abs(np.array(studio.rgb(one)) - wanted).max() <= 3, (colour, wanted)


def test_what_follows_the_line_still_follows(studio: Studio) -> None:
    file = studio.source("mild.cube", table())
    both = {"kind": "color-correction", "parameters": {"contrast": 1.5, "saturation": 0}}
    one = graded(studio, "#c86432", file, both)
    assert "curves" not in argv(studio, one)
    assert "colorchannelmixer" in argv(studio, one)
    apart = graded(studio, "#c86432", file, NOTHING, both)  # the effect between keeps them apart
    assert np.abs(np.subtract(studio.rgb(one), studio.rgb(apart))).max() <= 1


def test_a_line_is_not_taken_in_where_the_two_would_differ(studio: Studio) -> None:
    contrast = LINES[0][0]
    wide = studio.source("wide.cube", table(-0.2, 1.3))
    mild = studio.source("mild.cube", table())
    half = {"kind": "lut", "parameters": {"file": mild, "intensity": 50}}
    bent = {"kind": "color-correction", "parameters": {"contrast": 1.5, "gamma": 2}}
    for one in (
        graded(studio, "#c86432", wide, contrast),
        graded(studio, "#c86432", mild, contrast | {"end": 3}),
        graded(studio, "#c86432", mild, bent),
        timeline(track(title("t", 0, 5, effects=[half, contrast])), duration=5),
        timeline(track(title("t", 0, 5, effects=[contrast, half])), duration=5),
    ):
        assert "curves" in argv(studio, one)


def test_a_table_that_was_written_anew_is_read_anew(studio: Studio) -> None:
    path = studio.folder / "changes.cube"
    seen = []
    for number, high in enumerate((1.0, 0.5)):
        table(high=high)(path)
        os.utime(path, ns=(number * 10**9, number * 10**9))
        seen.append(studio.rgb(graded(studio, "#ffffff", path.name)))
    assert near_white(seen[0])
    assert not near_white(seen[1])


def near_white(colour: tuple[int, int, int]) -> bool:
    return min(colour) > 250
