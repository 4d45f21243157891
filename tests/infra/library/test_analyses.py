"""Analyses in the database: each wish once, begun again behind what is finished, and what was found can be asked for."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.jobs.workers import WorkerStore
from infra.library.analyses import STARTS, AnalysisStore, OpenAnalyses
from infra.library.findings import FindingEntered, FindingsWanted

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
    claimed = store.claim("cpu", "here")
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.starts, claimed.pool, claimed.machine) == (
        row.id, "running", 1, "cpu", "here",
    )  # fmt: skip
    store.keep(row.id, 0, {"end": "1"})
    store.keep(row.id, 0, {"end": "another"})
    assert store.tell(row.id, 0.5) is True
    store.end(row.id, "failed", {"code": "X"})
    assert store.tell(row.id, 0.9) is False
    again = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    assert (again.id, again.state, again.starts, again.error) == (row.id, "waiting", 0, None)
    assert store.groups(row.id) == ({"end": "1"},)
    assert store.claim("cpu", "here") is not None
    assert store.finish(row.id, {"frames": 10}, [_found("Dog", 1, 4)])
    assert not store.finish(row.id, {"frames": 11}, [])
    assert store.groups(row.id) == ()
    done = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    assert (done.state, done.result, done.progress) == ("done", {"frames": 10}, 1.0)
    assert store.claim("cpu", "here") is None


def test_findings_are_asked_for_by_name_time_score_and_how_long_they_last(engine: Engine) -> None:
    store = AnalysisStore(engine)
    for content, path, found in (
        (FILM, "/a.mov", [_found("dog", 1, 4), _found("dog", 10, 11.5), _found("cat", 2, 9, 0.4)]),
        (OTHER, "/b.mov", [_found("Dog", 0, 2.5, 0.6)]),
    ):
        row = store.begin(content, "1" * 64, path, "pets", {}, "")
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


def test_one_whose_looker_is_lost_is_taken_up_by_another_and_given_up_in_the_end(engine: Engine) -> None:
    store = AnalysisStore(engine)
    quiet, waiting = (store.begin(content, "1" * 64, "/a.mov", None, {}, "") for content in (FILM, OTHER))
    for start in range(1, STARTS + 1):
        claimed = store.claim("cpu", f"machine {start}")
        assert claimed is not None
        assert (claimed.id, claimed.starts, claimed.machine) == (quiet.id, start, f"machine {start}"), (
            "the oldest first"
        )
        _lose(engine, quiet.id)
    assert store.stop(waiting.id).state == "stopped", "one that waits stops at once"
    assert store.claim("cpu", "machine 9") is None
    assert store.give_up() == 1
    ended = store.get(quiet.id)
    assert (ended.state, ended.error and ended.error["code"]) == ("failed", "ANALYSIS-005")
    with pytest.raises(KinofarmError) as caught:
        store.get(uuid4())
    assert caught.value.code == "ANALYSIS-001"


def test_one_that_is_lost_while_it_was_to_stop_is_stopped(engine: Engine) -> None:
    store = AnalysisStore(engine)
    row = store.begin(FILM, "1" * 64, "/a.mov", None, {}, "")
    store.claim("cpu", "here")
    assert store.stop(row.id).stop_requested
    assert store.tell(row.id, 0.1) is False
    assert store.give_up() == 0, "who works on it may hear of it still"
    _lose(engine, row.id)
    assert store.claim("cpu", "there") is None
    assert store.give_up() == 1
    assert (store.get(row.id).state, store.get(row.id).error) == ("stopped", None)


def test_one_that_is_handed_back_has_not_been_tried(engine: Engine) -> None:
    store = AnalysisStore(engine)
    row = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    for _ in range(2 * STARTS):
        claimed = store.claim("cpu", "here")
        assert claimed is not None
        assert store.claim("cpu", "there") is None, "nobody else has it meanwhile"
        store.hand_back(claimed)
    assert (store.get(row.id).state, store.get(row.id).starts) == ("waiting", 0)
    late = store.claim("cpu", "here")
    assert late is not None
    _lose(engine, row.id)
    assert store.claim("cpu", "there") is not None
    store.hand_back(late)
    assert store.get(row.id).state == "running", "who was thought lost does not take it from another"
    store.end(row.id, "failed")
    store.hand_back(store.get(row.id))
    assert store.get(row.id).state == "failed"


def test_one_whose_media_no_machine_can_read_yet_waits(engine: Engine) -> None:
    store = AnalysisStore(engine)
    row = store.begin(FILM, "1" * 64, "/a.mov", None, {}, "", ready=False)
    assert store.claim("cpu", "here") is None
    assert store.open() == {}
    store.make_ready(row.id)
    assert store.open() == {"cpu": OpenAnalyses(free=1)}
    assert store.claim("cpu", "here") is not None
    assert store.open() == {"cpu": OpenAnalyses(taken=1)}
    again = store.begin(FILM, "1" * 64, "/a.mov", None, {}, "", ready=False)
    store.hand_back(store.get(again.id))
    assert store.claim("cpu", "here") is not None, "where it was once to be read it stays"


def test_recognition_goes_to_machines_with_cuda_while_there_are_any(engine: Engine) -> None:
    store, workers = AnalysisStore(engine), WorkerStore(engine)
    wishes = {"auto": {"device": "auto"}, "cpu": {"device": "cpu"}, "cuda": {"device": "cuda"}}
    rows = {
        name: store.begin(FILM, digit * 64, "/a.mov", "shapes", options, "").id
        for digit, (name, options) in zip("123", wishes.items(), strict=True)
    }
    rows["own"] = store.begin(FILM, "4" * 64, "/a.mov", None, {}, "").id
    instance = uuid4()
    workers.register("encodes", uuid4(), {"cpu": 2, "gpu": 1})
    workers.register("recognises", instance, {"cpu": 2, "gpu": 1})
    assert store.machines_on_cuda() == 0, "what was not tried is not believed"
    assert store.open() == {"cpu": OpenAnalyses(free=3), "gpu": OpenAnalyses(free=1)}
    workers.probed("recognises", instance, {"cpu": 2, "gpu": 1}, (), {"cuda": ""})
    assert store.machines_on_cuda() == 1
    assert store.open() == {"cpu": OpenAnalyses(free=2), "gpu": OpenAnalyses(free=2)}
    taken = [store.claim("gpu", "recognises") for _ in range(3)]
    assert [one and one.id for one in taken] == [rows["auto"], rows["cuda"], None]
    store.hand_back(store.get(rows["auto"]))
    workers.turn("recognises", instance, "draining")
    assert store.claim("gpu", "recognises") is None, "a machine that leaves takes nothing up"
    assert store.machines_on_cuda() == 0
    taken = [store.claim("cpu", "encodes") for _ in range(4)]
    assert [one and one.id for one in taken] == [rows["auto"], rows["cpu"], rows["own"], None]


def _lose(engine: Engine, analysis: UUID) -> None:
    """As if whoever works on it had told nothing for long."""
    with transaction(engine) as connection:
        given = {"id": analysis}
        connection.execute(text("UPDATE analyses SET beat_at = now() - interval '1 minute' WHERE id = :id"), given)
