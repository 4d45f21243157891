"""Effects that look at neighbouring frames or draw at random, and every effect across the boundaries of chunks.

Films are encoded without loss here: where a frame depended on its place in a chunk, it would differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.motion_blur import MotionBlur, reach
from tests.tasks.compiler.effects.cases import CASES
from tests.tasks.compiler.effects.chart import Darkroom, applied
from tests.tasks.compiler.films import PAL, Studio, clip, join, timeline, track

LOSSLESS = {"video": {"crf": 0, "preset": "ultrafast"}}
SIDE = 48
FRAMES = 24

Wanted = Sequence[tuple[str, Mapping[str, Any]]]


def moving(path: Path, frames: int = 60) -> None:
    """A bright box that crosses noisy grey, 48 x 48, losslessly."""
    random = np.random.default_rng(3)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=PAL, options={"qp": "0", "preset": "ultrafast", "g": "12"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            rows = np.full((SIDE * 3 // 2, SIDE), 128, np.uint8)
            rows[:SIDE] = np.clip(110 + random.normal(0, 12, (SIDE, SIDE)), 16, 235)
            left = 3 * number % (SIDE - 8)
            rows[20:28, left : left + 8] = 220
            file.mux(stream.encode(av.VideoFrame.from_ndarray(rows, format="yuv420p")))
        file.mux(stream.encode(None))


def source(studio: Studio) -> str:
    return studio.source("moving.mp4", moving)


def side_by_side(studio: Studio, wanted: Wanted, **more: Any) -> Any:
    """A film in which each effect has a clip of its own, one beside the other."""
    columns = len(wanted)
    tracks = []
    for number, (kind, parameters) in enumerate(wanted):
        cell = {"x": number / columns, "y": 0, "width": 1 / columns, "height": 1, "fit": "none"}
        effect = {"kind": kind, "parameters": dict(parameters), **more}
        tracks.append(
            track(clip(f"c{number}", source(studio), 0, FRAMES, source_start="2/5", cell=cell, effects=[effect]))
        )
    size = {"width": SIDE * columns, "height": SIDE}
    return timeline(*tracks, duration=FRAMES, size=size, export=LOSSLESS)


def assert_cuts_do_not_show(studio: Studio, film: Any) -> np.ndarray:
    """The film in one chunk and in three is the same, frame for frame; returns it."""
    whole, cut = studio.pictures(film), studio.pictures(film, chunk_seconds=0.3)
    assert len(studio.plan(film, chunk_seconds=0.3).chunks) >= 3
    assert len(whole) == len(cut) == film.duration
    worst = np.abs(whole.astype(int) - cut.astype(int)).max((1, 2))
    assert worst.max() <= 1, worst
    return whole


TEMPORAL: Wanted = (
    ("noise-reduction", {"intensity": 6}),
    ("motion-blur", {"radius": 2.5}),
    ("film-grain", {"intensity": 0.2}),
    ("glitch", {}),
    ("filter-vintage-film", {"grain": 0.6}),
)


def test_effects_with_handles_and_effects_that_draw_at_random_are_the_same_in_every_chunk(studio: Studio) -> None:
    film = side_by_side(studio, TEMPORAL)
    seen = assert_cuts_do_not_show(studio, film)
    plain = studio.pictures(side_by_side(studio, [("brightness", {"intensity": 1})] * len(TEMPORAL)))
    for number, (kind, _) in enumerate(TEMPORAL):
        part = np.s_[5, 0:SIDE, number * SIDE : (number + 1) * SIDE]
        assert np.abs(seen[part].astype(int) - plain[part]).mean() > 1, kind


def test_so_are_effects_that_begin_and_end_within_their_clip(studio: Studio) -> None:
    film = side_by_side(studio, TEMPORAL[:3], start=6, end=17)
    seen = assert_cuts_do_not_show(studio, film)
    plain = studio.pictures(side_by_side(studio, [("brightness", {"intensity": 1})] * 3))
    changed = [bool((before != after).any()) for before, after in zip(plain, seen, strict=True)]
    assert changed == [6 <= number < 17 for number in range(FRAMES)]


def test_two_effects_with_handles_add_them_up(studio: Studio) -> None:
    effects = [
        {"kind": "motion-blur", "parameters": {"radius": 3}},
        {"kind": "noise-reduction"},
        {"kind": "film-grain"},
    ]
    film = timeline(
        track(clip("a", source(studio), 0, FRAMES, source_start="2/5"), effects=effects),
        duration=FRAMES,
        side=SIDE,
        export=LOSSLESS,
    )
    assert_cuts_do_not_show(studio, film)


def test_handles_reach_into_the_source_and_past_its_ends_and_into_a_transition(studio: Studio) -> None:
    effects = [{"kind": "motion-blur", "parameters": {"radius": 4}}]
    first = clip("a", source(studio), 0, 14, effects=effects)
    second = clip("b", source(studio), 14, FRAMES, source_start=Fraction(48, 25), effects=effects)
    film = timeline(track(first, second, joins=[join("a", "b", 12, 16)]), duration=FRAMES, side=SIDE, export=LOSSLESS)
    assert_cuts_do_not_show(studio, film)


def test_grain_belongs_to_the_frame_of_the_source_not_to_its_place_in_the_film(studio: Studio) -> None:
    def film(start: int, first: int) -> Any:
        grain = [{"kind": "film-grain", "parameters": {"intensity": 0.2, "amount": 1}}]
        one = clip("a", source(studio), start, 20, source_start=Fraction(first, 25), effects=grain)
        return timeline(track(one), duration=20, side=SIDE, export=LOSSLESS)

    whole, trimmed = studio.pictures(film(0, 0)), studio.pictures(film(4, 7))
    assert (whole[7:20] == trimmed[4:17]).all()
    assert (whole[3] != whole[4]).any()


def test_a_ripple_edit_finds_the_chunks_with_grain_again(studio: Studio) -> None:
    def keys(start: int) -> set[str]:
        grain = [{"kind": "film-grain"}]
        clips = [
            clip(f"c{n}", source(studio), start + 8 * n, start + 8 * n + 8, source_start=Fraction(n, 5), effects=grain)
            for n in range(3)
        ]
        film = timeline(track(*clips), duration=start + FRAMES, side=SIDE, export=LOSSLESS)
        return {chunk.work.key for chunk in studio.plan(film, chunk_seconds=0.3).chunks}

    assert len(keys(0)) == 3
    assert keys(0) < keys(16)


def test_a_still_with_grain_moves_and_without_stands(studio: Studio) -> None:
    name = studio.source("still-grey.png", lambda path: Image.new("RGB", (SIDE, SIDE), (120, 120, 120)).save(path))
    for kind, moves in (("film-grain", True), ("vignette", False), ("motion-blur", False)):
        one = clip("a", name, 0, FRAMES, effects=[{"kind": kind}])
        film = timeline(track(one), duration=FRAMES, side=SIDE, export=LOSSLESS)
        seen = assert_cuts_do_not_show(studio, film) if moves else studio.pictures(film)
        assert bool((seen[0] != seen[5]).any()) is moves, kind


def test_motion_blur_is_a_weighted_mean_of_neighbouring_frames(darkroom: Darkroom) -> None:
    frames = np.zeros((9, 16, 32, 3), np.uint8)
    for number in range(9):
        frames[number, :, 3 * number : 3 * number + 3] = 240
    soft, hard, none = darkroom.develop(
        frames,
        applied("motion-blur", radius=1.5, angle=180),
        applied("motion-blur", radius=2, angle=360),
        applied("motion-blur", radius=1, angle=30),
    )
    weights = np.array([0.25, 0.5, 1, 0.5, 0.25])
    wanted = sum(w * frames[4 + place] for place, w in zip(range(-2, 3), weights / weights.sum(), strict=True))
    assert np.abs(soft[4] - wanted).max() <= 1
    assert np.abs(hard[4] - frames[2:7].mean(0)).max() <= 1
    edge = (frames[0] * (0.25 + 0.5 + 1) + 0.5 * frames[1] + 0.25 * frames[2]) / weights.sum()
    assert np.abs(soft[0] - edge).max() <= 1, "past the ends the last frame stands"
    peaks = [float(out[4, 8, 13, 0]) for out in (none, soft, hard)]
    assert peaks[0] > peaks[1] > peaks[2]


def test_motion_blur_without_radius_or_angle_looks_at_no_frame() -> None:
    assert reach(MotionBlur(radius=0)) == reach(MotionBlur(angle=0)) == 0
    assert reach(MotionBlur(radius=2.5)) == 3
    row = EFFECTS["motion-blur"]
    stream: Any = object()
    assert row.build(stream, MotionBlur(radius=0), None) is stream  # type: ignore[arg-type]


EVERY = [
    ("motion-blur", {}),
    ("chroma-key", {"color": "#808080"}),
    *((name, case.steps[-1]) for name, case in CASES.items()),
]


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, len(EVERY), 8))
def test_every_effect_is_the_same_in_every_chunk(studio: Studio, first: int) -> None:
    film = side_by_side(studio, EVERY[first : first + 8])
    assert_cuts_do_not_show(studio, film)
