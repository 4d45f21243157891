"""A claim is answered, whatever happens to its work."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from infra.errors import KinofarmError
from infra.jobs.records import Claim
from tasks.compiler.claimed import prove, render_claimed
from tasks.compiler.film import film_key
from tasks.media.film import fetch_parts, find_film, join_parts, verify_and_keep
from tasks.media.loudness import Loudness
from tests.flows.bench import TestBench, bench_in, enter, film_of, plan_of
from tests.media_factory import MediaFactory


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Iterator[TestBench]:
    yield bench_in(tmp_path, engine)
    scratch = tmp_path / "scratch"
    assert not scratch.exists() or list(scratch.iterdir()) == []  # whatever happened, nothing is left


def claimed(bench: TestBench) -> Claim:
    claim = bench.ledger.claim("shard 1")
    assert claim is not None
    return claim


def test_all_chunks_of_a_film_are_rendered_proven_and_joined(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media = media_factory.video()
    plan = plan_of(film_of(media, tmp_path / "project", title="Hello"), (media.parent,))
    job = enter(bench, plan)
    while (claim := bench.ledger.claim("shard 1")) is not None:
        assert render_claimed(claim, bench.bench).outcome == "done"
    snapshot = bench.jobs.snapshot(job.id)
    assert snapshot.finished
    assert snapshot.job.frames_done == 40
    parts = fetch_parts(bench.jobs.chunks(job.id), bench.shelf, tmp_path)
    film = verify_and_keep(film_key(plan), join_parts(parts, plan.rate, tmp_path), parts, plan.rate, bench.shelf)
    assert film.facts.measurements.frames == 40
    assert film.facts.measurements.joins_decoded == len(plan.chunks) - 1
    assert find_film(film.key, bench.shelf) == film


def test_a_changed_title_leaves_the_other_chunks_and_their_joins_alone(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media = media_factory.video()
    for number, title in enumerate(("Hello", "World")):
        plan = plan_of(film_of(media, tmp_path / "project", frames=45, title=title), (media.parent,), 0.4)
        job = enter(bench, plan)
        rendered = 0
        while (claim := bench.ledger.claim("shard 1")) is not None:
            rendered += render_claimed(claim, bench.bench).outcome == "done"
        folder = tmp_path / title
        folder.mkdir()
        parts = fetch_parts(bench.jobs.chunks(job.id), bench.shelf, folder)
        film = verify_and_keep(film_key(plan), join_parts(parts, plan.rate, folder), parts, plan.rate, bench.shelf)
        bench.jobs.cancel(job.id)
        if number:
            assert rendered == 1 or rendered == 2  # the chunks that show the title, and nothing else
            assert film.facts.measurements.joins_decoded <= rendered


def test_an_artefact_that_a_dead_shard_left_is_proven_and_not_made_again(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media = media_factory.video()
    plan = plan_of(film_of(media, tmp_path / "project", frames=20), (media.parent,))
    enter(bench, plan)
    first = claimed(bench)
    assert render_claimed(first, bench.bench).outcome == "done"
    bench.jobs.plan(first.job, (), bench.shelf.store.present)  # nobody wants it any more
    with bench.jobs.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE chunks SET state = 'ready', result = NULL")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    enter(bench, plan)
    while (claim := bench.ledger.claim("shard 2")) is not None:
        assert render_claimed(claim, bench.bench).outcome == "done"
    assert all(path.stat().st_mtime_ns == made for path, made in before.items())


def test_a_damaged_artefact_is_thrown_away_and_made_again(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media = media_factory.video()
    plan = plan_of(film_of(media, tmp_path / "project", frames=20), (media.parent,))
    enter(bench, plan)
    for chunk in plan.chunks:
        broken = tmp_path / "broken.mp4"
        broken.write_bytes(b"not a film")
        bench.shelf.keep(chunk.work.key, broken, "picture")
    while (claim := bench.ledger.claim("shard 1")) is not None:
        assert render_claimed(claim, bench.bench).outcome == "done"


def test_a_failure_that_a_retry_can_help_waits_for_its_next_attempt(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media = media_factory.video()
    plan = plan_of(film_of(media, tmp_path / "project", frames=20), (media.parent,))
    enter(bench, plan)
    claim = claimed(bench)
    other = {**claim.work, "frames": claim.work["frames"] + 1}  # not the work that the key stands for
    ended = render_claimed(claim.model_copy(update={"work": other}), bench.bench)
    assert ended.outcome == "retried"
    assert ended.error is not None
    assert ended.error["code"] == "FLOW-004"


def test_a_failure_that_no_retry_can_help_fails_the_chunk_at_once(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media = tmp_path / "moved.mp4"
    media.write_bytes(media_factory.video().read_bytes())
    plan = plan_of(film_of(media, tmp_path / "project", frames=20), (tmp_path,))
    job = enter(bench, plan)
    media.write_bytes(b"another film")
    ended = render_claimed(claimed(bench), bench.bench)
    assert ended.outcome == "failed"
    snapshot = bench.jobs.snapshot(job.id)
    assert snapshot.failed
    assert snapshot.error is not None
    assert snapshot.error["code"] == "FLOW-001"


def long_film(media_factory: MediaFactory, folder: Path) -> tuple[Path, Path]:
    media = media_factory.video(frames=500)
    return media, film_of(media, folder, frames=500, preset="veryslow", size="1280x720")


def test_a_cancelled_job_stops_its_ffmpeg_and_hands_the_chunk_back(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media, project = long_film(media_factory, tmp_path / "project")
    job = enter(bench, plan_of(project, (media.parent,), chunk_seconds=20))
    claim = claimed(bench)
    while claim.kind == "sound":
        render_claimed(claim, bench.bench)
        claim = claimed(bench)
    timer = threading.Timer(1, lambda: bench.jobs.cancel(job.id))
    timer.start()
    began = time.monotonic()
    assert render_claimed(claim, bench.bench).outcome == "released"
    assert time.monotonic() - began < 8
    assert {chunk.state for chunk in bench.jobs.chunks(job.id) if chunk.kind == "picture"} == {"cancelled"}


def test_a_shard_that_leaves_hands_its_chunk_back_for_another(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media, project = long_film(media_factory, tmp_path / "project")
    job = enter(bench, plan_of(project, (media.parent,), chunk_seconds=20))
    leaving = threading.Event()
    leaving.set()
    claim = claimed(bench)
    while claim.kind == "sound":
        render_claimed(claim, bench.bench)
        claim = claimed(bench)
    assert render_claimed(claim, bench.bench, leaving).outcome == "released"
    picture = next(chunk for chunk in bench.jobs.chunks(job.id) if chunk.kind == "picture")
    assert (picture.state, picture.attempts) == ("ready", 0)


def test_a_result_whose_lease_was_lost_is_dropped(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media = media_factory.video()
    plan = plan_of(film_of(media, tmp_path / "project", frames=20), (media.parent,))
    enter(bench, plan)
    claim = claimed(bench)
    late = claim.model_copy(update={"token": claim.token - 1})
    assert render_claimed(late, bench.bench).outcome == "lost"


def test_a_film_that_was_brought_to_a_loudness_tells_what_it_measures(
    bench: TestBench, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media = media_factory.video()
    project, wanted = film_of(media, tmp_path / "project", frames=20), Loudness(target=-20, peak=-2)
    document = json.loads(project.read_text())
    document["export"]["sound"] = {"loudness": {"target": -20, "peak": -2}}
    project.write_text(json.dumps(document))
    plan = plan_of(project, (media.parent,))
    job = enter(bench, plan)
    while (claim := bench.ledger.claim("shard 1")) is not None:
        assert render_claimed(claim, bench.bench).outcome == "done"
    parts = fetch_parts(bench.jobs.chunks(job.id), bench.shelf, tmp_path)
    made = verify_and_keep(film_key(plan), join_parts(parts, plan.rate, tmp_path), parts, plan.rate, bench.shelf)
    found = made.facts.measurements
    assert found.loudness_wanted == wanted
    assert found.loudness is not None
    assert found.true_peak is not None
    assert abs(found.loudness + 20) <= 0.5
    assert found.true_peak <= -2
    other = plan.sound.model_copy(update={"loudness": Loudness(target=-14)})
    with pytest.raises(KinofarmError) as caught:
        prove(other, parts.sound.path, bench.bench.renderer, "the sound")
    assert caught.value.code == "VERIFY-021"
