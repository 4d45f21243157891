"""Many small jobs at once: each is done, once, on shards that stay warm; taken on quickly; and what each costs beside ffmpeg.

KINOFARM_SOAK_JOBS says how many jobs there are (50). `make soak` runs a thousand and keeps the figures in bench/RESULTS.md.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import text

from bench.results import CostRow, JobsRow, Results, now
from flows.dispatch import submit
from infra import farm as farms, ffmpeg
from infra.jobs import engine as database
from infra.process import run_ffmpeg
from infra.services import Services
from infra.settings import Settings
from tasks.compiler.execute import arguments
from tasks.compiler.order import Order
from tasks.compiler.work import Work
from tests.acceptance.counter import RATE, counter
from tests.acceptance.kinofarm import ENDED, Kinofarm, folder, running
from tests.acceptance.projects import media_clip, timeline, track, written
from tests.soak.audit import film_violations, violations
from tests.soak.figures import kept

JOBS = int(os.environ.get("KINOFARM_SOAK_JOBS", "50"))
UNFINISHED = 200
FRAMES = 12
SLOTS = 2
PARENTS = 8
SUBMIT_MS = 150.0 if JOBS > UNFINISHED else 1000.0
"""The promise is for a farm that has a queue; with fewer jobs most submissions start a run themselves."""
PARTS = {
    "the Prefect server": "Prefect server",
    "PostgreSQL": "PostgreSQL",
    "the worker of pool orchestrator": "renders: plan, assemble, verify, publish",
    "the worker of pool cpu": "shards, ffmpeg among it",
    "the keeper": "keeper",
}


@dataclass
class Busy:
    farm: Kinofarm
    desk: Path
    services: Services
    prefect: httpx.Client


@pytest.fixture(scope="module")
def busy() -> Iterator[Busy]:
    settings = {"WORKER__SLOTS": str(SLOTS), "WORKER__IDLE": "60"}
    with running("many", **settings) as farm, folder("many-desk") as desk, farm.services() as container:
        connection = farms.connect(Settings(home=farm.home))
        assert connection is not None
        assert connection.api_auth is not None
        user, _, password = connection.api_auth.get_secret_value().partition(":")
        counter(desk, JOBS + FRAMES + 10).rename(desk / "source.mp4")
        with httpx.Client(base_url=connection.api_url, auth=(user, password), timeout=60) as client:
            yield Busy(farm, desk, container, client)


def project(busy: Busy, number: int) -> Path:
    clip = media_clip("source.mp4", 0, FRAMES, str(number / RATE))
    return written(busy.desk / f"p{number}.json", timeline(FRAMES, track("V", clip), rate=str(RATE)))


@pytest.mark.timeout(7200)
def test_all_are_done_once_on_warm_shards_and_are_taken_on_quickly(busy: Busy) -> None:
    projects = [project(busy, number) for number in range(JOBS)]
    for path in projects:
        (busy.desk / path.stem).mkdir()
    before, began = _spent(busy), time.monotonic()
    jobs, took, most = _submitted(busy, projects)
    _until_ended(busy, JOBS, 6.0 * JOBS + 120)
    seconds = time.monotonic() - began
    spent = {name: after - before[name] for name, after in _spent(busy).items()}

    found = {job["id"]: job for job in busy.farm.jobs()} if JOBS <= 1000 else {}
    assert {found[job]["state"] for job in jobs} == {"done"}
    engine = database.create(_url(busy))
    try:
        assert list(violations(engine)) == []
        with engine.connect() as connection:
            attempts = connection.execute(text("SELECT chunk_key, count(*) FROM attempts GROUP BY chunk_key")).all()
            chunk = connection.execute(
                text("""
                SELECT avg(extract(epoch FROM ended_at - started_at)) FROM attempts WHERE outcome = 'done'""")
            ).scalar_one()
            work = connection.execute(text("SELECT work FROM chunks WHERE kind = 'picture' LIMIT 1")).scalar_one()
            chunks = connection.execute(text("SELECT count(*) FROM chunks")).scalar_one()
    finally:
        engine.dispose()
    assert {count for _, count in attempts} == {1}, "a chunk was tried twice"
    assert [fault for path in projects for fault in film_violations(busy.desk / path.stem / "film.mp4")] == []
    shards = _runs(busy, "shard")
    assert _overlaps(shards) <= SLOTS, "a shard was started while a warm one had its slot"
    assert len(shards) <= SLOTS, f"{len(shards)} shard runs for {SLOTS} slots that were never idle"
    assert _overlaps(_runs(busy, "render")) <= PARENTS
    p95 = statistics.quantiles(took, n=20)[-1] * 1000
    bare_wall, bare_cpu = _bare(Work.model_validate(work), busy.desk)
    kept(
        Results(
            jobs=(
                JobsRow(
                    jobs=JOBS,
                    slots=SLOTS,
                    seconds=seconds,
                    unfinished=most,
                    submit_p50=statistics.median(took) * 1000,
                    submit_p95=p95,
                    chunks=chunks,
                    chunk=float(chunk),
                    ffmpeg=bare_wall,
                    shard_runs=len(shards),
                    costs=tuple(CostRow(part=PARTS[part], cpu=used / JOBS) for part, used in spent.items()),
                    ffmpeg_cpu=bare_cpu,
                    tasks=_tasks(busy),
                    measured=now(),
                ),
            )
        )
    )
    assert p95 <= SUBMIT_MS, f"accepted in p95 {p95:.0f} ms"


def _submitted(busy: Busy, projects: list[Path]) -> tuple[list[str], list[float], int]:
    """Submit them, never more than so many ahead; returns the jobs, the seconds that each call took, the most unfinished."""
    jobs: list[str] = []
    took: list[float] = []
    most = 0
    for path in projects:
        while (unfinished := len(jobs) - _ended(busy)) >= UNFINISHED:
            time.sleep(0.2)
        most = max(most, unfinished)
        order = Order(project=str(path))
        film = busy.desk / path.stem / "film.mp4"
        parameters = {"project": str(path), "output": str(film), "submitted_by": "soak"}
        began = time.monotonic()
        job = submit(busy.services, parameters, order.model_dump(mode="json", exclude={"project"}))
        if unfinished >= min(PARENTS, UNFINISHED - 1):
            took.append(time.monotonic() - began)
        jobs.append(str(job.id))
    return jobs, took, most


def _ended(busy: Busy) -> int:
    engine = busy.services.get(database.Engine)
    with engine.connect() as connection:
        question = text("SELECT count(*) FROM jobs WHERE state = ANY(:ended)")
        return int(connection.execute(question, {"ended": list(ENDED)}).scalar_one())


def _until_ended(busy: Busy, jobs: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (ended := _ended(busy)) < jobs:
        assert time.monotonic() < deadline, f"{ended} of {jobs} have ended"
        time.sleep(0.5)


def _spent(busy: Busy) -> dict[str, float]:
    """Processor seconds of each part of the farm so far: its processes, and those that have ended below them."""
    parts: Mapping[str, int] = busy.farm.run("status", "--json").document["parts"]
    return {name: _cpu(psutil.Process(parts[name])) for name in PARTS}


def _cpu(process: psutil.Process) -> float:
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
        except psutil.Error:
            continue
    return total


def _bare(work: Work, desk: Path) -> tuple[float, float]:
    """Run a chunk's ffmpeg by itself; return the median seconds by the clock and of processors."""
    binary = ffmpeg.binary(None)
    scratch = desk / "bare"
    scratch.mkdir()
    argv = arguments(work.stages[-1].argv, work, threads=1, out="out.mp4")
    runs = [run_ffmpeg(argv, cwd=scratch, binary=binary) for _ in range(9)]
    return statistics.median(run.seconds for run in runs), statistics.median(run.cpu_seconds for run in runs)


