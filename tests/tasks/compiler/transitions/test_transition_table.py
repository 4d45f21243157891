"""The transition table: every name, what a row says of itself, and which of them are a plain xfade."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.process import run_tool
from tasks.compiler.imports.timeline_studio import names
from tasks.compiler.transitions import CATALOGUE, TRANSITIONS
from tasks.compiler.transitions.row import Paced
from tasks.compiler.transitions.xfade import XFADES

DEFAULTS: dict[str, dict[str, Any]] = {
    "zoom": {"direction": "center", "easing": "ease-in-out", "intensity": 0.8},
    "fade": {"easing": "linear", "intensity": 1.0},
    "slide": {"direction": "left", "easing": "ease-out", "intensity": 1.0},
    "scale": {"direction": "center", "easing": "ease-in-out", "intensity": 0.9},
    "rotate": {"direction": "center", "easing": "ease-in-out", "intensity": 0.7},
    "flip": {"direction": "left", "easing": "ease-in-out", "intensity": 1.0},
    "push": {"direction": "right", "easing": "ease-out", "intensity": 1.0},
    "squeeze": {"direction": "center", "easing": "bounce", "intensity": 0.8},
    "diagonal": {"direction": "up", "easing": "ease-in-out", "intensity": 0.9},
    "spiral": {"direction": "center", "easing": "ease-in-out", "intensity": 0.6},
    "wipe-horizontal": {"direction": "right", "easing": "ease-in-out", "intensity": 1.0},
    "wipe-vertical": {"direction": "down", "easing": "ease-in-out", "intensity": 1.0},
    "wipe-diagonal": {"direction": "topleft", "easing": "ease-in-out", "intensity": 1.0},
    "radial-wipe": {"direction": "center", "easing": "ease-in-out", "intensity": 0.9},
    "cube-3d": {"direction": "horizontal", "easing": "ease-in-out", "intensity": 0.8, "perspective": 800},
    "page-turn": {"direction": "right", "easing": "ease-out", "intensity": 0.85, "angle": 45},
    "ripple": {"intensity": 0.7, "frequency": 5, "amplitude": 20, "easing": "ease-in-out"},
    "pixelize": {"block_size": 16, "easing": "ease-in-out", "intensity": 1.0},
    "dissolve": {"intensity": 0.8, "smoothness": 0.5, "easing": "linear"},
    "morph": {"intensity": 0.9, "smoothness": 0.8, "points": 100},
    "glitch": {"intensity": 0.7, "frequency": 10, "color_shift": True, "blocks": 8},
    "kaleidoscope": {"segments": 6, "rotation_speed": 1.0, "intensity": 0.8},
    "shatter": {"pieces": 20, "gravity": 0.5, "randomness": 0.7, "rotation": True},
    "burn": {"temperature": 1500, "spread": 0.3, "glow": 0.8},
    "blinds": {"slats": 10, "direction": "horizontal", "easing": "ease-in-out"},
    "iris": {"shape": "circle", "center_x": 0.5, "center_y": 0.5, "smoothness": 0.1},
    "swirl": {"rotations": 2, "center_x": 0.5, "center_y": 0.5, "radius": 1.0},
    "zoom-blur": {"intensity": 0.8, "center_x": 0.5, "center_y": 0.5},
    "wave": {"amplitude": 20, "frequency": 3, "direction": "horizontal"},
    "tv-static": {"noise_level": 0.8, "scan_lines": True, "color_shift": 0.2},
}
"""The catalogue's parameters and defaults; only the easing of the two fades is our own (docs/adr/0013)."""


def test_every_xfade_of_the_shipped_ffmpeg_is_in_the_table(ffmpeg_binary: str) -> None:
    told = run_tool([ffmpeg_binary, "-hide_banner", "-h", "filter=xfade"], timeout=20)
    section = told[told.index("transition ") : told.index("duration ")]
    found = set(re.findall(r"^\s{5}(\w+)\s+\d+\s", section, re.MULTILINE)) - {"custom"}
    assert found == set(XFADES)


def test_the_catalogue_is_whole_and_has_the_editor_s_parameters() -> None:
    assert {row.name for row in CATALOGUE} == set(DEFAULTS) == set(names.TRANSITIONS)
    for row in CATALOGUE:
        fields = row.parameters().model_dump()
        assert {name: fields[name] for name in DEFAULTS[row.name]} == DEFAULTS[row.name], row.name
        assert set(fields) == {*DEFAULTS[row.name], "easing", "direction"}, row.name
        assert row.seconds is not None
        assert row.seconds[0] <= names.TRANSITIONS[row.name] <= row.seconds[1]


def test_every_row_says_what_one_sees_and_describes_its_parameters() -> None:
    for name, row in TRANSITIONS.items():
        assert row.name == name
        assert row.summary.endswith(".")
        assert issubclass(row.parameters, Paced)
        assert all(field.description for field in row.parameters.model_fields.values()), name


def test_a_name_of_the_catalogue_wins_over_an_xfade_of_that_name() -> None:
    assert TRANSITIONS["dissolve"] in CATALOGUE
    assert TRANSITIONS["fade"] in CATALOGUE
    assert TRANSITIONS["xfade:dissolve"].plain(Paced()) == "dissolve"


def test_a_custom_expression_is_not_a_transition() -> None:
    assert not {"custom", "xfade:custom"} & set(TRANSITIONS)


@pytest.mark.parametrize(
    ("kind", "parameters", "xfade"),
    [
        ("dissolve", {}, "fade"), ("dissolve", {"smoothness": 1}, "fade"), ("dissolve", {"smoothness": 0.2}, None),
        ("dissolve", {"intensity": 1}, None), ("fade", {}, "fade"), ("fade", {"intensity": 0.5}, None),
        ("slide", {"direction": "up"}, "coverup"), ("push", {}, None), ("xfade:slideup", {}, None), ("slide", {"intensity": 0.5}, None), ("circleopen", {"direction": "left"}, "circleopen"), ("zoom", {}, None),
    ],
)  # fmt: skip
def test_some_transitions_are_an_xfade_where_nothing_more_is_asked(
    kind: str, parameters: dict[str, Any], xfade: str | None
) -> None:
    row = TRANSITIONS[kind]
    assert row.plain(row.parameters.model_validate(parameters)) == xfade
