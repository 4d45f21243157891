"""Export presets."""

from fractions import Fraction

import pytest

from infra.errors import KinofarmError
from tasks.compiler.model import Export, Size, SoundExport, Timeline, VideoExport
from tasks.compiler.presets import apply_preset, presets

TIMELINE = Timeline(
    rate=Fraction(25),
    size=Size(width=320, height=180),
    duration=25,
    export=Export(video=VideoExport(mode="vbr", bitrate=900), sound=SoundExport(bitrate=64)),
)


def test_every_preset_reads_and_says_what_it_is_good_for() -> None:
    assert {"draft", "web", "master"} <= set(presets())
    assert all(preset.summary for preset in presets().values())


def test_a_preset_replaces_the_project_s_export_settings_whole() -> None:
    timeline = apply_preset(TIMELINE, "draft")
    assert timeline.export == presets()["draft"].export
    assert timeline.model_copy(update={"export": TIMELINE.export}) == TIMELINE


def test_an_unknown_preset_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(KinofarmError) as refused:
        apply_preset(TIMELINE, "cinema")
    assert refused.value.code == "CLI-004"
    assert "draft" in refused.value.hint
