"""Analyses in the database: each wish once, begun again behind what is finished, and what was found can be asked for."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.library.analyses import AnalysisStore, FindingEntered, FindingsWanted

FILM, OTHER = "a" * 64, "b" * 64


def _found(name: str, start: float, end: float, best: float = 0.9) -> FindingEntered:
    return FindingEntered(name=name, seen_from=start, seen_to=end, best=best, finding={"track": 1})


def test_the_same_wish_of_the_same_content_is_one_analysis(engine: Engine) -> None:
    store = AnalysisStore(engine)
    first = store.begin(FILM, "1" * 64, "/media/a.mov", None, {"kinds": ["scenes"]}, "anna")
    again = store.begin(FILM, "1" * 64, "/media/moved.mov", None, {"kinds": ["scenes"]}, "bert")
    assert (again.id, again.path, again.submitted_by) == (first.id, "/media/moved.mov", "anna")
    assert store.begin(FILM, "2" * 64, "/media/a.mov", None, {}, "").id != first.id
    assert store.begin(OTHER, "1" * 64, "/media/b.mov", None, {}, "").id != first.id
    assert len(store.newest(9)) == 3
    assert {one.content for one in store.newest(9, OTHER)} == {OTHER}


def test_one_that_is_done_stays_done_and_one_that_failed_goes_on_with_its_groups(engine: Engine) -> None:
    store = AnalysisStore(engine)
    row = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    started = store.start(row.id)
    assert started is not None
    assert (started.state, started.starts) == ("running", 1)
    store.keep(row.id, 0, {"end": "1"})
    store.keep(row.id, 0, {"end": "another"})
    assert store.tell(row.id, 0.5) is True
    store.end(row.id, "failed", {"code": "X"})
    assert store.tell(row.id, 0.9) is False
    again = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    assert (again.id, again.state, again.starts, again.error) == (row.id, "waiting", 0, None)
    assert store.groups(row.id) == ({"end": "1"},)
    store.start(row.id)
    assert store.finish(row.id, {"frames": 10}, [_found("Dog", 1, 4)])
    assert not store.finish(row.id, {"frames": 11}, [])
    assert store.groups(row.id) == ()
    done = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    assert (done.state, done.result, done.progress) == ("done", {"frames": 10}, 1.0)
    assert store.start(row.id) is None


def test_findings_are_asked_for_by_name_time_score_and_how_long_they_last(engine: Engine) -> None:
    store = AnalysisStore(engine)
    for content, path, found in (
        (FILM, "/a.mov", [_found("dog", 1, 4), _found("dog", 10, 11.5), _found("cat", 2, 9, 0.4)]),
        (OTHER, "/b.mov", [_found("Dog", 0, 2.5, 0.6)]),
    ):
        row = store.begin(content, "1" * 64, path, "pets", {}, "")
        store.start(row.id)
        store.finish(row.id, {}, found)

    def asked(**wanted: object) -> list[tuple[str, str, float]]:
        return [(one.path, one.name, one.seen_from) for one in store.find(FindingsWanted.model_validate(wanted))]

    assert asked(names=("DOG",), over=2) == [("/a.mov", "dog", 1), ("/b.mov", "dog", 0)]
    assert asked(names=("dog", "cat"), best=0.5) == [("/a.mov", "dog", 1), ("/a.mov", "dog", 10), ("/b.mov", "dog", 0)]
    assert asked(content=FILM, seen_from=4, seen_to=10) == [("/a.mov", "cat", 2)]
    assert asked(seen_from=3, over=1.2) == [("/a.mov", "cat", 2), ("/a.mov", "dog", 10)], "so long within that time"
    assert asked(model="pets", limit=1) == [("/a.mov", "dog", 1)]
    assert asked(model="none") == []
    assert asked() == [("/a.mov", "dog", 1), ("/a.mov", "cat", 2), ("/a.mov", "dog", 10), ("/b.mov", "dog", 0)]


def test_one_that_tells_nothing_is_lost_once_in_a_while(engine: Engine) -> None:
    store = AnalysisStore(engine)
    quiet, alive = (store.begin(content, "1" * 64, "/a.mov", None, {}, "") for content in (FILM, OTHER))
    store.start(quiet.id)
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE analyses SET beat_at = now() - interval '1 minute' WHERE id = :id"), {"id": quiet.id}
        )
    assert [one.id for one in store.lost()] == [quiet.id]
    assert store.lost() == (), "who heard of it has a while to begin it again"
    assert store.stop(alive.id).state == "stopped", "one that waits stops at once"
    assert store.stop(quiet.id).stop_requested
    assert store.tell(quiet.id, 0.1) is False
    with pytest.raises(KinofarmError) as caught:
        store.get(uuid4())
    assert caught.value.code == "ANALYSIS-001"
