"""Measure on this machine what the parts of a farm cost, and what a farm with one and two slots really does.

Needs a quiet machine of two cores or more; takes about six minutes.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psutil
from sqlalchemy import Engine, text

from bench.results import now
from bench.scale.costs import Costs, Scale, Trial
from flows.dispatch import submit
from infra import farm, ffmpeg, services
from infra.process import run_ffmpeg
from infra.services import Services
from infra.settings import Settings
from tasks.compiler.claimed import prove
from tasks.compiler.execute import Renderer, arguments
from tasks.compiler.model import Clip, Export, MediaSource, Size, Timeline, Track, VideoExport
from tasks.compiler.order import Order
from tasks.compiler.work import Work

RATE = Fraction(25)
IDLE_SECONDS = 30.0
PARTS = {
    "the Prefect server": "server",
    "PostgreSQL": "database",
    "the worker of pool orchestrator": "renders",
    "the worker of pool cpu": "shards",
    "the keeper": "keeper",
}
_LEFT = "SELECT count(*) AS jobs FROM jobs WHERE id = ANY(:ids) AND state NOT IN ('done', 'failed', 'cancelled')"
_WAITED = """
SELECT count(*) FILTER (WHERE state = 'done') AS done, avg(extract(epoch FROM ended_at - accepted_at)) AS seconds
FROM jobs WHERE id = ANY(:ids)"""


@dataclass(frozen=True)
class Films:
    """Films of one kind: of so many chunks of so many frames each."""

    chunks: int
    frames: int
    size: tuple[int, int] = (320, 180)
    preset: str = "ultrafast"

    def project(self, number: int, source: str) -> str:
        """Write a project whose chunks no other number has, as JSON."""
        frames = self.chunks * self.frames
        media = MediaSource(path=source)
        clip = Clip(id="a", source=media, start=0, end=frames, source_start=Fraction(number, 1) / RATE)
        export = Export(video=VideoExport.model_validate({"preset": self.preset, "crf": 20}))
        track = Track(id="V", kind="video", clips=(clip,))
        size = Size(width=self.size[0], height=self.size[1])
        return Timeline(rate=RATE, size=size, duration=frames, tracks=(track,), export=export).model_dump_json()


@dataclass
class Site:
    """A farm that is up. spent: processor seconds of each part since it started."""

    container: Services
    desk: Path
    engine: Engine
    parts: dict[str, int]

    def spent(self) -> dict[str, float]:
        return {name: _cpu(psutil.Process(self.parts[part])) for part, name in PARTS.items() if part in self.parts}

    def rows(self, question: str, **values: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(question), values))

    def run(self, films: Films, jobs: int, first: int) -> tuple[float, float]:
        """Render so many films, submitted at once; returns seconds in all, and the mean from a submission to its film."""
        for number in range(first, first + jobs):
            (self.desk / f"p{number}.json").write_text(films.project(number, "source.mp4"))
        began = time.monotonic()
        ids = []
        for number in range(first, first + jobs):
            order = Order(project=str(self.desk / f"p{number}.json"))
            parameters = {"project": order.project, "output": str(self.desk / f"f{number}.mp4")}
            job = submit(self.container, parameters, order.model_dump(mode="json", exclude={"project"}))
            ids.append(job.id)
        while self.rows(_LEFT, ids=ids)[0].jobs:
            time.sleep(0.05)
        seconds = time.monotonic() - began
        (ended,) = self.rows(_WAITED, ids=ids)
        assert ended.done == jobs, "a job of the measurement failed"
        return seconds, float(ended.seconds)

    def cost(self, do: Callable[[], object]) -> tuple[float, dict[str, float]]:
        """Seconds and processor seconds of each part that something takes."""
        before, began = self.spent(), time.monotonic()
        do()
        time.sleep(2)  # events on their way
        seconds = time.monotonic() - began
        return seconds, {name: after - before[name] for name, after in self.spent().items()}

    def bare(self, kind: str, at_once: int = 1) -> float:
        """Processor seconds of a piece of the newest job, its ffmpeg and the proof of what came out, without a farm.

        Args:    at_once: so many side by side, as they are in the slots.
        """
        found = self.rows("SELECT work FROM chunks WHERE kind = :kind ORDER BY created_at DESC, key LIMIT 1", kind=kind)
        work = Work.model_validate(found[0][0])
        argv = arguments(work.stages[-1].argv, work, threads=1, out=f"out{work.suffix}")

        renderer = Renderer(ffmpeg.binary(None), work.ffmpeg, threads=1)
        made: list[Path] = []

        def run(_: int) -> float:
            scratch = Path(mkdtemp(dir=self.desk))
            made.append(scratch / f"out{work.suffix}")
            return run_ffmpeg(argv, cwd=scratch, binary=renderer.binary).cpu_seconds

        with ThreadPoolExecutor(at_once) as pool:
            encoded = statistics.median(pool.map(run, range(5 * at_once)))
        proved = []
        for file in made[:5]:
            began = time.process_time()
            prove(work, file, renderer, kind)
            proved.append(time.process_time() - began)
        return encoded + statistics.median(proved)


@contextlib.contextmanager
def site(keep: tuple[str, ...], source: Path, **worker: Any) -> Iterator[Site]:
    """A farm with a home of its own, whose ffmpegs have one thread each."""
    place = Path(mkdtemp(prefix="kinofarm-scale-"))
    place.chmod(0o755)
    home, desk = place / "home", place / "desk"
    desk.mkdir()
    (desk / "source.mp4").hardlink_to(source)
    given = {"worker": {"idle": 120, **worker}, "ffmpeg": {"threads": 1}, "render": {"chunk_seconds": 2}}
    settings = Settings.model_validate({"home": home, **given})
    try:
        with farm.embedded(settings, keep) as connection, services.opened(settings) as container:
            assert connection.state is not None
            parts = {name: part.pid for name, part in connection.state.parts.items()}
            yield Site(container, desk, container.get(Engine), parts)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def measured(keep: tuple[str, ...], source: Path, say: Callable[[str], None]) -> Scale:
    """Measure all of it.

    Args:    keep: what a farm calls every few seconds. source: a film of 25 frames a second, of 3 minutes or more, with sound.
    """
    with site(keep, source, pool="none") as small:
        time.sleep(10)
        seconds, one = small.cost(lambda: time.sleep(IDLE_SECONDS))
        one = {name: spent / seconds for name, spent in one.items()}
        say(f"idle, one worker: {one}")
    with site(keep, source, slots=2) as farm_here:
        time.sleep(15)
        seconds, two = farm_here.cost(lambda: time.sleep(IDLE_SECONDS))
        two = {name: spent / seconds for name, spent in two.items()}
        say(f"idle, two workers: {two}")
        tiny = Films(chunks=1, frames=50)
        farm_here.run(tiny, 2, 0)  # the first render imports and warms up
        begun, finished = _latencies(farm_here, tiny)
        few, many = Films(chunks=1, frames=50), Films(chunks=20, frames=50)
        a_seconds, a = farm_here.cost(lambda: farm_here.run(few, 16, 100))
        chunk, sound = farm_here.bare("picture"), farm_here.bare("sound")
        b_seconds, b = farm_here.cost(lambda: farm_here.run(many, 3, 200))
        a = {name: spent - two[name] * a_seconds for name, spent in a.items()}
        b = {name: spent - two[name] * b_seconds for name, spent in b.items()}
        say(f"16 films of one chunk: {a}; 3 of 20: {b}; ffmpeg {chunk:.3f}, sound {sound:.3f}")
    job, piece = _solved(a, 16, 2 * 16, b, 3, 21 * 3)
    shard = max(0.0, a["shards"] / 32 - (chunk + sound) / 2)
    costs = Costs(
        server_idle=max(0.0, 2 * one["server"] - two["server"]),
        server_worker=max(0.0, two["server"] - one["server"]),
        server_job=job["server"],
        server_piece=piece["server"],
        database_idle=max(0.0, 2 * one["database"] - two["database"]),
        database_worker=max(0.0, two["database"] - one["database"]),
        database_job=job["database"],
        database_piece=piece["database"],
        render_job=job["renders"],
        render_piece=piece["renders"],
        shard_piece=shard,
        keeper=two["keeper"],
        start_seconds=max(0.0, begun - job["renders"] / 2 - job["server"] / 2),
        finish_seconds=max(0.0, finished - job["renders"] / 2 - job["server"] / 2),
    )
    say(costs.model_dump_json(indent=1))
    return Scale(costs=costs, trials=tried(keep, source, say), measured=now())


def tried(keep: tuple[str, ...], source: Path, say: Callable[[str], None]) -> tuple[Trial, ...]:
    """See what the real farm does with one slot and with two."""
    return tuple(_trial(keep, source, slots, say) for slots in (1, 2))


def _trial(keep: tuple[str, ...], source: Path, slots: int, say: Callable[[str], None]) -> Trial:
    films, jobs = Films(chunks=8, frames=50, size=(1280, 720), preset="medium"), 5
    with site(keep, source, slots=slots) as here:
        here.run(Films(chunks=2 * slots, frames=50), 1, 0)
        seconds, waited = here.run(films, jobs, 300)
        chunk, sound = here.bare("picture", slots), here.bare("sound")
        mean = here.rows("SELECT avg(extract(epoch FROM ended_at - started_at)) FROM attempts WHERE outcome = 'done'")
    found = Trial(slots=slots, jobs=jobs, chunks=films.chunks, chunk=chunk, sound=sound, seconds=seconds, waited=waited)
    say(f"{found!r}; a piece took {float(mean[0][0]):.2f} s")
    return found


def _latencies(here: Site, films: Films) -> tuple[float, float]:
    """Median seconds from a job's submission to its first piece in work, and from its last piece to its film, alone."""
    begun, finished = [], []
    for number in range(5):
        here.run(films, 1, 50 + number)
        found = here.rows("""
            SELECT extract(epoch FROM min(attempt.started_at) - job.accepted_at),
                extract(epoch FROM job.ended_at - max(attempt.ended_at))
            FROM jobs job JOIN attempts attempt ON attempt.job_id = job.id
            GROUP BY job.id ORDER BY job.accepted_at DESC LIMIT 1""")
        begun.append(float(found[0][0]))
        finished.append(float(found[0][1]))
    return statistics.median(begun), statistics.median(finished)


def _solved(
    a: dict[str, float], a_jobs: int, a_pieces: int, b: dict[str, float], b_jobs: int, b_pieces: int
) -> tuple[dict[str, float], dict[str, float]]:
    """The costs of a job and of a piece, of two runs with few and with many pieces a job."""
    job, piece = {}, {}
    for name in a:
        each = (b[name] / b_jobs - a[name] / a_jobs) / (b_pieces / b_jobs - a_pieces / a_jobs)
        piece[name] = max(0.0, each)
        job[name] = max(0.0, a[name] / a_jobs - piece[name] * a_pieces / a_jobs)
    return job, piece


def _cpu(process: psutil.Process) -> float:
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            times = each.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total
