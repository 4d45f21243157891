"""What a crash lost comes back; what has ended stays ended."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy
from sqlalchemy import Engine

from flows import ended as ends, healing
from flows.dispatch import Ready, admit, ensure_shards, pause, stop, submit
from flows.healing import RESTARTS, reconcile_once
from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex, Limits
from infra.cache.store import ChunkStore
from infra.container import Container, Registry
from infra.errors import KinofarmError
from infra.events import AnalysisEnded, BatchEnded, Event, ScanEnded
from infra.jobs.admission import Admissions
from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from infra.jobs.workers import WorkerStore
from infra.library.analyses import AnalysisStore
from infra.library.batches import BatchStore
from infra.library.scans import ScanStore
from infra.prefect import PARENTS
from infra.prefect_api import PrefectApi
from infra.sections import WorkerSettings
from infra.services import Services
from infra.settings import Settings
from tests.fakes.prefect_server import FakePrefect
from tests.infra.jobs.farm import nothing, picture

FILM = {"project": "/p/film.json", "output": "/p/film.mp4"}


@pytest.fixture
def prefect() -> FakePrefect:
    return FakePrefect()


@pytest.fixture
def services(engine: Engine, tmp_path: Path, prefect: FakePrefect) -> Iterator[Services]:
    table = Registry()
    table.register_value(Settings, Settings(home=tmp_path, worker=WorkerSettings(slots=2)))
    table.register_value(sqlalchemy.Engine, engine)
    table.register_value(JobStore, JobStore(engine))
    table.register_value(Admissions, Admissions(engine))
    table.register_value(Ledger, Ledger(engine))
    table.register_value(ScanStore, ScanStore(engine))
    table.register_value(AnalysisStore, AnalysisStore(engine))
    table.register_value(BatchStore, BatchStore(engine))
    workers = WorkerStore(engine)
    workers.register("here", uuid4(), {"cpu": 2})
    table.register_value(WorkerStore, workers)
    cache = FolderStore(tmp_path / "cache")
    table.register_value(CacheIndex, CacheIndex(engine, cache, Limits()))
    table.register_value(ChunkStore, cache)
    table.register_value(PrefectApi, prefect)
    with table, Container(table) as container:
        yield container


def job_in(services: Services, job_id: UUID | None = None, chunks: int = 0) -> UUID:
    jobs = services.get(JobStore)
    job = jobs.accept(job_id or uuid4(), run=job_id, **FILM)
    if chunks:
        jobs.plan(job.id, [picture((job.id, index), index) for index in range(chunks)], nothing)
        jobs.advance(job.id, "rendering")
    return job.id


def state_of(services: Services, job: UUID) -> str:
    return services.get(JobStore).job(job).state


@pytest.mark.parametrize("state", ["CRASHED", "FAILED"])
def test_a_run_that_crashed_is_started_again(services: Services, prefect: FakePrefect, state: str) -> None:
    job = job_in(services, prefect.add(state))
    reconcile_once(services)
    assert prefect.asked == [(job, "SCHEDULED")]
    assert state_of(services, job) == "accepted"


def test_a_run_that_crashes_again_and_again_fails_its_job_in_the_end(services: Services, prefect: FakePrefect) -> None:
    job = job_in(services, prefect.add("CRASHED"))
    for _ in range(RESTARTS):
        reconcile_once(services)
        prefect.add("CRASHED", job)
    assert state_of(services, job) == "accepted"
    reconcile_once(services)
    found = services.get(JobStore).job(job)
    assert found.state == "failed"
    assert found.error is not None
    assert found.error["code"] == "FLOW-007"


def test_a_job_that_has_ended_is_left_alone(services: Services, prefect: FakePrefect) -> None:
    job = job_in(services, prefect.add("CRASHED"))
    services.get(JobStore).fail(job, KinofarmError("FLOW-003").as_dict())
    reconcile_once(services)
    assert prefect.asked == []


def test_a_crashed_run_whose_job_was_cancelled_is_not_started_again(services: Services, prefect: FakePrefect) -> None:
    job = job_in(services, prefect.add("CRASHED"))
    services.get(JobStore).cancel(job)
    reconcile_once(services)
    assert prefect.asked == []
    assert state_of(services, job) == "cancelled"


def test_a_run_that_somebody_cancelled_in_prefect_cancels_its_job(services: Services, prefect: FakePrefect) -> None:
    job = job_in(services, prefect.add("CANCELLED"))
    reconcile_once(services)
    assert state_of(services, job) == "cancelled"


def test_a_job_that_was_cancelled_before_its_run_began_ends_both(services: Services, prefect: FakePrefect) -> None:
    job = job_in(services, prefect.add("SCHEDULED"))
    services.get(JobStore).cancel(job)
    reconcile_once(services)
    assert prefect.asked == [(job, "CANCELLED")]
    assert state_of(services, job) == "cancelled"


def test_a_new_job_whose_run_is_not_seen_yet_is_given_time(
    services: Services, prefect: FakePrefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_in(services, uuid4())  # Prefect does not know its run
    reconcile_once(services)
    assert state_of(services, job) == "accepted"
    monkeypatch.setattr(healing, "UNSEEN", -healing.UNSEEN)
    reconcile_once(services)
    assert state_of(services, job) == "failed"


def test_chunks_that_wait_without_a_shard_get_as_many_as_there_are_slots(
    services: Services, prefect: FakePrefect
) -> None:
    job_in(services, prefect.add("RUNNING"), chunks=5)
    reconcile_once(services)
    assert len(prefect.runs(["cpu"])) == 2
    reconcile_once(services)
    assert len(prefect.runs(["cpu"])) == 2


def test_there_are_no_more_shards_than_chunks(services: Services, prefect: FakePrefect) -> None:
    job_in(services, prefect.add("RUNNING"), chunks=1)
    assert ensure_shards(services) == 1
    assert ensure_shards(services) == 0


def test_nothing_to_heal_asks_prefect_nothing(services: Services, prefect: FakePrefect) -> None:
    reconcile_once(services)
    assert prefect.requests == 0


def test_a_submission_enters_its_job_and_warms_up_shards(services: Services, prefect: FakePrefect) -> None:
    chunks = tuple(picture(index, index) for index in range(7))
    ready = Ready(chunks, "f" * 64, (), missing=7)
    job = submit(services, {**FILM, "submitted_by": "me", "priority": 3}, {}, ready)
    assert (job.submitted_by, job.priority, state_of(services, job.id)) == ("me", 3, "planned")
    assert len(prefect.runs(["cpu"])) == 2
    assert services.get(Ledger).waiting() == 7


def test_a_film_that_is_at_hand_warms_up_nothing(services: Services, prefect: FakePrefect) -> None:
    job = submit(services, FILM, {}, Ready((picture(0, 0),), "f" * 64, (), missing=0))
    assert state_of(services, job.id) == "accepted"
    assert prefect.runs(["cpu"]) == ()


def test_the_same_idempotency_key_is_the_same_job(services: Services) -> None:
    first = submit(services, {**FILM, "idempotency_key": "k"}, {})
    again = submit(services, {**FILM, "idempotency_key": "k"}, {})
    assert first.id == again.id


def test_stopping_a_job_that_has_not_begun_ends_it_at_once(services: Services, prefect: FakePrefect) -> None:
    job = submit(services, FILM, {})
    assert job.run_id is not None
    assert stop(services, job.id).state == "cancelled"
    run = prefect.run(job.run_id)
    assert run is not None
    assert run.state == "CANCELLED"


def test_stopping_a_running_job_sets_its_flag(services: Services, prefect: FakePrefect) -> None:
    job = submit(services, FILM, {})
    prefect.add("RUNNING", job.run_id)
    assert stop(services, job.id).state == "accepted"
    assert services.get(JobStore).cancelled(job.id)


def test_no_more_jobs_are_admitted_than_there_are_places_and_then_by_priority(
    services: Services, prefect: FakePrefect
) -> None:
    jobs = services.get(JobStore)
    first = [submit(services, FILM, {}) for _ in range(PARENTS)]
    assert all(job.run_id for job in first)
    waiting = {priority: submit(services, {**FILM, "priority": priority}, {}) for priority in (10, 90, 50)}
    assert not any(job.run_id for job in waiting.values())
    assert admit(services) == 0
    assert len(prefect.runs(["orchestrator"])) == PARENTS
    for ended, priority in zip(first, (90, 50, 10), strict=False):
        jobs.cancel(ended.id)
        jobs.advance(ended.id, "cancelled")
        assert admit(services) == 1
        assert jobs.job(waiting[priority].id).run_id is not None


def test_a_paused_job_gives_its_place_to_another_and_its_run_rests_until_it_is_resumed(
    services: Services, prefect: FakePrefect
) -> None:
    jobs = services.get(JobStore)
    first, *_ = [submit(services, FILM, {}) for _ in range(PARENTS)]
    assert first.run_id is not None
    waiting = submit(services, FILM, {})
    pause(services, first.id)
    prefect.add("COMPLETED", first.run_id)
    reconcile_once(services)
    assert prefect.asked == []
    assert jobs.job(waiting.id).run_id is not None
    pause(services, first.id, on=False)
    assert prefect.asked == [(first.run_id, "SCHEDULED")]


def test_a_paused_job_whose_run_rests_is_cancelled_at_once(services: Services, prefect: FakePrefect) -> None:
    job = job_in(services, prefect.add("COMPLETED"))
    pause(services, job)
    assert stop(services, job).state == "cancelled"


def test_admitted_twice_after_a_crash_is_one_run(services: Services, prefect: FakePrefect, engine: Engine) -> None:
    job = submit(services, FILM, {})
    with engine.begin() as connection:  # killed between Prefect's answer and the note of it
        connection.execute(sqlalchemy.text("UPDATE jobs SET run_id = NULL"))
    admit(services)
    assert services.get(JobStore).job(job.id).run_id == job.run_id
    assert len(prefect.runs(["orchestrator"])) == 1


def test_a_job_that_was_cancelled_or_paused_before_its_turn_gets_no_run(
    services: Services, prefect: FakePrefect
) -> None:
    jobs = services.get(JobStore)
    cancelled, paused = job_in(services), job_in(services)
    assert stop(services, cancelled).state == "cancelled"
    jobs.pause(paused)
    assert admit(services) == 0
    jobs.pause(paused, on=False)
    assert admit(services) == 1


def test_a_job_is_taken_on_while_prefect_is_away_and_gets_its_run_later(
    services: Services, prefect: FakePrefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> UUID:
        raise KinofarmError("FARM-020", url="u", reason="it is away")

    with monkeypatch.context() as patched:
        patched.setattr(prefect, "create_run", away)
        job = submit(services, FILM, {})
        assert (job.state, job.run_id) == ("accepted", None)
    reconcile_once(services)
    assert services.get(JobStore).job(job.id).run_id is not None


def test_a_job_whose_parameters_prefect_refuses_fails_with_what_it_says(
    services: Services, prefect: FakePrefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> UUID:
        raise KinofarmError("FARM-022", path="p", reason="409 no such parameter")

    monkeypatch.setattr(prefect, "create_run", refused)
    job = submit(services, FILM, {"nonsense": 1})
    assert job.state == "failed"
    assert job.error is not None
    assert job.error["code"] == "FARM-022"


def test_a_job_that_was_cancelled_before_its_turn_ends_though_its_canceller_died(services: Services) -> None:
    job = job_in(services)
    services.get(JobStore).cancel(job)
    reconcile_once(services)
    assert state_of(services, job) == "cancelled"


def test_a_crashed_run_is_found_behind_any_number_of_jobs_that_wait(
    services: Services, prefect: FakePrefect, engine: Engine
) -> None:
    job = job_in(services, prefect.add("CRASHED"))
    for _ in range(PARENTS - 1):
        job_in(services, prefect.add("RUNNING"))
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text("""
            INSERT INTO jobs (id, project, output, submitted_by, accepted_at)
            SELECT gen_random_uuid(), 'p', 'o', '', now() + interval '1 hour' FROM generate_series(1, 1500)""")
        )
    reconcile_once(services)
    assert (job, "SCHEDULED") in prefect.asked


def test_ends_that_no_run_told_of_are_told_by_the_keeper(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Event] = []
    monkeypatch.setattr(ends, "emit", told.append)
    monkeypatch.setattr(healing, "_done_at", {})
    scan = services.get(ScanStore).add(uuid4(), "/media", {}, "")
    services.get(ScanStore).stop(scan.id)
    analysis = services.get(AnalysisStore).begin("a" * 64, "1" * 64, "/a.mov", None, {}, "")
    services.get(AnalysisStore).stop(analysis.id)
    batch = services.get(BatchStore).add(uuid4(), "/media", "shapes", {}, "")
    services.get(BatchStore).stop(batch.id)
    for _ in range(2):
        reconcile_once(services)
        healing._done_at.clear()
    assert [(type(event), getattr(event, "state", None)) for event in told] == [
        (AnalysisEnded, "stopped"),
        (BatchEnded, "stopped"),
        (ScanEnded, "stopped"),
    ]
