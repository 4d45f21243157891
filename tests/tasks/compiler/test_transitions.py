"""The transition table: every name, and the xfade that it becomes."""

from __future__ import annotations

import re

from infra.process import run_tool
from tasks.compiler.transitions import TRANSITIONS
from tasks.compiler.transitions.xfade import XFADES


def test_every_xfade_of_the_shipped_ffmpeg_is_in_the_table(ffmpeg_binary: str) -> None:
    told = run_tool([ffmpeg_binary, "-hide_banner", "-h", "filter=xfade"], timeout=20)
    section = told[told.index("transition ") : told.index("duration ")]
    names = set(re.findall(r"^\s{5}(\w+)\s+\d+\s", section, re.MULTILINE)) - {"custom"}
    assert names == set(XFADES)


def test_a_name_of_the_catalogue_wins_over_an_xfade_of_that_name() -> None:
    assert TRANSITIONS["dissolve"].xfade == "fade"
    assert TRANSITIONS["xfade:dissolve"].xfade == "dissolve"


def test_every_row_becomes_an_xfade_and_says_what_one_sees() -> None:
    for name, row in TRANSITIONS.items():
        assert row.name == name
        assert row.xfade in XFADES
        assert set(row.direction.values()) <= set(XFADES)
        assert row.summary.endswith(".")
        assert row.seconds is None or row.seconds[0] < row.seconds[1]


def test_a_custom_expression_is_not_a_transition() -> None:
    assert not {"custom", "xfade:custom"} & set(TRANSITIONS)
