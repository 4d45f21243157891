"""A farm to be broken: servers and renders here, an S3 server, and two machines that render, each reached through gates."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, text

from infra import farm as farms
from infra.cache.s3 import S3Store, connect
from infra.jobs import engine as database
from infra.settings import Settings
from infra.swift import REGION, EmbeddedS3
from tests.acceptance.counter import RATE, counter
from tests.acceptance.kinofarm import ENDED, Kinofarm, folder, running
from tests.acceptance.projects import media_clip, timeline, track, written
from tests.soak.audit import violations
from tests.soak.gates import Gate
from tests.soak.machines import Machine, engines, machines, until_online

NAMES = ("one", "two")
FRAMES = 300
SOURCE_FRAMES = 1000
HANG_SECONDS = 8
REST_SECONDS = 60.0
ONLINE_SECONDS = 240.0
LONGEST_JOB = 300.0


@dataclass
class Site:
    """farm: its servers' machine, which renders nothing. s3_gate: through which that machine reaches the S3 server."""

    farm: Kinofarm
    s3: EmbeddedS3
    s3_gate: Gate
    machines: list[Machine]
    engine: Engine
    desk: Path
    made: int = 0

    def submit(self, frames: int = FRAMES) -> tuple[str, Path, int]:
        """Submit a film that was not made before; returns its job, its place and the first frame that it shows."""
        first = self.made
        self.made += 1
        clip = media_clip("source.mp4", 0, frames, str(first / RATE))
        project = timeline(frames, track("V", clip), rate=str(RATE), size=(960, 540), preset="slow")
        film = self.desk / f"film{first}" / "film.mp4"
        film.parent.mkdir()
        return self.farm.submit(written(self.desk / f"project{first}.json", project), film), film, first

    def now(self) -> Any:
        """The database's clock."""
        with self.engine.connect() as connection:
            return connection.execute(text("SELECT clock_timestamp()")).scalar_one()

    def job(self, job: str) -> dict[str, Any]:
        """A job's row; the database may be away for a while."""
        deadline = time.monotonic() + 60
        while True:
            try:
                with self.engine.connect() as connection:
                    row = connection.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job}).mappings().one()
                    return dict(row)
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def finished(self, job: str) -> int:
        """How many chunks of a job are done."""
        question = """SELECT count(*) FROM job_chunks link JOIN chunks chunk ON chunk.key = link.chunk_key
            WHERE link.job_id = :id AND chunk.state = 'done'"""
        with self.engine.connect() as connection:
            return int(connection.execute(text(question), {"id": job}).scalar_one())

    def at_work(self, job: str, done: int, dice: random.Random) -> Machine:
        """Wait until so many chunks of a job are done and another is in work; return a machine that holds one."""
        deadline = time.monotonic() + LONGEST_JOB
        question = """SELECT DISTINCT split_part(lease_owner, ' ', 1) FROM job_chunks link
            JOIN chunks chunk ON chunk.key = link.chunk_key WHERE link.job_id = :id AND chunk.state = 'leased'"""
        while True:
            with self.engine.connect() as connection:
                holding = sorted(connection.execute(text(question), {"id": job}).scalars())
            if holding and self.finished(job) >= done:
                chosen = dice.choice(holding)
                return next(machine for machine in self.machines if machine.name == chosen)
            assert self.job(job)["state"] not in ENDED, "it has ended before anything could be broken"
            assert time.monotonic() < deadline, self.story(job)
            time.sleep(0.1)

    def lost(self, since: Any) -> int:
        """How many attempts since then came to nothing."""
        question = "SELECT count(*) FROM attempts WHERE started_at >= :since AND outcome <> 'done'"
        with self.engine.connect() as connection:
            return int(connection.execute(text(question), {"since": since}).scalar_one())

    def ended(self, job: str) -> dict[str, Any]:
        """Wait for a job's end."""
        deadline = time.monotonic() + LONGEST_JOB
        while (found := self.job(job))["state"] not in ENDED:
            assert time.monotonic() < deadline, self.story(job)
            time.sleep(0.25)
        return found

    def left(self) -> list[str]:
        """What a farm at rest has no more: processes at work, scratch, violations of the ledger."""
        found = list(violations(self.engine))
        found += [f"{path} is left on the farm" for path in self.farm.scratch()]
        for machine in self.machines:
            found += [f"{path.name} is left on {machine.name}" for path in machine.scratch()]
            found += [f"an ffmpeg runs on {machine.name}: {process.pid}" for process in machine.ffmpegs()]
        for process in self.farm.processes():
            with contextlib.suppress(psutil.Error):
                if "ffmpeg" in Path(process.exe()).name:
                    found.append(f"an ffmpeg runs on the farm: {process.pid}")
        return found

    def at_rest(self) -> None:
        """Wait until nothing is left that must not be; it has its time for that."""
        deadline = time.monotonic() + REST_SECONDS
        while left := self.left():
            assert time.monotonic() < deadline, "\n".join(left)
            time.sleep(1)

    def whole(self) -> None:
        """Wait until every machine takes work again."""
        until_online(self.farm, self.machines, ONLINE_SECONDS)

    def story(self, job: str) -> str:
        """What is known of a job that did not end, for whoever reads the failure."""
        logs = "\n".join(machine.log() for machine in self.machines)
        return f"{self.farm.run('job', job).out}\n{self.farm.run('workers').out}\n{logs}"


@contextlib.contextmanager
def broken_in(folder_of_s3: Path, names: Sequence[str] = NAMES) -> Iterator[Site]:
    """A site that is up."""
    with contextlib.ExitStack() as stack:
        s3 = stack.enter_context(EmbeddedS3(folder_of_s3, folder_of_s3 / "server.log"))
        S3Store(connect(s3.endpoint, REGION, s3.access_key, s3.secret_key), "soak").ensure()
        port = int(s3.endpoint.rpartition(":")[2])
        gate = stack.enter_context(Gate(port))
        settings = {
            "WORKER__POOL": "none",
            "RENDER__CHUNK_SECONDS": "1",
            "FFMPEG__HANG": str(HANG_SECONDS),
            "CACHE__S3__BUCKET": "soak",
            "CACHE__S3__ENDPOINT": f"http://127.0.0.1:{gate.port}",
            "CACHE__S3__REGION": REGION,
            "CACHE__S3__ACCESS_KEY": s3.access_key,
            "CACHE__S3__SECRET_KEY": s3.secret_key,
        }
        farm = stack.enter_context(running("soak", **settings))
        found = farms.connect(Settings(home=farm.home))
        assert found is not None
        engine = database.create(found.database_url.get_secret_value())
        stack.callback(engine.dispose)
        made = stack.enter_context(machines(farm, names, port))
        desk = stack.enter_context(folder("soak-desk"))
        counter(desk, SOURCE_FRAMES).rename(desk / "source.mp4")
        until_online(farm, made, ONLINE_SECONDS)
        yield Site(farm, s3, gate, made, engine, desk)


def renders(site: Site) -> list[psutil.Process]:
    """The processes that run a render each."""
    return engines(site.farm.home)
