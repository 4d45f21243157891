"""Check: every rule has its code, at the place that breaks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from infra.errors import KinofarmError, catalogue
from tasks.compiler.check import CheckedProject, check
from tasks.compiler.model import Timeline
from tasks.filesystem.roots import MediaRoots
from tasks.media.facts import MediaFacts
from tests.tasks.compiler.films import clip, join, timeline, title, track
from tests.tasks.compiler.made_up import facts, file, picture, sound

FACTS: dict[str, MediaFacts] = {
    "a.mp4": file(picture(), sound(), content="a"),
    "short.mp4": file(picture(end=4, frames=100), sound(end=4), content="short"),
    "silent.mp4": file(picture(), content="silent"),
    "outlasted.mp4": file(picture(end=2, frames=50), sound(), content="outlasted"),
    "hdr.mp4": file(picture(transfer="smpte2084"), content="hdr"),
    "a.png": facts(Path("a.png")),
    "a.wav": facts(Path("a.wav")),
}


@pytest.fixture
def checked(tmp_path: Path) -> Any:
    for name in FACTS:
        (tmp_path / name).write_bytes(b"0")
    return lambda film: check(film, MediaRoots(tmp_path), lambda path: FACTS[path.name])


def pair(start: int, end: int, kind: str = "dissolve", **more: Any) -> Any:
    """Two clips of a.mp4 that meet at 100, with 2 s of handle, under a transition [start, end)."""
    row = [clip("a", "a.mp4", 0, 100, source_start=2), clip("b", "a.mp4", 100, 200, source_start=2)]
    return track(*row, joins=[join("a", "b", start, end, kind, **more)])


def effect(kind: str, **more: Any) -> dict[str, Any]:
    return {"effects": [{"kind": kind} | more]}


def duck(name: str) -> dict[str, Any]:
    return effect("audio-ducking", parameters={"track": name})


LENS = {"x": 0, "y": 0, "width": 1, "height": 1, "scale": 100}
FIFTH = {"kind": "media", "path": "a.mp4", "audio_stream": 5}

REFUSED: list[tuple[str, str, list[Any]]] = [
    ("CHECK-001", "tracks[0].clips[0].end", [track(clip("a", "a.mp4", 10, 10))]),
    ("CHECK-001", "tracks[0].clips[0].end", [track(clip("a", "a.mp4", 10, 5))]),
    ("CHECK-001", "tracks[0].transitions[0].end", [pair(110, 90)]),
    ("CHECK-002", "tracks[0].clips[0].end", [track(clip("a", "a.mp4", 0, 201))]),
    ("CHECK-002", "tracks[1].clips[0].end", [track(), track(title("t", 150, 300))]),
    ("CHECK-003", "tracks[0].clips[0].source", [track(title("t", 0, 10), kind="audio")]),
    ("CHECK-004", "tracks[0].clips[0].source.audio_stream", [track(clip("a", "", 0, 10) | {"source": FIFTH})]),
    ("CHECK-005", "tracks[0].clips[0].source.path", [track(clip("a", "silent.mp4", 0, 10), kind="audio")]),
    ("CHECK-005", "tracks[0].clips[0].source.path", [track(clip("a", "a.png", 0, 10), kind="audio")]),
    ("CHECK-006", "tracks[0].clips[0].crop", [track(clip("a", "a.mp4", 0, 10, crop={"left": 1000, "right": 920}))]),
    ("CHECK-007", "tracks[0].clips[0].end", [track(clip("a", "short.mp4", 0, 102))]),
    ("CHECK-007", "tracks[0].clips[0].end", [track(clip("a", "short.mp4", 0, 60, speed=2))]),
    ("CHECK-007", "tracks[0].clips[0].end", [track(clip("a", "short.mp4", 0, 60, source_start=2), kind="audio")]),
    ("CHECK-008", "tracks[0].clips[0].transform", [track(clip("a", "a.mp4", 0, 10, cell=LENS, transform={"scale_x": 100}))]),
    ("CHECK-008", "tracks[0].clips[0].transform", [track(title("a", 0, 10, cell=LENS, transform={"scale_x": 100}))]),
    ("CHECK-009", "tracks[0].clips[0].effects[0]", [track(clip("a", "a.mp4", 0, 10, **effect("sparkle")))]),
    ("CHECK-009", "tracks[0].effects[0]", [track(clip("a", "a.mp4", 0, 10), **effect("sparkle"))]),
    (
        "CHECK-010",
        "tracks[0].clips[0].effects[0].parameters.radius",
        [track(clip("a", "a.mp4", 0, 10, **effect("blur", parameters={"radius": -1})))],
    ),
    (
        "CHECK-010",
        "tracks[0].clips[0].effects[0].parameters.size",
        [track(clip("a", "a.mp4", 0, 10, **effect("blur", parameters={"size": 1})))],
    ),
    ("CHECK-011", "tracks[0].clips[0].effects[0]", [track(clip("a", "a.mp4", 0, 10, **effect("sepia", start=5, end=5)))]),
    ("CHECK-011", "tracks[0].clips[0].effects[0]", [track(clip("a", "a.mp4", 0, 10, **effect("sepia", start=10)))]),
    (
        "CHECK-080",
        "tracks[0].clips[0].effects[0].parameters.semitones",
        [track(clip("a", "a.mp4", 0, 10, **effect("audio-pitch", keyframes={"semitones": [{"frame": 0, "value": 1}]})))],
    ),
    (
        "CHECK-083",
        "tracks[0].effects[0].parameters.file",
        [track(clip("a", "a.mp4", 0, 10), **effect("lut", keyframes={"file": [{"frame": 0, "value": 1}]}))],
    ),
    ("CHECK-012", "tracks[0]", [track(clip("a", "a.mp4", 0, 10), clip("a", "a.mp4", 10, 20))]),
    (
        "CHECK-013",
        "tracks[0].transitions[1]",
        [pair(90, 100) | {"transitions": [join("a", "b", 90, 100), join("a", "b", 100, 110)]}],
    ),
    ("CHECK-014", "tracks[0].clips[1]", [track(clip("a", "a.mp4", 0, 10), clip("b", "a.mp4", 9, 20))]),
    ("CHECK-014", "tracks[0].clips[0]", [track(clip("b", "a.mp4", 9, 20), clip("a", "a.mp4", 0, 10))]),
    (
        "CHECK-014",
        "tracks[0].clips[1]",
        [track(clip("a", "a.mp4", 0, 20), clip("b", "a.mp4", 10, 40), joins=[join("a", "b", 12, 20)])],
    ),
    (
        "CHECK-015",
        "tracks[0]",
        [
            track(
                clip("a", "a.mp4", 0, 50, source_start=9),
                clip("b", "a.mp4", 50, 60, source_start=9),
                clip("c", "a.mp4", 60, 99, source_start=9),
                joins=[join("a", "b", 45, 56), join("b", "c", 55, 65)],
            )
        ],
    ),
    ("CHECK-016", "tracks[0].transitions[0]", [pair(90, 110, "flip-over")]),
    ("CHECK-017", "tracks[0].transitions[0]", [track(clip("a", "a.mp4", 0, 10), joins=[join("a", "b", 0, 5)])]),
    (
        "CHECK-017",
        "tracks[0].transitions[0]",
        [track(clip("a", "a.mp4", 0, 10), clip("b", "a.mp4", 12, 20), joins=[join("a", "b", 9, 13)])],
    ),
    (
        "CHECK-017",
        "tracks[0].transitions[0]",
        [track(clip("a", "a.mp4", 0, 10), clip("b", "a.mp4", 10, 20), joins=[join("b", "a", 9, 13)])],
    ),
    ("CHECK-018", "tracks[0].transitions[0]", [pair(101, 110)]),
    ("CHECK-018", "tracks[0].transitions[0]", [pair(80, 99)]),
    ("CHECK-018", "tracks[0].transitions[0]", [pair(90, 200) | {"clips": [
        clip("a", "a.mp4", 0, 100, source_start=2), clip("b", "a.mp4", 100, 150, source_start=2)]}]),
    ("CHECK-019", "tracks[0].transitions[0]", [pair(49, 110)]),
    ("CHECK-019", "tracks[0].transitions[0]", [
        track(clip("a", "short.mp4", 0, 98), clip("b", "a.mp4", 98, 150, source_start=2), joins=[join("a", "b", 95, 103)])]),
    ("CHECK-020", "tracks[0].transitions[0]", [pair(90, 110, "wipe-vertical", parameters={"direction": "left"})]),
    ("CHECK-050", "tracks[0].transitions[0].parameters.sparkle", [pair(80, 110, parameters={"sparkle": 1})]),
    ("CHECK-050", "tracks[0].transitions[0].parameters.intensity", [pair(80, 110, "zoom", parameters={"intensity": 99})]),
    ("CHECK-050", "tracks[0].transitions[0].parameters.easing", [pair(80, 110, parameters={"easing": "wobble"})]),
    ("CHECK-050", "tracks[0].transitions[0].parameters.slats", [pair(80, 110, "blinds", parameters={"slats": "ten"})]),
    ("CHECK-040", "tracks[0].clips[0].effects[0]", [track(clip("a", "a.mp4", 0, 10, **duck("voice")))]),
    ("CHECK-040", "tracks[1].effects[0]", [track(name="Voice"), track(**duck("voice"))]),
    ("CHECK-041", "tracks[2].effects[0]", [track(name="v"), track(name="v"), track(**duck("v"))]),
    ("CHECK-042", "tracks[0].effects[0]", [track(name="v", **duck("v"))]),
    ("CHECK-042", "tracks[2].effects[0]", [
        track(name="u", **duck("v")), track(name="v", **duck("w")), track(name="w", **duck("u"))]),
    ("CHECK-043", "tracks[0].clips[0].effects[0]", [track(clip("a", "a.mp4", 0, 10, **effect("audio-tempo", start=1)))]),
    ("CHECK-043", "tracks[0].effects[0]", [track(**effect("audio-crossfade", end=100))]),
    ("PATH-001", "tracks[0].clips[0].source.path", [track(clip("a", "gone.mp4", 0, 10))]),
    ("PATH-002", "tracks[0].clips[0].source.path", [track(clip("a", "../../etc/passwd", 0, 10))]),
    ("PATH-004", "tracks[0].clips[0].source.path", [track(clip("a", "http://a/b.mp4", 0, 10))]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "where", "tracks"), REFUSED)
def test_a_broken_rule_is_refused_with_its_code_and_place(
    checked: Any, code: str, where: str, tracks: list[Any]
) -> None:
    with pytest.raises(KinofarmError) as refused:
        checked(timeline(*tracks, duration=200))
    assert (refused.value.code, refused.value.where) == (code, where)
    assert refused.value.hint


def test_a_subtitle_past_the_end_is_refused(checked: Any) -> None:
    for start, end, code in ((0, 201, "CHECK-002"), (10, 10, "CHECK-001")):
        with pytest.raises(KinofarmError) as refused:
            checked(
                timeline(
                    duration=200,
                    subtitles=[{"text": "x", "start": 0, "end": 5}, {"text": "x", "start": start, "end": end}],
                )
            )
        assert (refused.value.code, refused.value.where) == (code, "subtitles[1].end")


ACCEPTED: list[tuple[str, Any]] = [
    ("a clip to its source's last frame", track(clip("a", "short.mp4", 0, 100))),
    ("a frame more, which rounding may ask for", track(clip("a", "short.mp4", 0, 101))),
    ("a still of any length", track(clip("a", "a.png", 0, 200, source_start=5000))),
    ("sound on a video track", track(clip("a", "a.wav", 0, 200))),
    ("a picture's sound on an audio track", track(clip("a", "a.mp4", 0, 200), kind="audio")),
    ("clips out of order in the file", track(clip("b", "a.mp4", 10, 20), clip("a", "a.mp4", 0, 10))),
    ("a transition with just its handles", pair(50, 150)),
    ("a transition that begins at the cut", pair(100, 110)),
    ("a transition that ends at the cut", pair(90, 100)),
    ("an overlap under its transition", track(
        clip("a", "a.mp4", 0, 60), clip("b", "a.mp4", 40, 100), joins=[join("a", "b", 40, 60)])),
    ("a transition into a title", track(
        clip("a", "a.mp4", 0, 50), title("b", 50, 100), joins=[join("a", "b", 30, 70)])),
    ("a transition out of a still", track(
        clip("a", "a.png", 0, 50), clip("b", "a.png", 50, 90), joins=[join("a", "b", 10, 70)])),
    ("no clips", track()),
    ("tracks that make way for one", track(
        clip("a", "a.mp4", 0, 10, **duck("other")), id="own", **duck("other"))),
    ("a tempo over its clip", track(clip("a", "a.mp4", 0, 10, **effect("audio-tempo", start=0, end=10)))),
    ("an effect over its clip", track(clip("a", "a.mp4", 0, 10, **effect("sepia", start=0, end=10)))),
]  # fmt: skip


@pytest.mark.parametrize(("what", "row"), ACCEPTED)
def test_what_keeps_the_rules_is_accepted_without_a_word(checked: Any, what: str, row: Any) -> None:
    found: CheckedProject = checked(timeline(row, track(id="other"), duration=200))
    assert [notice.code for notice in found.warnings if notice.code != "CHECK-903"] == [], what


WARNED: list[tuple[str, str, Any]] = [
    ("CHECK-901", "tracks[0].clips[0]", track(clip("a", "hdr.mp4", 0, 10))),
    ("CHECK-902", "tracks[0].clips[0]", track(clip("a", "outlasted.mp4", 0, 60))),
    ("CHECK-903", "tracks[0].transitions[0]", pair(98, 102)),
    ("CHECK-930", "tracks[0].transitions[0]", pair(80, 110, parameters={"direction": "left"})),
    (
        "CHECK-920",
        "tracks[0].clips[1]",
        track(clip("a", "a.mp4", 0, 100, **effect("audio-crossfade")), clip("b", "a.mp4", 100, 200)),
    ),
    (
        "CHECK-921",
        "tracks[0].clips[0]",
        track(clip("a", "short.mp4", 0, 100, **effect("audio-tempo", parameters={"factor": 1.5}))),
    ),
]


@pytest.mark.parametrize(("code", "where", "row"), WARNED)
def test_what_an_author_should_know_is_said_and_the_film_is_made(checked: Any, code: str, where: str, row: Any) -> None:
    found: CheckedProject = checked(timeline(row, duration=200))
    assert [(notice.code, notice.where) for notice in found.warnings] == [(code, where)]
    assert found.warnings[0].message


FROZEN: list[tuple[str, str, Any]] = [
    ("CHECK-931", "tracks[0].transitions[0]", pair(40, 110)),
    ("CHECK-931", "tracks[0].transitions[0]", track(
        clip("a", "short.mp4", 0, 98), clip("b", "a.mp4", 98, 150, source_start=2), joins=[join("a", "b", 80, 105)])),
]  # fmt: skip


@pytest.mark.parametrize(("code", "where", "row"), FROZEN)
def test_a_project_may_let_the_edge_frame_stand_still_where_a_handle_is_too_short(
    checked: Any, code: str, where: str, row: Any
) -> None:
    found: CheckedProject = checked(timeline(row, duration=200, freeze_handles=True))
    assert [(notice.code, notice.where) for notice in found.warnings] == [(code, where)]


def test_a_faster_tempo_takes_what_the_clip_plays_of_its_source_along_a_ramp(checked: Any) -> None:
    fast = effect("audio-tempo", parameters={"factor": 1.5})
    slow, quick = ({"keyframes": {"speed": [{"frame": 0, "value": value}]}} for value in (0.5, 0.9))
    for ramp, codes in ((slow, []), (quick, ["CHECK-921"])):
        found = checked(timeline(track(clip("a", "short.mp4", 0, 100, **fast, **ramp)), duration=200))
        assert [notice.code for notice in found.warnings] == codes


def test_every_code_of_the_check_is_tested() -> None:
    """Here, or beside the module that raises it: of sounds, transitions and exports."""
    tested = {code for code, _, _ in (*REFUSED, *WARNED, *FROZEN)}
    others = [path.read_text() for path in Path(__file__).parent.rglob("test_*.py") if path != Path(__file__)]
    tested |= {code for code in catalogue() if any(f'"{code}"' in text for text in others)}
    assert {code for code in catalogue() if code.startswith("CHECK-")} <= tested


def test_a_file_is_probed_once_for_all_its_clips(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"0")
    seen: list[Path] = []

    def probe(path: Path) -> MediaFacts:
        seen.append(path)
        return FACTS[path.name]

    row = [clip(f"c{n}", "a.mp4", n, n + 1) for n in range(20)]
    check(timeline(track(*row), track(*row, kind="audio"), duration=20), MediaRoots(tmp_path), probe)
    assert seen == [tmp_path / "a.mp4"]


def test_an_error_of_the_probe_gets_the_place_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"0")

    def broken(path: Path) -> MediaFacts:
        raise KinofarmError("MEDIA-001", file=path.name, reason="it is empty")

    def gone(path: Path) -> MediaFacts:
        raise FileNotFoundError(2, "No such file")

    for probe, code in ((broken, "MEDIA-001"), (gone, "MEDIA-009")):
        with pytest.raises(KinofarmError) as refused:
            check(timeline(track(clip("a", "a.mp4", 0, 10)), duration=20), MediaRoots(tmp_path), probe)
        assert (refused.value.code, refused.value.where) == (code, "tracks[0].clips[0].source.path")


@pytest.mark.parametrize("rate", ["0.5", 241, "29.970029970029970", 0, -25, "1000003/1001"])
def test_a_rate_that_no_film_can_have_is_refused(rate: Any) -> None:
    with pytest.raises(ValidationError):
        Timeline.model_validate({"rate": rate, "size": {"width": 64, "height": 64}, "duration": 1})
