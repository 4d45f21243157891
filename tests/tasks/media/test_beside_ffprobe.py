"""Real media beside ffprobe: every field that both know is the same, and each file has its views or says why not.

KINOFARM_TEST_MEDIA    a folder with the media
"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tasks.media.facts import PictureFacts, SoundFacts
from tasks.media.probe import probe
from tasks.media.views.table import VIEWS
from tests.debian import program, run

NAMED = os.environ.get("KINOFARM_TEST_MEDIA")
FILES = [path.name for path in sorted(Path(NAMED).iterdir()) if path.suffix != ".md"] if NAMED else []
APART = {
    "transparent.webm": ("pixel_format",),  # Debian's VP9 decoder does not read the stream of its transparency
    "pigs_in_a_polka.gif": ("pixel_format",),  # of a palette it says what its own decoder makes of it
    "big_buck_bunny_0_30.webm": ("matrix", "range"),  # VP8 says both in each key frame; an older decoder does not tell
    "red-image.png": ("matrix",),  # RGB is tagged as such by newer decoders only
    "fire2.mp4": (
        "length",
    ),  # the sound's header says less than its packets, of which the first is eight times as long
    "rain.mp3": ("length",),  # Debian's counts the encoder's delay and filling, which no player plays
}
"""Fields that ffprobe tells otherwise, by file, and why."""

pytestmark = [pytest.mark.long, pytest.mark.skipif(not FILES, reason="KINOFARM_TEST_MEDIA is not set")]


@pytest.fixture(scope="module")
def ffprobe() -> str:
    found = program("ffprobe", "ffmpeg")
    if found is None:
        pytest.skip("Debian's ffmpeg is not installed, and this user can't install it")
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_facts_of_a_file_are_ffprobes(ffprobe: str, name: str) -> None:
    path = Path(str(NAMED)) / name
    facts = probe(path)
    asked = (
        "-show_streams",
        "-show_format",
        "-count_packets",
        "-show_frames",
        "-read_intervals",
        "%+#1",
        "-of",
        "json",
    )
    theirs = json.loads(run(ffprobe, "-v", "error", *asked, str(path)))
    counted = json.loads(run(ffprobe, "-v", "error", "-show_streams", "-count_packets", "-of", "json", str(path)))[
        "streams"
    ]
    assert facts.demuxer in theirs["format"]["format_name"].split(",")
    assert facts.size == int(theirs["format"]["size"])
    streams = {each["index"]: each for each in counted}
    ours = {one.index for one in (*facts.pictures, *facts.sounds)}
    assert ours == {index for index, each in streams.items() if each["codec_type"] in ("video", "audio") and not each["disposition"]["attached_pic"]}  # fmt: skip
    frames = {each["stream_index"]: each for each in theirs.get("frames", ())}
    for picture in facts.pictures:
        _same(name, _of_picture(picture), _pictures_by_ffprobe(streams[picture.index], frames.get(picture.index, {})))
        if not picture.still:
            _near(picture.end - picture.start, streams[picture.index], theirs["format"], name)
    for sound in facts.sounds:
        _same(name, _of_sound(sound), _sounds_by_ffprobe(streams[sound.index]))
        _near(sound.end - sound.start, streams[sound.index], theirs["format"], name)


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_each_view_or_says_why_not(name: str, tmp_path: Path) -> None:
    path = Path(str(NAMED)) / name
    facts = probe(path)
    for view in VIEWS.values():
        lacking = view.lacks(facts)
        if not lacking:
            view.make(path, facts, view.options(), tmp_path / view.name)
            assert (tmp_path / view.name).stat().st_size > 100
    assert not VIEWS["thumbnail"].lacks(facts) or not VIEWS["waveform"].lacks(facts), "it is seen or heard"


def _same(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    left_out = APART.get(name, ())
    assert {key: value for key, value in ours.items() if key not in left_out} == {
        key: value for key, value in theirs.items() if key not in left_out
    }, name


def _of_picture(one: PictureFacts) -> dict[str, Any]:
    return {
        "codec": one.codec, "width": one.width, "height": one.height, "pixel_format": one.pixel_format,
        "pixel_aspect": one.pixel_aspect, "time_base": one.time_base, "packets": one.frames, "rotation": one.rotation,
        "default": one.default, "matrix": one.matrix, "primaries": one.primaries, "transfer": one.transfer, "range": one.range,
        "rate": one.rate if one.constant_rate else None,
    }  # fmt: skip


def _pictures_by_ffprobe(stream: dict[str, Any], frame: dict[str, Any]) -> dict[str, Any]:
    turned = next((data["rotation"] for data in stream.get("side_data_list", ()) if "rotation" in data), 0)
    still = stream["codec_name"] in ("png", "mjpeg") and stream["nb_read_packets"] == "1"
    constant = not still and stream["r_frame_rate"] == stream["avg_frame_rate"]
    return {
        "codec": stream["codec_name"], "width": stream["width"], "height": stream["height"], "pixel_format": stream["pix_fmt"],
        "pixel_aspect": _aspect(stream.get("sample_aspect_ratio", "")), "time_base": Fraction(stream["time_base"]),
        "packets": int(stream["nb_read_packets"]), "rotation": -turned % 360, "default": bool(stream["disposition"]["default"]),
        "matrix": _tag(stream, frame, "color_space"), "primaries": _tag(stream, frame, "color_primaries"),
        "transfer": _tag(stream, frame, "color_transfer"), "range": _tag(stream, frame, "color_range"),
        "rate": Fraction(stream["avg_frame_rate"]) if constant else None,
    }  # fmt: skip


def _of_sound(one: SoundFacts) -> dict[str, Any]:
    return {
        "codec": one.codec, "sample_rate": one.sample_rate, "channels": one.channels, "layout": one.layout,
        "time_base": one.time_base, "default": one.default,
    }  # fmt: skip


def _sounds_by_ffprobe(stream: dict[str, Any]) -> dict[str, Any]:
    usual = {1: "mono", 2: "stereo"}.get(stream["channels"])
    return {
        "codec": stream["codec_name"], "sample_rate": int(stream["sample_rate"]), "channels": stream["channels"],
        "layout": stream.get("channel_layout", usual), "time_base": Fraction(stream["time_base"]),
        "default": bool(stream["disposition"]["default"]),
    }  # fmt: skip


def _aspect(text: str) -> Fraction:
    over, _, under = text.partition(":")
    return Fraction(int(over), int(under)) if under and int(over) and int(under) else Fraction(1)


def _tag(stream: dict[str, Any], frame: dict[str, Any], name: str) -> str | None:
    found = frame.get(name, stream.get(name))
    return None if found in (None, "unknown", "reserved") else found


def _near(ours: Fraction, stream: dict[str, Any], whole: dict[str, Any], name: str) -> None:
    """A length is ffprobe's to a fiftieth of a second; where it has none for the stream, it is at most the file's."""
    if "length" in APART.get(name, ()) and stream["codec_type"] == "audio":
        return
    theirs = stream.get("duration")
    if theirs is None:
        assert ours <= Fraction(whole["duration"]) + Fraction(1, 50), name
        return
    assert abs(ours - Fraction(theirs)) <= Fraction(1, 50), (name, float(ours), theirs)
