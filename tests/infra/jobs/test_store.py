"""The jobs: accepted once, planned, advanced by the table of states only, and never falling back in progress."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.jobs.ledger import Ledger
from infra.jobs.records import Output
from infra.jobs.states import CHUNK_CHANGES, CHUNK_STATES, JOB_CHANGES, JOB_STATES
from infra.jobs.store import JobStore
from tests.infra.jobs.farm import ERROR, RESULT, accepted, everything, key_of, nothing, picture, planned, sound


@pytest.fixture
def store(engine: Engine) -> JobStore:
    return JobStore(engine)


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine)


def render(ledger: Ledger, count: int = 100) -> int:
    done = 0
    while done < count and (claim := ledger.claim("shard")) is not None:
        assert ledger.finish(claim.key, claim.token, RESULT)
        done += 1
    return done


def test_a_job_keeps_what_it_was_accepted_with(store: JobStore) -> None:
    job_id = uuid4()
    job = store.accept(
        job_id, project="/p/film.json", output="/out/film.mp4", options={"preset": "h264"}, submitted_by="anna",
        priority=3, idempotency_key="k", traceparent="00-ab-cd-01",
    )  # fmt: skip
    assert job == store.job(job_id)
    assert (job.id, job.state, job.submitted_by, job.priority) == (job_id, "accepted", "anna", 3)
    assert (job.options, job.progress, job.ended) == ({"preset": "h264"}, 0, False)
    assert job.accepted_at.tzinfo is not None


def test_accepting_a_job_again_returns_it_as_it_is(store: JobStore) -> None:
    job = planned(store, ["a"])
    assert accepted(store, job_id=job.id).state == "planned"
    assert len(store.jobs()) == 1


def test_an_idempotency_key_names_one_render(store: JobStore) -> None:
    first = accepted(store, idempotency_key="k")
    assert accepted(store, idempotency_key="k").id == first.id
    with pytest.raises(KinofarmError, match="JOB-004"):
        accepted(store, idempotency_key="k", output="other.mp4")


def test_a_job_is_found_by_the_beginning_of_its_id(store: JobStore) -> None:
    one = accepted(store, job_id=UUID("aaaaaaaa-0000-4000-8000-000000000001"))
    accepted(store, job_id=UUID("aaaaaaaa-0000-4000-8000-000000000002"))
    other = accepted(store, job_id=UUID("bbbbbbbb-0000-4000-8000-000000000001"))
    assert store.job("bb").id == other.id
    assert store.job(str(one.id)).id == one.id
    with pytest.raises(KinofarmError, match="JOB-003"):
        store.job("aaaa")
    for unknown in ("cc", "", "%", "_", "film"):
        with pytest.raises(KinofarmError, match="JOB-002"):
            store.job(unknown)
    with pytest.raises(KinofarmError, match="JOB-002"):
        store.snapshot(uuid4())


def test_jobs_are_listed_newest_first_and_by_state(store: JobStore) -> None:
    ids = [accepted(store).id for _ in range(3)]
    store.fail(ids[1], ERROR)
    assert [job.id for job in store.jobs()] == ids[::-1]
    assert [job.id for job in store.jobs(limit=1)] == ids[2:]
    assert [job.id for job in store.jobs(states=["failed"])] == [ids[1]]


def test_planning_names_what_is_missing(store: JobStore, ledger: Ledger) -> None:
    planned(store, ["a", "b"])
    assert render(ledger) == 2
    job = accepted(store)
    chunks = [picture("a", 0), picture("c", 1), picture("c", 2), picture("b", 3), sound("s")]
    warnings = [{"code": "MODEL-900"}]
    missing = store.plan(job.id, chunks, everything, film_key=key_of("film"), warnings=warnings)
    assert missing == (key_of("c"), key_of("s"))
    kept = store.job(job.id)
    assert (kept.state, kept.frames_total, kept.film_key, kept.warnings) == (
        "planned",
        200,
        key_of("film"),
        (*warnings,),
    )
    assert [(chunk.kind, chunk.index, chunk.reused) for chunk in store.chunks(job.id)] == [
        ("picture", 0, True), ("picture", 1, False), ("picture", 2, False), ("picture", 3, True), ("sound", 0, False),
    ]  # fmt: skip
    assert render(ledger) == 2
    snapshot = store.snapshot(job.id)
    assert snapshot.finished
    assert (snapshot.total, snapshot.encoded, snapshot.reused) == (5, 2, 3)
    assert store.snapshot(job.id).job.frames_done == 200


def test_a_chunk_that_lost_its_artefact_is_made_again(store: JobStore, ledger: Ledger) -> None:
    first = planned(store, ["a"])
    render(ledger)
    store.advance(first.id, "cancelled")
    job = planned(store, ["a"], present=nothing)
    assert store.snapshot(job.id).states == {"ready": 1}
    assert render(ledger) == 1
    assert store.snapshot(job.id).encoded == 1


def test_a_chunk_that_failed_gets_new_attempts_for_a_new_job(store: JobStore, ledger: Ledger) -> None:
    first = planned(store, ["a"])
    claim = ledger.claim("shard")
    assert claim is not None
    ledger.fail(claim.key, claim.token, ERROR, retry=False)
    store.fail(first.id, ERROR)
    planned(store, ["a"])
    again = ledger.claim("shard")
    assert again is not None
    assert (again.attempt, again.token) == (1, 2)


def test_a_chunk_in_work_is_not_disturbed_by_another_plan(store: JobStore, ledger: Ledger) -> None:
    planned(store, ["a"])
    claim = ledger.claim("shard")
    assert claim is not None
    job = planned(store, ["a"])
    assert ledger.finish(claim.key, claim.token, RESULT)
    snapshot = store.snapshot(job.id)
    assert (snapshot.finished, snapshot.encoded, snapshot.reused) == (True, 0, 1)


def test_planning_again_after_a_crash_keeps_what_was_done_and_its_count(store: JobStore, ledger: Ledger) -> None:
    job = planned(store, ["a", "b", "c"])
    store.advance(job.id, "rendering")
    assert render(ledger, 2) == 2
    before = store.snapshot(job.id)
    missing = store.plan(job.id, [picture(name, index) for index, name in enumerate("abc")], everything)
    assert missing == (key_of("c"),)
    after = store.snapshot(job.id)
    assert after.job.state == "planned"
    assert after.job.progress >= before.job.progress
    render(ledger)
    assert (store.snapshot(job.id).encoded, store.snapshot(job.id).reused) == (3, 0)
    assert not any(chunk.reused for chunk in store.chunks(job.id))


def test_twenty_jobs_plan_the_same_chunks_at_once(store: JobStore, engine: Engine) -> None:
    names = [f"chunk-{number}" for number in range(40)]

    def submit(number: int) -> None:
        turned = names[number:] + names[:number]
        for _ in range(3):
            job = planned(store, turned)
            if number % 3 == 0:
                store.cancel(job.id)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(submit, range(20)))
    with engine.connect() as connection:
        states = connection.execute(text("SELECT state, count(*) FROM chunks GROUP BY state")).all()
    assert [tuple(row) for row in states] == [("ready", 40)]


def test_a_job_goes_its_way_and_progress_never_falls(store: JobStore, ledger: Ledger) -> None:
    job_id = planned(store, ["a", "b"]).id
    seen = [store.snapshot(job_id).job.progress]
    store.advance(job_id, "rendering")
    claim = ledger.claim("dies", lease=0)
    assert claim is not None
    ledger.beat(claim.key, claim.token, lease=0, frames_done=25)
    seen.append(store.snapshot(job_id).job.progress)
    ledger.expire()
    seen.append(store.snapshot(job_id).job.progress)
    render(ledger)
    seen.append(store.snapshot(job_id).job.progress)
    for state in ("assembling", "verifying", "publishing", "done"):
        store.advance(job_id, state)
        seen.append(store.snapshot(job_id).job.progress)
    assert seen == sorted(seen)
    assert [seen[0], seen[1], seen[3], seen[-1]] == pytest.approx([0, 0.235, 0.94, 1])
    done = store.advance(job_id, "done")
    assert done.ended
    assert done.ended_at is not None


def test_a_job_that_ended_stays_ended(store: JobStore) -> None:
    job_id = planned(store, ["a"]).id
    assert store.fail(job_id, ERROR).error == ERROR
    assert store.cancel(job_id).state == "failed"
    assert store.fail(job_id, {"code": "other"}).error == ERROR
    with pytest.raises(KinofarmError, match="JOB-001") as refused:
        store.plan(job_id, [picture("a", 0)], everything)
    assert refused.value.params == {"what": "job", "id": str(job_id), "old": "failed", "new": "planned"}
    assert store.snapshot(job_id).states == {"cancelled": 1}


def test_a_failed_job_can_be_opened_again_and_a_finished_one_not(store: JobStore) -> None:
    job_id = planned(store, ["a"]).id
    assert store.reopen(job_id).state == "planned"
    store.fail(job_id, ERROR)
    opened = store.reopen(job_id)
    assert (opened.state, opened.error, opened.ended_at) == ("accepted", None, None)
    assert store.plan(job_id, [picture("a", 0)], everything) == (key_of("a"),)
    store.advance(job_id, "cancelled")
    with pytest.raises(KinofarmError, match="JOB-001"):
        store.reopen(job_id)


def test_restarts_are_counted(store: JobStore) -> None:
    job_id = accepted(store).id
    assert [store.count_restart(job_id) for _ in range(3)] == [1, 2, 3]


def test_outputs_are_kept_the_newest_of_each_kind(store: JobStore) -> None:
    job_id = accepted(store).id
    store.record_output(job_id, Output(kind="film", location="a.mp4", size=1, sha256="0" * 64))
    store.record_output(job_id, Output(kind="manifest", location="a.json", size=2, sha256="1" * 64))
    store.record_output(job_id, Output(kind="film", location="b.mp4", size=3, sha256="2" * 64))
    assert [(each.kind, each.location, each.size) for each in store.outputs(job_id)] == [
        ("film", "b.mp4", 3),
        ("manifest", "a.json", 2),
    ]


def test_what_the_database_cannot_hold_is_an_error_of_ours(store: JobStore) -> None:
    for project in ("a\x00b", "a\ud800b"):
        with pytest.raises(KinofarmError, match="DB-002"):
            accepted(store, project=project)
    with pytest.raises(KinofarmError, match="DB-002"):
        accepted(store, options={"title": "\x00"})


def test_the_database_refuses_every_change_of_a_job_that_the_table_lacks(engine: Engine, store: JobStore) -> None:
    job_id = accepted(store).id
    change = text("UPDATE jobs SET state = :state WHERE id = :id")
    for old in JOB_STATES:
        for new in JOB_STATES:
            with engine.begin() as connection:
                connection.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers
                connection.execute(change, {"id": job_id, "state": old})
            if old == new or new in JOB_CHANGES[old]:
                with transaction(engine) as connection:
                    connection.execute(change, {"id": job_id, "state": new})
            else:
                with pytest.raises(KinofarmError, match="JOB-001"), transaction(engine) as connection:
                    connection.execute(change, {"id": job_id, "state": new})


def test_the_database_refuses_every_change_of_a_chunk_that_the_table_lacks(engine: Engine, store: JobStore) -> None:
    planned(store, ["a"])
    change = text("UPDATE chunks SET state = :state")
    for old in CHUNK_STATES:
        for new in CHUNK_STATES:
            with engine.begin() as connection:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                connection.execute(change, {"state": old})
            if old == new or new in CHUNK_CHANGES[old]:
                with transaction(engine) as connection:
                    connection.execute(change, {"state": new})
            else:
                with pytest.raises(KinofarmError, match="JOB-001") as refused, transaction(engine) as connection:
                    connection.execute(change, {"state": new})
                assert refused.value.params["id"] == key_of("a")


def test_nothing_is_born_in_the_middle_of_its_life(engine: Engine) -> None:
    born = text("INSERT INTO jobs (id, state, project, output, submitted_by) VALUES (:id, 'done', '', '', '')")
    with pytest.raises(KinofarmError, match="JOB-001"), transaction(engine) as connection:
        connection.execute(born, {"id": uuid4()})
