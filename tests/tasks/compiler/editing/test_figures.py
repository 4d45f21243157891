"""Figures: what is counted in a timeline is what stands in it."""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.editing.figures import figures
from tests.tasks.compiler.films import clip, join, timeline, title, track


def test_everything_in_a_timeline_is_counted() -> None:
    ramp = [{"frame": 0, "value": 1, "easing": "hold"}, {"frame": 5, "value": 2}]
    glow = {"kind": "brightness", "keyframes": {"intensity": [{"frame": 0, "value": 1}]}}
    main = track(
        clip("a", "x.mp4", 10, 30, speed="2"),
        clip("b", "x.mp4", 30, 40, effects=[glow, {"kind": "sepia"}]),
        clip("c", "y.mp4", 50, 60, keyframes={"speed": ramp}),
        joins=[join("a", "b", 28, 32)],
        name="main",
    )
    over = track(clip("d", "y.mp4", 35, 36, freeze=True), title("t", 52, 80), effects=[{"kind": "sepia"}], name="over")
    sound = track(clip("s", "z.wav", 0, 100), kind="audio", name="sound")
    off = track(clip("e", "y.mp4", 35, 36), name="off", enabled=False)
    lines = [{"text": "a", "start": 0, "end": 5, "language": tag} for tag in ("de", "de", "en")]
    found = figures(timeline(main, over, sound, off, duration=100, subtitles=lines, markers=[{"time": 3}]))
    assert (found.frames, found.seconds) == (100, Fraction(4))
    assert [(row.track, row.clips, row.frames) for row in found.tracks] == [
        ("main", 3, 40),
        ("over", 2, 29),
        ("sound", 1, 100),
        ("off", 1, 1),
    ]
    assert [(gap.start, gap.end) for gap in found.tracks[0].gaps] == [(0, 10), (40, 50)]
    assert {row.path: (row.clips, row.seconds) for row in found.media} == {
        "x.mp4": (2, Fraction(50, 25)),
        "y.mp4": (3, Fraction(15 + 1 + 1, 25)),
        "z.wav": (1, Fraction(4)),
    }
    assert found.effects == {"brightness": 1, "sepia": 2}
    assert found.transitions == {"dissolve": 1}
    assert found.keyframes == {"brightness.intensity": 1, "speed": 1}
    assert (found.titles, found.subtitles, found.languages) == (1, 3, {"de": 2, "en": 1})
    assert found.markers == {"note": 1}
    assert found.shortest is not None
    assert found.longest is not None
    assert (found.shortest.clip, found.longest.clip, found.longest.frames) == ("d", "s", 100)
    assert (found.busiest.frame, found.busiest.clips) == (35, 2)


def test_an_empty_timeline_has_no_longest_clip() -> None:
    found = figures(timeline(track(), duration=5))
    assert (found.longest, found.busiest.clips, found.tracks[0].gaps) == (None, 0, ())
