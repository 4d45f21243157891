"""Compose: what a frame of the film shows, by its pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.compiler.transitions.xfade import XFADES
from tests.tasks.compiler.films import NTSC, Studio, clip, flat, join, near, timeline, title, track


def grey(studio: Studio, level: int) -> str:
    """A still whose luma in the film is `level` (16 to 235)."""
    value = round((level - 16) * 255 / 219)
    return studio.source(f"grey-{level}.png", lambda path: Image.new("RGB", (64, 64), (value,) * 3).save(path))


def lumas(picture: np.ndarray, places: list[tuple[int, int]]) -> list[int]:
    return [int(picture[y, x]) for x, y in places]


def half(x: float = 0, y: float = 0, **more: Any) -> dict[str, Any]:
    """A transform: half the size, its centre off the frame's by fractions of the frame."""
    return {"scale_x": 0.5, "scale_y": 0.5, "position_x": x, "position_y": y, **more}


def two_shots(studio: Studio, *joins: Any, first: int = 20, second: int = 40) -> Any:
    name = studio.counted("v.mp4", 100)
    return track(clip("a", name, 0, first), clip("b", name, first, second, source_start=2), joins=joins)


def dissolve(frame: int, start: int, end: int, cut: int, source: int = 50) -> float:
    """What a dissolve between `two_shots` shows at a frame."""
    done = min(1.0, max(0.0, (frame - start) / (end - start)))
    return frame * (1 - done) + (source + frame - cut) * done


