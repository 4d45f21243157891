"""Pictures of titles that move: where a shape of the same box would be, at every frame, wherever the film is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from infra.errors import KinofarmError
from tasks.compiler.unfold import unfolded
from tasks.subtitles.easing import EASINGS
from tasks.subtitles.kinds import KINDS
from tests.tasks.compiler.films import Studio, timeline, track
from tests.tasks.compiler.test_moving import key
from tests.tasks.compiler.test_unfold import box, picture, titled

FRAMES = 16
SIDE = 128
BOX = (0.375, 0.375, 0.25, 0.25)
"""x, y, width, height."""

MOTIONS: dict[str, dict[str, Any]] = {
    "fade-in": {},
    "fade-out": {"easing": "ease-in-cubic"},
    "slide-in": {"direction": "right"},
    "slide-out": {"direction": "up"},
    "scale-in": {"easing": "ease-out-quad"},
    "scale-out": {},
    "bounce": {"amount": 200},
    "shake": {"amount": 120, "direction": "up"},
    "slide": {"amount": 0.25, "direction": "down"},
    "scale": {"amount": 2},
    "rotate": {"amount": 90},
    "pulse": {"amount": 0.8},
    "flicker": {},
    "motion-path": {"path": [(0, 0), (0.25, -0.25), (-0.25, 0.125)]},
    "morph": {},
    "parallax": {"amount": 0.3, "direction": "right"},
    "dissolve": {"amount": 40},
    "blink": {},
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = Studio(tmp_path_factory.mktemp("posed"))
    Image.new("RGB", (32, 32), (255, 255, 255)).save(made.folder / "white.png")
    return made


def film(*elements: dict[str, Any], duration: int = FRAMES, **more: Any) -> Any:
    return timeline(track(titled(*elements, end=duration, **more)), duration=duration, side=SIDE)


def animated(kind: str, **more: Any) -> list[dict[str, Any]]:
    return [{"kind": kind, "duration": 12, "delay": 2, **MOTIONS[kind], **more}]


def mass(frame: np.ndarray) -> tuple[float, float, float]:
    """How much light there is in a frame, and its middle in pixels."""
    light = np.clip((frame[:SIDE].astype(float) - 16) / 219, 0, 1)
    total = light.sum()
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    return total, (light * columns).sum() / max(total, 1e-9), (light * rows).sum() / max(total, 1e-9)


def test_every_motion_that_is_not_of_letters_is_tried_here() -> None:
    assert set(MOTIONS) == {name for name, kind in KINDS.items() if not kind.letters}


@pytest.mark.parametrize("kind", MOTIONS)
def test_a_picture_moves_as_a_shape_does(studio: Studio, kind: str) -> None:
    moves = animated(kind)
    shapes = studio.pictures(film(box("#ffffff", *BOX, animations=moves)))
    pictures = studio.pictures(film(picture("white.png", *BOX, fit="fill", animations=moves)))
    whole = mass(shapes[15 if KINDS[kind].when != "out" else 0])[0]
    assert len({round(mass(frame)[0], 1) for frame in pictures} | {mass(frame)[1:] for frame in pictures}) > 2, (
        "it moves"
    )
    for number, (shape, other) in enumerate(zip(shapes, pictures, strict=True)):
        (light, x, y), (got, got_x, got_y) = mass(shape), mass(other)
        if kind == "dissolve":  # its blur stays within the box
            assert got == pytest.approx(light, abs=0.35 * whole), number
            continue
        assert got == pytest.approx(light, abs=0.035 * whole + 4), number
        if light > 0.05 * whole:
            assert (got_x, got_y) == pytest.approx((x, y), abs=0.75), number


@pytest.mark.parametrize("easing", ["linear", "ease-in-quint", "ease-out-bounce"])
@pytest.mark.parametrize("order", ["normal", "reverse", "alternate"])
def test_a_fade_follows_the_table_of_easings(studio: Studio, easing: str, order: str) -> None:
    moves = [{"kind": "fade-in", "duration": 5, "delay": 2, "easing": easing, "repeat": 2, "order": order}]
    got = [
        int(frame[64, 64]) for frame in studio.pictures(film(picture("white.png", *BOX, opacity=0.8, animations=moves)))
    ]
    ways = []
    for frame in range(FRAMES):
        turn, step = divmod(frame - 2, 5)
        backwards = order == "reverse" or (order == "alternate" and min(turn, 1) == 1)
        way = 0.0 if frame < 2 else 1.0 if turn > 1 else (step + 1) / 6
        if frame < 2:
            backwards = order == "reverse"
        ways.append(EASINGS[easing](1 - way if backwards else way))
    assert got == pytest.approx([16 + 219 * 0.8 * way for way in ways], abs=2)


def test_a_turned_picture_turns_on_and_several_motions_add_up(studio: Studio) -> None:
    moves = [*animated("rotate"), *animated("fade-in", duration=8), *animated("slide")]
    elements = {"rotation": 30, "animations": moves}
    shapes = studio.pictures(film(box("#ffffff", *BOX, **elements)))
    pictures = studio.pictures(film(picture("white.png", *BOX, fit="fill", **elements)))
    for shape, other in zip(shapes, pictures, strict=True):
        assert np.abs(shape[:SIDE].astype(int) - other[:SIDE]).mean() < 2.5


@pytest.mark.parametrize("kind", ["slide-in", "scale", "rotate", "dissolve"])
def test_a_frame_alone_and_a_film_in_chunks_show_the_same(studio: Studio, kind: str) -> None:
    made = film(box("#203040", 0, 0, 1, 1), picture("white.png", *BOX, animations=animated(kind), start=1))
    whole = studio.pictures(made)
    pieces = np.concatenate([studio.pictures(made, start=a, end=b) for a, b in ((0, 5), (5, 9), (9, 16))])
    assert np.abs(whole.astype(int) - pieces.astype(int)).max() <= 8, "an edge may lie a thirtieth of a pixel elsewhere"
    for frame in (4, 8, 15):
        alone = studio.still(made, frame).astype(int)
        assert np.abs(alone - Studio.to_rgb(whole[frame]).astype(int)).max() <= 14, frame


def test_a_title_that_fades_takes_its_pictures_along(studio: Studio) -> None:
    fades = {"opacity": [key(0, 1), key(10, 0.5), key(14, 0.0)]}
    moves = [{"kind": "fade-in", "duration": 3}]
    elements = [
        box("#ffffff", 0, 0, 0.25, 1),
        picture("white.png", 0.5, 0, 0.5, 1, fit="fill", start=4, animations=moves),
    ]
    got = studio.pictures(film(*elements, keyframes=fades))
    title = [1 - 0.05 * n if n < 10 else max(0, 0.5 - 0.125 * (n - 10)) for n in range(FRAMES)]
    assert [int(frame[64, 8]) for frame in got] == pytest.approx([16 + 219 * one for one in title], abs=2)
    own = [0] * 4 + [0.25, 0.5, 0.75] + [1] * 9
    wanted = [16 + 219 * one * other for one, other in zip(title, own, strict=True)]
    assert [int(frame[64, 96]) for frame in got] == pytest.approx(wanted, abs=2)


def test_a_picture_without_motions_has_no_keyframes() -> None:
    (row,) = unfolded(film(picture("white.png", *BOX, rotation=20, opacity=0.5), opacity=0.5)).timeline.tracks
    one = row.clips[0]
    assert (one.keyframes, one.effects, one.opacity) == ({}, (), 0.25)
    assert one.transform is not None
    assert one.transform.rotation == 20


@pytest.mark.parametrize("kind", [name for name, row in KINDS.items() if row.letters])
def test_what_letters_alone_can_do_is_refused_with_what_a_picture_can(studio: Studio, kind: str) -> None:
    moves = [{"kind": "fade-in", "duration": 2}, {"kind": kind, "duration": 2}]
    with pytest.raises(KinofarmError) as caught:
        studio.check(film(box("#ffffff", *BOX), picture("white.png", *BOX, id="logo", animations=moves)))
    assert (caught.value.code, caught.value.where) == (
        "TEXT-021",
        "tracks[0].clips[0].source.elements[1].animations[1].kind",
    )
    assert caught.value.hint
