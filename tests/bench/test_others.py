"""Other programs in the benchmark: what is asked of them is the workload, and one that is missing is said to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from bench import melt, others
from bench.others import Program, beside, programs
from bench.sources import NAMES
from bench.workloads import WORKLOADS


def document(name: str) -> tuple[Any, int]:
    """A workload as MLT's XML, and the frames that it wants."""
    row = WORKLOADS[name]
    project = row.project({source: f"{source}.mp4" for source in NAMES}, "medium")
    made: Any = melt._document(project, {source: Path(f"{source}.mp4") for source in NAMES})
    return made, row.amount


def frames(playlist: Any) -> int:
    entries = sum(int(entry.get("out")) - int(entry.get("in")) + 1 for entry in playlist.iter("entry"))
    return entries + sum(int(blank.get("length")) for blank in playlist.iter("blank"))


@pytest.mark.parametrize("name", melt.CAN)
def test_melt_is_asked_for_every_frame_of_the_workload(name: str) -> None:
    root, wanted = document(name)
    playlists = [frames(each) for each in root.iter("playlist")]
    assert max(playlists) == wanted
    profile = root.find("profile")
    assert (profile.get("width"), profile.get("height"), profile.get("frame_rate_num")) == ("1280", "720", "25")
    assert Xml.fromstring(Xml.tostring(root)).tag == "mlt"


def test_melt_dissolves_over_a_second_at_each_cut() -> None:
    root, _ = document("dissolves12")
    crossed = [each for each in root.iter("tractor") if each.find("transition") is not None]
    inner = [each for each in crossed if len(each.findall("track")) == 2]
    assert len(inner) == 11
    assert all(each.find("transition").get("out") == "24" for each in inner)


def test_a_program_that_is_missing_or_can_not_do_it_is_said_to_be(tmp_path: Path) -> None:
    def never(*anything: Any) -> None:
        raise AssertionError("it can't be run")

    found = {"gone": Program(("cuts60",), None, never), "other": Program(("graded",), "1.0", never)}
    told: list[str] = []
    assert beside(WORKLOADS["cuts60"], "medium", tmp_path, found, told.append) == []
    assert sorted(told) == ["cuts60: gone is not installed", "cuts60: other can not do it"]
    assert not any(tmp_path.iterdir())


def test_the_programs_are_looked_for_where_they_may_be() -> None:
    found = programs(None)
    assert set(found) == {"melt", "moviepy"}
    assert {name for program in found.values() for name in program.can} <= set(WORKLOADS)
    assert others.SCRIPT.is_file()