def _runs(busy: Busy, flow: str) -> list[tuple[str, str]]:
    """Start and end of every run of a flow that has started."""
    found: list[tuple[str, str]] = []
    while True:
        body = {"flows": {"name": {"any_": [flow]}}, "limit": 200, "offset": len(found)}
        page = busy.prefect.post("/flow_runs/filter", json=body | {"sort": "START_TIME_ASC"}).raise_for_status().json()
        found += [(each["start_time"] or "", each["end_time"] or "9999") for each in page]
        if len(page) < 200:
            return [(start, end) for start, end in found if start]


def _overlaps(runs: list[tuple[str, str]]) -> int:
    """The most runs that were alive at once."""
    moments = sorted([(start, 1) for start, _ in runs] + [(end, -1) for _, end in runs])
    alive = most = 0
    for _, change in moments:
        alive += change
        most = max(most, alive)
    return most


def _tasks(busy: Busy) -> dict[str, float]:
    """Mean seconds by the clock of each task of a render, of 200 runs of each."""
    names = ("load project", "check project", "plan film", "assemble film", "verify film", "publish film")
    found: dict[str, float] = {}
    for name in names:
        body: dict[str, Any] = {"task_runs": {"name": {"like_": name}}, "limit": 200}
        page = busy.prefect.post("/task_runs/filter", json=body).raise_for_status().json()
        if page:
            found[name] = statistics.mean(each["total_run_time"] for each in page)
    return found


def _url(busy: Busy) -> str:
    return busy.services.get(farms.FarmConnection).database_url.get_secret_value()