def test_a_cut_has_no_mixed_frame_and_a_gap_is_black(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    film = timeline(track(clip("a", name, 2, 10), clip("b", name, 13, 20, source_start=2)), duration=22)
    assert near(studio.numbers(film), [0, 0, *range(8), 0, 0, 0, *range(50, 57), 0, 0])


@pytest.mark.parametrize("window", [(15, 25), (20, 30), (10, 20), (0, 40), (20, 21), (19, 20)])
def test_a_dissolve_runs_from_one_handle_into_the_other(studio: Studio, window: tuple[int, int]) -> None:
    film = timeline(two_shots(studio, join("a", "b", *window)), duration=40)
    assert near(studio.numbers(film), [round(dissolve(frame, *window, 20)) for frame in range(40)], within=2)


@pytest.mark.parametrize("rate", [NTSC, Fraction(24000, 1001), Fraction("12.5"), Fraction(240)])
def test_a_dissolve_is_exact_at_every_rate(studio: Studio, rate: Fraction) -> None:
    shots = [clip("a", grey(studio, 60), 0, 12), clip("b", grey(studio, 180), 12, 24)]
    film = timeline(track(*shots, joins=[join("a", "b", 7, 17)]), duration=24, rate=rate)
    wanted = [60 + 12 * min(10, max(0, frame - 7)) for frame in range(24)]
    assert near((luma + 16 for luma in studio.numbers(film)), wanted, within=2)


def test_one_frame_clips_and_neighbouring_transitions_are_exact(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    shots = [clip(f"c{n}", name, n, n + 1, source_start=f"{n * 3}/25") for n in range(10)]
    assert near(studio.numbers(timeline(track(*shots), duration=10)), range(0, 30, 3))
    row = [clip("a", name, 0, 10), clip("b", name, 10, 11, source_start=2), clip("c", name, 11, 20, source_start=1)]
    joins = [join("a", "b", 9, 10), join("b", "c", 10, 12)]
    assert near(studio.numbers(timeline(track(*row, joins=joins), duration=20)), [*range(10), 50, 38, *range(26, 34)])


def test_a_chain_of_dissolves_is_one_stretch(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    row = [clip(f"c{n}", name, n * 8, n * 8 + 8, source_start=f"{20 + n * 8}/25") for n in range(6)]
    joins = [join(f"c{n}", f"c{n + 1}", n * 8 + 4, n * 8 + 12) for n in range(5)]
    film = timeline(track(*row, joins=joins), duration=48)
    assert near(studio.numbers(film), range(20, 68))


def test_every_xfade_begins_with_the_old_picture_and_ends_with_the_new(studio: Studio) -> None:
    kinds = [f"xfade:{name}" for name in XFADES]
    levels = [60 + 120 * (n % 2) for n in range(len(kinds) + 1)]
    shots = [clip(f"c{n}", grey(studio, level), n * 10, n * 10 + 10) for n, level in enumerate(levels)]
    joins = [join(f"c{n}", f"c{n + 1}", n * 10 + 7, n * 10 + 13, kind) for n, kind in enumerate(kinds)]
    seen = studio.pictures(timeline(track(*shots, joins=joins), duration=len(levels) * 10), chunk_seconds=60)
    for n, kind in enumerate(kinds):
        for frame, level in ((n * 10 + 6, levels[n]), (n * 10 + 13, levels[n + 1])):
            assert np.abs(seen[frame, :64].astype(int) - level).max() <= 2, (kind, frame)
        assert len({picture.tobytes() for picture in seen[n * 10 + 6 : n * 10 + 14]}) > 2, kind


@pytest.mark.parametrize(
    ("kind", "direction", "new"),
    [("wipe-horizontal", "right", (4, 32)), ("wipe-horizontal", "left", (60, 32)),
     ("wipe-vertical", "down", (32, 4)), ("wipe-vertical", "up", (32, 60)), ("xfade:wipeleft", "up", (60, 32))],
)  # fmt: skip
def test_a_wipe_uncovers_the_new_picture_from_the_side_it_names(
    studio: Studio, kind: str, direction: str, new: tuple[int, int]
) -> None:
    joins = [join("a", "b", 2, 8, kind, parameters={"direction": direction})]
    film = timeline(
        track(clip("a", grey(studio, 60), 0, 5), clip("b", grey(studio, 180), 5, 10), joins=joins), duration=10
    )
    middle = studio.pictures(film)[5]
    assert near(lumas(middle, [new, (64 - new[0], 64 - new[1])]), [180, 60], within=3)


def test_a_picture_in_picture_lies_on_its_pixels(studio: Studio) -> None:
    over = clip("b", grey(studio, 200), 3, 7, transform=half(0.25, -0.25))
    film = timeline(track(clip("a", grey(studio, 100), 0, 10)), track(over), duration=10)
    seen = studio.pictures(film)
    wanted = np.full((64, 64), 100)
    wanted[0:32, 32:64] = 200
    for frame in (3, 6):
        assert np.abs(seen[frame, :64].astype(int) - wanted).max() <= 2
    for frame in (2, 7):
        assert np.abs(seen[frame, :64].astype(int) - 100).max() <= 1


def test_opacity_mixes_with_what_lies_below(studio: Studio) -> None:
    for opacity, level in ((0.5, 150), (0.25, 125), (1, 200), (0, 100)):
        over = clip("b", grey(studio, 200), 0, 3, opacity=opacity)
        film = timeline(track(clip("a", grey(studio, 100), 0, 3)), track(over), duration=3)
        assert near(lumas(studio.pictures(film)[1], [(5, 5), (32, 32)]), [level, level])


def test_overlays_come_and_go_at_their_frames_and_keep_their_own_time(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    over = [
        clip("p", name, 5, 9, source_start="2", transform=half()),
        clip("q", name, 12, 15, source_start="3", transform=half()),
    ]
    seen = studio.pictures(timeline(track(clip("a", name, 0, 20)), track(*over), duration=20))
    assert near((int(n) - 16 for n in seen[:, 2, 2]), range(20))
    middle = [*range(5), *range(50, 54), 9, 10, 11, 75, 76, 77, *range(15, 20)]
    assert near((int(n) - 16 for n in seen[:, 32, 32]), middle)


def test_a_dissolve_of_small_pictures_leaves_what_lies_around_them_alone(studio: Studio) -> None:
    row = [
        clip("a", grey(studio, 200), 0, 5, transform=half(-0.25)),
        clip("b", grey(studio, 120), 5, 10, transform=half(0.25)),
    ]
    film = timeline(track(clip("z", grey(studio, 80), 0, 10)), track(*row, joins=[join("a", "b", 0, 10)]), duration=10)
    middle = studio.pictures(film)[5]
    assert near(lumas(middle, [(16, 32), (48, 32), (16, 4), (60, 60)]), [140, 100, 80, 80], within=3)


def test_a_clip_dissolves_from_one_that_is_not_seen(studio: Studio) -> None:
    for unseen in ({"opacity": 0}, {"transform": {"position_x": 3}}):
        row = [clip("a", grey(studio, 200), 0, 5, **unseen), clip("b", grey(studio, 200), 5, 10)]
        below = track(clip("z", grey(studio, 100), 0, 10))
        seen = studio.pictures(timeline(below, track(*row, joins=[join("a", "b", 0, 10)]), duration=10))
        assert near((int(seen[frame, 32, 32]) for frame in range(10)), range(100, 200, 10), within=3)


def test_a_handle_that_is_too_short_is_filled_by_the_edge_frame_where_the_project_allows_it(studio: Studio) -> None:
    short, long = studio.counted("22.mp4", 22), studio.counted("v.mp4", 100)
    row = [clip("a", short, 0, 20), clip("b", long, 20, 40, source_start="2/25")]
    film = timeline(track(*row, joins=[join("a", "b", 15, 25)]), duration=40, freeze_handles=True)
    done = [min(1.0, max(0.0, (frame - 15) / 10)) for frame in range(40)]
    wanted = [round(min(frame, 21) * (1 - p) + max(0, frame - 18) * p) for frame, p in enumerate(done)]
    assert near(studio.numbers(film), wanted)
    assert near(studio.numbers(film, start=22, end=30), wanted[22:30])


def test_a_title_dissolves_over_its_whole_window(studio: Studio) -> None:
    row = [clip("a", grey(studio, 60), 0, 10), title("t", 10, 20, colour="#808080")]
    seen = studio.pictures(timeline(track(*row, joins=[join("a", "t", 5, 15)]), duration=20))
    lit = 16 + 128 * 219 / 255
    wanted = [60 + (lit - 60) * min(1, max(0, (frame - 5) / 10)) for frame in range(20)]
    assert near((int(seen[frame, 32, 32]) for frame in range(20)), (round(level) for level in wanted), within=3)


def test_a_title_that_is_drawn_as_a_picture_is_clear_around_its_elements(studio: Studio) -> None:
    box = {"x": 0, "y": 0, "width": 0.5, "height": 1}
    over = track(title("t", 0, 4, box=box, opacity=0.5), title("u", 4, 8, box=box))
    seen = studio.pictures(timeline(track(clip("a", grey(studio, 100), 0, 8)), over, duration=8))
    assert near(lumas(seen[2], [(8, 32), (56, 32)]), [168, 100], within=2)
    assert near(lumas(seen[6], [(8, 32), (56, 32)]), [235, 100], within=2)


def test_an_effect_treats_its_frames_and_the_handles_beside_them(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    dark = {"kind": "brightness", "parameters": {"intensity": 0}}
    limited = timeline(track(clip("a", name, 0, 12, effects=[dark | {"start": 3, "end": 6}])), duration=12)
    wanted = [0, 1, 2, 0, 0, 0, *range(6, 12)]
    assert near(studio.numbers(limited), wanted)
    assert near(studio.numbers(limited, chunk_seconds=0.16), wanted)
    row = [clip("a", name, 0, 10), clip("b", name, 10, 20, source_start=2, effects=[dark])]
    whole = timeline(track(*row, joins=[join("a", "b", 5, 15)]), duration=20)
    assert near(studio.numbers(whole), [round(f * min(1, max(0, (15 - f) / 10))) for f in range(20)], within=2)


def test_a_still_takes_an_effect_for_some_of_its_frames(studio: Studio) -> None:
    dark = {"kind": "brightness", "parameters": {"intensity": 0}, "start": 2, "end": 4}
    film = timeline(track(clip("a", grey(studio, 100), 0, 6), effects=[dark]), duration=6)
    assert near((luma + 16 for luma in studio.numbers(film)), [100, 100, 16, 16, 100, 100])


def test_chunks_show_what_the_uncut_film_shows(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    below = [clip("a", name, 0, 30), clip("b", name, 30, 60, source_start=2), clip("c", name, 60, 90, source_start=1)]
    above = [
        clip("p", name, 10, 40, source_start=1, transform=half(0.1)),
        clip("q", name, 50, 58, source_start=1, opacity=0.5),
        clip("r", name, 58, 70, source_start=3, speed="0.5", transform=half(rotation=30)),
    ]
    film = timeline(
        track(*below, joins=[join("a", "b", 25, 35), join("b", "c", 56, 66)]),
        track(*above, joins=[join("q", "r", 56, 60, "xfade:circleopen")]),
        track(title("t", 20, 80, box={"x": 0.1, "y": 0.7, "width": 0.3, "height": 0.2})),
        duration=90,
        subtitles=[{"text": "One", "start": 5, "end": 60}],
    )
    whole = studio.pictures(film).astype(int)
    cut = studio.pictures(film, chunk_seconds=0.7).astype(int)
    assert len(studio.plan(film, 0.7).chunks) > 3
    assert np.abs(whole - cut).mean() < 0.5
    assert np.abs(whole - cut).max() <= 24  # x264 alone differs at the text's edges
    part = studio.pictures(film, start=29, end=58).astype(int)
    assert np.abs(whole[29:58] - part).mean() < 0.5
    for frame in (0, 26, 33, 57, 89):
        shown = studio.still(film, frame)
        again = studio.from_rgb(shown).astype(int)
        assert np.abs(whole[frame, :64] - again[:64]).mean() < 1.5


def test_a_film_of_nothing_is_black(studio: Studio) -> None:
    assert np.array_equal(studio.pictures(timeline(duration=3)), np.stack([flat(16)] * 3))


def test_a_huge_and_a_tiny_picture_are_drawn(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    for scale, middle in ((50, [0, 1]), (1e-9, [0, 1])):
        film = timeline(track(clip("a", name, 0, 2, transform={"scale_x": scale, "scale_y": scale})), duration=2)
        assert near(studio.numbers(film), middle)


def test_no_graph_changes_the_range_behind_ffmpegs_back(studio: Studio) -> None:
    """An implicit conversion of range in a transition between small pictures made ffmpeg stand still now and then."""
    row = [clip("a", grey(studio, 200), 0, 5, transform=half()), clip("b", grey(studio, 120), 5, 10, opacity=0.5)]
    film = timeline(track(clip("z", grey(studio, 80), 0, 10)), track(*row, joins=[join("a", "b", 2, 8)]), duration=10)
    graph = " ".join(studio.plan(film).chunks[0].work.stages[0].argv)
    assert "premultiply" in graph
    assert "setparams=range=pc" not in graph
