"""What the probe finds in media: generated, real, broken and hostile."""

from __future__ import annotations

import random
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from infra.errors import KinofarmError
from tasks.media.facts import MediaFacts
from tasks.media.probe import content_hash, probe
from tests.media_factory import MediaFactory

F = Fraction

REAL = {
    # file: demuxer, pictures as (index, codec, width, height, frames, rate, constant, start, end), sounds as (index, codec, rate, channels)
    "av1_video.mkv": ("matroska", [(0, "av1", 640, 360, 125, F(25), True, F(0), F(5))], []),
    "big_buck_bunny_0_30.webm": (
        "matroska",
        [(0, "vp8", 1280, 720, 720, F(24), True, F(3, 1000), F(30003, 1000))],
        [(1, "vorbis", 44100, 2)],
    ),
    "bt709_full_range.mp4": ("mov", [(0, "h264", 1280, 720, 30, F(30), True, F(0), F(1))], []),
    "chaplin.mp4": ("mov", [(0, "h264", 640, 360, 241, F(25), True, F(0), F(241, 25))], [(1, "mp3", 44100, 2)]),
    "eac3.mp4": ("mov", [], [(0, "eac3", 48000, 6)]),
    "fire2.mp4": (
        "mov",
        [(0, "h264", 1280, 720, 25, F(750000, 71393), False, F(0), F(71393, 30000))],
        [(1, "aac", 48000, 1)],
    ),
    "frames.webm": ("matroska", [(0, "vp9", 1080, 1080, 100, F(30), True, F(0), F(10, 3))], []),
    "h265_10bits.mp4": ("mov", [(0, "hevc", 200, 200, 30, F(30), True, F(0), F(1))], []),
    "nasa_13013.mp4": (
        "mov",
        [
            (0, "h264", 320, 180, 325, F(25), True, F(0), F(13)),
            (3, "h264", 480, 270, 390, F(30000, 1001), True, F(0), F(13013, 1000)),
        ],
        [(1, "aac", 8000, 2), (4, "aac", 16000, 2)],
    ),
    "piano.wav": ("wav", [], [(0, "pcm_u8", 8000, 2)]),
    "pigs_in_a_polka.gif": ("gif", [(0, "gif", 314, 273, 30, F(10), True, F(0), F(3))], []),
    "rain.mp3": ("mp3", [], [(0, "mp3", 44100, 2)]),
    "red-image.png": ("png_pipe", [(0, "png", 2048, 2048, 1, None, False, F(0), F(0))], []),
    "rotate-buck-bunny.mp4": (
        "mov",
        [(0, "h264", 1920, 1080, 45, F(24), True, F(1, 12), F(47, 24))],
        [(1, "aac", 48000, 6)],
    ),
    "test1.mp4": (
        "mov",
        [(0, "h264", 720, 480, 21, F(30000, 1001), True, F(0), F(7007, 10000))],
        [(1, "ac3", 44100, 2)],
    ),
    "transparent.webm": ("matroska", [(0, "vp9", 200, 200, 150, F(30), True, F(0), F(5))], [(1, "vorbis", 48000, 2)]),
}


@pytest.mark.parametrize("name", REAL)
def test_real_media_has_the_streams_that_it_has(real_media: Path, name: str) -> None:
    facts = probe(real_media / name)
    demuxer, pictures, sounds = REAL[name]
    assert facts.demuxer == demuxer
    assert facts.size == (real_media / name).stat().st_size
    assert [
        (p.index, p.codec, p.width, p.height, p.frames, p.rate, p.constant_rate, p.start, p.end) for p in facts.pictures
    ] == pictures
    assert [(s.index, s.codec, s.sample_rate, s.channels) for s in facts.sounds] == sounds


def test_every_real_file_is_probed(real_media: Path) -> None:
    assert {file.name for file in real_media.iterdir() if file.suffix != ".md"} == set(REAL)


def picture(real_media: Path, name: str):  # type: ignore[no-untyped-def]
    found = probe(real_media / name).picture()
    assert found is not None
    return found


def test_rotation_is_clockwise_as_a_player_turns_it(real_media: Path) -> None:
    assert picture(real_media, "fire2.mp4").rotation == 180
    assert picture(real_media, "rotate-buck-bunny.mp4").rotation == 90
    assert picture(real_media, "rotate-buck-bunny.mp4").display_size == (1080, 1920)
    assert not picture(real_media, "fire2.mp4").flipped


def test_alpha_depth_aspect_and_range_of_real_media(real_media: Path) -> None:
    clear = picture(real_media, "transparent.webm")
    assert (clear.alpha, clear.pixel_format) == (True, "yuva420p")
    assert picture(real_media, "pigs_in_a_polka.gif").alpha
    assert not picture(real_media, "red-image.png").alpha
    assert (picture(real_media, "h265_10bits.mp4").bit_depth, picture(real_media, "test1.mp4").pixel_aspect) == (
        10,
        F(11, 12),
    )
    full = picture(real_media, "bt709_full_range.mp4")
    assert (full.range, full.matrix, full.primaries, full.transfer) == ("pc", "bt709", "bt709", "bt709")
    assert picture(real_media, "chaplin.mp4").matrix is None
    assert picture(real_media, "red-image.png").still
    assert not picture(real_media, "pigs_in_a_polka.gif").still


