"""Smart reframe: a window that keeps the subject in sight, moves within its bounds, and is still where it can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tasks.compiler.following import following, own_size
from tasks.compiler.imports.media import read
from tasks.media.probe import probe
from tasks.recognition.findings import Box, Finding, PathPoint, findings, thinned
from tasks.recognition.follow import CameraPath, FollowOptions, camera_path
from tasks.recognition.pipeline import RecogniseOptions, recognise
from tasks.recognition.session import OpenModel
from tasks.recognition.tracks import tracked
from tests.models.shapes.drawn import KINDS, Shape, box, draw, write_film
from tests.tasks.compiler.films import Studio

RATE = Fraction(25)
WIDE = Fraction(1920), Fraction(1080)
PORTRAIT = Fraction(9, 16)
RED = 220, 40, 30
GREY = 96, 96, 96

Numbers = NDArray[np.float64]

MOTIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "constant": lambda t: 0.15 + 0.2 * t,
    "accelerating": lambda t: 0.12 + 0.08 * t**2,
    "sudden stop": lambda t: np.minimum(0.15 + 0.35 * t, 0.7),
    "turn back": lambda t: 0.8 - 0.35 * np.abs(t - 1.7),
    "leaving": lambda t: 0.35 + 0.3 * t,
}
"""The subject's middle, in widths of the source, over seconds."""


def finding(boxes: Sequence[Box], first: int = 0, name: str = "dog", track: int = 1, score: float = 0.9) -> Finding:
    """What is found of a thing in frames one after the other."""
    times = [Fraction(first + place) / RATE for place in range(len(boxes))]
    kept = thinned([float(time) for time in times], boxes, 0.03)
    last = first + len(boxes) - 1
    return Finding(
        name=name, track=track, first=first, last=last, begin=times[0], end=times[-1] + 1 / RATE, seen=len(boxes),
        best=score, mean=score, best_frame=first, best_seconds=times[0], best_box=boxes[0],
        path=tuple(PathPoint(frame=first + place, seconds=times[place], box=boxes[place]) for place in kept),
    )  # fmt: skip


def row(middles: Numbers, width: float = 0.1, noise: float = 0.0, seed: int = 0) -> list[Box]:
    """Boxes with their middle at these widths of a picture 1920 wide, cut at its edges; noise in widths."""
    off = np.random.default_rng(seed).normal(0, noise, (len(middles), 2)) if noise else np.zeros((len(middles), 2))
    sides = np.clip(np.stack((middles - width / 2, middles + width / 2), 1), 0, 1) + off
    return [(float(left), 400.0, float(right), 700.0) for left, right in sides * 1920]


def path_of(found: Sequence[Finding], frames: int, **more: object) -> CameraPath:
    options = FollowOptions.model_validate(more.pop("options", {}))
    cuts = more.pop("cuts", ())
    assert isinstance(cuts, tuple)
    assert not more
    return camera_path(found, size=WIDE, rate=RATE, frames=frames, aspect=PORTRAIT, options=options, cuts=cuts)


def lefts(path: CameraPath) -> Numbers:
    """The window's left side in each frame, in widths of the source."""
    return np.array([path.window(frame)[0] for frame in range(path.frames)]) / float(path.source_width)


def require_bounds(places: Numbers, options: FollowOptions | None = None) -> None:
    """Nothing is faster or accelerates more than it may, from frame to frame."""
    told = options or FollowOptions()
    assert np.abs(np.diff(places)).max() * RATE <= told.velocity + 1e-9
    assert np.abs(np.diff(places, 2)).max() * RATE**2 <= told.acceleration + 1e-9


def share_inside(path: CameraPath, truth: Sequence[Box | None]) -> float:
    """Of the frames in which a box fits into the window, the share in which it is inside.

    A side that the picture's own edge cuts off may be a four-hundredth of the picture outside: the window comes to rest there.
    """
    across, inside = float(path.source_width), []
    for frame, seen in enumerate(truth):
        if seen is not None and 0 < seen[2] - seen[0] <= path.width:
            left, _, right, _ = path.window(frame)
            spare = across / 400 if seen[2] >= across else 0.0
            inside.append(left <= seen[0] and seen[2] <= right + spare)
    assert inside
    return sum(inside) / len(inside)


