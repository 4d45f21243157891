"""Batches in the database: how far they are is read off their files' analyses; what stops with them, and what does not."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.batches import Batch, BatchStore

ERROR = KinofarmError("MEDIA-001", file="a.mov", reason="it is empty").as_dict()
NO_PICTURE = KinofarmError("MODEL-020", file="a.wav").as_dict()


def _batch(store: BatchStore, who: str = "anna") -> Batch:
    return store.add(uuid4(), "/media", "shapes", {"what": "recognition"}, who)


def _analysis(engine: Engine, name: str, who: str = "anna") -> AnalysisEntry:
    return AnalysisStore(engine).begin(name * 64, "1" * 64, f"/media/{name}.mov", "shapes", {}, who)


def test_how_far_a_batch_is_follows_from_its_files(engine: Engine) -> None:
    store, analyses = BatchStore(engine), AnalysisStore(engine)
    batch = _batch(store)
    assert (batch.state, batch.progress, batch.found) == ("waiting", 0.0, 0)
    assert store.add(batch.id, "/other", None, {}, "") == batch, "it is entered once"
    started = store.start(batch.id)
    assert started is not None
    assert (started.state, started.starts) == ("running", 1)
    store.tell_found(batch.id, 5)
    a, b, c = (_analysis(engine, name) for name in "abc")
    store.enter(batch.id, "/media/a.mov", a.id, known=True)
    store.enter(batch.id, "/media/a.mov", None, error=ERROR)
    for row in (b, c):
        store.enter(batch.id, row.path, row.id)
    store.enter(batch.id, "/media/d.mov", None, error=ERROR)
    store.enter(batch.id, "/media/e.wav", None, error=NO_PICTURE)
    assert store.entered(batch.id) == {"/media/a.mov", "/media/b.mov", "/media/c.mov", "/media/d.mov", "/media/e.wav"}
    claimed = {row.id: row for row in (analyses.claim("cpu", "here") for _ in range(3)) if row is not None}
    analyses.finish(claimed[a.id], {}, [])
    analyses.tell(claimed[b.id], 0.5)
    analyses.fail(claimed[c.id], {"code": "X"})
    now = store.get(batch.id)
    assert (now.entered, now.known, now.done, now.failed, now.skipped, now.over) == (5, 1, 1, 2, 1, 4)
    assert now.progress == pytest.approx(4.5 / 5)
    assert [(one.path, one.error["code"]) for one in store.failures(batch.id, 9)] == [
        ("/media/c.mov", "X"),
        ("/media/d.mov", "MEDIA-001"),
    ]
    assert store.beat(batch.id)
    store.end(batch.id, "done")
    assert store.start(batch.id) is None
    assert not store.beat(batch.id), "what has ended does not go on"
    assert [one.id for one in store.newest(9, "/media")] == [batch.id]
    assert store.newest(9, "/elsewhere") == ()
    with pytest.raises(KinofarmError) as caught:
        store.get(uuid4())
    assert caught.value.code == "ANALYSIS-010"


def test_with_a_batch_stops_what_nobody_else_wants(engine: Engine) -> None:
    store, analyses = BatchStore(engine), AnalysisStore(engine)
    stopped, other = _batch(store), _batch(store)
    store.start(stopped.id)
    done = _analysis(engine, "d")
    claimed = analyses.claim("cpu", "here")
    assert claimed is not None
    own, shared, of_bert = _analysis(engine, "a"), _analysis(engine, "b"), _analysis(engine, "c", "bert")
    for row in (own, shared, of_bert, done):
        store.enter(stopped.id, row.path, row.id)
    store.enter(other.id, shared.path, shared.id)
    analyses.finish(claimed, {}, [])
    assert store.stop(stopped.id).stop_requested
    assert not store.beat(stopped.id)
    states = [analyses.get(row.id).state for row in (own, shared, of_bert, done)]
    assert states == ["stopped", "waiting", "waiting", "done"]
    assert store.stop(other.id).state == "stopped", "one whose run has not begun stops at once"
    assert analyses.get(shared.id).state == "stopped"


def test_a_batch_whose_run_is_lost_is_told_of_once_in_a_while(engine: Engine) -> None:
    store = BatchStore(engine)
    quiet, alive = _batch(store), _batch(store)
    store.start(quiet.id)
    with transaction(engine) as connection:
        late = text("UPDATE analysis_batches SET beat_at = now() - interval '2 minutes' WHERE id = :id")
        connection.execute(late, {"id": quiet.id})
    assert [one.id for one in store.lost()] == [quiet.id]
    assert store.lost() == (), "who heard of it has a while to begin it again"
    assert store.forget(0) == 0
    store.end(alive.id, "failed", ERROR)
    assert store.forget(0) == 1


def test_starts_of_a_run_are_counted_by_whoever_starts_it_and_ends_are_told_once(engine: Engine) -> None:
    store, run = BatchStore(engine), uuid4()
    batch = _batch(store)
    assert batch.run_id is None
    store.has_run(batch.id, run)
    assert store.get(batch.id).run_id == run
    assert store.started_again(batch.id) == 2, "the first came to nothing"
    for _ in range(2):
        started = store.start(batch.id, run)
        assert started is not None
        assert started.starts == 2, "a run that is there twice is one start"
    assert store.untold() == ()
    store.end(batch.id, "done")
    assert store.started_again(batch.id) == 0
    assert [(one.id, one.state) for one in store.untold()] == [(batch.id, "done")]
    assert store.untold() == ()
