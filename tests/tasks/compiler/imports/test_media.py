"""A media file as a project: a film of one clip, of the file's own size, rate and length."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.compiler.load import by_suffix, load, suffixes
from tasks.compiler.order import Order, examine, read
from tasks.media.probe import probe
from tests.media_factory import MediaFactory


def test_a_film_s_rate_size_and_length_are_the_file_s(media_factory: MediaFactory) -> None:
    rate = Fraction(30000, 1001)
    loaded = load(media_factory.video(frames=45, rate=rate, size=(640, 360)))
    timeline = loaded.timeline
    assert (timeline.rate, timeline.duration, timeline.size.width, timeline.size.height) == (rate, 45, 640, 360)
    (track,) = timeline.tracks
    (clip,) = track.clips
    assert (track.kind, clip.start, clip.end, clip.source_start) == ("video", 0, 45, 0)
    assert timeline.sample_rate == 48_000


def test_it_is_checked_and_planned_like_any_project(media_factory: MediaFactory) -> None:
    order = Order(project=str(media_factory.video(frames=50)), preset="web")
    project = read(order, probe=probe)
    checked = examine(order, project, (), probe)
    assert [media.path for media in checked.media.values()] == [Path(order.project)]
    assert project.timeline.export.container == "mp4"


def test_a_sound_becomes_a_sound(media_factory: MediaFactory) -> None:
    file = media_factory.make("tone.wav", "-f", "lavfi", "-i", "sine=440:r=44100:d=2")
    timeline = load(file).timeline
    assert timeline.tracks[0].kind == "audio"
    assert (timeline.export.container, timeline.sample_rate, timeline.duration) == ("m4a", 44_100, 50)


def test_frames_that_are_missing_leave_the_rate_as_it_is(media_factory: MediaFactory) -> None:
    file = media_factory.make(
        "vfr.mkv",
        *("-f", "lavfi", "-i", "testsrc2=s=64x64:r=30:d=4", "-vf", "select='not(eq(mod(n\\,7)\\,3))'"),
        *("-fps_mode", "vfr", "-c:v", "libx264", "-preset", "ultrafast"),
    )
    timeline = load(file).timeline
    assert timeline.rate == 30
    assert timeline.duration == pytest.approx(4 * timeline.rate, abs=2)


def test_odd_sizes_become_even(media_factory: MediaFactory) -> None:
    file = media_factory.make(
        "odd.mkv", *("-f", "lavfi", "-i", "testsrc2=s=65x63:r=25:d=1", "-c:v", "libx264", "-pix_fmt", "yuv444p")
    )
    size = load(file).timeline.size
    assert (size.width % 2, size.height % 2) == (0, 0)
    assert abs(size.width - 65) <= 1


def test_what_is_no_film_is_refused(tmp_path: Path, media_factory: MediaFactory) -> None:
    picture = media_factory.make("still.png", *("-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "1"))
    renamed = tmp_path / "still.mp4"
    renamed.write_bytes(picture.read_bytes())
    with pytest.raises(KinofarmError, match="FORMAT-017"):
        load(renamed)
    with pytest.raises(KinofarmError, match="FORMAT-001"):
        load(tmp_path / "none.mp4")
    half = tmp_path / "half.mp4"
    whole = media_factory.video(frames=50).read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(KinofarmError, match="MEDIA-"):
        load(half)


def test_projects_are_told_from_media_by_their_suffix() -> None:
    assert {".mp4", ".mov", ".json", ".otio", ".wav"} <= suffixes()
    row = by_suffix(Path("A.MOV"))
    assert row is not None
    assert row.read_media is not None
    assert by_suffix(Path("p.json")) is None
