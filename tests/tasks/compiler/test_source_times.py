"""Where the source times of an interchange file count from: the file's timecode, else the earliest moment used."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from infra.process import run_ffmpeg
from tasks.compiler.source_times import settled
from tasks.filesystem.roots import MediaRoots
from tasks.media.probe import probe
from tests.tasks.compiler.films import Studio, clip, timeline, track


def starts(studio: Studio, path: str, *moments: Any, timecode: Any = None) -> list[Fraction]:
    """The source times of clips that begin at these moments of a file, once they are settled."""
    source = {"kind": "media", "path": path, "timecode": timecode}
    clips = [clip(f"c{n}", path, n * 5, n * 5 + 5, source=source, source_start=at) for n, at in enumerate(moments)]
    found = settled(timeline(track(*clips), duration=5 * len(clips)), MediaRoots(studio.folder), probe)
    return [one.source_start for one in found.tracks[0].clips]


def stamped(studio: Studio, name: str, timecode: str, rate: Fraction) -> str:
    plain = studio.counted(f"plain-{name}", 40, rate)

    def make(path: Path) -> None:
        given = ["-i", f"file:{studio.folder / plain}", "-c", "copy", "-timecode", timecode]
        run_ffmpeg([*given, f"file:{path}"], cwd=studio.folder)

    return studio.source(name, make)


@pytest.mark.parametrize(
    ("timecode", "rate", "seconds"),
    [
        ("01:00:00:05", Fraction(25), 3600 + Fraction(1, 5)),
        ("01:00:00;02", Fraction(30000, 1001), (108_000 - 108 + 2) * Fraction(1001, 30000)),
        ("01:00:00:00", Fraction(24000, 1001), 86_400 * Fraction(1001, 24000)),
    ],
)
def test_a_files_timecode_is_its_beginning(timecode: str, rate: Fraction, seconds: Fraction, studio: Studio) -> None:
    name = stamped(studio, f"{timecode.replace(':', '-').replace(';', '_')}-{rate.denominator}.mov", timecode, rate)
    assert probe(studio.folder / name).timecode == seconds
    assert starts(studio, name, str(seconds), str(seconds + Fraction(1, 5))) == [0, Fraction(1, 5)]


def test_without_a_timecode_the_earliest_moment_counts_if_a_clip_lies_beyond_the_file(studio: Studio) -> None:
    name = studio.counted("settled.mkv", 50)
    assert starts(studio, name, "0.4", 1) == [Fraction(2, 5), 1]
    assert starts(studio, name, 3601, "3600.6") == [Fraction(2, 5), 0]
    assert starts(studio, name, 3601, "3600.6", timecode=0) == [3601, Fraction(18003, 5)]


def test_what_is_missing_stays_for_the_check_to_name(studio: Studio) -> None:
    assert starts(studio, "gone.mkv", 3601, 3602) == [3601, 3602]
