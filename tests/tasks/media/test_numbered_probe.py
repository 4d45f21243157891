"""The facts of numbered pictures: those of a film, and an error that names the picture which does not belong."""

from __future__ import annotations

import json
import os
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, UnidentifiedImageError

from infra.errors import KinofarmError
from tasks.media import numbered_probe
from tasks.media.facts import MediaFacts, NumberRange
from tasks.media.numbered import content_of, parsed
from tasks.media.numbered_probe import probe_numbered
from tests.debian import program, run
from tests.media_factory import pictures


def probed(path: Path) -> MediaFacts:
    """The facts of a sequence."""
    sequence = parsed(path)
    assert sequence is not None
    return probe_numbered(path, sequence)


def refused(path: Path) -> KinofarmError:
    """The error that a sequence gives."""
    with pytest.raises(KinofarmError) as caught:
        probed(path)
    return caught.value


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """Pictures 1 to 20."""
    return pictures(tmp_path / "shot", "f%03d.png", 20)


def test_numbered_pictures_have_the_facts_of_a_film(shot: Path) -> None:
    facts = probed(shot.with_name("f%03d.png@23.976"))
    rate = Fraction(24000, 1001)
    (picture,) = facts.pictures
    assert (facts.demuxer, facts.start, facts.timecode, facts.sounds) == ("image2", 0, None, ())
    assert facts.size == sum(file.stat().st_size for file in shot.parent.iterdir())
    assert (picture.codec, picture.width, picture.height, picture.pixel_format) == ("png", 64, 48, "rgb24")
    assert (picture.frames, picture.rate, picture.time_base, picture.still) == (20, rate, 1 / rate, False)
    assert (picture.start, picture.end, facts.duration) == (0, 20 / rate, 20 / rate)
    assert (picture.constant_rate, picture.on_grid) == (True, True)
    assert (picture.max_gap, picture.keyframe_gap) == (1 / rate, 1 / rate)
    assert facts.numbered is not None
    assert facts.numbered.model_dump() == {"first": 1, "last": 20, "digits": 3, "missing": 0, "gaps": ()}


def test_what_is_missing_is_a_gap_in_time(shot: Path) -> None:
    for number in (5, 6, 7, 12):
        shot.with_name(f"f{number:03}.png").unlink()
    facts = probed(shot)
    (picture,) = facts.pictures
    assert facts.numbered is not None
    assert facts.numbered.missing == 4
    assert facts.numbered.gaps == (NumberRange(first=5, last=7), NumberRange(first=12, last=12))
    assert (picture.frames, picture.end, picture.rate) == (16, Fraction(20, 25), 25)
    assert (picture.max_gap, picture.keyframe_gap) == (Fraction(4, 25), Fraction(4, 25))
    assert (picture.constant_rate, picture.on_grid) == (False, False)
    part = probed(shot.with_name("f%03d.png:6-10"))
    assert part.numbered is not None
    assert (part.numbered.first, part.numbered.last, part.duration) == (8, 10, Fraction(3, 25))


@pytest.mark.parametrize(
    ("pattern", "codec", "pixels", "extra"),
    [
        ("p%02d.png", "png", "rgba", ("-pix_fmt", "rgba")),
        ("j%02d.jpg", "mjpeg", "yuvj444p", ("-pix_fmt", "yuvj444p")),
        ("t%02d.tif", "tiff", "rgb48le", ("-pix_fmt", "rgb48le")),
        ("w%02d.webp", "webp", "argb", ("-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra")),
        ("b%02d.bmp", "bmp", "bgr24", ("-pix_fmt", "bgr24")),
    ],
)
def test_each_kind_of_picture_makes_a_film(
    tmp_path: Path, pattern: str, codec: str, pixels: str, extra: tuple[str, ...]
) -> None:
    (picture,) = probed(pictures(tmp_path / "shot", pattern, 12, extra=extra)).pictures
    assert (picture.codec, picture.pixel_format, picture.frames, picture.end) == (codec, pixels, 12, Fraction(12, 25))
    assert (picture.width, picture.height, picture.alpha) == (64, 48, pixels in ("rgba", "argb"))
    assert picture.bit_depth == (16 if pixels == "rgb48le" else 8)


