"""What is seen in pictures whose truth is known to the frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tasks.media.analysis.analyse import analyse
from tasks.media.analysis.black import Black
from tasks.media.analysis.frozen import Frozen
from tasks.media.analysis.motion import Motion
from tasks.media.analysis.quality import Quality
from tasks.media.analysis.ranges import FrameRange
from tasks.media.analysis.scenes import Scenes
from tasks.media.probe import probe
from tests.media_factory import MediaFactory
from tests.tasks.media.analysis.conftest import PARTS, PICTURES, SIZE, edited, joined, seen

F = Fraction
BLACK = FrameRange(in_frame=80, out_frame=110, start=F(80, 25), end=F(110, 25))


@pytest.mark.parametrize("detector", ["content", "adaptive"])
def test_scenes_change_at_the_cuts(film: Path, detector: str) -> None:
    scenes = seen(film, "scenes", scene_detector=detector).of(Scenes)
    assert scenes is not None
    assert scenes.cuts == (50, 80, 110)
    assert [(scene.start, scene.end) for scene in scenes.scenes] == [
        (F(0), F(2)), (F(2), F(16, 5)), (F(16, 5), F(22, 5)), (F(22, 5), F(32, 5)),
    ]  # fmt: skip


def test_scenes_shorter_than_the_least_are_joined(film: Path) -> None:
    scenes = seen(film, "scenes", least_scene=F(8, 5), scene_detector="adaptive").of(Scenes)
    assert scenes is not None
    assert scenes.cuts == (50, 110)


def test_scenes_of_a_film_whose_file_states_the_rate_of_its_clock_are_found(media_factory: MediaFactory) -> None:
    parts = joined(*((PICTURES[part], frames) for part, frames in PARTS.items()))
    filters = parts[1].replace("[v]", ",settb=1/1000,setpts='40*N+7*mod(N,3)'[v]")
    path = media_factory.make(
        "clock-rate.mkv",
        parts[0],
        filters,
        *parts[2:],
        "-enc_time_base",
        "filter",
        "-fps_mode",
        "passthrough",
        "-c:v",
        "ffv1",
    )
    facts = probe(path)
    (picture,) = facts.pictures
    assert not picture.constant_rate
    facts = facts.model_copy(update={"pictures": (picture.model_copy(update={"rate": F(1000)}),)})
    scenes = analyse(path, facts, {"scenes"}).of(Scenes)
    assert scenes is not None
    assert scenes.cuts == (50, 80, 110)


def test_black_and_frozen_ranges_are_right_to_the_frame(film: Path) -> None:
    found = seen(film, "black", "frozen")
    black, frozen = found.of(Black), found.of(Frozen)
    assert black is not None
    assert frozen is not None
    assert black.ranges == (BLACK,)
    assert (black.count, black.total, black.truncated) == (1, F(6, 5), False)
    assert [(one.in_frame, one.out_frame) for one in frozen.ranges] == [(50, 80), (80, 110)]


def test_a_range_that_lasts_to_the_end_ends_there(media_factory: MediaFactory) -> None:
    path = media_factory.make(
        "ends-black.mp4", *joined((PICTURES["moving"], 10), (PICTURES["black"], 15)), "-c:v", "libx264", "-crf", "18"
    )
    black = seen(path, "black").of(Black)
    assert black is not None
    assert black.ranges == (FrameRange(in_frame=10, out_frame=25, start=F(2, 5), end=F(1)),)


def test_a_small_thing_that_moves_is_no_frozen_picture(media_factory: MediaFactory) -> None:
    pointer = f"color=gray:s={SIZE}:r=25[g];color=white:s=4x4:r=25[w];[g][w]overlay=x=10+n:y=90"
    moving = media_factory.make("pointer.mkv", *joined((pointer, 50)), "-c:v", "ffv1")
    still = media_factory.make("no-pointer.mkv", *joined((f"color=gray:s={SIZE}:r=25", 50)), "-c:v", "ffv1")
    assert seen(moving, "frozen").of(Frozen) == Frozen()
    assert seen(still, "frozen").of(Frozen).count == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "pixels", ["yuv420p10le", "yuv422p", "gray", "gray10le", "gray16le", "yuva444p", "bgra", "rgb48le", "gbrp12le"]
)
def test_every_pixel_format_is_seen(media_factory: MediaFactory, pixels: str) -> None:
    path = edited(media_factory, f"edited-{pixels}.mkv", "-pix_fmt", pixels, "-c:v", "ffv1")
    found = seen(path, *("scenes", "black", "frozen", "motion", "quality", "interlacing"))
    assert found.of(Scenes).cuts == (50, 80, 110)  # type: ignore[union-attr]
    assert found.of(Black).ranges == (BLACK,)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("suffix", "encode"),
    [
        ("mp4", "-c:v libx264 -preset veryfast -bf 3 -crf 18"),
        ("avi", "-c:v mpeg4 -bf 2 -q:v 2"),
        ("ts", "-c:v mpeg2video -bf 2 -q:v 2"),
        ("webm", "-c:v libvpx -deadline realtime -b:v 2M"),
    ],
)
def test_frames_are_numbered_alike_in_every_container(media_factory: MediaFactory, suffix: str, encode: str) -> None:
    found = seen(edited(media_factory, f"edited-in-{suffix}.{suffix}", *encode.split()), "scenes", "black")
    assert found.of(Scenes).cuts == (50, 80, 110)  # type: ignore[union-attr]
    assert [(one.in_frame, one.out_frame) for one in found.of(Black).ranges] == [(80, 110)]  # type: ignore[union-attr]


def test_a_gif_is_seen(media_factory: MediaFactory) -> None:
    found = seen(edited(media_factory, "edited.gif"), "scenes", "black", "interlacing")
    assert found.of(Scenes).cuts == (50, 80, 110)  # type: ignore[union-attr]
    assert [(one.in_frame, one.out_frame) for one in found.of(Black).ranges] == [(80, 110)]  # type: ignore[union-attr]


@pytest.mark.parametrize("size", ["2x2", "16x1200", "1200x16", "7x5"])
def test_pictures_of_odd_sizes_are_seen(media_factory: MediaFactory, size: str) -> None:
    path = media_factory.make(
        f"odd-{size}.mkv",
        *("-f", "lavfi", "-i", f"testsrc2=s=64x64:r=25:d=0.4,scale={size.replace('x', ':')},format=yuv444p"),
        *("-c:v", "ffv1"),
    )
    assert seen(path, "scenes", "black", "frozen", "motion", "quality", "interlacing").frames == 10


def test_a_picture_that_slides_by_moves_as_fast_as_it_slides(media_factory: MediaFactory) -> None:
    slides = f"mandelbrot=s={SIZE}:r=25:end_pts=1,loop=-1:1,setpts=N/25/TB,scroll=horizontal=0.0125"
    stands = f"mandelbrot=s={SIZE}:r=25,loop=-1:1,setpts=N/25/TB"
    path = media_factory.make("slides.mkv", *joined((slides, 50), (stands, 50)), "-c:v", "ffv1")
    motion = seen(path, "motion").of(Motion)
    assert motion is not None
    moving = [value for value in motion.curve.values[2:49] if value is not None]
    assert sum(moving) / len(moving) == pytest.approx(0.0125 * 25, rel=0.15)
    assert motion.curve.values[60:] == (0.0,) * 40


def test_blurred_and_wrongly_exposed_parts_are_found(media_factory: MediaFactory) -> None:
    sharp = PICTURES["moving"]
    path = media_factory.make(
        "quality.mkv",
        *joined(
            (sharp, 20),
            (f"{sharp},gblur=sigma=9", 20),
            (f"{sharp},lutyuv=y=235:u=128:v=128", 20),
            (f"{sharp},lutyuv=y=(val-16)/20+16:u=128:v=128", 20),
        ),
        *("-c:v", "ffv1"),
    )
    quality = seen(path, "quality").of(Quality)
    assert quality is not None
    assert (quality.blurred, quality.over_exposed, quality.under_exposed) == (0.25, 0.25, 0.25)
    blur = quality.blur.values
    assert max(value for value in blur[:20] if value is not None) < 0.4
    assert min(value for value in blur[20:40] if value is not None) > 0.6
    assert quality.bright.values[40:60] == (1.0,) * 20
    assert min(quality.dark.values[60:]) == 1.0  # type: ignore[type-var]


def test_nothing_that_is_at_a_constant_rate_has_holes_in_its_curves(media_factory: MediaFactory) -> None:
    path = media_factory.video(frames=90, rate=F(30), suffix=".mkv", sound=False)
    quality = seen(path, "quality").of(Quality)
    assert quality is not None
    assert len(quality.dark.values) == 90
    assert None not in quality.dark.values
