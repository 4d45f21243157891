"""The chroma key by its alpha: against the distance of its formula, at edges, over another picture, in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.compiler.effects import EFFECTS
from tests.tasks.compiler.effects.chart import Darkroom, applied
from tests.tasks.compiler.films import Studio, clip, timeline, title, track

NAME = "chroma-key"
PATCHES = (
    (0, 255, 0),
    (20, 220, 30),
    (60, 140, 70),
    (128, 128, 128),
    (200, 150, 120),
    (255, 255, 0),
    (0, 0, 255),
    (255, 0, 0),
)


def patches() -> np.ndarray:
    """Eight flat colours, each twelve pixels wide, opaque."""
    picture = np.full((16, 96, 4), 255, np.uint8)
    for number, colour in enumerate(PATCHES):
        picture[:, number * 12 : (number + 1) * 12, :3] = colour
    return picture


def alphas(out: np.ndarray) -> np.ndarray:
    return out[8, 6::12, 3] / 255


def distance(colour: tuple[int, int, int], screen: tuple[int, int, int]) -> float:
    def chroma(rgb: tuple[int, int, int]) -> np.ndarray:
        red, green, blue = (value / 255 for value in rgb)
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
        return np.array([224 * (blue - luma) / 1.772, 224 * (red - luma) / 1.402])

    return float(np.linalg.norm(chroma(colour) - chroma(screen)) / (255 * 2**0.5))


@pytest.mark.parametrize(
    ("screen", "similarity", "blend"),
    [((0, 255, 0), 0.3, 0.0), ((0, 255, 0), 0.1, 0.4), ((0, 0, 255), 0.35, 0.1), ((255, 0, 0), 0.25, 0.2)],
)
def test_alpha_follows_the_distance_in_chroma(
    darkroom: Darkroom, screen: tuple[int, int, int], similarity: float, blend: float
) -> None:
    colour = "#{:02x}{:02x}{:02x}".format(*screen)
    out = darkroom.still(patches(), applied(NAME, color=colour, similarity=similarity, blend=blend))[0]
    near, far = similarity - min(0.06, similarity / 2), similarity + blend
    wanted = [np.clip((distance(patch, screen) - near) / (far - near), 0, 1) for patch in PATCHES]
    assert np.abs(alphas(out) - wanted).max() < 0.05, (alphas(out), wanted)


def test_more_similarity_clears_more_and_none_adds_no_filter(darkroom: Darkroom) -> None:
    shown = darkroom.still(patches(), *(applied(NAME, similarity=value, blend=0.1) for value in (0.1, 0.3, 0.5)))
    means = [float(out[..., 3].mean()) for out in shown]
    assert means[0] > means[1] > means[2]
    row = EFFECTS[NAME]
    stream: Any = object()
    assert row.build(stream, row.parameters.model_validate({"similarity": 0}), None) is stream  # type: ignore[arg-type]


def test_despill_takes_the_screen_s_shine_and_spares_other_colours(darkroom: Darkroom) -> None:
    kept, taken, half = darkroom.still(patches(), *(applied(NAME, despill=value) for value in (0, 1, 0.5)))
    assert np.abs(kept[8, 6::12, :3] - [list(colour) for colour in PATCHES]).max() <= 1
    assert np.abs(taken[8, 30, :3] - [60, 70, 70]).max() <= 1
    assert np.abs(half[8, 30, :3] - [60, 105, 70]).max() <= 1
    for place in (42, 54, 66, 78, 90):
        assert np.abs(taken[8, place, :3] - kept[8, place, :3]).max() <= 1, place


def test_a_soft_edge_stays_soft(darkroom: Darkroom) -> None:
    """From green to grey over ten pixels: alpha rises without a jump, and no green rim stays."""
    picture = np.full((16, 64, 4), 255, np.uint8)
    share = np.clip((np.arange(64) - 27) / 10, 0, 1)[None, :, None]
    picture[..., :3] = (1 - share) * np.array([10, 230, 20]) + share * np.array([140, 130, 130])
    out = darkroom.still(picture, applied(NAME))[0][8]
    alpha = out[:, 3]
    assert alpha[20] == 0
    assert alpha[45] > 254.5
    assert (np.diff(alpha) >= 0).all()
    assert len({int(value) for value in alpha if 10 < value < 245}) >= 1
    visible = out[alpha > 0]
    assert (visible[:, 1] <= np.maximum(visible[:, 0], visible[:, 2]) + 1).all()


def test_what_was_clear_stays_clear(darkroom: Darkroom) -> None:
    picture = patches()
    picture[..., 3] = 100
    out = darkroom.still(picture, applied(NAME))[0]
    assert alphas(out).max() * 255 <= 101
    assert alphas(out)[0] == 0


def _green_with_a_grey_half(studio: Studio) -> str:
    def draw(path: Any) -> None:
        picture = Image.new("RGB", (64, 64), (10, 230, 20))
        picture.paste((190, 130, 110), (32, 0, 64, 64))
        picture.save(path)

    return studio.source("screen.png", draw)


@pytest.mark.parametrize("on_track", [False, True])
def test_the_layer_below_shows_where_the_screen_was(studio: Studio, on_track: bool) -> None:
    key = [{"kind": NAME}]
    over = clip("over", _green_with_a_grey_half(studio), 0, 10, **({} if on_track else {"effects": key}))
    upper = track(over, **({"effects": key} if on_track else {}))
    film = timeline(track(title("below", 0, 10, colour="#2040ff")), upper, duration=10)
    for x, wanted in ((0.2, (32, 64, 255)), (0.8, (190, 130, 110))):
        assert np.abs(np.array(studio.rgb(film, x=x)) - wanted).max() <= 4, x


def test_a_key_alone_on_black_and_for_a_part_of_its_clip(studio: Studio) -> None:
    key = [{"kind": NAME, "start": 5}]
    film = timeline(track(clip("over", _green_with_a_grey_half(studio), 0, 10, effects=key)), duration=10)
    assert np.abs(np.array(studio.rgb(film, x=0.2, frame=2)) - (10, 230, 20)).max() <= 4
    assert max(studio.rgb(film, x=0.2, frame=7)) <= 4
    assert np.abs(np.array(studio.rgb(film, x=0.8, frame=7)) - (190, 130, 110)).max() <= 4


def test_what_the_key_cleared_stays_clear_in_a_slanted_cell(studio: Studio) -> None:
    name = _green_with_a_grey_half(studio)
    slanted = {"x": 0, "y": 0, "width": 1, "height": 1, "fit": "fill", "outline": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    keyed = clip("keyed", name, 0, 4, cell=slanted, effects=[{"kind": NAME}])
    film = timeline(track(title("ground", 0, 4, colour="#ff0000")), track(keyed), duration=4)
    straight = timeline(
        track(title("ground", 0, 4, colour="#ff0000")),
        track(keyed | {"cell": {**slanted, "outline": []}}),
        duration=4,
    )
    seen, wanted = (studio.still(each, 2).astype(int) for each in (film, straight))
    assert np.abs(seen - wanted)[4:-4, 4:-4].max() <= 6
    assert (wanted[..., 0] > 240).any()