def test_a_camera_held_upright_turns_all_pictures(tmp_path: Path) -> None:
    for number in range(3):
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (64, 48), (number, 0, 0)).save(tmp_path / f"{number}.jpg", exif=exif)
    (picture,) = probed(tmp_path / "%d.jpg").pictures
    assert (picture.width, picture.height, picture.rotation, picture.display_size) == (64, 48, 90, (48, 64))


@pytest.mark.long
@pytest.mark.parametrize(
    ("pattern", "extra"),
    [("x%03d.png", ()), ("x%03d.jpg", ()), ("x%03d.tif", ("-pix_fmt", "rgb48le")), ("x%03d.webp", ("-c:v", "libwebp"))],
)
def test_the_facts_of_a_sequence_are_ffprobes(tmp_path: Path, pattern: str, extra: tuple[str, ...]) -> None:
    ffprobe = program("ffprobe", "ffmpeg")
    if ffprobe is None:
        pytest.skip("Debian's ffmpeg is not installed, and this user can't install it")
    path = pictures(tmp_path, pattern, 30, first=1001, source="testsrc2=s=160x90:r=24", extra=extra)
    asked = ("-framerate", "24", "-start_number", "1001", "-show_streams", "-count_packets", "-of", "json")
    theirs = json.loads(run(ffprobe, "-v", "error", *asked, str(path)))["streams"][0]
    (picture,) = probed(path.with_name(f"{path.name}@24")).pictures
    ours: dict[str, Any] = {
        "codec_name": picture.codec,
        "width": picture.width,
        "height": picture.height,
        "pix_fmt": picture.pixel_format,
        "avg_frame_rate": f"{picture.rate}/1",
        "time_base": str(picture.time_base),
        "nb_read_packets": str(picture.frames),
        "duration_ts": round(picture.end / picture.time_base),
        "color_range": picture.range,
        "color_space": picture.matrix,
    }
    if picture.matrix == "gbr":  # RGB is tagged as such by newer decoders only
        del ours["color_space"]
    assert ours == {name: theirs.get(name) for name in ours}


def test_the_same_pictures_are_one_content_wherever_they_lie_and_whatever_their_first_number(shot: Path) -> None:
    facts = probed(shot)
    moved = shot.parent.parent / "moved"
    moved.mkdir()
    for number in range(1, 21):
        shutil.copy(shot.with_name(f"f{number:03}.png"), moved / f"take.{number + 1000}.png")
    assert probed(moved / "take.%04d.png").sha256 == facts.sha256
    assert probed(moved / "take.%04d.png@24").sha256 != facts.sha256
    (moved / "take.1005.png").rename(moved / "take.2005.png")
    assert probed(moved / "take.%04d.png:1-1020").sha256 != facts.sha256, "one is missing"
    (moved / "take.2005.png").rename(moved / "take.1021.png")
    assert probed(moved / "take.%04d.png").sha256 != facts.sha256, "another order"


