"""Argv: a graph written as ffmpeg takes it."""

from __future__ import annotations

from fractions import Fraction

import ffmpeg
import pytest

from tasks.compiler import argv
from tasks.compiler.graph import Sources, concatenated, decimal, joined

SHA = "0" * 64


def source(sources: Sources, index: int = 0, seek: int = 0) -> object:
    return sources.media_stream(SHA, index, "mov", Fraction(seek))


def graph(stream: object) -> str:
    written = argv.samples_argv(stream, 48_000)
    return written[written.index("-filter_complex") + 1]


def test_one_clip_becomes_one_chain() -> None:
    stream = source(Sources(), seek=3).filter("trim", end_frame=5).filter("setpts", "PTS-STARTPTS")  # type: ignore[attr-defined]
    assert argv.picture_argv(stream, ("-c:v", "libx264"), 5, Fraction(30000, 1001)) == (
        "-copyts",
        *("-f", "mov", "-noaccurate_seek", "-protocol_whitelist", "file", "-ss", "3.000000", "-i", f"media:{SHA}"),
        *("-filter_complex", "[0:0]trim=end_frame=5,setpts=PTS-STARTPTS[out]", "-map", "[out]"),
        *("-r", "30000/1001", "-fps_mode", "cfr", "-frames:v", "5", "-c:v", "libx264"),
        *("-video_track_timescale", "30000", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"),
        *("-f", "mp4", "out"),
    )


def test_streams_that_meet_and_part_get_names() -> None:
    sources = Sources()
    one, two = source(sources, 0).filter("hflip"), source(sources, 1)  # type: ignore[attr-defined]
    over = joined("overlay", [one, two], x=2)
    copies = over.filter_multi_output("split", 2)
    both = joined("hstack", [copies[0].filter("vflip"), copies[1]])
    assert graph(both) == ("[0:0]hflip[s0];[s0][1:1]overlay=x=2,split=2[s1][s2];[s1]vflip[s3];[s3][s2]hstack[out]")


def test_two_equal_pictures_stay_two_inputs() -> None:
    sources = Sources()
    written = argv.samples_argv(concatenated([source(sources), source(sources)], Fraction(25)), 48_000)
    assert written.count("-i") == 2
    assert written.count(f"media:{SHA}") == 2
    assert (sources.opened, sources.media) == (2, {SHA})


def test_generators_are_sources_in_the_graph_and_no_inputs() -> None:
    sources = Sources()
    black, again = (sources.generate("color", "yuv420p", c="black", s="64x64", r="25") for _ in range(2))
    row = concatenated(
        [black.filter("trim", end_frame=2), source(sources), again.filter("trim", end_frame=2)], Fraction(25)
    )
    written = argv.picture_argv(row, ("-c:v", "libx264"), 5, Fraction(25))
    assert written.count("-i") == 1
    assert "lavfi" not in written
    assert graph(row) == (
        "color@1=c=black:r=25:s=64x64,format=yuv420p,trim=end_frame=2[s0];"
        "color@2=c=black:r=25:s=64x64,format=yuv420p,trim=end_frame=2[s1];"
        "[s0][0:0][s1]concat=a=0:n=3:v=1,settb=1/25,setpts=N[out]"
    )


def test_a_stream_that_two_filters_read_is_an_error() -> None:
    stream = source(Sources()).filter("hflip")  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="split"):
        graph(joined("hstack", [stream.filter("vflip"), stream.filter("negate")]))


def test_a_chain_of_any_length_is_written() -> None:
    stream = source(Sources())
    for _ in range(20_000):
        stream = stream.filter("hflip")  # type: ignore[attr-defined]
    assert graph(stream).count("hflip") == 20_000


def test_special_characters_are_escaped_for_the_graph() -> None:
    stream = source(Sources()).filter("drawtext", text="a,b;c[d]:'e'\\")  # type: ignore[attr-defined]
    text = graph(stream)
    assert text.startswith("[0:0]drawtext=text=a\\,b\\;c\\[d\\]")
    assert (
        text
        == f"[0:0]{ffmpeg.get_args(ffmpeg.output(stream, 'x'))[-4].removeprefix('[0:0]').removesuffix('[s0]')}[out]"
    )


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [
        (Fraction(1, 3), 6, "0.333333"),
        (Fraction(-1, 3), 3, "-0.333"),
        (Fraction(2, 3), 1, "0.6"),
        (Fraction(10**12, 7), 2, "142857142857.14"),
        (Fraction(-1, 10**9), 6, "0.000000"),
    ],
)
def test_a_decimal_is_cut_off_towards_zero(value: Fraction, places: int, written: str) -> None:
    assert decimal(value, places) == written
