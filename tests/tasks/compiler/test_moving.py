"""What moves, by its pixels: each frame looks as the same clip standing still would, wherever the film is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from infra.errors import KinofarmError
from infra.process import run_ffmpeg
from tasks.compiler.graph import by_frame
from tasks.compiler.load import load_object
from tasks.compiler.moving import moves, still, stretches
from tests.tasks.compiler.films import Studio, clip, timeline, title, track

BLOCK = {"x": 0.25, "y": 0.25, "width": 0.5, "height": 0.5}


def key(frame: int, value: float, easing: str = "linear") -> dict[str, Any]:
    return {"frame": frame, "value": value, "easing": easing}


def moving(**lists: list[dict[str, Any]]) -> dict[str, Any]:
    return {"keyframes": {name.replace("__", "."): keys for name, keys in lists.items()}}


def test_opacity_goes_from_clear_to_solid_frame_by_frame(studio: Studio) -> None:
    film = timeline(
        track(title("box", 0, 12, colour="#ffffff", **moving(opacity=[key(0, 0), key(10, 1)]))), duration=12
    )
    lumas = [int(frame[32, 32]) for frame in studio.pictures(film)]
    assert lumas == pytest.approx([16 + 219 * min(1.0, n / 10) for n in range(12)], abs=3)


def test_a_moving_picture_looks_at_each_frame_as_one_that_stands_still(studio: Studio) -> None:
    source = studio.counted("keyframed-bright.mp4", 200)
    lists = {
        "transform.scale_x": [key(0, 0.25), key(8, 0.75)],
        "transform.scale_y": [key(0, 0.5)],
        "transform.position_x": [key(2, -0.25), key(8, 0.125)],
        "transform.rotation": [key(4, 0, "hold"), key(5, 90)],
        "crop.left": [key(8, 0, "hold"), key(9, 16)],
    }
    film = timeline(track(clip("a", source, 0, 10, source_start=6, keyframes=lists)), duration=10)
    seen = studio.pictures(film)
    one = film.tracks[0].clips[0]
    for frame in (0, 2, 5, 9):
        alone = timeline(track(still(one, frame).model_dump(exclude_none=True, mode="json")), duration=10)
        wanted = studio.pictures(alone, start=frame, end=frame + 1)[0]
        assert wanted[:64].max() > 150
        assert np.abs(seen[frame].astype(int) - wanted.astype(int)).max() <= 2, frame


def test_a_slow_move_glides_by_parts_of_a_pixel(studio: Studio) -> None:
    source = studio.source("keyframed-halves.png", _halves)
    moves_right = {"transform.position_x": [key(0, 0), key(20, 0.1)]}
    film = timeline(track(clip("a", source, 0, 21, keyframes=moves_right)), duration=21)
    edges = [float((frame[32, :].astype(int) - 16).sum()) / 219 for frame in studio.pictures(film)]
    lefts = [6.4 * n / 20 for n in range(21)]  # what comes in at the left is black
    assert edges == pytest.approx([32] * 21, abs=0.35)
    seen = [float(np.argmax(frame[32, :] > 126)) for frame in studio.pictures(film)]
    assert seen == pytest.approx(lefts, abs=1.2)
    assert sorted(seen) == seen
    grows = {f"transform.scale_{axis}": [key(0, 1), key(20, 1.1)] for axis in "xy"}
    film = timeline(track(clip("a", source, 0, 21, keyframes=grows, transform={"anchor_x": 0})), duration=21)
    edges = [float((frame[32, :].astype(int) - 16).sum()) / 219 for frame in studio.pictures(film)]
    assert edges == pytest.approx([32 * (1 + 0.1 * n / 20) for n in range(21)], abs=0.2)


def test_a_frame_alone_is_the_same_as_in_the_film(studio: Studio) -> None:
    source = studio.source("keyframed-halves.png", _halves)
    grows = {f"transform.scale_{axis}": [key(0, 1), key(20, 1.1)] for axis in "xy"}
    film = timeline(track(clip("a", source, 0, 21, keyframes=grows)), duration=21)
    seen = Studio.to_rgb(studio.pictures(film)[7])
    assert np.abs(studio.still(film, 7).astype(int) - seen.astype(int)).max() <= 12


def test_a_chunk_boundary_changes_nothing(studio: Studio) -> None:
    source = studio.counted("keyframed.mp4", 60)
    zoom = moving(transform__scale_x=[key(0, 1), key(29, 2)], transform__scale_y=[key(0, 1), key(29, 2)])
    film = timeline(
        track(clip("a", source, 0, 30, **zoom)),
        track(title("box", 5, 25, box=BLOCK, **moving(opacity=[key(0, 0), key(19, 1, "ease-in")]))),
        duration=30,
    )
    whole = studio.pictures(film)
    pieces = np.concatenate([studio.pictures(film, start=a, end=b) for a, b in ((0, 7), (7, 18), (18, 30))])
    assert np.abs(whole.astype(int) - pieces.astype(int)).max() <= 2


@pytest.mark.parametrize("scales", [(1, 1), (0.9, 1.2), (1, 0.4)])
def test_a_turn_goes_round_its_centre_by_parts_of_a_pixel(studio: Studio, scales: tuple[float, float]) -> None:
    source = studio.source("keyframed-spot.png", _spot)
    turn = {"transform.rotation": [key(0, 0), key(20, 100)], "transform.position_x": [key(0, 0), key(20, 0.02)]}
    zoom = {f"transform.scale_{axis}": [key(0, scales[0]), key(20, scales[1])] for axis in "xy"}
    film = timeline(track(clip("a", source, 0, 21, keyframes=turn | zoom)), duration=21)
    for frame, seen in enumerate(studio.pictures(film)):
        light = (seen[:64].astype(float) - 16).clip(0)
        x, y = ((light.sum(side) * (np.arange(64) + 0.5)).sum() / light.sum() for side in (0, 1))
        scale, angle = scales[0] + (scales[1] - scales[0]) * frame / 20, np.radians(100 * frame / 20)
        wanted = 32 + 0.02 * 64 * frame / 20 + 16 * scale * np.cos(angle), 32 + 16 * scale * np.sin(angle)
        assert (x, y) == pytest.approx(wanted, abs=0.12), frame


@pytest.mark.parametrize("scales", [(1, 1.6), (1, 0.5), (0.4, 1.2)])
def test_a_zoom_of_a_detailed_picture_is_the_same_in_every_chunk(studio: Studio, scales: tuple[float, float]) -> None:
    source = studio.source("keyframed-detail.png", lambda path: _detail(path, 64))
    zoom = {f"transform.scale_{axis}": [key(0, scales[0]), key(23, scales[1])] for axis in "xy"}
    film = timeline(track(clip("a", source, 0, 24, keyframes=zoom)), duration=24)
    whole = studio.pictures(film)
    pieces = np.concatenate([studio.pictures(film, start=a, end=b) for a, b in ((0, 1), (1, 9), (9, 24))])
    assert np.abs(whole.astype(int) - pieces.astype(int)).max() <= 2


def test_a_zoom_shows_the_detail_of_a_large_picture_and_no_shimmer(studio: Studio) -> None:
    """Beside the same picture standing still at each scale: as sharp when large, as smooth when small."""
    source = studio.source("keyframed-large.png", lambda path: _detail(path, 256))
    for first, last in ((1, 4), (4, 3.2)):
        zoom = {f"transform.scale_{axis}": [key(0, first), key(8, last)] for axis in "xy"}
        film = timeline(track(clip("a", source, 0, 9, keyframes=zoom)), duration=9)
        seen = studio.pictures(film)[:, 8:56, 8:56].astype(float)
        one = film.tracks[0].clips[0]
        for frame in (0, 8):
            alone = timeline(track(still(one, frame).model_dump(exclude_none=True, mode="json")), duration=9)
            wanted = studio.pictures(alone, start=frame, end=frame + 1)[0, 8:56, 8:56].astype(float)
            assert seen[frame].std() == pytest.approx(wanted.std(), rel=0.1), (first, last, frame)
            assert np.abs(seen[frame] - wanted).mean() < 7, (first, last, frame)


@pytest.mark.parametrize(("kind", "parameters"), [("blur", {"radius": 1.5}), ("filter-blur", {"blur": 1.5})])
def test_an_effects_length_grows_with_the_clip_whether_it_moves_or_not(
    studio: Studio, kind: str, parameters: dict[str, float]
) -> None:
    source = studio.source("keyframed-halves.png", _halves)
    effects = [{"kind": kind, "parameters": parameters}]

    def softness(scale: float, moves: bool) -> float:
        """Pixels over which the edge between white and black goes, for the mean over the picture's rows."""
        place: dict[str, Any] = {"transform": {"scale_x": scale, "scale_y": scale}}
        if moves:
            place = {"keyframes": {f"transform.scale_{axis}": [key(0, scale), key(9, scale * 1.001)] for axis in "xy"}}
        film = timeline(track(clip("a", source, 0, 10, effects=effects, **place)), duration=10)
        row = (studio.pictures(film)[0, 24:40].astype(float).mean(0) - 16) / 219
        return float((row * (1 - row)).clip(0).sum())

    for scale in (1, 2, 3):
        assert softness(scale, moves=True) == pytest.approx(softness(scale, moves=False), abs=0.15), scale
    assert softness(3, moves=False) == pytest.approx(3 * softness(1, moves=False), rel=0.15)


