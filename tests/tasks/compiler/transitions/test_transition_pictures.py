"""What every transition of the catalogue shows: its ends, its middle, and that each of its parameters does something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.compiler.transitions import CATALOGUE, TRANSITIONS
from tasks.subtitles.easing import EASINGS, eased
from tests.tasks.compiler.films import Studio, clip, join, near, timeline, track

WIDTH, HEIGHT = 96, 64
WINDOW = 8
"""Frames of a transition, so that every second one is a quarter of it."""

SEGMENT = 10
"""Frames from one transition to the next: one of the old picture, eight of both, one of the new."""

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "zoom": [{"intensity": 0.3}, {"direction": "topleft"}],
    "fade": [{"intensity": 3}],
    "slide": [{"direction": "right"}, {"direction": "up"}, {"direction": "down"}, {"intensity": 0.5}],
    "scale": [{"direction": "bottomright"}, {"intensity": 0.4}],
    "rotate": [{"direction": "left"}, {"intensity": 0.3}],
    "flip": [{"direction": "up"}, {"intensity": 0}],
    "push": [{"direction": "up"}, {"intensity": 0.5}],
    "squeeze": [{"direction": "left"}, {"intensity": 0.3}],
    "diagonal": [{"direction": "right"}, {"intensity": 0.4}],
    "spiral": [{"direction": "left"}, {"intensity": 0.2}],
    "wipe-horizontal": [{"direction": "left"}, {"intensity": 0.3}],
    "wipe-vertical": [{"direction": "up"}, {"intensity": 0.3}],
    "wipe-diagonal": [{"direction": "bottomright"}, {"intensity": 0.3}],
    "radial-wipe": [{"direction": "counterclockwise"}, {"direction": "topleft"}, {"intensity": 0.2}],
    "cube-3d": [{"direction": "up"}, {"intensity": 0}, {"perspective": 300}],
    "page-turn": [{"direction": "left"}, {"intensity": 0}, {"angle": 0}],
    "ripple": [{"intensity": 0.1}, {"frequency": 2}, {"amplitude": 3}],
    "pixelize": [{"block_size": 4}, {"intensity": 0.3}],
    "dissolve": [{"intensity": 3}, {"smoothness": 0}],
    "morph": [{"intensity": 0.1}, {"smoothness": 0.1}, {"points": 9}],
    "glitch": [{"intensity": 0.1}, {"frequency": 60}, {"color_shift": False}, {"blocks": 2}],
    "kaleidoscope": [{"segments": 3}, {"rotation_speed": 0.3}, {"intensity": 0.2}],
    "shatter": [{"pieces": 3}, {"gravity": 3}, {"randomness": 0}, {"rotation": False}],
    "burn": [{"temperature": 9000}, {"spread": 1}, {"glow": 0}],
    "blinds": [{"slats": 2}, {"direction": "vertical"}],
    "iris": [{"shape": "square"}, {"center_x": 0}, {"center_y": 1}, {"smoothness": 1}, {"direction": "in"}],
    "swirl": [{"rotations": -1}, {"center_x": 0.1}, {"center_y": 0.9}, {"radius": 0.4}],
    "zoom-blur": [{"intensity": 0.1}, {"center_x": 0}, {"center_y": 1}],
    "wave": [{"amplitude": 4}, {"frequency": 1}, {"direction": "vertical"}],
    "tv-static": [{"noise_level": 0.2}, {"scan_lines": False}, {"color_shift": 1}],
}
"""Each row's parameters one by one, at a value that shows beside the default."""


