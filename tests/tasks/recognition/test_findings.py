"""Findings: what was seen of one thing over time, asked about and written down."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import opentimelineio as otio
import pysubs2
import pytest
from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.recognition import findings as module
from tasks.recognition.findings import (
    Finding,
    FindingOptions,
    FindingQuery,
    findings,
    matching,
    presence,
    thinned,
)
from tasks.recognition.found import Detection, FoundFrame
from tasks.recognition.reports import COLUMNS, FORMS, Film

NTSC = Fraction(30_000, 1_001)
NAMES = ("dog", "cat")
FILM = Film(name="a.mp4", sha256="0" * 64, rate=NTSC, frames=300, model="m", model_sha256="1" * 64)

Sight = tuple[int, int, float]
"""Frame, track, left side; a track of an odd number is a cat, its boxes are 40 x 20."""


def seen(sights: Sequence[Sight], frames: int = 300, **options: object) -> tuple[Finding, ...]:
    """The findings of a film in which these were seen; scores rise from 0.5 on by thousandths of the frame's number."""
    found: dict[int, list[Detection]] = {}
    for frame, track, left in sights:
        box = (left, 10.0, left + 40, 30.0)
        found.setdefault(frame, []).append(Detection(kind=track % 2, score=0.5 + frame / 1_000, box=box, track=track))
    looked = [
        FoundFrame(number=frame, seconds=frame / NTSC, found=tuple(found.get(frame, ()))) for frame in range(frames)
    ]
    return findings(looked, NAMES, 1 / NTSC, FindingOptions.model_validate(options))


def test_a_finding_is_one_track_from_first_to_last_sight() -> None:
    (one,) = seen([(frame, 2, frame * 3.0) for frame in range(30, 90)])
    assert (one.name, one.track, one.first, one.last, one.seen) == ("dog", 2, 30, 89, 60)
    assert (one.begin, one.end, one.duration) == (30 / NTSC, 90 / NTSC, 60 / NTSC)
    assert (one.best, one.best_frame, one.best_seconds) == (0.589, 89, 89 / NTSC)
    assert one.mean == pytest.approx(0.5595)
    assert one.best_box == (267, 10, 307, 30)


def test_a_path_that_is_straight_has_two_points_and_a_corner_is_kept() -> None:
    (straight,) = seen([(frame, 2, frame * 3.0) for frame in range(100)])
    assert [point.frame for point in straight.path] == [0, 99]
    (bent,) = seen([(frame, 2, abs(frame - 40) * 3.0) for frame in range(100)])
    assert [point.frame for point in bent.path] == [0, 40, 99]


def test_a_thinned_path_misses_no_box_by_more_than_it_may() -> None:
    random = np.random.default_rng(6)
    lefts = np.cumsum(random.normal(0, 3, 400))
    boxes = [(left, 0.0, left + 50, 80.0) for left in lefts.tolist()]
    kept = thinned(list(range(400)), boxes, 0.1)
    assert 2 < len(kept) < 200
    between = np.interp(np.arange(400), kept, lefts[kept])
    assert np.abs(between - lefts).max() <= 5.0


def test_tracks_that_part_for_a_short_time_near_each_other_are_joined() -> None:
    parted = [(frame, 2, 100.0) for frame in range(50)] + [(frame, 4, 110.0) for frame in range(60, 100)]
    (one,) = seen(parted)
    assert (one.track, one.first, one.last, one.seen) == (2, 0, 99, 90)
    assert len(seen(parted, join=Fraction(1, 10))) == 2


@pytest.mark.parametrize(
    "second",
    [
        [(frame, 4, 300.0) for frame in range(60, 100)],  # far away
        [(frame, 3, 100.0) for frame in range(60, 100)],  # a cat
        [(frame, 4, 110.0) for frame in range(40, 100)],  # at the same time
        [(frame, 4, 100.0) for frame in range(70, 100)],  # too late
    ],
)
def test_tracks_of_different_things_are_not_joined(second: list[Sight]) -> None:
    assert len(seen([(frame, 2, 100.0) for frame in range(50)] + second)) == 2


