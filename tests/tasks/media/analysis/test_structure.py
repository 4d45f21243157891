"""What the structure of a picture stream is: key frames, frame times, fields."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tasks.media.analysis.frame_times import FrameTimes
from tasks.media.analysis.interlacing import Interlacing
from tasks.media.analysis.keyframes import KeyFrames
from tests.media_factory import MediaFactory
from tests.tasks.media.analysis.conftest import seen

F = Fraction
SLIDES = "mandelbrot=s=320x180:r=50:end_pts=1,loop=-1:1,setpts=N/50/TB,scroll=horizontal=0.01:vertical=0.01"


def test_key_frames_are_listed_with_their_places(film: Path) -> None:
    keys = seen(film, "key_frames").of(KeyFrames)
    assert keys is not None
    assert [(key.frame, key.time) for key in keys.places] == [(0, F(0)), (40, F(8, 5)), (80, F(16, 5)), (120, F(24, 5))]
    assert (keys.count, keys.longest_gap, keys.truncated) == (4, F(8, 5), False)


def test_the_longest_gap_between_key_frames_counts_to_the_end(media_factory: MediaFactory) -> None:
    path = media_factory.make(
        "keys.mp4",
        *("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-frames:v", "60", "-c:v", "libx264", "-pix_fmt", "yuv420p"),
        *("-force_key_frames", "0.4,1", "-x264-params", "scenecut=0:bframes=2", "-g", "250"),
    )
    keys = seen(path, "key_frames").of(KeyFrames)
    assert keys is not None
    assert [(key.frame, key.time) for key in keys.places] == [(0, F(0)), (10, F(2, 5)), (25, F(1))]
    assert (keys.longest_gap, keys.every_frame, keys.count) == (F(7, 5), False, 3)


def test_a_film_of_key_frames_says_so(media_factory: MediaFactory) -> None:
    path = media_factory.make("intra.mkv", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.4", "-c:v", "mjpeg")
    assert seen(path, "key_frames").of(KeyFrames).every_frame  # type: ignore[union-attr]


def test_a_variable_rate_is_told_with_its_longest_and_usual_frame(media_factory: MediaFactory) -> None:
    path = media_factory.make(
        "variable.mp4",
        *("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-vf", "setpts='(N+2*floor(N/10))/25/TB',format=yuv420p"),
        *("-frames:v", "40", "-fps_mode", "vfr", "-c:v", "libx264"),
    )
    times = seen(path, "frame_times").of(FrameTimes)
    assert times == FrameTimes(
        variable=True, least=F(1, 25), largest=F(3, 25), usual=F(1, 25), usual_share=round(36 / 39, 6)
    )


def test_a_constant_rate_is_not_variable_even_where_the_files_clock_is_coarse(media_factory: MediaFactory) -> None:
    times = seen(media_factory.video(frames=30, rate=F(30000, 1001), suffix=".mkv"), "frame_times").of(FrameTimes)
    assert times is not None
    assert not times.variable
    assert (times.least, times.largest) == (F(33, 1000), F(34, 1000))


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [("interleave_top", "top field first"), ("interleave_bottom", "bottom field first")],
)
def test_fields_are_found_in_flags_and_picture(media_factory: MediaFactory, mode: str, verdict: str) -> None:
    path = media_factory.make(
        f"fields-{mode}.mkv",
        *("-f", "lavfi", "-i", f"{SLIDES},tinterlace={mode},format=yuv420p", "-frames:v", "40"),
        *("-c:v", "libx264", "-flags", "+ildct+ilme", "-crf", "20"),
    )
    found = seen(path, "interlacing").of(Interlacing)
    assert found is not None
    assert (found.verdict, found.flags_agree, found.flagged, found.frames) == (verdict, True, 40, 40)


def test_fields_that_no_flag_tells_of_are_seen(media_factory: MediaFactory) -> None:
    path = media_factory.make(
        "unflagged.mkv",
        *("-f", "lavfi", "-i", f"{SLIDES},tinterlace=interleave_top,setfield=prog,format=yuv420p10le"),
        *("-frames:v", "40", "-c:v", "ffv1"),
    )
    found = seen(path, "interlacing").of(Interlacing)
    assert found is not None
    assert (found.verdict, found.flags_agree, found.flagged) == ("top field first", False, 0)


def test_film_in_television_is_mixed(media_factory: MediaFactory) -> None:
    path = media_factory.make(
        "telecined.mkv",
        *("-f", "lavfi", "-i", f"{SLIDES.replace('50', '24')},telecine,format=yuv420p"),
        *("-frames:v", "80", "-c:v", "ffv1"),
    )
    found = seen(path, "interlacing").of(Interlacing)
    assert found is not None
    assert found.verdict == "mixed"


@pytest.mark.parametrize("source", ["testsrc2=s=320x180:r=25", SLIDES.replace("50", "25")])
def test_whole_frames_are_not_taken_for_fields(media_factory: MediaFactory, source: str) -> None:
    path = media_factory.make(
        f"whole-{len(source)}.mkv", "-f", "lavfi", "-i", f"{source},format=yuv420p", "-frames:v", "60", "-c:v", "ffv1"
    )
    found = seen(path, "interlacing").of(Interlacing)
    assert found is not None
    assert (found.verdict, found.flagged, found.flags_agree) == ("progressive", 0, True)


def test_a_standing_picture_is_undecided(media_factory: MediaFactory) -> None:
    path = media_factory.make("stands.mkv", "-f", "lavfi", "-i", "smptehdbars=s=320x180:r=25:d=1", "-c:v", "ffv1")
    found = seen(path, "interlacing").of(Interlacing)
    assert found is not None
    assert (found.verdict, found.flags_agree) == ("undecided", None)