def test_the_blocks_of_pixelate_grow_with_the_clip(studio: Studio) -> None:
    source = studio.source("keyframed-detail.png", lambda path: _detail(path, 64))
    effects = [{"kind": "pixelate", "parameters": {"size": 4}}]
    large = clip("a", source, 0, 1, effects=effects, transform={"scale_x": 2, "scale_y": 2})
    row = studio.pictures(timeline(track(large), duration=1))[0, 32].astype(int)
    steps = {at % 8 for at in range(1, 64) if abs(row[at] - row[at - 1]) > 3}
    assert steps == {0}


def test_what_glides_all_the_time_is_one_stretch_and_no_more_chunks_than_what_stands_still(studio: Studio) -> None:
    zoom = {f"transform.scale_{axis}": [key(0, 1), key(199, 1.3)] for axis in "xy"}
    source = studio.counted("keyframed.mp4", 60)
    film = timeline(track(clip("a", source, 0, 200, speed="1/4", keyframes=zoom)), duration=200)
    assert len(studio.plan(film).chunks) == len(studio.plan(timeline(*film.tracks[:0], duration=200)).chunks)
    fades = zoom | {"opacity": [key(0, 0), key(3, 1)]}
    one = timeline(track(clip("a", source, 0, 200, speed="1/4", keyframes=fades)), duration=200).tracks[0].clips[0]
    assert [(part.start, part.end) for part in stretches(one, 0, 200)] == [(0, 1), (1, 2), (2, 3), (3, 200)]