def test_what_is_seen_once_is_nothing_unless_only_one_frame_was_looked_at() -> None:
    assert seen([(5, 2, 100.0)]) == ()
    assert len(seen([(0, 2, 100.0)], frames=1)) == 1


RECORDED = ["0", "0.033", "0.067", "2", "2.067", "10", "10.033", "10.067", "12"]
"""Seconds at which the frames of a screen recording are shown; it ends at 15."""


def recorded(*places: int, end: Fraction | None = Fraction(15), **options: object) -> tuple[Finding, ...]:
    """The findings of a recording in whose frames of these places a dog is seen."""
    dog = Detection(kind=0, score=0.9, box=(10, 10, 50, 30), track=1)
    looked = [
        FoundFrame(number=place, seconds=Fraction(at), found=(dog,) if place in places else ())
        for place, at in enumerate(RECORDED)
    ]
    return findings(looked, NAMES, Fraction(1, 30), FindingOptions.model_validate(options), end)


def test_what_a_frame_shows_lasts_until_the_next_one() -> None:
    (held,) = recorded(3, 4)
    assert (held.begin, held.end, held.last, held.seen) == (2, 10, 4, 2)
    assert matching([held], FindingQuery(over=Fraction(2))) == (held,)
    (last,) = recorded(7, 8)
    assert (last.begin, last.end) == (Fraction("10.067"), 15)
    assert recorded(7, 8, end=None)[0].end == 12 + Fraction(1, 30)


def test_one_frame_that_is_held_is_seen_for_as_long_as_many() -> None:
    (held,) = recorded(4)
    assert (held.begin, held.end, held.seen) == (Fraction("2.067"), 10, 1)
    assert recorded(5) == (), "it flits by"
    assert len(recorded(4, least_seen=237)) == 1
    assert recorded(4, least_seen=238) == (), "30 a second would have shown it so often"


def test_a_frame_of_a_sparse_pace_stands_for_its_period() -> None:
    dog = Detection(kind=0, score=0.9, box=(10, 10, 50, 30), track=1)
    looked = [FoundFrame(number=25 * n, seconds=Fraction(n), found=(dog,) if n == 4 else ()) for n in range(9)]
    (one,) = findings(looked, NAMES, Fraction(1), FindingOptions(least_seen=1))
    assert (one.begin, one.end) == (4, 5)
    assert findings(looked, NAMES, Fraction(1)) == (), "a single look is no proof, however far it is to the next"


def test_a_thing_that_was_gone_for_less_than_the_frames_are_apart_is_the_same() -> None:
    sights = [(2, 1), (3, 1), (4, 2), (5, 2)]
    looked = [
        FoundFrame(
            number=25 * n,
            seconds=Fraction(n),
            found=tuple(
                Detection(kind=0, score=0.9, box=(10, 10, 50, 30), track=track) for at, track in sights if at == n
            ),
        )
        for n in range(9)
    ]
    (one,) = findings(looked, NAMES, Fraction(1))
    assert (one.begin, one.end, one.seen) == (2, 6, 4)


def test_findings_end_when_they_shall_and_before_they_outgrow_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Detection(kind=0, score=0.9, box=(0, 0, 40, 20), track=1)
    other = box.model_copy(update={"track": 2, "box": (200, 0, 240, 20)})
    looked = [FoundFrame(number=number, seconds=number / NTSC, found=(box, other)) for number in range(20)]
    for answers in ([True], [False] * 15 + [True], [False] * 21 + [True], [False] * 23 + [True]):
        told = iter([*answers, *[True] * 100])
        with pytest.raises(KinofarmError, match="FFMPEG-001"):
            findings(looked, NAMES, 1 / NTSC, should_stop=lambda told=told: next(told))  # type: ignore[misc]
    assert len(findings(looked, NAMES, 1 / NTSC, should_stop=lambda: False)) == 2
    for name, most in (("MOST_SIGHTS", 30), ("MOST_TRACKS", 1)):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, most)
            with pytest.raises(KinofarmError) as raised:
                findings(looked, NAMES, 1 / NTSC)
            assert raised.value.code == "MODEL-018"


