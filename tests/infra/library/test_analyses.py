"""Analyses in the database: each wish once, begun again behind what is finished."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.jobs.workers import WorkerStore
from infra.library import analyses
from infra.library.analyses import STARTS, AnalysisEntry, AnalysisStore, OpenAnalyses
from infra.library.batches import BatchStore
from infra.library.findings import FindingEntered, FindingStore, FindingsWanted

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
    store.keep(claimed, 0, {"end": "1"})
    store.keep(claimed, 0, {"end": "another"})
    assert store.tell(claimed, 0.5) is True
    assert store.fail(claimed, {"code": "X"})
    assert store.tell(claimed, 0.9) is False
    again = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    assert (again.id, again.state, again.starts, again.error) == (row.id, "waiting", 0, None)
    assert store.groups(row.id) == ({"end": "1"},)
    more = store.claim("cpu", "here")
    assert more is not None
    assert store.finish(more, {"frames": 10}, [_found("Dog", 1, 4)])
    assert not store.finish(more, {"frames": 11}, [])
    assert store.groups(row.id) == ()
    done = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    assert (done.state, done.result, done.progress) == ("done", {"frames": 10}, 1.0)
    assert store.claim("cpu", "here") is None


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
    assert len(store.give_up()) == 1
    ended = store.get(quiet.id)
    assert (ended.state, ended.error and ended.error["code"]) == ("failed", "ANALYSIS-005")
    with pytest.raises(KinofarmError) as caught:
        store.get(uuid4())
    assert caught.value.code == "ANALYSIS-001"


def test_one_that_is_lost_while_it_was_to_stop_is_stopped(engine: Engine) -> None:
    store = AnalysisStore(engine)
    row = store.begin(FILM, "1" * 64, "/a.mov", None, {}, "")
    claimed = _claim(store)
    assert store.stop(row.id).stop_requested
    assert store.tell(claimed, 0.1) is False
    assert store.give_up() == (), "who works on it may hear of it still"
    _lose(engine, row.id)
    assert store.claim("cpu", "there") is None
    assert len(store.give_up()) == 1
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
    other = store.claim("cpu", "there")
    assert other is not None
    store.hand_back(late)
    assert store.get(row.id).state == "running", "who was thought lost does not take it from another"
    store.fail(other, {"code": "X"})
    store.hand_back(store.get(row.id))
    assert store.get(row.id).state == "failed"


def test_who_was_thought_lost_has_no_more_say(engine: Engine) -> None:
    store = AnalysisStore(engine)
    row = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    late = _claim(store)
    _lose(engine, row.id)
    other = store.claim("cpu", "there")
    assert other is not None
    assert store.tell(late, 0.9) is False, "it is to stop"
    store.keep(late, 0, {"end": "late"})
    assert not store.fail(late, {"code": "X"})
    assert not store.refuse(late, {"code": "X"})
    assert not store.share_again(late, {"code": "X"})
    assert not store.finish(late, {}, [_found("late", 0, 9)])
    assert store.tell(other, 0.1) is True
    assert store.finish(other, {"frames": 1}, [])
    now = store.get(row.id)
    assert (now.state, now.result, now.error) == ("done", {"frames": 1}, None)
    assert store.groups(row.id) == ()
    assert FindingStore(engine).find(FindingsWanted()).found == ()


def test_one_that_is_to_stop_and_is_handed_back_is_stopped_and_one_that_is_wanted_again_goes_on(engine: Engine) -> None:
    store = AnalysisStore(engine)
    row = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    claimed = _claim(store)
    store.stop(row.id)
    assert store.hand_back(claimed)
    assert (store.get(row.id).state, store.get(row.id).ended_at is not None) == ("stopped", True)
    store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    claimed = _claim(store)
    store.stop(row.id)
    assert store.tell(claimed, 0.5) is False
    wanted = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {}, "")
    assert (wanted.state, wanted.stop_requested) == ("running", False)
    assert store.hand_back(claimed), "whoever works on it heard that it is to stop"
    assert store.get(row.id).state == "waiting"
    assert store.claim("cpu", "here") is not None


def test_whoever_asks_again_says_how_it_is_worked_on(engine: Engine) -> None:
    store = AnalysisStore(engine)
    row = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {"device": "cuda"}, "anna")
    assert store.claim("cpu", "here") is None
    again = store.begin(FILM, "1" * 64, "/a.mov", "same shapes", {"device": "cpu"}, "bert")
    assert (again.options, again.model, again.submitted_by) == ({"device": "cpu"}, "same shapes", "anna")
    claimed = _claim(store)
    assert store.begin(FILM, "1" * 64, "/a.mov", "shapes", {"device": "cuda"}, "bert").options == {"device": "cpu"}
    store.fail(claimed, {"code": "X"})
    anew = store.begin(FILM, "1" * 64, "/a.mov", "shapes", {"device": "auto"}, "bert")
    assert (anew.id, anew.options, anew.submitted_by) == (row.id, {"device": "auto"}, "bert")


def test_what_one_machine_can_not_do_is_left_to_the_others(engine: Engine) -> None:
    store, workers, instances = AnalysisStore(engine), WorkerStore(engine), {name: uuid4() for name in ("a", "b")}
    row = store.begin(FILM, "1" * 64, "/a.mov", None, {}, "")
    for name, instance in instances.items():
        workers.register(name, instance, {"cpu": 1})
    for _ in range(STARTS + 1):
        claimed = store.claim("cpu", "a")
        assert claimed is not None
        assert store.refuse(claimed, {"code": "PUBLISH-005"}, 60)
        assert store.claim("cpu", "a") is None, "for a while"
        assert store.open()["cpu"].free == 1
        _refusals_run_out(engine)
    assert store.give_up() == (), "it was no try"
    claimed = store.claim("cpu", "a")
    assert claimed is not None
    assert store.refuse(claimed, {"code": "ANALYSIS-012"})
    _refusals_run_out(engine)
    assert store.claim("cpu", "a") is None, "for good"
    assert store.give_up() == ()
    assert store.get(row.id).error == {"code": "ANALYSIS-012"}, "it says why it waits"
    taken = store.claim("cpu", "b")
    assert taken is not None
    assert store.get(row.id).error is None
    assert store.refuse(taken, {"code": "ANALYSIS-012"})
    assert store.open() == {}, "no looker would find it"
    (given_up,) = store.give_up()
    assert (given_up.id, given_up.state, given_up.error) == (row.id, "failed", {"code": "ANALYSIS-012"})
    store.begin(FILM, "1" * 64, "/a.mov", None, {}, "")
    assert store.claim("cpu", "a") is not None, "who asks again has mounted it meanwhile"


def test_one_that_nobody_can_take_up_is_not_given_up_while_no_machine_is_there(engine: Engine) -> None:
    store, workers, instance = AnalysisStore(engine), WorkerStore(engine), uuid4()
    store.begin(FILM, "1" * 64, "/a.mov", None, {}, "")
    workers.register("a", instance, {"cpu": 1})
    store.refuse(_claim(store, "a"), {"code": "ANALYSIS-012"})
    workers.turn("a", instance, "offline")
    assert store.give_up() == ()


def test_what_is_not_in_the_cache_any_more_is_shared_again_a_few_times(engine: Engine) -> None:
    store, batches = AnalysisStore(engine), BatchStore(engine)
    batch = batches.add(uuid4(), "/media", None, {}, "")
    row = store.begin(FILM, "1" * 64, "/a.mov", None, {}, "", ready=False)
    assert [one.id for one in store.unwanted(0, 9)] == [row.id]
    batches.enter(batch.id, "/a.mov", row.id)
    assert store.unwanted(0, 9) == (), "its batch will share it"
    for start in range(1, STARTS + 1):
        assert [one.id for one in store.unshared(batch.id, 9)] == [row.id]
        store.make_ready(row.id)
        assert store.unshared(batch.id, 9) == ()
        claimed = _claim(store)
        assert claimed.starts == start
        store.share_again(claimed, {"code": "ANALYSIS-012"})
        assert store.claim("cpu", "here") is None
    assert (store.get(row.id).state, store.get(row.id).error) == ("failed", {"code": "ANALYSIS-012"})
    other = store.begin(OTHER, "1" * 64, "/b.mov", None, {}, "", ready=False)
    batches.enter(batch.id, "/b.mov", other.id)
    assert store.not_shared(other.id, {"code": "CACHE-007"}, over=False)
    assert (store.get(other.id).state, store.get(other.id).error) == ("waiting", {"code": "CACHE-007"})
    assert store.not_shared(other.id, {"code": "FLOW-001"}, over=True)
    assert store.get(other.id).state == "failed"


def test_each_end_is_told_of_once(engine: Engine) -> None:
    store = AnalysisStore(engine)
    row = store.begin(FILM, "1" * 64, "/a.mov", None, {}, "")
    assert store.untold() == ()
    store.stop(row.id)
    assert [(one.id, one.state) for one in store.untold()] == [(row.id, "stopped")]
    assert store.untold() == ()
    store.begin(FILM, "1" * 64, "/a.mov", None, {}, "")
    assert store.untold() == ()
    store.finish(_claim(store), {}, [])
    assert [(one.id, one.state) for one in store.untold()] == [(row.id, "done")]
    store.begin(FILM, "1" * 64, "/a.mov", None, {}, "")
    assert store.untold() == (), "it has not ended anew"


def test_what_was_done_long_ago_does_not_slow_down_who_takes_up_the_next(engine: Engine) -> None:
    store = AnalysisStore(engine)
    with transaction(engine) as connection:
        connection.execute(
            text("""
            INSERT INTO analyses (id, content, wish, path, options, state, begun_at, ended_at)
            SELECT gen_random_uuid(), lpad(number::text, 64, '0'), repeat('1', 64), '/a.mov', '{}', 'done',
                now() - interval '1 day', now()
            FROM generate_series(1, 20000) AS number""")
        )
    waiting = store.begin(FILM, "1" * 64, "/a.mov", None, {}, "")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE analyses"))
    plan = _plan_of_claim(engine)
    assert "Rows Removed by Filter: 20000" not in plan
    assert "ix_analyses_turn" in plan or "ix_analyses_open" in plan, plan
    assert _claim(store).id == waiting.id


def _plan_of_claim(engine: Engine) -> str:
    with transaction(engine) as connection:
        asked = text("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + analyses.CLAIM.text)
        lines = connection.execute(asked, {"pool": "cpu", "machine": "nobody"}).scalars().all()
        connection.rollback()
    return "\n".join(lines)


def _claim(store: AnalysisStore, machine: str = "here") -> AnalysisEntry:
    claimed = store.claim("cpu", machine)
    assert claimed is not None
    return claimed


def _refusals_run_out(engine: Engine) -> None:
    """As if a minute had passed: what was refused for a while is not any more."""
    with transaction(engine) as connection:
        connection.execute(
            text("""
            UPDATE analyses SET refusals = coalesce((
                SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(refusals) WHERE value = 'infinity'), '{}')""")
        )


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
    workers.turn("recognises", instance, "online")
    assert store.claim("gpu", "encodes") is None, "a device that only encodes takes nothing up"
    assert (store.runs_on_cuda("recognises"), store.runs_on_cuda("encodes")) == (True, False)
    workers.turn("recognises", instance, "draining")
    assert store.machines_on_cuda() == 0
    taken = [store.claim("cpu", "encodes") for _ in range(4)]
    assert [one and one.id for one in taken] == [rows["auto"], rows["cpu"], rows["own"], None]


def _lose(engine: Engine, analysis: UUID) -> None:
    """As if whoever works on it had told nothing for long."""
    with transaction(engine) as connection:
        given = {"id": analysis}
        connection.execute(text("UPDATE analyses SET beat_at = now() - interval '1 minute' WHERE id = :id"), given)