def test_an_expression_looks_values_up_by_the_frames_number(studio: Studio) -> None:
    values = [0, 0, 8, 8, 4, 6, 6, 2]
    x = by_frame([str(value) for value in values], "round(t*25)")
    graph = f"color=white:s=8x8:r=25[a];color=black:s=64x64:r=25[b];[b][a]overlay=x='{x}':y=0,format=gray"
    run_ffmpeg(
        ["-filter_complex", graph, "-frames:v", "8", "-f", "rawvideo", f"file:{studio.folder / 'looked-up.raw'}"],
        cwd=studio.folder,
    )
    seen = np.fromfile(studio.folder / "looked-up.raw", np.uint8).reshape(8, 64, 64)
    assert [int(np.argmax(frame[2] > 128)) for frame in seen] == values


def test_an_effect_follows_its_keyframes(studio: Studio) -> None:
    source = studio.source("keyframed-grey.png", lambda path: _grey(path))
    effect = {"kind": "brightness", "keyframes": {"intensity": [key(0, 0), key(8, 1)]}}
    film = timeline(track(clip("a", source, 0, 10, effects=[effect])), duration=10)
    lumas = [int(frame[32, 32]) for frame in studio.pictures(film)]
    assert lumas[0] == pytest.approx(16, abs=2)
    assert lumas[4] == pytest.approx(16 + 219 * 0.5 * 128 / 255, abs=3)
    assert lumas[8:] == pytest.approx([16 + 219 * 128 / 255] * 2, abs=3)


def test_a_film_that_moves_much_is_cut_into_more_chunks(studio: Studio) -> None:
    source = studio.counted("keyframed.mp4", 60)
    film = timeline(track(clip("a", source, 0, 200, source_start=0, speed="1/4", **moving(opacity=[key(0, 0), key(199, 1)]))),
                    duration=200)  # fmt: skip
    assert len(studio.plan(film).chunks) >= 4


def test_what_does_not_move_for_a_while_is_one_stretch() -> None:
    film = timeline(track(title("box", 10, 50, **moving(opacity=[key(10, 0), key(14, 1)]))), duration=60)
    one = film.tracks[0].clips[0]
    assert moves(one)
    spans = [(part.start, part.end, round(part.clip.opacity, 3)) for part in stretches(one, 10, 50)]
    assert spans == [(10, 21, 0), (21, 22, 0.25), (22, 23, 0.5), (23, 24, 0.75), (24, 50, 1)]


