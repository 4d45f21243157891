"""The x264 arguments: golden, and what ffmpeg makes of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import ffmpeg
import pytest

from infra.errors import KinofarmError
from infra.process import run_ffmpeg
from tasks.compiler.encoders import ENCODERS, sound_arguments, video_arguments
from tasks.compiler.model import Export, SoundExport, VideoExport

RATE = Fraction(30000, 1001)
Made = Callable[..., "Film"]


class Film:
    """What PyAV sees in an encoded film."""

    def __init__(self, path: Path) -> None:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            self.extradata = bytes(stream.codec_context.extradata or b"")
            self.keys: list[bool] = []
            for packet in container.demux(stream):
                if packet.size:
                    self.keys.append(packet.is_keyframe)
                for frame in packet.decode():
                    self.frame = frame
            self.profile = stream.codec_context.profile
            self.format = stream.codec_context.pix_fmt


@pytest.fixture
def made(ffmpeg_binary: str, tmp_path: Path) -> Made:
    """Encode that many frames of a test picture."""

    def encoded(export: Export, frames: int, *, source: str = "testsrc2", gop: int = 50, tags: str = "") -> Film:
        out = tmp_path / f"{len(list(tmp_path.iterdir()))}.mp4"
        stream = ffmpeg.input(f"{source}=s=320x180:r={RATE}", f="lavfi").filter("format", "yuv444p")
        if tags:
            stream = stream.filter("setparams", **dict(tag.split("=") for tag in tags.split(",")))
        command = stream.output(str(out)).get_args()
        *rest, target = command
        argv = [*rest, "-frames:v", str(frames), *video_arguments(export, RATE, gop), target]
        run_ffmpeg(argv, cwd=tmp_path, binary=Path(ffmpeg_binary))
        return Film(out)

    return encoded


def export(**video: Any) -> Export:
    return Export(video=VideoExport(**video))


def options(argv: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(argv[::2], argv[1::2], strict=True))


def test_the_default_export_becomes_these_arguments() -> None:
    assert " ".join(video_arguments(Export(), RATE, 60)) == (
        "-c:v libx264 -preset medium -crf 18 -profile:v high -g 60 -flags +cgop -pix_fmt yuv420p "
        "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv -a53cc 0 -x264-params "
        "stitchable=1:colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off:chromaloc=0"
    )
    assert sound_arguments(Export()) == ("-c:a", "aac", "-b:a", "192k")


def test_rate_control_follows_the_mode() -> None:
    capped = options(video_arguments(export(crf=23.5, max_bitrate=4000), RATE, 60))
    assert (capped["-crf"], capped["-maxrate"], capped["-bufsize"]) == ("23.5", "4000k", "8000k")
    varying = options(video_arguments(export(mode="vbr", bitrate=3000), RATE, 60))
    assert varying["-b:v"] == "3000k"
    assert "-crf" not in varying
    constant = options(video_arguments(export(mode="cbr", bitrate=3000), RATE, 60))
    assert {constant[name] for name in ("-b:v", "-minrate", "-maxrate", "-bufsize")} == {"3000k"}


def test_the_projects_own_gop_frames_and_profile_win() -> None:
    argv = options(video_arguments(export(gop=12, b_frames=0, profile="main", preset="fast"), RATE, 60))
    assert (argv["-g"], argv["-bf"], argv["-profile:v"], argv["-preset"]) == ("12", "0", "main", "fast")


def test_the_users_options_come_last_and_keep_the_chunks_joinable() -> None:
    own = Export(ffmpeg_args=("-tune", "film", "-x264-params", "aq-mode=2", "-b:a", "96k"))
    argv = video_arguments(own, RATE, 60)
    assert argv[-4:-1] == ("-tune", "film", "-x264-params")
    assert argv[-1].startswith("stitchable=1:")
    assert argv[-1].endswith(":aq-mode=2")
    assert sound_arguments(own)[-2:] == ("-b:a", "96k")


def test_an_option_that_writes_a_file_is_refused() -> None:
    with pytest.raises(KinofarmError, match="SECURITY-00"):
        video_arguments(Export(ffmpeg_args=("-passlogfile", "x")), RATE, 60)
    with pytest.raises(KinofarmError, match="SECURITY-00"):
        sound_arguments(Export(ffmpeg_args=("out.mkv",)))


@pytest.mark.parametrize(
    "video",
    [
        {},
        {"mode": "vbr", "bitrate": 800, "max_bitrate": 1200},
        {"mode": "cbr", "bitrate": 800},
        {"profile": "baseline", "preset": "ultrafast"},
        {"b_frames": 4, "gop": 5, "preset": "veryfast"},
    ],
)
def test_parameter_sets_are_the_same_bytes_whatever_a_chunk_shows(made: Made, video: dict[str, Any]) -> None:
    films = [made(export(**video), frames) for frames in (1, 2, 3, 70)]
    films.append(made(export(**video), 3, source="mandelbrot"))
    films.append(made(export(**video), 3, tags="range=pc,colorspace=smpte170m,chroma_location=topleft"))
    films.append(made(export(**video), 3, tags="color_primaries=bt709,color_trc=smpte170m"))
    assert len({film.extradata for film in films}) == 1
    assert all(film.keys[0] for film in films)
    assert [len(film.keys) for film in films] == [1, 2, 3, 70, 3, 3, 3]


def test_gops_are_no_longer_than_asked(made: Made) -> None:
    film = made(export(preset="veryfast"), 40, gop=10)
    starts = [number for number, key in enumerate(film.keys) if key]
    assert all(later - earlier <= 10 for earlier, later in zip(starts, [*starts[1:], 40], strict=True))


def test_the_film_is_420_high_profile_and_tagged_bt709_limited(made: Made) -> None:
    film = made(Export(), 3, tags="color_primaries=smpte170m")
    assert (film.profile, film.format) == ("High", "yuv420p")
    frame = film.frame
    tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
    assert [int(tag) for tag in tags] == [1, 1, 1, 1]


def test_the_same_work_gives_the_same_bytes(made: Made, tmp_path: Path) -> None:
    made(Export(), 30)
    made(Export(), 30)
    first, second = sorted(tmp_path.glob("*.mp4"))
    assert first.read_bytes() == second.read_bytes()


def test_every_encoder_stands_under_its_own_name() -> None:
    assert all(row.name == name for name, row in ENCODERS.items())


def test_a_sound_bitrate_is_passed_in_kilobits() -> None:
    assert options(sound_arguments(Export(sound=SoundExport(bitrate=256))))["-b:a"] == "256k"


def test_quality_zero_is_lossless_and_still_420(made: Made) -> None:
    film = made(export(crf=0, profile="main", preset="ultrafast"), 3)
    assert (film.profile, film.format) == ("High 4:4:4 Predictive", "yuv420p")