@pytest.mark.parametrize("motion", MOTIONS)
def test_the_subject_stays_in_the_window_and_the_window_within_its_bounds(motion: str) -> None:
    middles = MOTIONS[motion](np.arange(75) / 25)
    truth = [seen for seen in row(middles) if seen[2] > seen[0]]
    noisy = [seen for seen in row(middles, noise=0.004, seed=3) if seen[2] - seen[0] > 20][: len(truth)]
    path = path_of([finding(noisy)], 75)
    assert share_inside(path, truth) >= 0.98
    require_bounds(lefts(path))
    assert 0 <= lefts(path).min() <= lefts(path).max() <= 1 - path.width / 1920
    assert len(path.points) <= 25


def test_a_subject_that_wanders_within_the_dead_zone_moves_nothing() -> None:
    window = 1080 * 9 / 16 / 1920
    wander = 0.09 * window * np.random.default_rng(5).uniform(-1, 1, 400)
    path = path_of([finding(row(0.4 + wander))], 400)
    assert np.ptp(lefts(path)) == 0
    assert lefts(path)[0] + window / 2 == pytest.approx(0.4, abs=0.02 * window)


def test_a_window_that_moves_does_not_shake_with_the_boxes() -> None:
    middles = 0.2 + 0.1 * np.arange(125) / 25
    path = path_of([finding(row(middles, noise=0.006, seed=1))], 125)
    steps = np.diff(lefts(path))
    assert steps.min() >= -1e-9
    assert np.abs(np.diff(lefts(path)[10:-10], 2)).max() * 625 < 0.25
    assert np.std(steps[12:-12]) < 0.2 * np.mean(steps)


def test_the_window_jumps_at_a_cut_and_nowhere_else() -> None:
    found = [finding(row(np.full(50, 0.2))), finding(row(np.full(50, 0.8)), first=50, track=2)]
    places = lefts(path_of(found, 100, cuts=(50,)))
    assert np.ptp(places[:50]) == np.ptp(places[50:]) == 0
    assert places[50] - places[49] == pytest.approx(0.6, abs=0.05)
    panned = lefts(path_of(found, 100))
    require_bounds(panned)
    assert panned[-1] - panned[0] == pytest.approx(0.6, abs=0.1)


def test_bounds_hold_however_tight_they_are_and_whatever_happens() -> None:
    random = np.random.default_rng(7)
    found = [
        finding(row(random.uniform(0.1, 0.9, 1) + np.zeros(40)), first=int(first), track=number)
        for number, first in enumerate(random.integers(0, 360, 12))
    ]
    for velocity, acceleration in ((0.1, 0.2), (0.6, 1.2), (0.05, 5.0), (3.0, 0.3)):
        options = FollowOptions(velocity=velocity, acceleration=acceleration)
        places = lefts(path_of(found, 400, options=options.model_dump()))
        require_bounds(places, options)
        assert 0 <= places.min() <= places.max() <= 1 - 1080 * 9 / 16 / 1920 + 1e-12


def test_what_weighs_most_is_followed_unless_a_class_is_named() -> None:
    large, small = row(np.full(100, 0.2), width=0.2), row(np.full(100, 0.8), width=0.05)
    found = [finding(small, name="cat", track=1), finding(large, name="dog", track=2)]
    assert path_of(found, 100).followed == (2,)
    assert path_of(found, 100, options={"names": ("Cat",)}).followed == (1,)
    assert path_of(found, 100, options={"names": ("bird",)}).followed == ()


def test_another_is_followed_only_when_it_wins_clearly_for_a_while() -> None:
    steady = finding(row(np.full(250, 0.3)), track=1)
    briefly = finding(row(np.full(20, 0.7), width=0.2), first=100, track=2, score=1.0)
    assert path_of([steady, briefly], 250).followed == (1,)
    long = finding(row(np.full(200, 0.7), width=0.2), first=50, track=2, score=1.0)
    assert path_of([steady, long], 250).followed == (1, 2)


def test_each_of_many_in_one_long_shot_is_followed_in_its_turn() -> None:
    middles = np.random.default_rng(2).uniform(0.1, 0.9, 48)
    found = [finding(row(np.full(45, at)), first=50 * turn, track=turn + 1) for turn, at in enumerate(middles)]
    path = path_of(found, 2_400)
    assert path.followed == tuple(range(1, 49))
    require_bounds(lefts(path))
    settled = lefts(path)[25::50] * 1920
    assert all(
        left <= (at - 0.05) * 1920 and (at + 0.05) * 1920 <= left + path.width
        for left, at in zip(settled, middles, strict=True)
    )


