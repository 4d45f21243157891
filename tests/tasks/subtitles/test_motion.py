"""Motion: the pose of an element at each frame."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, get_args

import pytest

from tasks.subtitles.easing import EASINGS
from tasks.subtitles.kinds import KINDS
from tasks.subtitles.model import Animation
from tasks.subtitles.motion import Pose, Stage, poses

STAGE = Stage(100, 50, 200, 100, 1920, 1080, Fraction(25), 40)


def by_frame(*moves: Animation, first: int = 0, last: int = 40) -> dict[int, Pose]:
    return {frame: pose for start, end, pose in poses(moves, STAGE, first, last) for frame in range(start, end)}


def move(kind: Any, duration: int = 10, delay: int = 0, direction: Any = "left", **more: Any) -> Animation:
    return Animation(kind=kind, duration=duration, delay=delay, direction=direction, **more)


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
    assert found[0].scale_x < 1
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


PATH = ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_the_frames_has_the_same_poses(kind: str) -> None:
    moves = (move(kind, delay=4, repeat=2, order="alternate", path=PATH if kind == "motion-path" else ()),)
    whole = by_frame(*moves)
    part = by_frame(*moves, first=9, last=22)
    assert part == {frame: pose for frame, pose in whole.items() if 9 <= frame < 22}


def test_a_motion_of_no_length_changes_nothing_but_the_end() -> None:
    assert by_frame(move("fade-in", duration=0)) == {frame: Pose() for frame in range(40)}
    assert by_frame(move("scale-out", duration=0)) == {frame: Pose() for frame in range(40)}


def test_the_model_the_table_and_the_motions_know_the_same_kinds() -> None:
    kinds = get_args(Animation.model_fields["kind"].annotation)
    assert list(kinds) == list(KINDS)
    for kind in KINDS:
        path = PATH if kind == "motion-path" else ()
        found = by_frame(move(kind, delay=2, path=path))
        assert any(found.get(frame) != Pose() for frame in range(40)), kind


@pytest.mark.parametrize("easing", EASINGS)
def test_every_easing_moves_a_slide_its_own_way(easing: str) -> None:
    found = by_frame(move("slide", duration=9, easing=easing, direction="right", amount=0.5))
    for frame in range(9):
        assert found[frame].x == pytest.approx(960 * EASINGS[easing]((frame + 1) / 10))
    assert found[9].x == found[39].x == pytest.approx(960)


def test_what_stays_is_where_it_was_taken() -> None:
    at_rest = {kind: by_frame(move(kind, path=PATH if kind == "motion-path" else ()))[39]
               for kind, row in KINDS.items() if row.when == "stays"}  # fmt: skip
    assert at_rest["slide"].x == pytest.approx(-192)
    assert at_rest["scale"].scale_x == at_rest["scale"].scale_y == pytest.approx(1.2)
    assert at_rest["rotate"].rotation == 360
    assert (at_rest["motion-path"].x, at_rest["motion-path"].y) == pytest.approx((192, 108))


def test_a_path_is_followed_at_one_pace() -> None:
    found = by_frame(move("motion-path", duration=9, easing="linear", path=((0, 0), (0.1, 0), (0.1, 192 / 1080))))
    assert (found[4].x, found[4].y) == pytest.approx((192, 0)), "half of the way is the corner"
    assert found[1].x == pytest.approx(192 * 0.4)


def test_repeats_follow_each_other_and_alternate() -> None:
    thrice = by_frame(move("fade-in", duration=5, repeat=3))
    assert [thrice[frame].opacity for frame in range(5)] == [thrice[frame + 5].opacity for frame in range(5)]
    assert thrice[15] == Pose()
    there_and_back = by_frame(move("rotate", duration=5, repeat=2, order="alternate", easing="linear"))
    turns = [there_and_back[frame].rotation for frame in range(10)]
    assert turns == pytest.approx(turns[::-1])
    assert there_and_back[10].rotation == 0
    endless = by_frame(move("pulse", duration=8, repeat=0))
    assert endless[4] == endless[36]
    assert endless[36].scale_x > 1.05


def test_one_out_that_repeats_ends_with_the_element() -> None:
    found = by_frame(move("fade-out", duration=5, repeat=2))
    assert found[29] == Pose()
    assert found[30].opacity == found[35].opacity == pytest.approx(5 / 6)


def test_reverse_runs_backwards() -> None:
    forwards = by_frame(move("scale", duration=9, easing="linear"))
    backwards = by_frame(move("scale", duration=9, easing="linear", order="reverse"))
    assert [backwards[f].scale_x for f in range(9)] == pytest.approx([forwards[8 - f].scale_x for f in range(9)])


def test_a_flicker_is_uneven_and_always_the_same() -> None:
    found = by_frame(move("flicker", duration=40, amount=1))
    levels = [found[frame].opacity if frame in found else 0.0 for frame in range(40)]
    assert 2 < len(set(levels)) < 25
    assert levels == [pose.opacity for pose in by_frame(move("flicker", duration=40, amount=1)).values()]


def test_morph_and_dissolve_come_to_rest() -> None:
    morph = by_frame(move("morph", amount=2))
    assert morph[0].scale_x > 1.5
    assert morph[0].scale_x * morph[0].scale_y == pytest.approx(1)
    assert morph[10] == Pose()
    blurs = [by_frame(move("dissolve"))[frame].blur for frame in range(11)]
    assert blurs == sorted(blurs, reverse=True)
    assert blurs[10] == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "fade-in", "amount": 2}, "no amount"),
        ({"kind": "flicker", "amount": 2}, "from 0 to 1"),
        ({"kind": "motion-path"}, "has a path"),
        ({"kind": "slide", "path": PATH}, "has a path"),
        ({"kind": "slide", "easing": "wobbly"}, "be one of"),
    ],
)
def test_an_animation_that_means_nothing_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Animation.model_validate({"duration": 5, **fields})
