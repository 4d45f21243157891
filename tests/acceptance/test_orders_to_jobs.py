"""Cancel, pause, resume, retry and reprioritise against a farm at work; whose turn it is, and that nobody starves."""

from __future__ import annotations

import contextlib
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance import films
from tests.acceptance.counter import RATE, counter
from tests.acceptance.kinofarm import Kinofarm, running
from tests.acceptance.projects import media_clip, timeline, track, written

CANCEL_SECONDS = 5.0
SWEPT_SECONDS = 60.0
FRAMES = 300


@pytest.fixture(scope="module")
def busy() -> Iterator[Kinofarm]:
    """A farm with short chunks and leases, on which waiting changes nothing of the order."""
    settings = {"RENDER__CHUNK_SECONDS": "1", "WORKER__LEASE": "6", "WORKER__HEARTBEAT": "1.5", "WORKER__SLOTS": "2"}
    with running("busy", **settings, FAIRNESS__POINT_SECONDS="1000") as farm:
        yield farm


@pytest.fixture(scope="module")
def hurried() -> Iterator[Kinofarm]:
    """A farm on which who waits rises by three points of priority a second."""
    settings = {"RENDER__CHUNK_SECONDS": "1", "WORKER__SLOTS": "1", "FAIRNESS__POINT_SECONDS": "0.33"}
    with running("hurried", **settings) as farm:
        yield farm


def film(
    farm: Kinofarm, desk: Path, name: str, *more: str, frames: int = FRAMES, first: int = 0, large: bool = False
) -> str:
    """Submit a film whose chunks take a while, a large one for minutes; another `first` makes other chunks."""
    source = desk / "counter.mp4"
    if not source.exists():
        counter(desk, 700).rename(source)
    clip = media_clip(source.name, 0, frames, str(first / RATE))
    size, preset = ((3840, 2160), "veryslow") if large else ((1280, 720), "slower")
    project = timeline(frames, track("V", clip), rate=str(RATE), size=size, preset=preset)
    return farm.submit(written(desk / f"{name}.json", project), desk / f"{name}.mp4", *more)


def finished(job: dict[str, Any]) -> dict[str, Any]:
    return {chunk["key"]: chunk["ended_at"] for chunk in job["chunks"] if chunk["state"] == "done"}


def in_work(job: dict[str, Any]) -> list[dict[str, Any]]:
    return [chunk for chunk in job["chunks"] if chunk["state"] == "leased"]


def begun(farm: Kinofarm, job: str) -> dict[str, Any]:
    """The job once its run has planned it, a chunk of it is finished and another one in work."""
    return farm.wait_until(
        job, lambda found: found["state"] == "rendering" and bool(finished(found)) and bool(in_work(found))
    )


def at_work(farm: Kinofarm, job: str) -> list[str]:
    """What of a job still lives: its run's engine, every ffmpeg of the farm."""
    found = []
    run = farm.job(job)["run_id"]
    for process in farm.processes():
        with contextlib.suppress(psutil.Error):
            if "ffmpeg" in Path(process.exe()).name or run in process.environ().get("PREFECT__FLOW_RUN_ID", ""):
                found.append(" ".join(process.cmdline())[:100])
    return found


def kill_nothing(farm: Kinofarm) -> None:
    """Everything lives."""


def kill_shards_worker(farm: Kinofarm) -> None:
    farm.process("worker", "cpu").send_signal(signal.SIGKILL)


def kill_renders_worker(farm: Kinofarm) -> None:
    farm.process("worker", "orchestrator").send_signal(signal.SIGKILL)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("before", [kill_nothing, kill_shards_worker, kill_renders_worker])
def test_cancel_leaves_no_process_after_five_seconds(busy: Kinofarm, desk: Path, before: Any) -> None:
    job = film(busy, desk, "cancelled", first=[kill_nothing, kill_shards_worker, kill_renders_worker].index(before))
    begun(busy, job)
    assert at_work(busy, job)
    before(busy)
    assert busy.run("cancel", job).code == 0
    asked = time.monotonic()
    while left := at_work(busy, job):
        assert time.monotonic() - asked < CANCEL_SECONDS, left
        time.sleep(0.1)
    assert busy.wait(job, 60)["state"] == "cancelled"
    assert at_work(busy, job) == []
    while left_in_scratch := [path for path in busy.scratch() if f"job-{job[:8]}" in path.name]:
        assert time.monotonic() - asked < SWEPT_SECONDS, left_in_scratch
        time.sleep(0.1)
    assert not (desk / "cancelled.mp4").exists()
    assert not list(desk.glob(".*"))


@pytest.mark.timeout(300)
def test_a_paused_job_ends_what_is_in_work_begins_nothing_and_goes_on_when_it_is_resumed(
    busy: Kinofarm, desk: Path
) -> None:
    job = film(busy, desk, "paused", first=10)
    before = begun(busy, job)
    assert busy.run("pause", job).code == 0
    quiet = busy.wait_until(job, lambda found: not in_work(found), 60)
    assert len(finished(quiet)) > len(finished(before)), "what was in work was not finished"
    assert [reason["code"] for reason in quiet["waits"]] == ["WAIT-001"]
    time.sleep(4)
    still = busy.job(job)
    assert finished(still) == finished(quiet)
    assert still["state"] == "rendering"
    deadline = time.monotonic() + 40
    while at_work(busy, job):
        assert time.monotonic() < deadline, "its run keeps its place"
        time.sleep(0.5)
    time.sleep(8)  # nobody starts it again
    assert at_work(busy, job) == []
    assert busy.job(job)["state"] == "rendering"
    assert busy.run("resume", job).code == 0
    ended = busy.wait(job)
    assert ended["state"] == "done"
    assert finished(quiet).items() <= finished(ended).items()
    assert {chunk["attempts"] for chunk in ended["chunks"]} == {1}
    assert films.count(desk / "paused.mp4") == FRAMES


