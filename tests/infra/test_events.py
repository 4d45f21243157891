"""Typed events."""

import re
import time
from uuid import uuid4

import psutil
from prefect.settings import PREFECT_API_URL, temporary_settings

from infra.events import EVENTS, ChunkDone, ChunkStarted, JobProgress, emit, event_from, payload_of

JOB = uuid4()


def test_every_event_has_a_name_of_its_own_under_kinofarm() -> None:
    assert all(re.fullmatch(r"kinofarm\.(job|chunk|file|scan|analysis|batch)\.[a-z]+", name) for name in EVENTS)
    assert len(EVENTS) == 18


def test_an_event_survives_its_way_as_json() -> None:
    event = ChunkDone(job=JOB, key="a" * 64, index=3, attempt=1, frames=250, seconds=4.5)
    assert event_from(event.name, payload_of(event)) == event


def test_somebody_else_s_event_is_none_of_ours() -> None:
    assert event_from("prefect.flow-run.Running", {}) is None


def test_a_chunk_s_event_names_its_job_as_related() -> None:
    event = ChunkStarted(job=JOB, key="b" * 64, index=0, attempt=2)
    assert event.resource["prefect.resource.id"] == f"kinofarm.chunk.{'b' * 64}"
    assert f"kinofarm.job.{JOB}" in [related["prefect.resource.id"] for related in event.related]


def test_where_no_server_is_set_none_is_started_to_hear_of_it() -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        emit(JobProgress(job=JOB, done=0.5, frames_done=10, frames=20))
    time.sleep(1)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_emitting_without_a_server_does_not_fail_the_work() -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        emit(JobProgress(job=JOB, done=0.5, frames_done=10, frames=20))
