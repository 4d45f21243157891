"""Look-up tables: by their pixels, as files in the media roots, and as part of a chunk's key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.errors import KinofarmError
from tests.tasks.compiler.films import Studio, clip, timeline, title, track

NAME = "lut"


def cube(path: Path, size: int = 5, swap: bool = True) -> None:
    """A 3D table that swaps red and blue and halves green (or one that changes nothing); red runs fastest."""
    steps = np.linspace(0, 1, size)
    rows = [(b, g / 2, r) if swap else (r, g, b) for b in steps for g in steps for r in steps]
    lines = [f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in rows]
    path.write_text("\n".join(["# made by a test", "TITLE \"swap, 'quoted'; [x]\"", f"LUT_3D_SIZE {size}", "", *lines]))


def line(path: Path) -> None:
    """A 1D table that inverts."""
    path.write_text("LUT_1D_SIZE 3\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1.0 1.0 1.0\n1 1 1\n0.5 0.5 0.5\n0 0 0\n")


def film(file: str, colour: str = "#c86432", **parameters: Any) -> Any:
    effect = {"kind": NAME, "parameters": {"file": file, **parameters}}
    return timeline(track(title("t", 0, 5, colour=colour, effects=[effect])), duration=5)


def test_a_table_maps_colours_between_its_points_and_by_intensity(studio: Studio) -> None:
    file = studio.source("swap.cube", cube)
    for intensity, wanted in ((100, (50, 50, 200)), (50, (125, 75, 125)), (0, (200, 100, 50))):
        assert np.abs(np.array(studio.rgb(film(file, intensity=intensity))) - wanted).max() <= 3, intensity


def test_a_table_of_one_dimension_maps_each_channel(studio: Studio) -> None:
    file = studio.source("invert.cube", line)
    assert np.abs(np.array(studio.rgb(film(file))) - (55, 155, 205)).max() <= 3


def test_the_key_holds_the_table_s_content_and_not_its_name(studio: Studio) -> None:
    def key(file: str) -> str:
        return studio.plan(film(file)).chunks[0].work.key

    studio.source("swap.cube", cube)
    studio.source("same.cube", cube)
    studio.source("plain.cube", lambda path: cube(path, swap=False))
    assert key("swap.cube") == key("same.cube") != key("plain.cube")
    work = studio.plan(film("swap.cube")).chunks[0].work
    assert "swap" not in " ".join(work.stages[0].argv)
    assert not any("quoted" in file.text or "made by" in file.text for file in work.files)


def test_a_track_s_table_is_read_too(studio: Studio) -> None:
    file = studio.source("swap.cube", cube)
    effect = {"kind": NAME, "parameters": {"file": file}}
    one = timeline(track(title("t", 0, 5, colour="#c86432"), effects=[effect]), duration=5)
    assert np.abs(np.array(studio.rgb(one)) - (50, 50, 200)).max() <= 3


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("gone.cube", "PATH-001"),
        ("/etc/passwd", "PATH-002"),
        ("http://x/y.cube", "PATH-004"),
        ("words.cube", "MEDIA-020"),
    ],
)
def test_a_table_that_can_not_be_read_is_an_error_with_its_place(studio: Studio, file: str, code: str) -> None:
    studio.source("words.cube", lambda path: path.write_text("no table\n"))
    with pytest.raises(KinofarmError, match=code) as refused:
        studio.check(film(file))
    assert refused.value.where == "tracks[0].clips[0].effects[0].parameters.file"


def test_a_clip_plays_through_a_table(studio: Studio) -> None:
    effect = {"kind": NAME, "parameters": {"file": studio.source("invert.cube", line)}}
    one = timeline(track(clip("a", studio.counted("counted.mp4"), 0, 5, effects=[effect])), duration=5)
    assert studio.numbers(one)[0] == pytest.approx(219, abs=1)
