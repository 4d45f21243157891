"""How a ProjectSchema says that the film is encoded."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tasks.compiler.encoders import video_arguments
from tasks.compiler.exports import check_export
from tasks.compiler.load import load_object
from tasks.compiler.model import Export, SoundExport, VideoExport
from tasks.media.loudness import Loudness
from tests.studio import project, refusal, warned


def export(**more: Any) -> Export:
    return load_object(project(settings={"export": more})).timeline.export


@pytest.mark.parametrize(
    ("quality", "crf"), [(100, 12), (85, 18), (50, 27), (1, 40), (92.5, 15), (67.5, 22.5), (25.5, 33.5)]
)
def test_quality_is_mapped_to_crf(quality: float, crf: float) -> None:
    argv = video_arguments(export(quality=quality), Fraction(25), 50)
    assert argv[argv.index("-crf") + 1] == f"{crf:g}"


def test_without_settings_the_film_has_quality_85() -> None:
    made = load_object(project()).timeline.export
    assert made == Export(video=VideoExport(quality=85, encoder="software"), sound=SoundExport(bitrate=192))


def test_a_bitrate_beside_quality_is_only_the_cap() -> None:
    made = export(quality=50, video_bitrate=8000, audio_bitrate=128, hardware_acceleration=True)
    assert made.video == VideoExport(mode="crf", quality=50, max_bitrate=8000, encoder="auto")
    assert made.sound.bitrate == 128
    assert export(crf=20, video_bitrate=8000, max_bitrate=9000).video.max_bitrate == 9000


def test_crf_wins_over_quality_and_the_mode_over_both() -> None:
    assert export(quality=100, crf=23.5).video.crf == 23.5
    made = export(quality=100, crf=23, rate_control_mode="VBR", video_bitrate=4000, max_bitrate=6000, min_bitrate=1000)
    assert (made.video.mode, made.video.bitrate, made.video.max_bitrate, made.video.min_bitrate) == (
        "vbr",
        4000,
        6000,
        1000,
    )
    assert export(rate_control_mode="Cbr", video_bitrate=4000).video.mode == "cbr"


def test_the_encoder_s_own_settings_come_through() -> None:
    made = export(
        preset="VeryFast", keyframe_interval=50, b_frames=2, encoding_profile="Main", ffmpeg_args=["-tune", "film"]
    )
    assert (made.video.preset, made.video.gop, made.video.b_frames, made.video.profile) == ("veryfast", 50, 2, "main")
    assert made.ffmpeg_args == ("-tune", "film")
    assert export(optimize_for_speed=True).video.preset == "veryfast"
    assert export(optimize_for_speed=True, preset="slow", optimize_for_network=False).video.preset == "slow"


def test_output_settings_win_over_export_settings() -> None:
    settings = {"export": {"quality": 50, "audio_bitrate": 96}, "output": {"quality": 100, "duration": 9}}
    made = load_object(project(settings=settings)).timeline.export
    assert (made.video.quality, made.sound.bitrate) == (100, 96)


def test_what_is_not_rendered_as_asked_is_said() -> None:
    asked = {
        "rate_control_mode": "cqp",
        "multi_pass": True,
        "hardware_acceleration": True,
        "preferred_gpu_encoder": "voodoo",
    }
    imported = load_object(project(settings={"export": asked}))
    assert {where for _, where in warned(imported)} == {
        "settings.export.rate_control_mode",
        "settings.export.multi_pass",
        "settings.export.preferred_gpu_encoder",
    }


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"format": {"Custom": "mxf"}}, ("FORMAT-040", "settings.export.format")),
        ({"format": 4}, ("FORMAT-020", "settings.export.format")),
        ({"quality": 0}, ("FORMAT-020", "settings.export.quality")),
        ({"quality": 101}, ("FORMAT-020", "settings.export.quality")),
        ({"crf": 52}, ("FORMAT-020", "settings.export.crf")),
        ({"rate_control_mode": "vbr"}, ("FORMAT-047", "settings.export.video_bitrate")),
        ({"rate_control_mode": "best"}, ("FORMAT-020", "settings.export.rate_control_mode")),
        ({"normalize_audio": True, "audio_target": 0}, ("FORMAT-060", "settings.export.audio_target")),
        ({"normalize_audio": True, "audio_peak": 3}, ("FORMAT-060", "settings.export.audio_peak")),
        ({"preset": "p7"}, ("FORMAT-040", "settings.export.preset")),
        ({"encoding_profile": "High10"}, ("FORMAT-040", "settings.export.encoding_profile")),
        ({"ffmpeg_args": ["x"] * 101}, ("FORMAT-020", "settings.export.ffmpeg_args")),
        ({"ffmpeg_args": "-y"}, ("FORMAT-020", "settings.export.ffmpeg_args")),
        ({"video_bitrate": 1}, ("FORMAT-020", "settings.export.video_bitrate")),
    ],
)
def test_export_settings_that_cannot_be_are_refused(more: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(project(settings={"export": more})) == expected


def test_a_loudness_is_taken_where_the_sound_is_to_be_normalised() -> None:
    assert export(normalize_audio=True, audio_target=-14, audio_peak=-1.5).sound.loudness == Loudness(
        target=-14, peak=-1.5
    )
    assert export(normalize_audio=False, audio_target=-14, audio_peak=3).sound.loudness is None
    loaded = load_object(project(settings={"export": {"normalize_audio": True, "audio_target": -14}}))
    assert loaded.timeline.export.sound.loudness == Loudness(target=-14, peak=-1)
    assert ("FORMAT-101", "settings.export.audio_peak") in warned(loaded)


@pytest.mark.parametrize("name", ["Mp4", "mp4", {"Custom": "mp4"}, {"Custom": ".MP4"}])
def test_mp4_in_every_spelling(name: Any) -> None:
    assert export(format=name).container == "mp4"


@pytest.mark.parametrize(
    ("name", "container", "codecs"),
    [
        ("Mov", "mov", ("h264", "aac")), ("Mkv", "mkv", ("h264", "aac")), ("WebM", "webm", ("vp9", "opus")),
        ("Avi", "avi", ("h264", "pcm")), ("Gif", "gif", ("gif", "aac")), ({"Custom": "wav"}, "wav", ("h264", "pcm")),
        ({"Custom": "opus"}, "ogg", ("h264", "opus")),
    ],
)  # fmt: skip
def test_every_format_has_the_usual_codecs_of_its_container(name: Any, container: str, codecs: tuple[str, str]) -> None:
    made = export(format=name, quality=60, audio_bitrate=1000, encoding_profile="main")
    assert (made.container, made.video.codec, made.sound.codec) == (container, *codecs)
    read = load_object(project(settings={"export": {"format": name, "audio_bitrate": 1000}})).timeline
    list(check_export(read))


def test_a_device_and_two_passes_are_taken_over() -> None:
    wish = {"hardware_acceleration": True, "preferred_gpu_encoder": "quicksync"}
    assert export(**wish).video.encoder == "h264_qsv"
    made = export(multi_pass=True, rate_control_mode="vbr", video_bitrate=3000)
    assert (made.video.passes, made.video.mode) == (2, "vbr")
