"""EDL, FCP 7 XML, FCPXML and AAF: what other programs wrote comes in, what was made to do harm does not."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.compiler.load import Loaded, load
from tasks.compiler.model import MediaSource
from tests.tasks.compiler.imports.interchange.cuts import placed


@pytest.fixture(scope="session")
def timelines() -> Path:
    folder = os.environ.get("KINOFARM_TEST_TIMELINES")
    if not folder:
        pytest.skip("KINOFARM_TEST_TIMELINES is not set: no real interchange files to test with")
    return Path(folder)


FILES = {  # name: rate, frames, clips on each track
    "dissolve_test.edl": (24, 20, [3]),
    "speed_effects.edl": (24, 30330, [548]),
    "fcpx_example.fcpxml": (30, 4500, [6, 6, 1, 3, 3, 1]),
    "multitrack.otio": (24, 3282, [3, 1, 1]),
    "nested_example.otio": (24, 636, [7]),
    "premiere_example.xml": (30, 1271, [1, 6, 1, 2, 2, 2, 1, 2]),
    "transition.otio": (24, 19, [4]),
    "trims.aaf": (24, 2797, [5, 5, 5]),
}


@pytest.mark.parametrize("name", FILES)
def test_real_files_come_in_whole(name: str, timelines: Path) -> None:
    rate, frames, clips = FILES[name]
    found = load(timelines / name).timeline
    assert (found.rate, found.duration) == (rate, frames)
    assert [len(track.clips) for track in found.tracks] == clips
    for track in found.tracks:
        for before, after in zip(track.clips, track.clips[1:], strict=False):
            assert before.end <= after.start


def edl(tmp_path: Path, *lines: str) -> Loaded:
    (tmp_path / "cut.edl").write_text("\n".join(["TITLE: cut", "FCM: NON-DROP FRAME", *lines]))
    return load(tmp_path / "cut.edl")


def test_an_edl_has_speeds_freezes_and_a_guessed_rate(tmp_path: Path) -> None:
    found = edl(
        tmp_path,
        "001  AX  V  C  01:00:00:00 01:00:02:00 10:00:00:00 10:00:01:00",
        "M2   AX  050.0  01:00:00:00",
        "* FROM CLIP NAME: fast.mov",
        "002  AX  V  C  01:00:05:24 01:00:06:00 10:00:01:00 10:00:02:00",
        "* FROM CLIP NAME: still.mov FF",
        "* * FREEZE FRAME",
        "003  AX  V  C  01:00:09:00 01:00:10:00 10:00:03:00 10:00:04:00",
        "* FROM FILE: media/third.mov",
        "* LOC: 01:00:09:10 RED look here",
    )
    clips = found.timeline.tracks[0].clips
    assert (found.timeline.rate, [(clip.start, clip.end) for clip in clips]) == (25, [(0, 25), (25, 50), (75, 100)])
    assert [(clip.speed, clip.freeze) for clip in clips] == [(2, False), (1, True), (1, False)]
    assert isinstance(clips[2].source, MediaSource)
    assert (clips[2].source.path, clips[2].source.timecode) == ("media/third.mov", None)
    assert [(marker.time, marker.name) for marker in found.timeline.markers] == [(85, "look here")]
    assert [warning.code for warning in found.warnings] == ["FORMAT-116", "FORMAT-101", "FORMAT-123", "FORMAT-123"]


def test_a_negative_speed_of_an_edl_runs_backwards(tmp_path: Path) -> None:
    found = edl(
        tmp_path,
        "001  AX  V  C  01:00:00:00 01:00:02:00 10:00:00:00 10:00:01:00",
        "M2   AX  -048.0  01:00:00:00",
        "* FROM CLIP NAME: back.mov",
    )
    clip = found.timeline.tracks[0].clips[0]
    assert (clip.speed, clip.reverse) == (2, True)


BOMB = """<!DOCTYPE fcpxml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><fcpxml version="1.8"><project name="&b;"/></fcpxml>"""
FETCH = """<!DOCTYPE xmeml SYSTEM "file:///etc/passwd"><xmeml version="4"/>"""
CIRCLE = """<fcpxml version="1.8"><resources><format id="f" frameDuration="1/25s" width="64" height="64"/>
<media id="m" name="me"><sequence format="f"><spine><ref-clip ref="m" duration="1s" offset="0s"/></spine></sequence></media>
</resources><project name="p"><sequence format="f"><spine><ref-clip ref="m" duration="1s" offset="0s"/></spine></sequence></project></fcpxml>"""


def multiplied() -> str:
    """Ten compound clips of which each holds the next ten times over."""
    media = "".join(
        f'<media id="m{n}" name="m"><sequence format="f"><spine>'
        + f'<ref-clip ref="m{n + 1}" duration="1s" offset="0s"/>' * 10
        + "</spine></sequence></media>"
        for n in range(10)
    )
    return f'<fcpxml version="1.8"><resources>{media}</resources><project><sequence><ref-clip ref="m0"/></sequence></project></fcpxml>'


NESTED_IN_ITSELF = """<xmeml version="4"><sequence id="s"><name>me</name><media><video><track><clipitem>
<sequence id="s"/></clipitem></track></video></media></sequence></xmeml>"""


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("p.fcpxml", BOMB, "FORMAT-067"),
        ("p.xml", FETCH, "FORMAT-067"),
        ("p.fcpxml", CIRCLE, "FORMAT-068"),
        ("p.fcpxml", multiplied(), "FORMAT-016"),
        ("p.xml", NESTED_IN_ITSELF, "FORMAT-068"),
        ("p.xml", "<a>" * 200 + "</a>" * 200, "FORMAT-007"),
        ("p.xml", "<xmeml/>", "FORMAT-069"),
        ("p.fcpxml", "<fcpxml><library/></fcpxml>", "FORMAT-066"),
        ("p.fcpxml", "no xml", "FORMAT-066"),
        ("p.edl", "no edl", "FORMAT-066"),
        ("p.edl", "001  AX  V  C  x y z w", "FORMAT-066"),
        ("p.edl", "", "FORMAT-024"),
        ("p.aaf", "no aaf", "FORMAT-066"),
        ("p.aaf", "", "FORMAT-066"),
    ],
)
def test_harmful_and_broken_files_are_refused(name: str, text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(KinofarmError) as caught:
        load(tmp_path / name)
    assert caught.value.code == code


def test_a_damaged_aaf_is_read_or_refused(timelines: Path, tmp_path: Path) -> None:
    data = (timelines / "trims.aaf").read_bytes()
    for cut in (600, len(data) // 2):
        (tmp_path / "p.aaf").write_bytes(data[:cut])
        with pytest.raises(KinofarmError):
            load(tmp_path / "p.aaf")
    for place in range(1024, len(data), len(data) // 3):
        (tmp_path / "p.aaf").write_bytes(data[:place] + b"\xff" * 64 + data[place + 64 :])
        with suppress(KinofarmError):  # nothing else comes out
            load(tmp_path / "p.aaf")


def test_fcpxml_clips_play_their_own_sound_but_what_was_detached_plays_once(timelines: Path) -> None:
    found = load(timelines / "fcpx_example.fcpxml").timeline
    first, nested = found.tracks[1].clips[0], found.tracks[1].clips[2]
    assert (first.name, first.volume) == ("IMG_0715", 0)  # on lane -1 as well, in step
    assert (nested.name, nested.volume) == ("IMG_0233", 1)
    assert (found.size.width, found.size.height) == (1920, 1080)


def test_a_sequence_inside_a_sequence_keeps_its_clips(timelines: Path) -> None:
    found = load(timelines / "premiere_example.xml").timeline
    assert placed(found.tracks[1].clips)[4:] == [
        ("sc01_sh010_anim.mov", 636, 736, 0),
        ("sc01_sh030_anim.mov", 736, 956, 0),
    ]
