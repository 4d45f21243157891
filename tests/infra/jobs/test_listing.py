"""Lists of jobs: filters, words, pages; and that PostgreSQL answers them from its indexes, however many jobs there are."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from infra.errors import KinofarmError
from infra.jobs.listing import JobList, JobPage
from infra.jobs.store import JobStore
from tests.infra.jobs.farm import accepted

MANY = 10_000
P95_SECONDS = 0.1

_FILL = text("""
INSERT INTO jobs (id, state, project, output, submitted_by, accepted_at, ended_at)
SELECT md5(n::text)::uuid, 'accepted',
    '/srv/footage/' || CASE n % 7 WHEN 0 THEN 'news' WHEN 1 THEN 'reel' ELSE 'film' END || '/take_' || n || '.otio',
    '/srv/out/take-' || n || '.mp4', 'user' || n % 50, now() - make_interval(secs => n), NULL
FROM generate_series(1, :jobs) n
""")
_END = text("""
UPDATE jobs SET state = CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'cancelled' END, ended_at = now()
FROM (SELECT id, row_number() OVER (ORDER BY accepted_at) AS n FROM jobs) numbered
WHERE numbered.id = jobs.id AND n % 40 <> 1
""")


@pytest.fixture
def many(engine: Engine) -> Engine:
    _filled(engine, MANY)
    return engine


def test_the_newest_come_first_and_pages_follow_each_other_without_gap_or_repetition(engine: Engine) -> None:
    store, jobs = JobStore(engine), JobList(engine)
    ids = [accepted(store, project=f"{number}.json").id for number in range(7)]
    with engine.begin() as connection:  # three of them at the very same moment
        connection.execute(
            text("UPDATE jobs SET accepted_at = '2026-01-01' WHERE project IN ('1.json', '2.json', '3.json')")
        )
    pages = list(_pages(jobs, limit=2))
    seen = [job.id for page in pages for job in page.jobs]
    assert [len(page.jobs) for page in pages] == [2, 2, 2, 1]
    assert len(seen) == len(set(seen))
    assert set(seen) == set(ids)
    assert seen[:4] == [ids[6], ids[5], ids[4], ids[0]]
    assert pages[-1].following is None


def test_a_job_that_comes_between_two_pages_moves_nothing(engine: Engine) -> None:
    store, jobs = JobStore(engine), JobList(engine)
    ids = [accepted(store).id for _ in range(4)]
    first = jobs.page(2)
    accepted(store)
    second = jobs.page(2, after=first.following)
    assert [job.id for job in (*first.jobs, *second.jobs)] == ids[::-1]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("evening", {"news"}),
        ("even", {"news"}),
        ("EVENING news", {"news"}),
        ("ews", set()),
        ("mp4", {"news", "reel"}),
        ("reels/2026", {"reel"}),
        ("summer-cut", {"reel"}),
        ("summer_cut", {"reel"}),
        ("anna", {"news"}),
        ("anna reel", set()),
        ("день", {"reel"}),
        ("& | ! ( ) :*", set()),
        ("'; DROP TABLE jobs; --", set()),
        ("\\", set()),
        ("   ", {"news", "reel"}),
    ],
)
def test_jobs_are_found_by_the_beginnings_of_words(engine: Engine, words: str, found: set[str]) -> None:
    store = JobStore(engine)
    accepted(store, project="/srv/Evening News.otio", output="/out/news.mp4", submitted_by="anna")
    accepted(store, project="/srv/reels/2026/summer_cut.json", output="/out/День-reel.mp4", submitted_by="bert")
    page = JobList(engine).page(words=words)
    assert {"news" if "News" in job.project else "reel" for job in page.jobs} == found


def test_a_job_is_found_by_the_beginning_of_its_id(engine: Engine) -> None:
    store = JobStore(engine)
    wanted = accepted(store)
    accepted(store)
    for length in (4, 8, 13, 36):
        assert [job.id for job in JobList(engine).page(words=str(wanted.id)[:length]).jobs] == [wanted.id]


def test_filters_hold_together(engine: Engine) -> None:
    store, jobs = JobStore(engine), JobList(engine)
    mine, failed = accepted(store, submitted_by="me"), accepted(store, submitted_by="me")
    theirs = accepted(store, submitted_by="them")
    store.fail(failed.id, {"code": "X", "message": ""})
    store.fail(theirs.id, {"code": "X", "message": ""})
    assert _ids(jobs.page(states=["failed"])) == {failed.id, theirs.id}
    assert _ids(jobs.page(states=["failed"], submitted_by="me")) == {failed.id}
    assert _ids(jobs.page(states=["failed", "accepted"], submitted_by="me")) == {failed.id, mine.id}
    assert _ids(jobs.page(since=theirs.accepted_at)) == {theirs.id}
    assert _ids(jobs.page(until=theirs.accepted_at, states=["accepted"])) == {mine.id}


def test_jobs_are_counted_by_state_and_for_the_last_day(engine: Engine) -> None:
    store, jobs = JobStore(engine), JobList(engine)
    accepted(store)
    failed, old = accepted(store), accepted(store)
    for job in (failed, old):
        store.fail(job.id, {"code": "X", "message": ""})
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE jobs SET ended_at = now() - interval '25 hours' WHERE id = :id"), {"id": old.id}
        )
    counts = jobs.counts()
    assert counts.live == {"accepted": 1}
    assert counts.last_day == {"done": 0, "failed": 1, "cancelled": 0}


@pytest.mark.parametrize("cursor", ["x", "", "W10", "eyJhIjoxfQ", "WyJhIiwiYiJd", "ÿ", "WzEsMl0="])
def test_a_cursor_that_no_page_has_given_is_refused(engine: Engine, cursor: str) -> None:
    with pytest.raises(KinofarmError, match="JOB-008"):
        JobList(engine).page(after=cursor)


def test_ten_thousand_jobs_are_listed_filtered_searched_and_paged_within_a_tenth_of_a_second(many: Engine) -> None:
    jobs = JobList(many)
    deep = jobs.page(500).following
    asked: dict[str, dict[str, Any]] = {
        "list": {},
        "filter": {"states": ["failed"]},
        "of one": {"submitted_by": "user7"},
        "search": {"words": "news take"},
        "rare": {"words": "take 4711"},
        "page": {"after": deep},
    }
    for name, given in asked.items():
        seconds = []
        for _ in range(20):
            began = time.monotonic()
            assert jobs.page(50, **given).jobs
            seconds.append(time.monotonic() - began)
        assert sorted(seconds)[18] <= P95_SECONDS, f"{name}: {seconds}"


def test_every_list_is_answered_from_indexes(many: Engine) -> None:
    assert not _scans(many), "no list may read the whole table"


@pytest.mark.long
def test_with_a_million_jobs_every_list_is_answered_from_indexes(engine: Engine) -> None:
    _filled(engine, 1_000_000)
    assert not _scans(engine)


def _scans(engine: Engine) -> list[str]:
    """The lists for which PostgreSQL reads the whole table."""
    jobs, found = JobList(engine), []
    middle = jobs.page(500).following
    for given in (
        {},
        {"states": ["failed"]},
        {"states": ["failed", "accepted"]},
        {"submitted_by": "user7"},
        {"submitted_by": "user7", "states": ["failed"]},
        {"words": "news"},
        {"words": "take 4711"},
        {"words": "4711 news", "states": ["failed"]},
        {"words": "abcd"},
        {"after": middle},
        {"after": middle, "states": ["failed"], "submitted_by": "user7"},
    ):
        plan = _explained(engine, jobs, given)
        if "Seq Scan" in json.dumps(plan):
            found.append(f"{given}: {json.dumps(plan)}")
    return found


def _explained(engine: Engine, jobs: JobList, given: dict[str, Any]) -> Any:
    """PostgreSQL's plan of a list, as it is really asked."""
    plans: list[Any] = []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT jobs.id"):
            with cursor.connection.cursor() as beside:
                beside.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
                plans.append(beside.fetchone()[0])

    event.listen(engine, "before_cursor_execute", explain)
    try:
        jobs.page(50, **given)
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    (plan,) = plans
    return plan


def _filled(engine: Engine, jobs: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs DISABLE TRIGGER news_of_new_jobs"))
        connection.execute(text("ALTER TABLE jobs DISABLE TRIGGER news_of_ended_jobs"))
        connection.execute(_FILL, {"jobs": jobs})
        connection.execute(_END)
        for trigger in ("news_of_new_jobs", "news_of_ended_jobs"):
            connection.execute(text(f"ALTER TABLE jobs ENABLE TRIGGER {trigger}"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE jobs"))


def _pages(jobs: JobList, limit: int) -> Iterator[JobPage]:
    page = jobs.page(limit)
    yield page
    while page.following is not None:
        page = jobs.page(limit, after=page.following)
        yield page


def _ids(page: JobPage) -> set[Any]:
    return {job.id for job in page.jobs}
