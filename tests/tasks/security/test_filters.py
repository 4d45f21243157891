"""Which filters of a project's own templates get through, and how they are read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from infra.errors import KinofarmError
from infra.process import run_tool
from tasks.security.allowed_filters import ALLOWED
from tasks.security.filters import Filter, parse_filters


def test_named_and_unnamed_options_are_read_as_ffmpeg_reads_them() -> None:
    assert parse_filters("eq=brightness=0.1:saturation=2, unsharp=5:5:1", "picture") == (
        Filter("eq", {"brightness": "0.1", "saturation": "2"}),
        Filter("unsharp", {"luma_msize_x": "5", "luma_msize_y": "5", "luma_amount": "1"}),
    )


def test_short_names_come_back_in_full() -> None:
    assert parse_filters("equalizer=f=1000:t=q:w=1:g=-3", "sound")[0].options == {
        "frequency": "1000", "width_type": "q", "width": "1", "gain": "-3",
    }  # fmt: skip


def test_quotes_and_escapes_are_taken_off() -> None:
    assert parse_filters(r"curves=all='0/0 0.5/0.6 1/1',eq=contrast\=1.2", "picture") == (
        Filter("curves", {"all": "0/0 0.5/0.6 1/1"}),
        Filter("eq", {"contrast": "1.2"}),
    )


def test_places_take_the_effects_parameters() -> None:
    found = parse_filters("eq=brightness={level}:gamma={gamma}", "picture", {"level": 0.25, "gamma": 2})
    assert found == (Filter("eq", {"brightness": "0.25", "gamma": "2"}),)


def test_a_parameter_cannot_bring_a_filter_along() -> None:
    with pytest.raises(KinofarmError, match="SECURITY-005"):
        parse_filters("eq=brightness={level}", "picture", {"level": "0,movie=/etc/passwd"})
    with pytest.raises(KinofarmError, match="SECURITY-006"):
        parse_filters("curves=all={points}", "picture", {"points": "0/0:psfile=/etc/passwd"})


def test_a_place_without_a_parameter_is_an_error() -> None:
    with pytest.raises(KinofarmError, match="SECURITY-007"):
        parse_filters("eq=brightness={level}", "picture")


@pytest.mark.parametrize(
    "name",
    [
        "movie", "amovie", "sendcmd", "asendcmd", "zmq", "azmq", "ladspa", "lv2", "frei0r", "frei0r_src", "lut3d", "lut1d", "haldclut",
        "subtitles", "ass", "drawtext", "metadata", "ametadata", "showinfo", "signature", "vidstabdetect", "vidstabtransform", "libvmaf",
        "arnndn", "afir", "sofalizer", "openclsrc", "program_opencl", "drawgraph", "ocr", "qrencode", "quirc", "dnn_processing", "sr", "derain",
        "whisper", "bench", "psnr", "ssim", "removelogo", "delogo", "cover_rect", "find_rect", "geq", "lut", "lutrgb", "scale", "crop", "fps",
        "setpts", "trim", "select", "split", "null", "color", "testsrc", "hqdn3d", "tmix", "noise", "EQ", "volumedetect", "avsynctest",
    ],
)  # fmt: skip
def test_a_filter_that_is_not_on_the_list_is_refused(name: str) -> None:
    for on in ("picture", "sound"):
        with pytest.raises(KinofarmError) as caught:
            parse_filters(f"{name}=x", on, where="effects[0]")  # type: ignore[arg-type]
        assert caught.value.code in ("SECURITY-005", "SECURITY-007")
        assert caught.value.where == "effects[0]"


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("curves=psfile=/etc/passwd", "SECURITY-006"), ("curves=plot=/tmp/x", "SECURITY-006"), ("selectivecolor=psfile=x", "SECURITY-006"),
        ("eq=eval=frame", "SECURITY-006"), ("eq=enable='gt(t,1)'", "SECURITY-006"), ("hue=h=t*10", "SECURITY-004"),
        ("hue=h=random(1)", "SECURITY-004"), ("vignette=angle=PI/4:x0=w", "SECURITY-004"), ("eq=brightness=1e3", "SECURITY-004"),
        ("eq=brightness=nan", "SECURITY-004"), ("eq=brightness=", "SECURITY-004"), ("curves=all=/etc/passwd", "SECURITY-004"),
        ("volume=1", "SECURITY-005"), ("eq=brightness=0.1[a]", "SECURITY-007"), ("[in]eq", "SECURITY-007"), ("eq;hue", "SECURITY-007"),
        ("", "SECURITY-007"), ("eq,", "SECURITY-007"), ("eq='", "SECURITY-007"), ("eq=\\", "SECURITY-007"), ("eq=brightness=1:1", "SECURITY-007"),
        ("hflip=1", "SECURITY-007"), ("eq=brightness=1:brightness=2", "SECURITY-007"), ("eq\n=1", "SECURITY-007"),
        ("hflip," * 30 + "hflip", "SECURITY-007"), ("h" * 5000, "SECURITY-007"), ("eq=/brightness=/etc/passwd", "SECURITY-004"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_has_its_code(template: str, code: str) -> None:
    with pytest.raises(KinofarmError) as caught:
        parse_filters(template, "picture")
    assert caught.value.code == code


@given(st.text(alphabet="eqhuvinsogmab=:,'\\[]{};/. 01+-*|#xPI@", max_size=60), st.sampled_from(["picture", "sound"]))
def test_whatever_comes_only_listed_filters_and_options_come_out(template: str, on: str) -> None:
    try:
        found = parse_filters(template, on)  # type: ignore[arg-type]
    except KinofarmError:
        return
    for name, options in found:
        assert ALLOWED[name].on == on
        assert set(options) <= {option.name for option in ALLOWED[name].order if option.kind != "refused"}


def test_a_long_value_is_judged_at_once() -> None:
    for value in ("1" * 3000, "0/0 " * 900 + "!", "1 " * 1500 + "!", "a+" * 1500 + "!"):
        with pytest.raises(KinofarmError):
            parse_filters(f"curves=all='{value}'", "picture")
        with pytest.raises(KinofarmError):
            parse_filters(f"convolution=0m='{value}'", "picture")


def test_the_rows_are_what_ffmpeg_says_of_its_filters(ffmpeg_binary: str) -> None:
    """Names, short names and their order, on which unnamed values rely."""
    for name, row in ALLOWED.items():
        told = run_tool([ffmpeg_binary, "-hide_banner", "-h", f"filter={name}"], timeout=20)
        groups: list[tuple[list[str], str]] = []
        for option, summary in re.findall(r"^  ? (\S+) +<\w+> +\S+ +(.*)$", told, re.MULTILINE):
            if groups and groups[-1][1] == summary:  # another name of the same option
                groups[-1][0].append(option)
            else:
                groups.append(([option], summary))
        assert [option.name for option in row.order] == [names[0] for names, _ in groups], name
        assert set(row.by_name) == {each for names, _ in groups for each in names}, name