@pytest.mark.timeout(300)
def test_a_paused_job_that_rests_can_be_cancelled(busy: Kinofarm, desk: Path) -> None:
    job = film(busy, desk, "rested", first=15)
    begun(busy, job)
    assert busy.run("pause", job).code == 0
    deadline = time.monotonic() + 60
    while at_work(busy, job):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert busy.run("cancel", job).code == 0
    assert busy.wait(job, 10)["state"] == "cancelled"


@pytest.mark.timeout(300)
def test_a_failed_job_that_is_retried_makes_only_what_is_missing(busy: Kinofarm, desk: Path) -> None:
    job = film(busy, desk, "broken", first=20)
    begun(busy, job)
    kept = desk / "kept.mp4"
    shutil.copy2(desk / "counter.mp4", kept)
    with (desk / "counter.mp4").open("r+b") as source:
        source.truncate(2000)  # also for who has it open
    failed = busy.wait(job, 120)
    assert failed["state"] == "failed"
    assert failed["error"]["code"]
    assert failed["error"]["hint"]
    evidence = failed["error"]["attempts"]
    assert evidence[-1]["outcome"] == "failed"
    assert evidence[-1]["error"].startswith(failed["error"]["code"])
    assert evidence[-1]["worker"]
    assert f"1. on {evidence[0]['worker']}: " in busy.run("job", job).out
    assert finished(failed)
    kept.replace(desk / "counter.mp4")
    assert busy.run("retry", job).code == 0
    ended = busy.wait(job)
    assert ended["state"] == "done", ended["error"]
    assert finished(failed).items() <= finished(ended).items(), "a finished chunk was made again"
    assert films.count(desk / "broken.mp4") == FRAMES


@pytest.mark.timeout(300)
def test_what_can_not_be_done_to_a_job_that_has_ended_is_refused(busy: Kinofarm, desk: Path) -> None:
    job = film(busy, desk, "short", frames=20, first=30)
    assert busy.wait(job)["state"] == "done"
    for command in (["pause", job], ["resume", job], ["reprioritise", job, "90"]):
        assert busy.run(*command, "--json").error == "JOB-006"
    assert busy.run("retry", job, "--json").error == "JOB-007"
    assert busy.run("cancel", job).code == 0
    assert busy.job(job)["state"] == "done"


@pytest.mark.timeout(300)
def test_a_job_that_is_reprioritised_overtakes(busy: Kinofarm, desk: Path) -> None:
    first = film(busy, desk, "first", "--priority", "60", frames=650, first=40, large=True)
    begun(busy, first)
    second = film(busy, desk, "second", frames=50, first=41)
    busy.wait_until(second, lambda found: found["state"] == "rendering")
    time.sleep(3)
    assert not finished(busy.job(second))
    assert busy.run("reprioritise", second, "70").code == 0
    assert busy.wait(second)["state"] == "done"
    assert busy.job(first)["state"] == "rendering"
    assert busy.run("cancel", first).code == 0
    busy.wait(first)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_ten_jobs_of_two_users_are_begun_by_their_priorities(
    busy: Kinofarm, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug = film(busy, desk, "plug", "--priority", "100", frames=600, first=60, large=True)
    begun(busy, plug)
    wanted = {"ann": (90, 70, 52, 40, 10), "ben": (80, 60, 51, 30, 20)}
    jobs = {}
    for place in range(5):
        for user, priorities in wanted.items():
            monkeypatch.setenv("LOGNAME", user)
            frames = film(
                busy, desk, f"{user}{place}", f"--priority={priorities[place]}", frames=12, first=100 + 20 * len(jobs)
            )
            jobs[frames] = priorities[place]
    assert busy.job(plug)["state"] == "rendering", "the jobs did not all come while the slots were taken"
    assert not any(finished(busy.job(job)) for job in jobs)
    assert busy.run("cancel", plug).code == 0
    ended = {job: busy.wait(job) for job in jobs}
    assert {found["state"] for found in ended.values()} == {"done"}
    assert {found["submitted_by"] for found in ended.values()} == {"ann", "ben"}
    order = sorted(ended, key=lambda job: ended[job]["chunks"][0]["started_at"])
    assert [jobs[job] for job in order] == sorted(jobs.values(), reverse=True)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_job_of_the_lowest_priority_does_not_starve_beside_a_long_one(hurried: Kinofarm, desk: Path) -> None:
    long = film(hurried, desk, "long", "--priority", "30", frames=650, large=True)
    begun(hurried, long)
    low = film(hurried, desk, "low", "--priority", "0", frames=12, first=680)
    asked = time.monotonic()
    assert hurried.wait(low)["state"] == "done"
    waited = time.monotonic() - asked
    found = hurried.job(long)
    assert found["state"] == "rendering", f"it waited for {waited:.0f} s, until the long one had ended"
    assert waited > 5, "it was not behind at all"
    hurried.run("cancel", long)
