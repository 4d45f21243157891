"""Pictures in titles, and slanted cells: where they lie, and what lies over and under them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from infra.errors import KinofarmError
from tasks.compiler.film import film_key
from tasks.compiler.imports.timeline_studio.cells import TemplateObject, Templates
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.compiler.unfold import unfolded
from tests.tasks.compiler.films import PAL, Studio, clip, join, timeline, title, track

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = Studio(tmp_path_factory.mktemp("unfold"))
    for name, colour in {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}.items():
        Image.new("RGB", (32, 32), colour).save(made.folder / f"{name}.png")
    wide = np.zeros((16, 32, 3), np.uint8)
    wide[:, :16] = RED
    wide[:, 16:] = BLUE
    Image.fromarray(wide).save(made.folder / "wide.png")
    return made


def box(colour: str, x: float, y: float, width: float, height: float, **more: Any) -> dict[str, Any]:
    return {"kind": "shape", "fill": colour, "x": x, "y": y, "width": width, "height": height, **more}


def picture(path: str, x: float, y: float, width: float, height: float, **more: Any) -> dict[str, Any]:
    return {"kind": "picture", "path": path, "x": x, "y": y, "width": width, "height": height, **more}


def titled(*elements: dict[str, Any], start: int = 0, end: int = 4, **more: Any) -> dict[str, Any]:
    return {"id": "c", "source": {"kind": "title", "elements": list(elements)}, "start": start, "end": end, **more}


def near(got: Any, wanted: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.asarray(got, int) - wanted).max() <= 8)


def test_a_picture_lies_between_the_elements_below_and_above_it(studio: Studio) -> None:
    film = timeline(
        track(
            titled(
                box("#ffffff", 0, 0, 1, 1),
                picture("red.png", 0.25, 0.25, 0.5, 0.5, fit="fill"),
                box("#00ff00", 0.5, 0.5, 0.5, 0.5),
                picture("blue.png", 0.75, 0.75, 0.25, 0.25, start=2),
            )
        ),
        duration=4,
    )
    first, last = studio.still(film, 0), studio.still(film, 3)
    assert near(first[4, 4], WHITE)
    assert near(first[24, 24], RED)
    assert near(first[40, 40], GREEN)
    assert near(first[56, 56], GREEN), "the second picture begins later"
    assert near(last[56, 56], BLUE)
    assert near(last[40, 40], GREEN)


@pytest.mark.parametrize(
    ("fit", "left", "above"),
    [("contain", RED, WHITE), ("cover", RED, RED), ("fill", RED, RED), ("none", WHITE, WHITE)],
)
def test_a_picture_is_fitted_as_its_element_says(
    studio: Studio, fit: str, left: tuple[int, int, int], above: tuple[int, int, int]
) -> None:
    film = timeline(track(titled(box("#ffffff", 0, 0, 1, 1), picture("wide.png", 0, 0, 1, 1, fit=fit))), duration=4)
    seen = studio.still(film, 1)
    assert near(seen[32, 6], left)
    assert near(seen[6, 26], above)
    assert near(seen[32, 26], RED)
    assert near(seen[32, 38], BLUE)


def test_titles_without_pictures_are_left_as_they_are() -> None:
    film = timeline(track(titled(box("#ffffff", 0, 0, 1, 1))), duration=4)
    assert unfolded(film).timeline is film


def test_a_title_of_one_picture_needs_no_other_track() -> None:
    film = timeline(track(titled(picture("a.png", 0, 0, 1, 1))), duration=4)
    (row,) = unfolded(film).timeline.tracks
    assert [one.source.kind for one in row.clips] == ["media"]
    assert row.clips[0].volume == 0


def test_errors_name_the_place_in_the_project(studio: Studio) -> None:
    film = timeline(track(clip("a", studio.counted("a.mp4"), 0, 4)), track(
        titled(box("#ffffff", 0, 0, 1, 1), picture("../secret.png", 0, 0, 1, 1))), duration=4)  # fmt: skip
    with pytest.raises(KinofarmError) as caught:
        studio.check(film)
    assert caught.value.code.startswith("PATH-")
    assert caught.value.where == "tracks[1].clips[0].source.path"


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"transform": {"scale_x": 0.5}}, "TEXT-011"),
        ({"crop": {"left": 2}}, "TEXT-011"),
        ({"keyframes": {"transform.rotation": [{"frame": 0, "value": 9}]}}, "TEXT-011"),
        ({"elements": [picture("red.png", 0, 0, 1, 1, animations=[{"kind": "wave", "duration": 2}])]}, "TEXT-021"),
        ({"elements": [picture("red.png", 0.8, 0, 0.4, 0.4)]}, "TEXT-012"),
    ],
)
def test_a_title_with_pictures_that_cannot_be_is_refused(studio: Studio, made: dict[str, Any], code: str) -> None:
    elements = made.pop("elements", [picture("red.png", 0, 0, 1, 1)])
    with pytest.raises(KinofarmError) as caught:
        studio.check(timeline(track(titled(*elements, **made)), duration=4))
    assert caught.value.code == code
    assert caught.value.hint


def test_a_title_with_pictures_is_in_no_transition(studio: Studio) -> None:
    second = title("d", 4, 8)
    film = timeline(track(titled(picture("red.png", 0, 0, 1, 1)), second, joins=[join("c", "d", 3, 5)]), duration=8)
    with pytest.raises(KinofarmError, match="TEXT-011"):
        studio.check(film)


def slanted(count: int) -> list[dict[str, Any]]:
    template = TemplateObject.model_validate({"id": "d", "template_type": "Diagonal", "screens": count})
    templates = Templates([template], Grid(PAL, 64, 64))
    return [templates.cell("d", n, "c", "").model_dump() for n in range(count)]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_diagonal_cells_meet_at_slanted_cuts_and_leave_no_gap(studio: Studio, count: int) -> None:
    colours = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    names = list(colours)[:count]
    rows = [track(clip(n, f"{n}.png", 0, 2, cell=cell)) for n, cell in zip(names, slanted(count), strict=True)]
    seen = studio.still(timeline(*rows, duration=2, size={"width": 128, "height": 64}), 0)
    for n, name in enumerate(names):
        assert near(seen[32, round((n + 0.5) * 128 / count)], colours[name]), "each cell's middle"
        if n:
            cut, lean = n * 128 / count, 0.2 * 128 / count
            assert near(seen[1, round(cut + lean - 5)], colours[names[n - 1]]), "the cut leans to the right, upwards"
            assert near(seen[62, round(cut - lean + 5)], colours[name])
    rows = [track(clip(n, "white.png", 0, 2, cell=cell)) for n, cell in zip(names, slanted(count), strict=True)]
    seen = studio.still(timeline(*rows, duration=2, size={"width": 128, "height": 64}), 0)
    assert seen.min() > 245, "no gap shows the ground"


def test_a_diagonal_film_is_the_same_in_one_piece_and_in_two(studio: Studio) -> None:
    moving = [studio.counted("one.mp4"), studio.counted("two.mp4")]
    cells = slanted(2)
    rows = [
        track(clip(f"c{n}", moving[n], 0, 20, source_start=n / 5, opacity=1 - n / 2, cell=cells[n])) for n in (0, 1)
    ]
    film = timeline(*rows, duration=20)
    whole = studio.pictures(film)
    parts = np.concatenate([studio.pictures(film, start=0, end=7), studio.pictures(film, start=7, end=20)])
    assert np.abs(whole.astype(int) - parts).max() <= 3
    assert len({int(frame[4, 4]) for frame in whole}) == 20


def test_a_clear_picture_stays_clear_in_a_slanted_cell(studio: Studio) -> None:
    half = np.zeros((64, 64, 4), np.uint8)
    half[..., 0] = 255
    half[:32, :, 3] = 255
    Image.fromarray(half).save(studio.folder / "half.png")
    film = timeline(
        track(clip("w", "white.png", 0, 2, cell={"x": 0, "y": 0, "width": 1, "height": 1, "fit": "fill"})),
        track(clip("h", "half.png", 0, 2, cell=slanted(2)[0])),
        duration=2,
    )
    seen = studio.still(film, 0)
    assert near(seen[10, 10], RED)
    assert near(seen[54, 4], WHITE)
    assert near(seen[10, 60], WHITE)


def spoken(mode: str, **more: Any) -> Any:
    line = {"text": "█████", "start": 0, "end": 4, "language": "en", "style": {"font_size": 300}}
    export = {"video": {"crf": 1, "preset": "ultrafast"}, "subtitles": mode, **more}
    return timeline(duration=6, subtitles=[line], export=export)


def test_subtitles_are_burnt_in_or_soft_or_both(studio: Studio) -> None:
    plans = {mode: studio.plan(spoken(mode)) for mode in ("burn", "soft", "both")}
    assert {mode: bool(made.chunks[0].work.files) for mode, made in plans.items()} == {
        "burn": True, "soft": False, "both": True,
    }  # fmt: skip
    assert {mode: len(made.muxing.subtitles) for mode, made in plans.items()} == {"burn": 0, "soft": 1, "both": 1}
    keys = {film_key(made) for made in plans.values()}
    assert len(keys) == 3
    assert plans["burn"].chunks == plans["both"].chunks


def test_subtitle_files_lie_beside_the_film(studio: Studio) -> None:
    beside = studio.plan(spoken("burn", subtitle_files=["srt", "vtt"])).beside
    assert sorted(beside) == [".en.srt", ".en.vtt"]
    assert b"00:00:00,000 --> 00:00:00,160" in beside[".en.srt"]
    assert studio.plan(spoken("burn")).beside == {}