def chart(studio: Studio, seed: int) -> str:
    """A still of coloured squares."""

    def make(path: Any) -> None:
        squares = np.random.RandomState(seed).randint(0, 255, (HEIGHT // 8, WIDTH // 8, 3)).astype(np.uint8)
        Image.fromarray(np.kron(squares, np.ones((8, 8, 1), np.uint8))).save(path)

    return studio.source(f"chart-{seed}.png", make)


def flat_still(studio: Studio, level: int) -> str:
    value = round((level - 16) * 255 / 219)
    return studio.source(f"flat-{level}.png", lambda path: Image.new("RGB", (WIDTH, HEIGHT), (value,) * 3).save(path))


def passages(first: str, second: str, kinds: list[tuple[str, dict[str, Any]]]) -> Any:
    """A track on which each transition leads from the first still to the second, a segment each."""
    clips, joins = [], []
    for number, (kind, parameters) in enumerate(kinds):
        at = number * SEGMENT
        clips += [clip(f"a{at}", first, at, at + 5), clip(f"b{at}", second, at + 5, at + SEGMENT)]
        joins.append(join(f"a{at}", f"b{at}", at + 1, at + 1 + WINDOW, kind, parameters=parameters))
    return track(*clips, joins=joins)


def film(*tracks: Any, segments: int) -> Any:
    size = {"width": WIDTH, "height": HEIGHT}
    export = {"video": {"crf": 0, "preset": "ultrafast"}}
    return timeline(*tracks, duration=segments * SEGMENT, size=size, export=export)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def farthest(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


@pytest.mark.parametrize("kind", [row.name for row in CATALOGUE])
def test_a_transition_leads_from_the_old_picture_to_the_next_and_each_parameter_shows(
    studio: Studio, kind: str
) -> None:
    variants = VARIANTS[kind]
    named = {name for variant in variants for name in variant}
    unnamed = set(TRANSITIONS[kind].parameters.model_fields) - named - {"easing"}
    assert unnamed <= (set() if TRANSITIONS[kind].directions else {"direction"}), "a parameter without a variant"
    asked = [(kind, {"easing": "linear", **variant}) for variant in ({}, *variants)]
    first, second = chart(studio, 1), chart(studio, 2)
    # The last segment has the transition between clear pictures: half as large, over the second still.
    last = len(asked) * SEGMENT
    half = {"scale_x": 0.5, "scale_y": 0.5}
    over = track(
        clip("p", first, last, last + 5, transform=half | {"position_x": 0.2}),
        clip("q", second, last + 5, last + SEGMENT, transform=half | {"position_x": -0.2}),
        joins=[join("p", "q", last + 1, last + 1 + WINDOW, kind, parameters={"easing": "linear"})],
    )
    below = passages(first, second, asked)
    below["clips"].append(clip("z", second, last, last + SEGMENT))
    seen = studio.pictures(film(below, over, segments=len(asked) + 1), chunk_seconds=60)
    assert len(seen) == last + SEGMENT
    for segment, parameters in enumerate([*(parameters for _, parameters in asked), "clear"]):
        shown = seen[segment * SEGMENT : (segment + 1) * SEGMENT]
        assert farthest(shown[1], shown[0]) <= 4, f"{parameters}: the first frame is not the old picture"
        if segment and parameters != "clear":
            continue
        for quarter in (3, 5, 7):
            least = 0.1 if parameters == "clear" else 0.5
            assert apart(shown[quarter], shown[0]) > least, f"{parameters}: frame {quarter} is the old picture"
            assert apart(shown[quarter], shown[9]) > least, f"{parameters}: frame {quarter} is the next picture"
    alone = studio.pictures(film(track(clip("b", second, 0, 1)), segments=1), end=1)[0]
    assert farthest(seen[9, :HEIGHT], alone[:HEIGHT]) <= 1, "the first frame after it is not the next picture"
    for segment, variant in enumerate(variants, start=1):
        middles = [apart(seen[segment * SEGMENT + 1 + n], seen[1 + n]) for n in range(1, WINDOW)]
        assert max(middles) > 1.5, f"{variant} shows nothing"


SIDES: list[tuple[str, str, tuple[float, float]]] = [
    ("wipe-horizontal", "right", (0.1, 0.5)), ("wipe-horizontal", "left", (0.9, 0.5)),
    ("wipe-vertical", "down", (0.5, 0.1)), ("wipe-vertical", "up", (0.5, 0.9)),
    ("wipe-diagonal", "topleft", (0.9, 0.9)), ("wipe-diagonal", "topright", (0.1, 0.9)),
    ("wipe-diagonal", "bottomleft", (0.9, 0.1)), ("wipe-diagonal", "bottomright", (0.1, 0.1)),
    ("slide", "left", (0.9, 0.5)), ("slide", "right", (0.1, 0.5)), ("slide", "up", (0.5, 0.9)), ("slide", "down", (0.5, 0.1)),
    ("push", "left", (0.9, 0.5)), ("push", "right", (0.1, 0.5)), ("push", "up", (0.5, 0.9)), ("push", "down", (0.5, 0.1)),
    ("diagonal", "up", (0.1, 0.9)), ("diagonal", "down", (0.9, 0.1)),
    ("diagonal", "left", (0.9, 0.9)), ("diagonal", "right", (0.1, 0.1)),
    ("scale", "left", (0.1, 0.5)), ("scale", "right", (0.9, 0.5)), ("scale", "topleft", (0.1, 0.1)),
    ("scale", "bottomright", (0.9, 0.9)),
    ("radial-wipe", "clockwise", (0.7, 0.2)), ("radial-wipe", "counterclockwise", (0.3, 0.2)),
    ("page-turn", "right", (0.1, 0.5)), ("page-turn", "left", (0.9, 0.5)),
    ("cube-3d", "left", (0.7, 0.5)), ("cube-3d", "right", (0.3, 0.5)),
    ("cube-3d", "up", (0.5, 0.7)), ("cube-3d", "down", (0.5, 0.3)),
]  # fmt: skip
"""Kind, direction, and a place (fractions of the frame) that shows the next picture while the one across does not."""


def test_a_direction_says_from_which_side_the_next_picture_comes(studio: Studio) -> None:
    asked = [(kind, {"easing": "linear", "direction": direction}) for kind, direction, _ in SIDES]
    shots = passages(flat_still(studio, 60), flat_still(studio, 200), asked)
    seen = studio.pictures(film(shots, segments=len(asked)), chunk_seconds=60)
    for number, (kind, direction, (x, y)) in enumerate(SIDES):
        middle = seen[number * SEGMENT + 5]
        here = int(middle[int(y * HEIGHT), int(x * WIDTH)])
        across = int(middle[int((1 - y) * HEIGHT), int((1 - x) * WIDTH)])
        assert here > across + 50, f"{kind} {direction}: {here} here, {across} across"


def test_an_easing_moves_the_edge_of_a_wipe_to_the_pixel(studio: Studio) -> None:
    asked = [("wipe-horizontal", {"easing": easing}) for easing in EASINGS]
    shots = passages(flat_still(studio, 60), flat_still(studio, 200), asked)
    seen = studio.pictures(film(shots, segments=len(asked)), chunk_seconds=60)
    for number, easing in enumerate(EASINGS):
        for frame in range(WINDOW):
            row = seen[number * SEGMENT + 1 + frame, HEIGHT // 2].astype(int)
            uncovered = ((row - 60) / 140).sum()
            wanted = min(1.0, max(0.0, eased(easing, frame / WINDOW))) * WIDTH
            assert uncovered == pytest.approx(wanted, abs=1.6), (easing, frame)


def test_a_cross_fade_follows_its_easing_to_the_level(studio: Studio) -> None:
    asked = [
        ("dissolve", {"easing": easing}) for easing in ("ease-in-quad", "ease-out-bounce", "ease-in-out-back", "ease")
    ]
    shots = passages(flat_still(studio, 60), flat_still(studio, 180), asked)
    seen = studio.pictures(film(shots, segments=len(asked)), chunk_seconds=60)
    for number, (_, parameters) in enumerate(asked):
        progress = [min(1.0, max(0.0, eased(parameters["easing"], frame / WINDOW))) for frame in range(WINDOW)]
        got = [int(seen[number * SEGMENT + 1 + frame, 5, 5]) for frame in range(WINDOW)]
        assert near(got, [round(60 + 120 * done) for done in progress], within=2)


def test_a_moving_picture_goes_on_moving_under_its_transition(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    row = [clip("a", name, 0, 20), clip("b", name, 20, 40, source_start=2)]
    joins = [join("a", "b", 15, 25, "fade", parameters={"easing": "ease-in"})]
    done = [eased("ease-in", min(1, max(0, (frame - 15) / 10))) for frame in range(40)]
    wanted = [round(frame * (1 - p) + (30 + frame) * p) for frame, p in enumerate(done)]
    assert near(studio.numbers(timeline(track(*row, joins=joins), duration=40)), wanted, within=2)


def test_transitions_of_all_sorts_follow_each_other_in_one_stretch(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    row = [clip(f"c{n}", name, n * 8, n * 8 + 8, source_start=f"{20 + n * 8}/25") for n in range(6)]
    kinds = ["dissolve", "fade", "wipe-vertical", "dissolve", "xfade:circleopen"]
    eases = [{}, {"easing": "ease"}, {}, {"smoothness": 0.2}, {"easing": "bounce"}]
    joins = [join(f"c{n}", f"c{n + 1}", n * 8 + 4, n * 8 + 12, kinds[n], parameters=eases[n]) for n in range(5)]
    shown = timeline(track(*row, joins=joins), duration=48)
    assert near(studio.numbers(shown), range(20, 68))


def test_a_transition_longer_than_an_xfade_can_be_is_built_all_the_same(studio: Studio) -> None:
    shots = [clip("a", flat_still(studio, 60), 0, 40), clip("b", flat_still(studio, 180), 40, 80)]
    shown = timeline(track(*shots, joins=[join("a", "b", 5, 75)]), duration=80, rate=1)
    assert near(
        (luma + 16 for luma in studio.numbers(shown)),
        [60] * 5 + [round(60 + 120 * n / 70) for n in range(70)] + [180] * 5,
        within=2,
    )


CUT_OPEN = ["slide", "spiral", "burn", "glitch", "tv-static", "morph", "pixelize"]
"""One of each way in which transitions are built; the others are cut open where there is more time."""


@pytest.mark.parametrize(
    "kind",
    [row.name if row.name in CUT_OPEN else pytest.param(row.name, marks=pytest.mark.long) for row in CATALOGUE],
)
def test_a_range_that_cuts_a_transition_shows_what_the_whole_film_shows(studio: Studio, kind: str) -> None:
    half = {"scale_x": 0.5, "scale_y": 0.5}
    first, second = chart(studio, 1), chart(studio, 2)
    over = track(
        clip("p", first, 0, 6, transform=half),
        clip("q", second, 6, 10, transform=half),
        joins=[join("p", "q", 2, 10, kind)],
    )
    whole_film = film(passages(first, second, [(kind, {})]), over, segments=1)
    whole = studio.pictures(whole_film)
    parts = np.concatenate([studio.pictures(whole_film, start=a, end=b) for a, b in ((0, 4), (4, 10))])
    # A plain xfade takes its whole stretch through 4:4:4 and back, which moves chroma at sharp edges.
    compared = HEIGHT if kind in ("fade", "dissolve") else HEIGHT * 3 // 2
    assert farthest(whole[:, :compared], parts[:, :compared]) <= 3
    assert apart(whole, parts) < 0.5
    again = studio.from_rgb(studio.still(whole_film, 6))
    assert apart(whole[6, :HEIGHT], again[:HEIGHT]) < 1.5


@pytest.mark.parametrize("kind", [row.name for row in CATALOGUE])
def test_a_transition_has_the_same_key_wherever_it_lies(studio: Studio, kind: str) -> None:
    name = studio.counted("v.mp4", 100)

    def key(at: int) -> str:
        row = [clip("a", name, at, at + 20, source_start=1), clip("b", name, at + 20, at + 40, source_start=2)]
        shown = timeline(track(*row, joins=[join("a", "b", at + 15, at + 25, kind)]), duration=90)
        return studio.plan(shown, start=at, end=at + 40).chunks[0].work.key

    assert key(0) == key(33)