def test_a_file_whose_sound_starts_late_counts_from_its_first_sample(real_media: Path) -> None:
    rain = probe(real_media / "rain.mp3")
    assert rain.start == F(1105, 44100)  # the encoder's delay, which players skip
    assert rain.sounds[0].start == 0
    assert abs(rain.duration - F(6046, 100)) < F(1, 100)


def test_a_generated_clip_is_known_exactly(media_factory: MediaFactory) -> None:
    clip = media_factory.video(frames=50, rate=F(30000, 1001))
    facts = probe(clip)
    shown = facts.picture()
    assert shown is not None
    assert (shown.frames, shown.rate, shown.constant_rate) == (50, F(30000, 1001), True)
    assert (shown.start, shown.end, shown.max_gap) == (0, 50 * F(1001, 30000), F(1001, 30000))
    assert facts.sha256 == content_hash(clip)
    assert facts.sounds[0].layout == "mono"


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".mkv", "libx264"),
        (".ts", "libx264"),
        (".avi", "mpeg4"),
        (".mov", "mjpeg"),
        (".webm", "libvpx"),
        (".flv", "libx264"),
    ],
)
def test_containers_agree_on_a_constant_rate(media_factory: MediaFactory, suffix: str, codec: str) -> None:
    clip = media_factory.video(frames=40, rate=F(30000, 1001), suffix=suffix, codec=codec, sound=False)
    shown = probe(clip).picture()
    assert shown is not None
    assert (shown.frames, shown.rate, shown.constant_rate, shown.start) == (40, F(30000, 1001), True, 0)


def test_a_known_hash_is_taken_over(media_factory: MediaFactory) -> None:
    assert probe(media_factory.video(), sha256="0" * 64).sha256 == "0" * 64


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp", ".gif"])
def test_stills_have_one_frame_and_no_end(media_factory: MediaFactory, suffix: str) -> None:
    still = media_factory.make(
        f"still{suffix}", "-f", "lavfi", "-i", "testsrc2=s=64x48", "-frames:v", "1", "-update", "1"
    )
    shown = probe(still).picture()
    assert shown is not None
    assert (shown.still, shown.frames, shown.rate, shown.end) == (True, 1, None, 0)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [(1, (0, False)), (2, (0, True)), (3, (180, False)), (4, (180, True)), (5, (270, True)), (6, (90, False)), (7, (90, True)), (8, (270, False))],
)  # fmt: skip
def test_a_photo_is_the_way_up_that_its_camera_says(tmp_path: Path, orientation: int, turn: tuple[int, bool]) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.effect_noise((640, 480), 80).convert("RGB").save(tmp_path / "photo.jpg", exif=exif)
    shown = probe(tmp_path / "photo.jpg").pictures[0]
    assert (shown.rotation, shown.flipped, shown.still) == (*turn, True)


