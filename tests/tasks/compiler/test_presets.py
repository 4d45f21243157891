"""Export presets."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from infra.errors import KinofarmError
from tasks.compiler.limits import Limits, broken_limits, film_limits, planned_limits
from tasks.compiler.model import Export, Poster, Size, SoundExport, Tags, Timeline, VideoExport
from tasks.compiler.presets import apply_preset, presets
from tasks.media.contents import Contents, contents
from tests.tasks.compiler.films import Studio, clip, timeline, track
from tests.tasks.compiler.test_exports import made

TIMELINE = Timeline(
    rate=Fraction(25),
    size=Size(width=320, height=180),
    duration=25,
    export=Export(video=VideoExport(mode="vbr", bitrate=900), sound=SoundExport(bitrate=64)),
)


def test_every_preset_reads_and_says_what_it_is_good_for() -> None:
    assert {"draft", "web", "master", "proxy", "prores"} <= set(presets())
    platforms = {"youtube-1080p", "youtube-4k", "youtube-shorts", "instagram-feed", "instagram-reel", "instagram-story"}
    assert {name for name, preset in presets().items() if preset.limits} == platforms | {
        "tiktok",
        "vimeo",
        "telegram",
        "x",
    }
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


LARGE = ("youtube-4k", "instagram-feed", "instagram-reel", "instagram-story")
"""Presets of whose films even the shortest takes seconds to encode."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in LARGE)) for name in presets()])
def test_a_film_of_every_preset_passes_its_own_limits_by_probing(studio: Studio, name: str) -> None:
    """A film that is as long as the platform's shortest; its size stays the preset's, its picture is easily encoded."""
    limits = presets()[name].limits
    frames = 1 + int(30 * (limits.shortest or 0)) if limits else 3
    source = studio.counted("hour.mp4", 120, Fraction(30))
    quick = {"preset": "ultrafast"}
    shot = clip("a", source, 0, frames)
    film = apply_preset(
        timeline(track(shot), duration=frames, rate=Fraction(30), size={"width": 256, "height": 144}), name
    )
    film = film.model_copy(
        update={"export": film.export.model_copy(update={"video": film.export.video.model_copy(update=quick)})}
    )
    if limits is None:
        path, _, _ = made(studio, film, 10)
        assert contents(path).container == film.export.container
        return
    assert list(planned_limits(film, name, limits)) == []
    path, _, _ = made(studio, film, 10)
    assert film_limits(path, limits) == ()
    found = contents(path)
    assert found.video == film.export.video.codec
    assert (found.width, found.height) == (film.export.size.width, film.export.size.height)
    assert found.rate == 30
    assert found.seconds == pytest.approx(frames / 30, abs=0.05)


def test_what_a_platform_would_not_take_is_said() -> None:
    def said(name: str, **film: Any) -> set[str]:
        made = apply_preset(TIMELINE.model_copy(update=film), name)
        limits = presets()[name].limits
        assert limits is not None
        return {f"{notice.code} {notice.message}" for notice in planned_limits(made, name, limits)}

    assert said("x", duration=25 * 140) == set()
    assert said("x", duration=25 * 140 + 1) == {"CHECK-950 x: the platform would not take this length: 140.04 s"}
    assert {"CHECK-950 tiktok: the platform would not take this frame rate: 20"} == said("tiktok", rate=Fraction(20))
    assert {one[:9] for one in said("instagram-feed", duration=25 * 70)} == {"CHECK-950", "CHECK-951"}


def test_every_kind_of_limit_is_found_broken() -> None:
    film = Contents(
        container="avi", size=200, seconds=Fraction(9), width=200, height=50, rate=Fraction(90), video="png", sound="mp3",
        sample_rate=96_000, video_bitrate=Fraction(1100), sound_bitrate=Fraction(200),
    )  # fmt: skip
    limits = {"source": "a page", "as_of": date(2026, 1, 1)}
    for more, what in (
        ({"containers": ("mp4",)}, "container"), ({"video": ("h264",)}, "picture codec"), ({"sound": ("aac",)}, "sound codec"),
        ({"largest_file": 199}, "size in bytes"), ({"shortest": 10}, "length"), ({"longest": 8}, "length"),
        ({"slowest": 91}, "frame rate"), ({"fastest": 60}, "frame rate"), ({"smallest_side": 51}, "shorter side"),
        ({"widest": 199}, "width"), ({"highest": 49}, "height"), ({"narrowest": 5}, "width divided by height"),
        ({"broadest": 3}, "width divided by height"), ({"most_video": 1000}, "picture bitrate"),
        ({"most_sound": 128}, "sound bitrate"), ({"most_sample_rate": 48_000}, "sample rate"),
    ):  # fmt: skip
        assert [broken.what for broken in broken_limits(film, Limits.model_validate(limits | more))] == [what]
    assert list(broken_limits(film, Limits.model_validate(limits))) == []


def test_a_preset_leaves_the_film_s_own_name_and_poster() -> None:
    own = Export(tags=Tags(title="Mine"), poster=Poster(frame=3))
    export = apply_preset(TIMELINE.model_copy(update={"export": own}), "x").export
    assert (export.tags, export.poster) == (own.tags, own.poster)
