"""HEIC, AVIF and WebP that moves: they have facts, views and analyses, and a timeline refuses them with a reason."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

import tasks.media.pictures  # noqa: F401 (registers the reader of HEIF, which also writes)
from infra.errors import KinofarmError
from tasks.compiler.check import check
from tasks.compiler.model import Timeline
from tasks.filesystem.roots import MediaRoots
from tasks.media.analysis.analyse import analyse
from tasks.media.analysis.black import Black
from tasks.media.analysis.frame_times import FrameTimes
from tasks.media.analysis.quality import Quality
from tasks.media.probe import probe
from tasks.media.views.table import VIEWS


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with one of each."""
    left = np.zeros((600, 800, 3), np.uint8)
    left[:, :400] = (200, 30, 40)
    image = Image.fromarray(left)
    for name in ("photo.heic", "photo.avif", "still.webp"):
        image.save(tmp_path / name, quality=80)
    moved = [Image.fromarray(np.roll(left, 100 * step, axis=1)) for step in range(4)]
    moved[0].save(tmp_path / "moves.webp", save_all=True, append_images=moved[1:], duration=[100, 100, 200, 100])
    return tmp_path


@pytest.mark.parametrize(("name", "demuxer", "codec"), [("photo.heic", "heif", "hevc"), ("photo.avif", "avif", "av1"), ("still.webp", "webp_pipe", "webp")])  # fmt: skip
def test_a_still_has_facts_and_a_thumbnail(pictures: Path, tmp_path: Path, name: str, demuxer: str, codec: str) -> None:
    facts = probe(pictures / name)
    (picture,) = facts.pictures
    assert (facts.demuxer, picture.codec, picture.width, picture.height) == (demuxer, codec, 800, 600)
    assert (picture.still, picture.frames, facts.duration) == (True, 1, 0)
    row = VIEWS["thumbnail"]
    row.make(pictures / name, facts, row.options(), tmp_path / "view.jpg")
    with Image.open(tmp_path / "view.jpg") as image:
        red, black = image.getpixel((60, 120)), image.getpixel((260, 120))
    assert red[0] > 150 > red[1]  # type: ignore[index]
    assert max(black) < 40  # type: ignore[arg-type]


def test_a_webp_that_moves_has_its_pictures_and_their_times(pictures: Path, tmp_path: Path) -> None:
    facts = probe(pictures / "moves.webp")
    (picture,) = facts.pictures
    assert (facts.demuxer, picture.frames, picture.still, facts.duration) == ("webp", 4, False, Fraction(1, 2))
    assert (picture.rate, picture.constant_rate, picture.max_gap) == (8, False, Fraction(1, 5))
    row = VIEWS["thumbnail"]
    row.make(pictures / "moves.webp", facts, row.options(at=0.25), tmp_path / "view.jpg")
    with Image.open(tmp_path / "view.jpg") as image:
        assert image.getpixel((20, 120))[0] < 40, "the third picture: the red part has moved on by 200 pixels"  # type: ignore[index]
        assert image.getpixel((160, 120))[0] > 150  # type: ignore[index]


@pytest.mark.parametrize("name", ["turned.avif", "turned.webp"])
def test_a_picture_that_is_turned_by_its_file_is_upright(pictures: Path, tmp_path: Path, name: str) -> None:
    moves = {"save_all": True, "append_images": [Image.new("RGB", (800, 600))]} if name.endswith("webp") else {}
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6  # by a quarter, clockwise
    with Image.open(pictures / "still.webp") as image:
        image.save(pictures / name, quality=80, exif=turned, **moves)
    facts = probe(pictures / name)
    (picture,) = facts.pictures
    assert picture.display_size == (600, 800)
    row = VIEWS["thumbnail"]
    row.make(pictures / name, facts, row.options(), tmp_path / "view.jpg")
    with Image.open(tmp_path / "view.jpg") as image:
        assert image.width < image.height
        above, below = image.getpixel((image.width // 2, 10)), image.getpixel((image.width // 2, image.height - 10))
    assert above[0] > 150 > above[1], "what was on the left is above"  # type: ignore[index]
    assert max(below) < 40  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["photo.heic", "photo.avif", "moves.webp"])
def test_one_that_is_cut_short_is_an_error(pictures: Path, name: str) -> None:
    whole = (pictures / name).read_bytes()
    for share in (0.02, 0.5, 0.98):
        cut = pictures / f"cut-{name}"
        cut.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(KinofarmError) as caught:
            probe(cut)
        assert caught.value.code.startswith("MEDIA-00")


@pytest.mark.parametrize("name", ["photo.heic", "photo.avif"])
def test_a_still_is_analysed_like_any_other(pictures: Path, name: str) -> None:
    with Image.open(pictures / name) as image:
        image.convert("RGB").save(pictures / "same.png")
    found, same = (analyse(path, probe(path)) for path in (pictures / name, pictures / "same.png"))
    assert found.skipped == same.skipped
    assert set(found.found) == {"black", "quality", "key_frames"}
    assert (found.frames, found.damaged) == (1, 0)
    ours, theirs = found.of(Quality), same.of(Quality)
    assert ours is not None
    assert theirs is not None
    assert ours.brightness.values == pytest.approx(theirs.brightness.values, abs=0.01)


def test_a_webp_that_moves_is_analysed_with_the_times_of_its_pictures(tmp_path: Path) -> None:
    grounds = [Image.new("RGB", (64, 48), colour) for colour in ("white", "black", "white")]
    grounds[0].save(tmp_path / "blinks.webp", save_all=True, append_images=grounds[1:], duration=[100, 501, 50])
    facts = probe(tmp_path / "blinks.webp")
    found = analyse(tmp_path / "blinks.webp", facts)
    black, times = found.of(Black), found.of(FrameTimes)
    assert black is not None
    assert [(one.start, one.end) for one in black.ranges] == [(Fraction(1, 10), Fraction(601, 1000))]
    assert times is not None
    assert (times.least, times.largest, times.variable) == (Fraction(1, 10), Fraction(501, 1000), True)
    assert set(found.skipped) == {"silence", "loudness", "channels"}


def test_one_whose_place_a_playlist_took_is_refused(pictures: Path) -> None:
    facts = probe(pictures / "photo.heic")
    (pictures / "photo.heic").write_bytes(b"#EXTM3U\n".ljust(facts.size, b"\n"))
    with pytest.raises(KinofarmError) as caught:
        analyse(pictures / "photo.heic", facts)
    assert caught.value.code == "SECURITY-001"


def test_a_timeline_refuses_them_and_says_what_to_do(pictures: Path) -> None:
    shutil.copy(pictures / "photo.heic", pictures / "photo.jpg")  # whatever it is called
    clip = {"id": "c", "source": {"kind": "media", "path": "photo.jpg"}, "start": 0, "end": 10}
    timeline = Timeline.model_validate(
        {"rate": 25, "size": {"width": 64, "height": 64}, "duration": 10, "tracks": [{"id": "v", "kind": "video", "clips": [clip]}]}
    )  # fmt: skip
    with pytest.raises(KinofarmError) as caught:
        check(timeline, MediaRoots(pictures), probe)
    assert (caught.value.code, caught.value.where) == ("MEDIA-013", "tracks[0].clips[0].source.path")
    assert "PNG" in caught.value.hint