def test_the_suffix_of_a_still_does_not_matter(media_factory: MediaFactory, tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", ".bmp", ".tiff", ".webp"):
        still = media_factory.make(
            f"noise{suffix}", "-f", "lavfi", "-i", "testsrc2=s=640x480", "-frames:v", "1", "-update", "1"
        )
        assert probe(still).demuxer.endswith("_pipe")
        for name in ("x.mp4", "x%d.jpg", "x"):
            (tmp_path / name).write_bytes(still.read_bytes())
            assert probe(tmp_path / name).pictures == probe(still).pictures


def test_a_still_with_a_palette_has_alpha_only_where_its_colours_do(media_factory: MediaFactory) -> None:
    solid = media_factory.make(
        "solid.png", "-f", "lavfi", "-i", "testsrc2=s=64x48,format=pal8", "-frames:v", "1", "-update", "1"
    )
    clear = media_factory.make(
        "clear.png", "-f", "lavfi", "-i", "color=red@0:s=64x48,format=rgba", "-frames:v", "1", "-update", "1"
    )
    assert [probe(file).pictures[0].alpha for file in (solid, clear)] == [False, True]


def test_cover_art_is_no_picture(media_factory: MediaFactory) -> None:
    cover = media_factory.make("cover.jpg", "-f", "lavfi", "-i", "testsrc2=s=64x48", "-frames:v", "1", "-update", "1")
    song = media_factory.make(
        "song.mp3",
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        "-i",
        str(cover),
        *("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic"),
    )
    facts = probe(song)
    assert (facts.pictures, len(facts.sounds)) == ((), 1)


def test_a_mirrored_picture_is_known(media_factory: MediaFactory) -> None:
    source = media_factory.video(frames=5, sound=False)
    for turn, flip, wanted in (
        ("90", "", (270, False)),
        ("-90", "", (90, False)),
        ("0", "h", (0, True)),
        ("90", "h", None),
    ):
        options = ["-display_rotation", turn] + (["-display_hflip"] if flip else [])
        turned = media_factory.make(f"turned{turn}{flip}.mp4", *options, "-i", str(source), "-c", "copy")
        found = probe(turned).pictures[0]
        if wanted is not None:
            assert (found.rotation, found.flipped) == wanted
        else:
            assert found.flipped


def test_cut_files_are_told_from_whole_ones(media_factory: MediaFactory, tmp_path: Path) -> None:
    tone = ("-f", "lavfi", "-i", "sine=d=3")
    whole = [
        media_factory.video(frames=50),
        media_factory.make(
            "front.mp4", "-i", str(media_factory.video(frames=50)), *("-c", "copy", "-movflags", "+faststart")
        ),
        media_factory.video(frames=50, suffix=".mkv"),
        media_factory.video(frames=20, suffix=".avi", codec="mpeg4"),
        media_factory.make("t.wav", *tone),
        media_factory.make("t.flac", *tone),
        media_factory.make("t.mp3", *tone),
        media_factory.make("s.jpg", "-f", "lavfi", "-i", "testsrc2=s=64x48", "-frames:v", "1", "-update", "1"),
        media_factory.make("s.png", "-f", "lavfi", "-i", "testsrc2=s=64x48", "-frames:v", "1", "-update", "1"),
        media_factory.make("s.gif", "-f", "lavfi", "-i", "testsrc2=s=64x48", "-frames:v", "5"),
    ]
    for file in whole:
        assert probe(file)
        content = file.read_bytes()
        for share in (0.5, 0.9):
            cut = tmp_path / f"cut-{file.name}"
            cut.write_bytes(content[: int(len(content) * share)])
            with pytest.raises(KinofarmError) as caught:
                probe(cut)
            assert caught.value.code == "MEDIA-002", (file.name, share)


def test_a_damaged_still_is_refused(media_factory: MediaFactory, tmp_path: Path) -> None:
    still = media_factory.make("noise.jpg", "-f", "lavfi", "-i", "testsrc2=s=256x256", "-frames:v", "1", "-update", "1")
    content = still.read_bytes()
    (tmp_path / "half.jpg").write_bytes(content[: len(content) // 2] + b"\xff\xd9")
    with pytest.raises(KinofarmError, match="MEDIA-006"):
        probe(tmp_path / "half.jpg")


def test_a_file_with_subtitles_only_has_nothing_to_show(media_factory: MediaFactory) -> None:
    (media_factory.folder / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHi\n")
    only = media_factory.make("subtitles.mp4", "-i", "a.srt", "-c:s", "mov_text")
    with pytest.raises(KinofarmError, match="MEDIA-004"):
        probe(only)


def test_random_bytes_are_not_media(tmp_path: Path) -> None:
    for seed in range(20):
        (tmp_path / "x.mp4").write_bytes(random.Random(seed).randbytes(5000))
        with pytest.raises(KinofarmError):
            probe(tmp_path / "x.mp4")


def test_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(KinofarmError, match="MEDIA-009"):
        probe(tmp_path / "none.mp4")


def test_mutated_media_gives_facts_or_an_error_of_ours(media_factory: MediaFactory, tmp_path: Path) -> None:
    sources = [
        media_factory.video(frames=12),
        media_factory.video(frames=12, suffix=".mkv"),
        media_factory.make("s.gif", "-f", "lavfi", "-i", "testsrc2=s=64x48", "-frames:v", "5"),
        media_factory.make("t.wav", "-f", "lavfi", "-i", "sine=d=3"),
    ]
    mutated(sources, tmp_path, rounds=40)


def test_mutated_real_media_gives_facts_or_an_error_of_ours(real_media: Path, tmp_path: Path) -> None:
    small = [file for file in sorted(real_media.iterdir()) if file.stat().st_size < 100_000 and file.suffix != ".md"]
    mutated(small, tmp_path, rounds=15)


def mutated(sources: list[Path], folder: Path, rounds: int) -> None:
    """Probe files with bytes changed, most of them in the header, where numbers do harm."""
    for source in sources:
        content = source.read_bytes()
        for seed in range(rounds):
            chance = random.Random(f"{source.name}-{seed}")
            changed = bytearray(content)
            reach = chance.choice((200, 2000, len(changed)))
            for _ in range(chance.choice((1, 5, 50))):
                place = chance.randrange(min(reach, len(changed)))
                changed[place if seed % 2 else -1 - place] = chance.choice((0, 0xFF, 0x7F, 0x80, chance.randrange(256)))
            target = folder / f"{seed}{source.suffix}"
            target.write_bytes(changed)
            with suppress(KinofarmError):
                assert isinstance(probe(target), MediaFacts)
            target.unlink()
