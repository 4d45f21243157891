"""Effects as they are applied: a track's count from the film's first frame on every clip, wherever the film is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from infra.errors import KinofarmError
from tasks.compiler.applied import applied
from tasks.compiler.effects import EFFECTS
from tasks.compiler.keyframes import Keyframe, value_at
from tasks.compiler.moving import moves
from tests.tasks.compiler.films import Studio, clip, join, timeline, title, track
from tests.tasks.compiler.test_moving import key

GREY = 100
"""Of the source, in sRGB values."""


def grey(studio: Studio) -> str:
    return studio.source("applied-grey.png", lambda path: Image.new("RGB", (64, 64), (GREY,) * 3).save(path))


def bright(*keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "brightness", "keyframes": {"intensity": list(keys)}, **more}


def lumas(studio: Studio, film: Any, **how: Any) -> list[int]:
    return [int(frame[32, 32]) for frame in studio.pictures(film, **how)]


def luma(intensity: float) -> float:
    return 16 + 219 * min(1.0, intensity * GREY / 255)


def values(keys: list[dict[str, Any]], frames: int) -> list[float]:
    read = tuple(Keyframe.model_validate(each) for each in keys)
    return [value_at(read, frame) for frame in range(frames)]


@pytest.mark.parametrize("easing", ["linear", "ease-in-out-quad", "hold"])
def test_a_track_s_effect_counts_from_the_film_s_first_frame_on_every_clip(studio: Studio, easing: str) -> None:
    keys = [key(4, 0.2, easing), key(24, 2)]
    row = [clip("a", grey(studio), 2, 12), title("b", 12, 20, colour="#646464"), clip("c", grey(studio), 20, 30)]
    film = timeline(track(*row, effects=[bright(*keys)]), duration=32)
    got = lumas(studio, film)
    wanted = [16.0] * 2 + [luma(value) for value in values(keys, 30)[2:]] + [16.0] * 2
    assert got == pytest.approx(wanted, abs=2)
    for start, end in ((0, 7), (7, 19), (19, 32)):
        assert lumas(studio, film, start=start, end=end) == got[start:end], "a chunk's boundary changes nothing"
    for frame in (2, 11, 16, 29):
        alone = studio.still(film, frame)[32, 32, 1]
        assert float(alone) == pytest.approx((got[frame] - 16) * 255 / 219, abs=2)


def test_a_passage_is_treated_as_one_picture_by_its_track_s_effect(studio: Studio) -> None:
    keys = [key(0, 0.2), key(29, 2)]
    row = [clip("a", grey(studio), 0, 15), clip("b", grey(studio), 15, 30)]
    joined = timeline(track(*row, joins=[join("a", "b", 10, 20)], effects=[bright(*keys)]), duration=30)
    assert lumas(studio, joined) == pytest.approx([luma(value) for value in values(keys, 30)], abs=2)
    limited = bright(key(0, 0)) | {"start": 12, "end": 18}
    cut = timeline(track(*row, joins=[join("a", "b", 10, 20)], effects=[limited]), duration=30)
    assert lumas(studio, cut) == pytest.approx([luma(0 if 12 <= n < 18 else 1) for n in range(30)], abs=2)


def test_a_track_s_effect_holds_for_the_film_s_frames_that_it_names(studio: Studio) -> None:
    row = [clip("a", grey(studio), 0, 10), clip("b", grey(studio), 10, 20), clip("c", grey(studio), 20, 30)]
    for effect in (
        {"kind": "brightness", "parameters": {"intensity": 2}, "start": 7, "end": 15},
        bright(key(0, 2), start=7, end=15),
    ):
        film = timeline(track(*row, effects=[effect]), duration=30)
        assert lumas(studio, film) == pytest.approx([luma(2 if 7 <= n < 15 else 1) for n in range(30)], abs=2)
        clips = studio.check(film).timeline.tracks[0].clips
        assert [len(one.effects) for one in clips] == [1, 1, 0]


def test_a_track_s_effects_keep_their_order_after_the_clips_own(studio: Studio) -> None:
    twice, negative = (
        {"kind": "brightness", "parameters": {"intensity": 2}},
        {"kind": "invert", "parameters": {"intensity": 1}},
    )
    own = clip("a", grey(studio), 0, 3, effects=[negative])
    film = timeline(track(own, effects=[twice, bright(key(0, 0.5), key(2, 0.3)), negative]), duration=3)
    out = min(1, 2 * (1 - GREY / 255))
    wanted = [16 + 219 * (1 - out * value) for value in (0.5, 0.4, 0.3)]
    assert lumas(studio, film) == pytest.approx(wanted, abs=3)


def test_where_a_track_s_effect_does_not_change_its_clips_stand_still(studio: Studio) -> None:
    row = [clip(name, grey(studio), start, start + 10) for name, start in (("a", 0), ("b", 10), ("c", 20))]
    film = studio.check(timeline(track(*row, effects=[bright(key(12, 0), key(16, 1))]), duration=30)).timeline
    assert [moves(one) for one in film.tracks[0].clips] == [False, True, False]
    assert [one.effects[0].parameters for one in film.tracks[0].clips] == [{"intensity": 0}, {}, {"intensity": 1}]


def test_a_ripple_edit_finds_the_chunks_again_whose_numbers_it_does_not_change(studio: Studio) -> None:
    def keys(put_in: int) -> set[str]:
        source = studio.counted("applied-counted.mp4", 100)
        row = [clip(f"c{n}", source, put_in + 8 * n, put_in + 8 * n + 8, source_start=n / 5) for n in range(6)]
        fades = bright(key(0, 0.5), key(6, 1.5))
        grows = {"kind": "blur", "keyframes": {"radius": [key(24 + put_in, 0), key(28 + put_in, 3)]}}
        film = timeline(track(*row, effects=[fades, grows]), duration=48 + put_in)
        return {chunk.work.key for chunk in studio.plan(film, chunk_seconds=0.3).chunks}

    first, second = keys(8), keys(16)
    assert len(first) == len(second)
    assert len(first & second) >= 6, "all but the one before the first clip"


def test_what_moves_on_a_track_alone_moves_no_clip_of_another(studio: Studio) -> None:
    still = track(clip("a", grey(studio), 0, 5), effects=[{"kind": "brightness", "parameters": {"intensity": 2}}])
    film = timeline(still, track(clip("b", grey(studio), 5, 9), effects=[bright(key(0, 1), key(9, 2))]), duration=9)
    made = applied(film, EFFECTS)
    assert made.tracks[0] is film.tracks[0]
    assert made.tracks[1].effects == ()
    assert applied(timeline(still, duration=9), EFFECTS).tracks[0].clips[0].effects == ()


@pytest.mark.parametrize("on_track", [False, True])
def test_an_easing_that_overshoots_stays_within_a_parameter_s_bounds(studio: Studio, on_track: bool) -> None:
    rise = bright(key(0, 0, "ease-in-back"), key(20, 1))
    assert min(values(rise["keyframes"]["intensity"], 20)) < 0, "it overshoots"
    effects = {"effects": [rise]}
    one = clip("a", grey(studio), 0, 20, **({} if on_track else effects))
    film = timeline(track(one, **(effects if on_track else {})), duration=20)
    wanted = [luma(max(0, value)) for value in values(rise["keyframes"]["intensity"], 20)]
    assert lumas(studio, film) == pytest.approx(wanted, abs=2)


def test_a_whole_number_moves_in_whole_steps(studio: Studio) -> None:
    blocks = {"kind": "pixelate", "keyframes": {"size": [key(0, 1), key(9, 4)]}}
    film = timeline(track(clip("a", grey(studio), 0, 10, effects=[blocks])), duration=10)
    one = studio.check(film).timeline.tracks[0].clips[0]
    assert [value_at(one.effects[0].keyframes["pixelSize"], n) for n in range(10)] == [1, 1, 2, 2, 2, 3, 3, 3, 4, 4]
    assert len(studio.pictures(film)) == 10


@pytest.mark.parametrize(
    ("code", "name", "parameter", "value"),
    [
        ("CHECK-083", "lut", "file", 1),
        ("CHECK-083", "curves", "master", 1),
        ("CHECK-010", "blur", "sigma", 1),
        ("CHECK-010", "blur", "radius", -1),
        ("CHECK-010", "pixelate", "pixelSize", 1.5),
    ],
)
@pytest.mark.parametrize("on_track", [False, True])
def test_keyframes_that_an_effect_does_not_take_are_refused_at_their_place(
    studio: Studio, code: str, name: str, parameter: str, value: float, on_track: bool
) -> None:
    effects = {"effects": [{"kind": name, "keyframes": {parameter: [key(0, value), key(3, 2)]}}]}
    one = clip("a", grey(studio), 0, 5, **({} if on_track else effects))
    with pytest.raises(KinofarmError) as caught:
        studio.check(timeline(track(one, **(effects if on_track else {})), duration=5))
    owner = "tracks[0]" if on_track else "tracks[0].clips[0]"
    assert (caught.value.code, caught.value.where) == (code, f"{owner}.effects[0].parameters.{parameter}")
    assert caught.value.hint


def test_a_long_track_that_moves_is_the_same_in_one_chunk_and_in_many(studio: Studio) -> None:
    source = studio.counted("applied-counted.mp4", 100)
    effects = [
        {"kind": "blur", "keyframes": {"radius": [key(0, 0), key(60, 6)]}},
        {"kind": "motion-blur", "keyframes": {"radius": [key(0, 1), key(60, 3)]}},
    ]
    film = timeline(
        track(clip("a", source, 0, 30), clip("b", source, 30, 60, source_start=2), effects=effects), duration=60
    )
    whole = studio.pictures(film)
    for seconds in (0.4, 1.0):
        assert len(studio.plan(film, chunk_seconds=seconds).chunks) > 1
        assert np.abs(studio.pictures(film, chunk_seconds=seconds).astype(int) - whole.astype(int)).max() <= 2
