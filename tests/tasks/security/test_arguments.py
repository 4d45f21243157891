"""Which encoder options of a project get through."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from infra.errors import KinofarmError
from infra.process import run_ffmpeg
from tasks.security.arguments import ALIASES, ARGUMENTS, X264_KEYS, safe_arguments
from tests.media_factory import MediaFactory


def test_options_go_to_the_encoder_that_they_are_for() -> None:
    given_options = ["-tune", "film", "-b:a", "128k", "-maxrate:v", "5M", "-bufsize", "10M"]
    assert safe_arguments(given_options, "picture") == ("-tune", "film", "-maxrate", "5M", "-bufsize", "10M")
    assert safe_arguments(given_options, "sound") == ("-b:a", "128k")


def test_what_holds_anyway_is_left_out() -> None:
    assert safe_arguments(["-movflags", "+faststart", "-pix_fmt", "yuv420p", "-c:v", "libx264"], "picture") == ()


def test_name_and_value_may_stand_in_one_word() -> None:
    assert safe_arguments(["-tune film", "-crf", "20"], "picture") == ("-tune", "film", "-crf", "20")


def test_x264_parameters_pass_key_by_key() -> None:
    wanted = ("-x264-params", "aq-mode=2:psy-rd=1.0,0.2:no-mbtree=1")
    assert safe_arguments(["-x264opts", wanted[1]], "picture") == wanted


@pytest.mark.parametrize(
    "arguments",
    [
        ["out.mp4"], ["-tune", "film", "/tmp/out.mp4"], ["-f", "tee"], ["-f", "mp4", "out.mp4"], ["-vf", "movie=/etc/passwd"],
        ["-filter_complex", "x"], ["-filter:v", "null"], ["-af", "x"], ["-lavfi", "x"], ["-report", "1"], ["-vstats_file", "x"],
        ["-passlogfile", "x"], ["-pass", "2"], ["-dump_attachment", "x"], ["-i", "/etc/passwd"], ["-map", "0"], ["-y"], ["-vpre", "x"],
        ["-fpre", "x"], ["-sdp_file", "x"], ["-progress", "http://x"], ["-init_hw_device", "x"], ["-metadata", "title=x"], ["-stats", "x"],
        ["-s", "10x10"], ["-r", "1"], ["-t", "1"], ["-attach", "/etc/passwd"], ["-protocol_whitelist", "all"], ["-flags", "-cgop"],
        ["-TUNE", "film"], ["--tune", "film"], ["-tune\0", "film"], ["-ac", "1"], ["-ar", "8000"],
        ["-filter_complex_script", "x"], ["-stats_enc_pre", "x"], ["-/filter:v", "x"], ["-c:s", "x"], ["-bsf:v", "x"],
    ],
)  # fmt: skip
def test_anything_else_is_refused_and_named(arguments: list[str]) -> None:
    with pytest.raises(KinofarmError) as caught:
        safe_arguments(arguments, "picture")
    assert caught.value.code == "SECURITY-003"
    assert caught.value.where.startswith("export.ffmpeg_args[")


@pytest.mark.parametrize(
    "arguments",
    [
        ["-x264-params", "stats=/tmp/x"], ["-x264-params", "qpfile=x"], ["-x264-params", "aq-mode=1:dump-yuv=x"],
        ["-x264-params", "cqmfile=x"], ["-x264-params", "tcfile-in=x"], ["-x264-params", "log-file=x"],
        ["-x264-params", "open-gop=1"], ["-x264-params", "me=/etc/x"], ["-x264-params", "opencl-clbin=x"],
        ["-x264-params", "output-csp=i444"], ["-x264-params", ""], ["-tune", "film/../x"], ["-crf", "1e999"], ["-crf", "nan"],
        ["-b:v", "-1"], ["-tune"], ["-preset", "placebo"], ["-profile:v", "high444"], ["-pix_fmt", "yuv444p"],
        ["-movflags", "frag_keyframe"], ["-c:v", "libx265"], ["-x264-params", "videoformat=x"], ["-x264-params", "psy-rd"[:3] + "=a b"],
    ],
)  # fmt: skip
def test_a_value_that_an_option_does_not_take_is_refused(arguments: list[str]) -> None:
    with pytest.raises(KinofarmError, match="SECURITY-004"):
        safe_arguments(arguments, "picture")


def test_no_parameter_of_x264_that_names_a_file_is_on_the_list() -> None:
    assert not X264_KEYS & {
        "stats",
        "qpfile",
        "cqmfile",
        "dump-yuv",
        "tcfile-in",
        "tcfile-out",
        "log-file",
        "opencl-clbin",
        "zones",
    }


@given(st.lists(st.text(max_size=12), max_size=6))
def test_whatever_comes_only_listed_options_come_out(arguments: list[str]) -> None:
    try:
        found = safe_arguments(arguments, "picture")
    except KinofarmError:
        return
    assert all(name in ARGUMENTS for name in found[::2])


def test_ffmpeg_knows_every_option_on_the_list(media_factory: MediaFactory) -> None:
    """With one sensible value each; what ffmpeg does not know ends it."""
    values = {
        "-tune": "film", "-preset": "fast", "-profile:v": "high", "-level": "4.1", "-crf": "23", "-qp": "20", "-b-pyramid": "normal",
        "-motion-est": "hex", "-psy-rd": "1.0,0.2", "-deblock": "1,1", "-coder": "cabac", "-nal-hrd": "none", "-profile:a": "aac_low",
        "-aac_coder": "fast", "-b:v": "500k", "-maxrate": "900k", "-minrate": "1k", "-bufsize": "1M", "-b:a": "64k", "-cutoff": "9000",
        "-x264-params": ":".join(f"{key}=1" for key in ("aq-mode", "bframes", "ref")), "-qmax": "50", "-g": "10", "-refs": "2",
        "-qcomp": "0.6", "-aq-strength": "1", "-rc-lookahead": "10", "-me_range": "16", "-keyint_min": "2", "-crf_max": "30",
        "-qdiff": "4", "-sc_threshold": "40", "-subq": "5", "-bf": "2",
    }  # fmt: skip
    for part, source in (("picture", "testsrc2=s=64x64:d=0.2"), ("sound", "sine=d=0.2")):
        pairs = [(row.name, values.get(row.name, "1")) for row in ARGUMENTS.values() if row.part == part]
        words = safe_arguments([word for pair in pairs if pair[0] != "-qp" for word in pair], part)  # type: ignore[arg-type]
        codec = ("-c:v", "libx264") if part == "picture" else ("-c:a", "aac")
        run_ffmpeg(
            ["-f", "lavfi", "-i", source, *codec, *words, "-strict", "1", "-f", "null", "-"], cwd=media_factory.folder
        )
    assert all(target in ARGUMENTS for target in ALIASES.values())