def test_each_picture_is_read_once(shot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(picture: Path) -> bytes:
        read.append(picture.name)
        return content_of(picture)

    monkeypatch.setattr(numbered_probe, "content_of", counted)
    probed(shot)
    assert read == [f"f{number:03}.png" for number in range(1, 21)]


def test_a_picture_of_another_size_is_named(shot: Path) -> None:
    Image.new("RGB", (64, 50)).save(shot.with_name("f012.png"))
    error = refused(shot)
    assert (error.code, error.params["file"], error.params["sequence"]) == ("MEDIA-040", "f012.png", "f%03d.png")
    assert error.detail == "it is 64x50, the first is 64x48"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\nhttp://127.0.0.1/a.ts\n", "SECURITY-001"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "SECURITY-001"),
        (b"no picture, but words\n", "MEDIA-001"),
        (b"", "MEDIA-001"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "MEDIA-002"),
        (b"BM\x3a\0\0\0\0\0\0\0" + bytes(60), "MEDIA-040"),
        (b"\0\0\0\x20ftypisom" + bytes(20) + b"\0\0\0\x08moov", "MEDIA-040"),
    ],
)
@pytest.mark.parametrize("number", [1, 9, 20])
def test_what_is_no_picture_like_the_others_is_named(shot: Path, content: bytes, code: str, number: int) -> None:
    shot.with_name(f"f{number:03}.png").write_bytes(content)
    error = refused(shot)
    assert error.params["file"] in (f"f{number:03}.png", "f002.png")
    if number > 1:
        assert (error.code, error.params["file"]) == (code, f"f{number:03}.png")


def test_a_picture_that_is_cut_short_is_named(shot: Path) -> None:
    cut = shot.with_name("f019.png")
    cut.write_bytes(cut.read_bytes()[:-20])
    assert (refused(shot).code, refused(shot).params["file"]) == ("MEDIA-002", "f019.png")


def test_moving_pictures_are_no_sequence_of_stills(tmp_path: Path) -> None:
    for number in range(3):
        frames = [Image.new("RGB", (64, 48), (80 * n, 0, number)) for n in range(3)]
        frames[0].save(tmp_path / f"w{number}.webp", save_all=True, append_images=frames[1:])
        frames[0].save(tmp_path / f"p{number}.png", save_all=True, append_images=frames[1:])
    for pattern in ("w%d.webp", "p%d.png"):
        assert refused(tmp_path / pattern).code == "MEDIA-040"


def test_an_absurd_picture_is_refused(tmp_path: Path) -> None:
    Image.new("1", (20_000, 10)).save(tmp_path / "1.png")
    assert refused(tmp_path / "%d.png").code == "MEDIA-005"


def test_a_link_is_a_gap(shot: Path) -> None:
    outside = shot.parent.parent / "outside.png"
    shot.with_name("f010.png").rename(outside)
    shot.with_name("f010.png").symlink_to(outside)
    numbered = probed(shot).numbered
    assert numbered is not None
    assert (numbered.missing, numbered.gaps) == (1, (NumberRange(first=10, last=10),))


def test_numbers_that_lie_too_far_apart_are_refused_with_a_part_that_is_not(shot: Path) -> None:
    shutil.copy(shot.with_name("f001.png"), shot.with_name("f1000001.png"))
    error = refused(shot)
    assert error.code == "MEDIA-041"
    assert "f%03d.png:1-1000000" in error.hint
    assert probed(shot.with_name("f%03d.png:1-1000000")).pictures[0].frames == 20


def test_what_changes_meanwhile_is_noticed(shot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disturbed(picture: Path) -> bytes:
        if picture.name == "f015.png":
            os.utime(shot.with_name("f003.png"))
        return content_of(picture)

    monkeypatch.setattr(numbered_probe, "content_of", disturbed)
    assert refused(shot).code == "MEDIA-008"


def test_a_header_that_pillow_does_not_read_is_read_by_libavformat(shot: Path) -> None:
    odd = shot.with_name("f007.png")
    content = bytearray(odd.read_bytes())
    content[29:33] = bytes(4)  # the check sum of the header, of which only Pillow takes note
    odd.write_bytes(content)
    with pytest.raises(UnidentifiedImageError), Image.open(odd, formats=["PNG"]):
        pass
    assert probed(shot).pictures[0].frames == 20
    content[16:20] = (100).to_bytes(4, "big")
    odd.write_bytes(content)
    assert refused(shot).detail == "it is 100x48, the first is 64x48"