def test_a_time_in_which_anything_would_be_joined_is_refused() -> None:
    with pytest.raises(ValidationError):
        FindingOptions(join=Fraction(10**9))


def test_many_short_tracks_are_joined_in_a_time_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_RECENT", 20)
    sights = [(frame, 2 + 2 * (frame * 10 + place), place * 1_000.0) for frame in range(30) for place in range(10)]
    found = seen(sights, frames=30, join=Fraction(3_600))
    assert [one.seen for one in found] == [30] * 10, "those that ended last are the ones that are joined"


HERD = [(frame, 2, 100.0) for frame in range(90)] + [(frame, 3, 100.0) for frame in range(60, 70)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (FindingQuery(), ["dog", "cat"]),
        (FindingQuery(names=("DOG",), over=Fraction(2)), ["dog"]),
        (FindingQuery(names=("dog",), over=90 / NTSC), []),
        (FindingQuery(names=("cat",), over=Fraction(2)), []),
        (FindingQuery(begin=70 / NTSC), ["dog"]),
        (FindingQuery(begin=69 / NTSC), ["dog", "cat"]),
        (FindingQuery(end=60 / NTSC), ["dog"]),
        (FindingQuery(begin=Fraction(2), over=Fraction(2)), []),
        (FindingQuery(least_score=0.58), ["dog"]),
        (FindingQuery(names=("bird",)), []),
    ],
)
def test_a_question_is_answered_with_what_it_asks_for_and_nothing_else(query: FindingQuery, names: list[str]) -> None:
    assert [one.name for one in matching(seen(HERD), query)] == names


def test_presence_joins_what_overlaps_in_time() -> None:
    sights = (
        [(f, 2, 0.0) for f in range(40)]
        + [(f, 4, 200.0) for f in range(30, 50)]
        + [(f, 6, 0.0) for f in range(100, 110)]
    )
    assert presence(seen(sights)) == {"dog": ((0, 50 / NTSC), (100 / NTSC, 110 / NTSC))}


def test_findings_as_json_are_read_back_as_the_same_values() -> None:
    found = seen(HERD)
    document = json.loads(FORMS["json"](found, FILM))
    assert tuple(Finding.model_validate(one) for one in document["findings"]) == found
    assert Film.model_validate(document["film"]) == FILM


def test_findings_as_csv_have_a_row_each_and_no_formula() -> None:
    named = tuple(one.model_copy(update={"name": '=cmd|"x"'}) if one.name == "cat" else one for one in seen(HERD))
    rows = list(csv.DictReader(io.StringIO(FORMS["csv"](named, FILM).decode())))
    assert tuple(rows[0]) == COLUMNS
    assert [row["name"] for row in rows] == ["dog", '\'=cmd|"x"']
    assert (rows[0]["first"], rows[0]["last"], rows[0]["begin"], rows[0]["end"]) == ("0", "89", "0.000000", "3.003000")


def test_findings_as_webvtt_say_class_and_how_sure_it_is() -> None:
    named = tuple(one.model_copy(update={"name": "<b>&"}) if one.name == "cat" else one for one in seen(HERD))
    text = FORMS["vtt"](named, FILM).decode()
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:03.003\ndog 59 %\n")
    assert "00:00:02.002 --> 00:00:02.336\n&lt;b&gt;&amp; 57 %\n" in text
    assert len(pysubs2.SSAFile.from_string(text, format_="vtt")) == 2


def test_findings_as_markers_are_read_by_opentimelineio_with_their_frames() -> None:
    timeline = otio.adapters.read_from_string(FORMS["otio"](seen(HERD), FILM).decode(), "otio_json")
    (clip,) = timeline.find_clips()
    first, second = clip.markers
    assert (first.name, second.name) == ("dog", "cat")
    assert first.color != second.color
    assert (second.marked_range.start_time.value, second.marked_range.duration.value) == (60, 10)
    assert second.marked_range.start_time.rate == pytest.approx(float(NTSC))
    assert second.metadata["kinofarm"]["track"] == 3