def test_keyframes_that_change_nothing_part_no_stretch() -> None:
    keys = [key(0, 1, "hold"), key(5, 1, "hold"), key(8, 0.5)]
    one = timeline(track(title("box", 10, 30, **moving(opacity=keys))), duration=60).tracks[0].clips[0]
    assert [(part.start, part.end, part.clip.opacity) for part in stretches(one, 12, 30)] == [
        (12, 18, 1),
        (18, 30, 0.5),
    ]


def test_keyframes_may_stand_where_the_number_stands() -> None:
    film = load_object(project({"opacity": [key(0, 0), key(5, 1)], "transform": {"scale_x": [key(0, 1), key(5, 2)]},
                                "effects": [{"kind": "blur", "parameters": {"radius": [key(0, 0), key(5, 9)]}}]}))  # fmt: skip
    one = film.timeline.tracks[0].clips[0]
    assert set(one.keyframes) == {"opacity", "transform.scale_x"}
    assert set(one.effects[0].keyframes) == {"radius"}
    written = project({})
    written["tracks"][0]["effects"] = [{"kind": "blur", "parameters": {"radius": [key(0, 0), key(5, 9)]}}]
    film = load_object(written)
    assert [each.value for each in film.timeline.tracks[0].effects[0].keyframes["radius"]] == [0, 9]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"opacity": [key(0, 0), key(5, 2)]}, "tracks[0].clips[0]"),
        ({"opacity": [key(5, 0), key(5, 1)]}, "tracks[0].clips[0]"),
        ({"transform": {"rotation": [{"frame": 0}]}}, "tracks[0].clips[0].transform.rotation[0].value"),
        ({"effects": [{"kind": "blur", "parameters": {"radius": [key(-1, 2)]}}]},
         "tracks[0].clips[0].effects[0].parameters.radius[0].frame"),
    ],
)  # fmt: skip
def test_wrong_keyframes_are_refused_at_their_place(fields: dict[str, Any], where: str) -> None:
    with pytest.raises(KinofarmError) as caught:
        load_object(project(fields))
    assert caught.value.where == where


def test_an_effect_out_of_its_bounds_at_a_keyframe_is_refused(studio: Studio) -> None:
    effect = {"kind": "brightness", "keyframes": {"intensity": [key(0, 1), key(8, -1)]}}
    film = timeline(track(clip("a", studio.counted("keyframed.mp4", 60), 0, 10, effects=[effect])), duration=10)
    with pytest.raises(KinofarmError) as caught:
        studio.check(film)
    assert caught.value.code == "CHECK-010"


def test_wrong_keyframes_of_a_track_s_effect_are_refused_where_the_number_stands() -> None:
    written = project({})
    written["tracks"][0]["effects"] = [{"kind": "blur", "parameters": {"radius": [key(5, 0), key(5, 9, "wobbly")]}}]
    with pytest.raises(KinofarmError) as caught:
        load_object(written)
    assert caught.value.where == "tracks[0].effects[0].parameters.radius[1].easing"


def project(fields: dict[str, Any]) -> dict[str, Any]:
    """Our own JSON with one title clip of ten frames."""
    box = title("box", 0, 10) | fields
    return {
        "format": "kinofarm/1",
        "rate": 25,
        "size": {"width": 64, "height": 64},
        "duration": 10,
        "tracks": [{"id": "V1", "kind": "video", "clips": [box]}],
    }


def _grey(path: Any) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64), (128, 128, 128)).save(path)


def _detail(path: Any, side: int) -> None:
    """Grey noise with fine and coarse grain, and a frame around it."""
    from PIL import Image

    random = np.random.default_rng(5)
    coarse = np.kron(random.integers(40, 216, (side // 8, side // 8)), np.ones((8, 8)))
    picture = np.clip(coarse + random.normal(0, 25, (side, side)), 0, 255)
    picture[[0, -1], :] = picture[:, [0, -1]] = 255
    Image.fromarray(picture.astype(np.uint8)).convert("RGB").save(path)


def _spot(path: Any) -> None:
    """A bright square to the right of the middle."""
    from PIL import Image

    picture = Image.new("RGB", (64, 64), (0, 0, 0))
    picture.paste((255, 255, 255), (44, 28, 52, 36))
    picture.save(path)


def _halves(path: Any) -> None:
    """White on the left, black on the right."""
    from PIL import Image

    picture = Image.new("RGB", (64, 64), (0, 0, 0))
    picture.paste((255, 255, 255), (0, 0, 32, 64))
    picture.save(path)
