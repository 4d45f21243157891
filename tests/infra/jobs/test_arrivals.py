"""Arrivals: each state of a file's bytes once, whoever enters it and how often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from sqlalchemy import Engine

from infra.jobs.arrivals import Arrival, ArrivalStore, Sighting
from infra.jobs.store import JobStore

FOLDER = "/srv/in"


def seen(name: str = "a.mov", size: int = 10, modified: int = 1) -> Sighting:
    return Sighting(name=name, size=size, modified_ns=modified)


def entered(store: ArrivalStore, *sightings: Sighting) -> dict[str, Arrival]:
    store.enter(FOLDER, sightings)
    return {arrival.name: arrival for arrival in store.open(FOLDER)}


def test_a_file_is_entered_once_by_whoever_sees_it(engine: Engine) -> None:
    store = ArrivalStore(engine)
    files = [seen(f"{number}.mov") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.enter(FOLDER, files), range(16)))
    found = store.open(FOLDER)
    assert [arrival.name for arrival in found] == sorted(file.name for file in files)
    assert {(arrival.generation, arrival.state, arrival.job) for arrival in found} == {(0, "arrived", None)}
    assert store.open("/srv/other") == ()


def test_the_job_is_found_by_its_key_also_when_the_watcher_died_before_noting_it(engine: Engine) -> None:
    store, jobs = ArrivalStore(engine), JobStore(engine)
    arrival = entered(store, seen())["a.mov"]
    job = jobs.accept(uuid4(), project="p", output="o", idempotency_key=arrival.key)
    assert entered(store, seen())["a.mov"].job == job.id
    store.submitted(arrival.id, "/out/a.mp4")
    again = jobs.accept(uuid4(), project="p", output="o", idempotency_key=arrival.key)
    assert again.id == job.id
    assert entered(store, seen())["a.mov"].state == "submitted"


def test_a_file_that_changes_is_another_arrival_and_the_job_of_what_it_was_is_told(engine: Engine) -> None:
    store, jobs = ArrivalStore(engine), JobStore(engine)
    first = entered(store, seen())["a.mov"]
    job = jobs.accept(uuid4(), project="p", output="o", idempotency_key=first.key)
    store.submitted(first.id, "/out/a.mp4")
    assert store.outdated(FOLDER) == ()
    store.enter(FOLDER, [seen(size=20)])
    assert store.outdated(FOLDER) == (job.id,)
    jobs.cancel(job.id)
    assert store.outdated(FOLDER) == ()
    (second,) = store.open(FOLDER)
    assert (second.size, second.state, second.id != first.id) == (20, "arrived", True)
    assert {arrival.id: arrival.state for arrival in store.recent()}[first.id] == "replaced"


def test_a_file_that_was_done_is_not_entered_again_unless_it_was_moved_away(engine: Engine) -> None:
    store = ArrivalStore(engine)
    stays = entered(store, seen("stays.mov"), seen("goes.mov"))
    store.ended(stays["stays.mov"].id, "done")
    store.ended(stays["goes.mov"].id, "failed", {"code": "MEDIA-001", "message": "no"}, moved=True)
    assert store.open(FOLDER) == ()
    again = entered(store, seen("stays.mov"), seen("goes.mov"))
    assert list(again) == ["goes.mov"]
    assert again["goes.mov"].generation == 1


def test_refusals_are_counted_and_a_film_s_place_is_taken_by_another_file_only(engine: Engine) -> None:
    store = ArrivalStore(engine)
    arrival = entered(store, seen())["a.mov"]
    for _ in range(2):
        store.refused(arrival.id, {"code": "MEDIA-002", "message": "cut short"})
    (found,) = store.recent()
    assert (found.tries, found.error) == (2, {"code": "MEDIA-002", "message": "cut short"})
    store.submitted(arrival.id, "/out/a.mp4")
    (found,) = store.open(FOLDER)
    assert found.error is None
    assert not store.taken(arrival, "/out/a.mp4")
    other = entered(store, seen("a.mxf"))["a.mxf"]
    assert store.taken(other, "/out/a.mp4")
