"""What an analysis found becomes markers of a project, on real files and a real database; what comes out is checked as any project."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from flows.commands.marking import MarkersWanted, mark_project
from flows.commands.projects import ProjectNamed, check_project
from infra.commands import Call
from infra.errors import KinofarmError
from infra.library.analyses import AnalysisEntry, AnalysisStore, FindingEntered
from infra.services import Services
from tasks.media.analysis.ranges import TimeRange
from tasks.media.probe import content_hash
from tasks.recognition.findings import Finding
from tests.acceptance.projects import media_clip, timeline, track, written
from tests.media_factory import MediaFactory

BOX = (1.0, 1.0, 5.0, 5.0)


@pytest.fixture
def call(container: Services) -> Call:
    return Call(container, "anna", "submit")


@pytest.fixture
def film(media_root: Path, media_factory: MediaFactory) -> Path:
    """What was looked through; in the project it lies elsewhere, under another name, beside a film that is not it."""
    made = Path(shutil.copy(media_factory.video(60, pattern="smptebars"), media_root / "looked.mp4"))
    (media_root / "edit").mkdir()
    shutil.copy(made, media_root / "edit" / "a.mp4")
    shutil.copy(media_factory.video(50), media_root / "edit" / "b.mp4")
    clips = (media_clip("edit/a.mp4", 0, 40, "0.4"), media_clip("edit/b.mp4", 40, 50))
    written(media_root / "film.json", timeline(50, track("V", *clips)))
    return made


def entered(call: Call, film: Path, found: list[FindingEntered], model: str | None) -> AnalysisEntry:
    store = call.services.get(AnalysisStore)
    row = store.begin(content_hash(film), uuid4().hex, str(film), model, {}, "anna")
    claimed = store.claim("cpu", "here")
    assert claimed is not None
    assert claimed.id == row.id
    store.finish(claimed, {}, found)
    return store.get(row.id)


def seen(name: str, begin: Fraction, end: Fraction) -> FindingEntered:
    """What a model found."""
    finding = Finding(
        name=name, track=1, first=0, last=9, begin=begin, end=end, seen=9, best=0.93, mean=0.8, best_frame=1,
        best_seconds=begin, best_box=BOX, path=(),
    )  # fmt: skip
    times = {"seen_from": float(begin), "seen_to": float(end)}
    return FindingEntered(name=name, best=0.93, finding=finding.model_dump(mode="json"), **times)


def heard(name: str, start: Fraction, end: Fraction) -> FindingEntered:
    """What an analysis of the media's own found."""
    value = TimeRange(start=start, end=end).model_dump(mode="json")
    return FindingEntered(name=name, seen_from=float(start), seen_to=float(end), finding=value)


def places(document: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    return [(mark["time"], mark["time"] + mark["duration"], mark["name"]) for mark in document["markers"]]


def test_what_a_model_found_is_marked_once_however_often_it_is_asked_for(call: Call, film: Path) -> None:
    found = [seen("Dog", Fraction(1), Fraction(7, 5)), seen("cat", Fraction(2, 5), Fraction(6, 5))]
    found.append(seen("Dog", Fraction(0), Fraction(2, 5)))
    row = entered(call, film, found, "pets")
    made = mark_project(call, MarkersWanted(analysis=row.id, project="film.json"))
    assert made.markers == 2, "the first fifth of the file is not shown"
    assert places(made.document) == [(0, 20, "cat"), (15, 25, "Dog")]
    assert made.document["markers"][1]["metadata"]["otio"]["comment"] == "93 %, pets"
    sent = json.loads(made.model_dump_json())["document"]
    again = mark_project(call, MarkersWanted(analysis=row.id, timeline=sent, name=("dog",)))
    assert (again.markers, places(again.document)) == (1, places(made.document))
    assert check_project(call, ProjectNamed(timeline=json.loads(again.model_dump_json())["document"])).frames == 50


def test_what_the_media_s_own_analyses_found_is_marked_by_its_kind(call: Call, film: Path) -> None:
    row = entered(
        call, film, [heard("silence", Fraction(1), Fraction(2)), heard("black", Fraction(1), Fraction(2))], None
    )
    made = mark_project(call, MarkersWanted(analysis=row.id, project="film.json"))
    assert places(made.document) == [(15, 40, "silence"), (15, 40, "black")]


def test_a_black_still_is_marked_for_as_long_as_a_clip_shows_it(call: Call, media_root: Path) -> None:
    Image.new("RGB", (64, 48)).save(media_root / "black.png")
    written(media_root / "slides.json", timeline(50, track("V", media_clip("black.png", 10, 40))))
    row = entered(call, media_root / "black.png", [heard("black", Fraction(0), Fraction(0))], None)
    made = mark_project(call, MarkersWanted(analysis=row.id, project="slides.json"))
    assert places(made.document) == [(10, 40, "black")]


def test_a_project_without_the_film_and_an_analysis_that_goes_on_are_errors(
    call: Call, film: Path, media_root: Path
) -> None:
    row = entered(call, film, [], "pets")
    written(media_root / "other.json", timeline(50, track("V", media_clip("edit/b.mp4", 0, 50))))
    with pytest.raises(KinofarmError, match="ANALYSIS-014"):
        mark_project(call, MarkersWanted(analysis=row.id, project="other.json"))
    store = call.services.get(AnalysisStore)
    going = store.begin(content_hash(film), "2" * 64, str(film), "pets", {}, "anna")
    with pytest.raises(KinofarmError, match="ANALYSIS-013"):
        mark_project(call, MarkersWanted(analysis=going.id, project="film.json"))