def test_where_nobody_is_seen_the_window_stays_or_goes_to_the_middle() -> None:
    found = [finding(row(np.full(50, 0.25))), finding(row(np.full(50, 0.25)), first=200, track=2)]
    assert np.ptp(lefts(path_of(found, 250))) == 0
    eased = lefts(path_of(found, 250, options={"rest": "middle"}))
    require_bounds(eased)
    middle = (1 - 1080 * 9 / 16 / 1920) / 2
    assert eased[130] == pytest.approx(middle, abs=0.035)
    assert np.abs(eased[[40, 210]] - eased[0]).max() < 0.035
    assert lefts(path_of([], 50)) == pytest.approx(np.full(50, middle))


def test_an_upright_film_is_made_wide_by_a_window_that_moves_up_and_down() -> None:
    size = Fraction(1080), Fraction(1920)
    heights = np.linspace(400, 1500, 100)
    boxes = [(500.0, float(y) - 100, 580.0, float(y) + 100) for y in heights]
    path = camera_path([finding(boxes)], size=size, rate=RATE, frames=100, aspect=Fraction(16, 9))
    assert (path.width, path.height) == (1080, Fraction(1080 * 9, 16))
    assert {point.left for point in path.points} == {0.0}
    for frame, (_, top, _, bottom) in enumerate(boxes):
        assert path.window(frame)[1] <= top
        assert bottom <= path.window(frame)[3]


def test_a_film_that_has_the_proportions_already_is_shown_whole() -> None:
    path = camera_path([finding(row(np.full(10, 0.9)))], size=WIDE, rate=RATE, frames=10, aspect=Fraction(16, 9))
    assert (path.width, path.height) == WIDE
    assert {(point.left, point.top) for point in path.points} == {(0.0, 0.0)}


def shots() -> list[list[Shape]]:
    """A red circle in a picture of 320 x 180, moving in each way for 75 frames."""
    return [[Shape(0, 320 * float(at), 90, 22, 0, RED) for at in move(np.arange(75) / 25)] for move in MOTIONS.values()]


def test_a_film_in_portrait_shows_what_the_detector_saw(open_detector: OpenModel, tmp_path: Path) -> None:
    shapes = [shape for shot in shots() for shape in shot]
    back = Image.new("RGB", (320, 180), GREY)
    write_film(str(tmp_path / "moving.mp4"), (draw(back, [shape]) for shape in shapes), 18, 25)
    facts = probe(tmp_path / "moving.mp4")
    groups = recognise(tmp_path / "moving.mp4", facts, open_detector, RecogniseOptions())
    found = findings(tracked(frame for group in groups for frame in group.frames), KINDS, 1 / RATE)
    cuts = tuple(range(75, len(shapes), 75))
    size = Fraction(320), Fraction(180)
    path = camera_path(found, size=size, rate=RATE, frames=len(shapes), aspect=PORTRAIT, cuts=cuts)
    truth = [_cut(box(shape)) for shape in shapes]
    assert share_inside(path, truth) >= 0.98
    for first, end in zip((0, *cuts), (*cuts, len(shapes)), strict=True):
        require_bounds(lefts(path)[first:end])

    film = read(tmp_path / "moving.mp4", probe).timeline
    window = path.width, path.height
    places = [(point.frame, point.left, point.top) for point in path.points]
    portrait = following(film, size, window, places, own_size(window))
    assert (portrait.size.width, portrait.size.height) == (102, 180)
    shown = [frame for file in rendered(portrait, tmp_path) for frame in file]
    assert len(shown) == len(shapes)
    scale = 102 / float(path.width)
    for frame, (picture, seen) in enumerate(zip(shown, truth, strict=True)):
        red = (picture[..., 0].astype(int) - picture[..., 1] > 90).nonzero()
        if seen is None or seen[2] - seen[0] < 6:
            continue
        left = path.window(frame)[0]
        wanted = max(0.0, (seen[0] - left) * scale), min(102.0, (seen[2] - left) * scale)
        assert (red[1].min(), red[1].max() + 1) == pytest.approx(wanted, abs=2.5), frame
        if seen[2] < 320:  # the whole circle
            assert (red[0].min(), red[0].max() + 1) == pytest.approx((68, 112), abs=2.5), frame


def _cut(seen: Box) -> Box | None:
    cut = max(0.0, seen[0]), seen[1], min(320.0, seen[2]), seen[3]
    return cut if cut[2] > cut[0] else None


def rendered(film: object, folder: Path) -> list[list[NDArray[np.uint8]]]:
    """The pictures of each chunk of a film."""
    studio = Studio(folder)
    found = []
    for chunk in studio.plan(film).chunks:  # type: ignore[arg-type]
        with av.open(str(studio.rendered(chunk.work))) as file:
            found.append([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])
    return found
