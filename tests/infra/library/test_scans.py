"""Scans in the database: how far they are, when they stop, and what becomes of those that lost their run."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.library.scans import ScanStore


def test_a_scan_goes_on_until_it_is_stopped_and_then_ends(engine: Engine) -> None:
    store = ScanStore(engine)
    scan = store.add(uuid4(), "/media", {"views": ["thumbnail"]}, "anna")
    assert (scan.state, scan.options, scan.submitted_by) == ("waiting", {"views": ["thumbnail"]}, "anna")
    assert store.add(scan.id, "/other", {}, "") == scan, "it is entered once"
    assert store.tell(scan.id, 10, 3, 1, 0) is True
    told = store.get(scan.id)
    assert (told.state, told.found, told.done, told.known, told.broken) == ("scanning", 10, 3, 1, 0)
    assert store.stop(scan.id).stop_requested
    assert store.tell(scan.id, 10, 4, 1, 0) is False
    store.end(scan.id, "stopped")
    store.end(scan.id, "done")
    ended = store.get(scan.id)
    assert (ended.state, ended.done, ended.ended) == ("stopped", 4, True)
    assert store.tell(scan.id, 10, 9, 1, 0) is False, "what has ended is told nothing"
    assert store.get(scan.id).done == 4


def test_a_scan_that_waits_stops_at_once(engine: Engine) -> None:
    store = ScanStore(engine)
    scan = store.add(uuid4(), "/media", {}, "")
    assert store.stop(scan.id).state == "stopped"
    with pytest.raises(KinofarmError) as caught:
        store.stop(uuid4())
    assert caught.value.code == "LIBRARY-001"


def test_a_scan_whose_run_is_no_more_is_given_up(engine: Engine) -> None:
    store = ScanStore(engine)
    lost, alive, waiting = (store.add(uuid4(), f"/{name}", {}, "") for name in ("lost", "alive", "waiting"))
    for scan in (lost, alive):
        store.tell(scan.id, 5, 1, 0, 0)
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE scans SET beat_at = now() - interval '2 minutes' WHERE id <> :id"), {"id": alive.id}
        )
    assert store.give_up_lost() == 1
    given_up = store.get(lost.id)
    assert given_up.state == "failed"
    assert given_up.error is not None
    assert given_up.error["code"] == "LIBRARY-002"
    assert {store.get(scan.id).state for scan in (alive, waiting)} == {"scanning", "waiting"}
    assert [one.id for one in store.newest(9)][-1] == lost.id
    assert [(one.id, one.state) for one in store.untold()] == [(lost.id, "failed")], "its end is to be told of"
    assert store.untold() == ()


def test_what_ended_long_ago_is_forgotten(engine: Engine) -> None:
    store = ScanStore(engine)
    old, young = store.add(uuid4(), "/old", {}, ""), store.add(uuid4(), "/young", {}, "")
    store.end(old.id, "done")
    store.end(young.id, "done")
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE scans SET ended_at = now() - interval '31 days' WHERE id = :id"), {"id": old.id}
        )
    assert store.forget(30) == 1
    assert [one.id for one in store.newest(9)] == [young.id]
