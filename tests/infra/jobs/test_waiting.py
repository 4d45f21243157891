"""Why a job waits: each condition that can hold it back has its words."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from infra.jobs.admission import Admissions
from infra.jobs.ledger import Ledger
from infra.jobs.records import GPU_POOL
from infra.jobs.store import JobStore
from infra.jobs.waiting import Waiting
from infra.jobs.workers import WorkerStore
from tests.infra.jobs.farm import ERROR, accepted, everything, picture, planned

NVENC = {"encoders": [{"encoder": "h264_nvenc", "family": "NVENC", "reason": "Cannot load libcuda.so.1"}]}


@pytest.fixture
def store(engine: Engine) -> JobStore:
    return JobStore(engine)


def codes(engine: Engine, job: UUID, most: int = 0) -> list[str]:
    return [reason.code for reason in Waiting(engine, most_of_submitter=most).reasons(job)]


def worker(engine: Engine, slots: int = 1) -> UUID:
    workers, instance = WorkerStore(engine), uuid4()
    workers.register("studio", instance, {"cpu": slots})
    workers.probed("studio", instance, {"cpu": slots}, (), NVENC)
    return instance


def test_a_job_that_could_go_on_waits_for_nothing(engine: Engine, store: JobStore) -> None:
    worker(engine)
    job = planned(store, ["a"])
    assert codes(engine, job.id) == []
    store.cancel(job.id)
    assert codes(engine, job.id) == []


def test_paused(engine: Engine, store: JobStore) -> None:
    worker(engine)
    job = planned(store, ["a"])
    store.pause(job.id)
    assert codes(engine, job.id) == ["WAIT-001"]


def test_queued_behind_the_renders_that_run(engine: Engine, store: JobStore) -> None:
    worker(engine)
    Admissions(engine).admitted(planned(store, ["a"]).id, uuid4())
    assert codes(engine, accepted(store).id) == ["WAIT-002"]


def test_nobody_renders_and_who_could(engine: Engine, store: JobStore) -> None:
    job = planned(store, ["a"])
    assert codes(engine, job.id) == ["WAIT-003"]
    instance = worker(engine)
    WorkerStore(engine).turn("studio", instance, "broken", "disk: it is full")
    (reason,) = Waiting(engine).reasons(job.id)
    assert (reason.code, reason.detail) == ("WAIT-003", "studio is broken (disk: it is full)")


def test_no_machine_has_the_encoder_and_why(engine: Engine, store: JobStore) -> None:
    worker(engine)
    job = accepted(store)
    chunk = picture("x", 0).model_copy(update={"pool": GPU_POOL, "needs": "h264_nvenc"})
    store.plan(job.id, [chunk], everything)
    (reason,) = Waiting(engine).reasons(job.id)
    assert (reason.code, reason.detail) == ("WAIT-004", "studio: Cannot load libcuda.so.1")


def test_backing_off_after_a_failure(engine: Engine, store: JobStore) -> None:
    worker(engine)
    job, ledger = planned(store, ["a"]), Ledger(engine)
    claim = ledger.claim("studio 1", worker="studio")
    assert claim is not None
    ledger.fail(claim.key, claim.token, ERROR, retry=True, delay=30)
    (reason,) = Waiting(engine).reasons(job.id)
    assert (reason.code, reason.detail) == ("WAIT-005", "FFMPEG-005 killed")
    assert 28 <= reason.params["seconds"] <= 30


def test_the_submitter_has_all_that_they_may(engine: Engine, store: JobStore) -> None:
    worker(engine, slots=4)
    planned(store, ["a"], submitted_by="ann")
    Ledger(engine).claim("studio 1", worker="studio")
    job = planned(store, ["b"], submitted_by="ann")
    assert codes(engine, job.id, most=1) == ["WAIT-006"]
    assert codes(engine, job.id, most=2) == []


def test_others_are_served_first(engine: Engine, store: JobStore) -> None:
    worker(engine)
    planned(store, ["a"], priority=90)
    Ledger(engine).claim("studio 1", worker="studio")
    job = planned(store, ["b"])
    assert codes(engine, job.id) == ["WAIT-007"]
