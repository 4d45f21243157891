"""News of jobs: each becomes one delivery for each webhook, is tried again, given up, and kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.deliveries import PAUSES, Delivery, DeliveryStore
from infra.jobs.records import Output
from infra.jobs.store import JobStore

ALL = ("job.accepted", "job.done", "job.failed", "job.cancelled")


@pytest.fixture
def deliveries(engine: Engine) -> DeliveryStore:
    return DeliveryStore(engine)


def accepted(engine: Engine) -> UUID:
    return JobStore(engine).accept(uuid4(), project="/p.json", output="/f.mp4", submitted_by="ann").id


def failed(engine: Engine) -> UUID:
    job = accepted(engine)
    JobStore(engine).fail(job, {"code": "FLOW-006", "message": "a bug"})
    return job


def later(engine: Engine, hours: int = 24) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE deliveries SET due_at = due_at - interval '{hours} hours'"))


def test_every_end_of_a_job_is_told_to_whoever_wants_it_once(engine: Engine, deliveries: DeliveryStore) -> None:
    job = failed(engine)
    gone = accepted(engine)
    JobStore(engine).cancel(gone)
    JobStore(engine).advance(gone, "cancelled")
    wanted = {"all": ALL, "failures": ("job.failed",)}
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: deliveries.spread(wanted), range(12)))
    assert sum(made) == 5
    told = [(each.webhook, each.event, each.job_id) for each in deliveries.recent()]
    assert sorted(told) == sorted(
        [
            ("all", "job.accepted", job),
            ("all", "job.failed", job),
            ("failures", "job.failed", job),
            ("all", "job.accepted", gone),
            ("all", "job.cancelled", gone),
        ]
    )
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM news")).scalar_one() == 0


def test_news_that_nobody_wants_are_forgotten(engine: Engine, deliveries: DeliveryStore) -> None:
    failed(engine)
    assert deliveries.spread({}) == 0
    assert deliveries.spread({"late": ALL}) == 0


def test_what_is_told(engine: Engine, deliveries: DeliveryStore) -> None:
    job = accepted(engine)
    jobs = JobStore(engine)
    jobs.record_output(job, Output(kind="film", location="/f.mp4", size=1, sha256="0" * 64))
    for state in ("planned", "publishing", "done"):
        jobs.advance(job, state)  # type: ignore[arg-type]
    deliveries.spread({"all": ("job.done",)})
    (found,) = deliveries.recent()
    assert found.payload["type"] == "job.done"
    data = found.payload["data"]
    assert (data["job"], data["state"], data["submitted_by"]) == (str(job), "done", "ann")
    assert data["outputs"] == {"film": "/f.mp4"}
    assert data["error"] is None


def test_a_delivery_is_taken_by_one_and_is_due_again_after_its_pause(engine: Engine, deliveries: DeliveryStore) -> None:
    failed(engine)
    deliveries.spread({"all": ("job.failed",)})
    with ThreadPoolExecutor(6) as pool:
        taken = [each for found in pool.map(lambda _: deliveries.take(["all"]), range(6)) for each in found]
    assert len(taken) == 1
    assert deliveries.take(["other"]) == ()
    later(engine)  # whoever took it died
    (again,) = deliveries.take(["all"])
    assert (again.id, again.attempts) == (taken[0].id, 2)
    pause = (again.due_at - again.created_at).total_seconds()
    assert pause == pytest.approx(PAUSES[1], abs=5)
    deliveries.delivered(again.id, 204)
    (found,) = deliveries.recent()
    assert (found.state, found.status, found.error) == ("delivered", 204, None)
    later(engine)
    assert deliveries.take(["all"]) == ()


def test_after_the_last_pause_it_is_given_up_and_can_be_made_once_more(
    engine: Engine, deliveries: DeliveryStore
) -> None:
    failed(engine)
    deliveries.spread({"all": ("job.failed",)})
    tries = 0
    while taken := deliveries.take(["all"]):
        tries += 1
        deliveries.failed(taken[0].id, 500, "it answered 500")
        later(engine)
    assert tries == len(PAUSES) + 1
    (found,) = deliveries.recent(webhook="all")
    assert (found.state, found.status, found.error) == ("given up", 500, "it answered 500")
    assert deliveries.again(str(found.id)[:8]).state == "waiting"
    (taken_again,) = deliveries.take(["all"])
    assert taken_again.attempts == 1


def test_an_id_that_names_no_single_delivery_is_refused(engine: Engine, deliveries: DeliveryStore) -> None:
    for name in ("", "ab", "%", "zzzzzzzz", "00000000"):
        with pytest.raises(KinofarmError, match="NEWS-001"):
            deliveries.again(name)


def test_the_log_is_forgotten_after_its_days(engine: Engine, deliveries: DeliveryStore) -> None:
    for _ in range(2):
        failed(engine)
    deliveries.spread({"all": ("job.failed",)})
    first: Delivery = deliveries.take(["all"], most=1)[0]
    deliveries.delivered(first.id, 200)
    with engine.begin() as connection:
        connection.execute(text("UPDATE deliveries SET ended_at = ended_at - interval '40 days'"))
    assert deliveries.forget(30) == 1
    assert len(deliveries.recent()) == 1
