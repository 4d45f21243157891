"""Motion: the pose of an element at each frame."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tasks.subtitles.model import Animation
from tasks.subtitles.motion import Pose, Stage, poses

STAGE = Stage(100, 50, 200, 100, 1920, 1080, Fraction(25), 40)


def by_frame(*moves: Animation, first: int = 0, last: int = 40) -> dict[int, Pose]:
    return {frame: pose for start, end, pose in poses(moves, STAGE, first, last) for frame in range(start, end)}


def move(kind: Any, duration: int = 10, delay: int = 0, direction: Any = "left") -> Animation:
    return Animation(kind=kind, duration=duration, delay=delay, direction=direction)


def test_what_does_not_move_is_one_pose() -> None:
    assert list(poses((), STAGE, 3, 30)) == [(3, 30, Pose())]
    assert len(list(poses((move("fade-in"),), STAGE, 0, 40))) == 11


def test_an_animation_in_hides_the_element_until_its_delay_is_over() -> None:
    found = by_frame(move("fade-in", delay=5))
    assert min(found) == 5
    assert found[5].opacity == pytest.approx(1 / 11)
    assert found[15] == Pose()


def test_an_animation_out_without_a_delay_ends_with_the_element() -> None:
    found = by_frame(move("fade-out"))
    assert found[29] == Pose()
    assert found[39].opacity == pytest.approx(1 / 11)
    delayed = by_frame(move("fade-out", delay=3))
    assert max(delayed) == 12


@pytest.mark.parametrize(("direction", "x", "y"), [("left", -1, 0), ("right", 1, 0), ("up", 0, -1), ("down", 0, 1)])
def test_slides_come_from_their_side_and_go_to_it(direction: str, x: int, y: int) -> None:
    for kind, far, near in (("slide-in", 0, 9), ("slide-out", 39, 30)):
        found = by_frame(move(kind, direction=direction))
        away, close = found[far], found[near]
        assert (away.x * x, away.y * y) > (close.x * x, close.y * y) if x or y else True
        assert abs(away.x) + abs(away.y) > abs(close.x) + abs(close.y)


def test_motions_add_up() -> None:
    found = by_frame(move("fade-in"), move("scale-in"), move("slide-in"))
    assert found[0].opacity < 1
    assert found[0].scale < 1
    assert found[0].x < 0
    assert found[10] == Pose()


def test_typing_ends_with_its_duration() -> None:
    found = by_frame(move("typewriter", duration=5))
    assert [found[frame].typed for frame in range(6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1])


def test_blinking_is_on_first_and_on_at_the_end() -> None:
    found = by_frame(move("blink", duration=25))
    assert 0 in found
    assert 8 not in found
    assert all(frame in found for frame in range(25, 40))


def test_bounce_and_shake_die_away() -> None:
    for kind, axis in (("bounce", "y"), ("shake", "x")):
        found = by_frame(move(kind, duration=30))
        sizes = [abs(getattr(found[frame], axis)) for frame in range(30)]
        assert max(sizes[:10]) > max(sizes[20:])
        assert found[30] == Pose()


@pytest.mark.parametrize(
    "kind", ["fade-in", "fade-out", "slide-in", "scale-out", "typewriter", "blink", "bounce", "shake"]
)
def test_a_part_of_the_frames_has_the_same_poses(kind: str) -> None:
    moves = (move(kind, delay=4),)
    whole = by_frame(*moves)
    part = by_frame(*moves, first=9, last=22)
    assert part == {frame: pose for frame, pose in whole.items() if 9 <= frame < 22}


def test_a_motion_of_no_length_changes_nothing_but_the_end() -> None:
    assert by_frame(move("fade-in", duration=0)) == {frame: Pose() for frame in range(40)}
    assert by_frame(move("scale-out", duration=0)) == {frame: Pose() for frame in range(40)}
