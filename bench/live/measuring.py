"""A farm with twenty jobs in work, those who look at it, and how long after a chunk was done each of them saw it.

A chunk is done when PostgreSQL says so (`chunks.ended_at`), on the clock of this machine, on which everybody looks too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
from playwright.async_api import async_playwright
from sqlalchemy import Engine, text

from bench import report
from bench.live.clients import PageClient, StreamClient, Tab
from bench.results import LiveRow, Measured
from flows.dispatch import submit
from infra.access.sessions import SessionStore
from infra.access.tokens import TokenStore
from infra.jobs.store import JobStore
from infra.services import Services
from tasks.compiler.order import Order
from tests.browser import FLAGS, chromium

API = "the REST API"
SHARDS = "the worker of pool cpu"
FRAMES = 25
"""Frames of a chunk: a second."""
BEGIN_SECONDS = 300.0
SETTLE_SECONDS = 15.0
"""Until a page that was closed is forgotten."""
END_SECONDS = 1200.0
QUIET_SECONDS = 5.0
"""After the last chunk: what was not seen by then is missed."""
_LIVE = "SELECT count(*) FROM jobs WHERE id = ANY(:ids) AND state = :state"
_LEFT = "SELECT count(*) FROM jobs WHERE id = ANY(:ids) AND state IN ('accepted', 'planned', 'rendering')"


@dataclass(frozen=True)
class Trial:
    """What is tried. clients: who look. tabs: so many of the pages are a real browser's. chunks: of each job."""

    kind: str
    clients: int
    tabs: int
    jobs: int
    chunks: int


@dataclass(frozen=True)
class Chunk:
    """A chunk that was rendered. ended: in seconds since 1970."""

    job: str
    place: int
    key: str
    ended: float


@dataclass
class Site:
    """A farm that is up."""

    services: Services
    home: Path
    desk: Path
    say: Callable[[str], None]

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "farm.json").read_text())
        return found

    @property
    def url(self) -> str:
        return str(self.state["page"])

    @property
    def secret(self) -> str:
        return (self.home / "admin.token").read_text().strip()

    @property
    def api(self) -> psutil.Process:
        """The process that is measured."""
        return self.part(API)

    def part(self, name: str) -> psutil.Process:
        return psutil.Process(self.state["parts"][name]["pid"])

    def cookie(self) -> str:
        """A new session of the page."""
        token = self.services.get(TokenStore).known(self.secret)
        assert token is not None
        return self.services.get(SessionStore).begin(token, 1)

    def submit(self, trial: Trial) -> list[str]:
        """Submit the jobs, whose chunks nobody has rendered before."""
        ids = []
        for number in range(trial.jobs):
            name = f"{trial.kind}-{number}-{time.time_ns()}"
            project = self.desk / f"{name}.json"
            project.write_text(json.dumps(_project(name, trial.chunks)))
            order = Order(project=str(project))
            parameters = {"project": order.project, "output": str(self.desk / f"{name}.mp4")}
            made = submit(self.services, parameters, order.model_dump(mode="json", exclude={"project"}))
            ids.append(str(made.id))
        return ids

    def count(self, question: str, ids: Sequence[str], **more: Any) -> int:
        with self.services.get(Engine).connect() as connection:
            return int(connection.execute(text(question), {"ids": [UUID(one) for one in ids], **more}).scalar_one())

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """The chunks that were rendered for these jobs, in the places in which the page shows them."""
        found = []
        for job in ids:
            for place, chunk in enumerate(self.services.get(JobStore).chunks(UUID(job))):
                if chunk.state == "done" and not chunk.reused and isinstance(chunk.ended_at, datetime):
                    found.append(Chunk(job, place, chunk.key, chunk.ended_at.timestamp()))
        return found

    def events(self) -> float:
        """How many events the hub has heard."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        page = httpx.get(f"{self.url}/metrics", headers=headers, timeout=60, trust_env=False).raise_for_status().text
        return float(next(line.split()[1] for line in page.splitlines() if line.startswith("kinofarm_events_total")))


async def measured(site: Site, trial: Trial, when: Measured) -> LiveRow:
    """Do a trial.

    Args:    when: what is measured, and on which day.
    """
    await _warm(site)
    before = _memory(site)
    shards = site.part(SHARDS)
    shards.suspend()  # no chunk is begun before all jobs are in work and all who look are there
    ids = site.submit(trial)
    await _until(lambda: site.count(_LIVE, ids, state="rendering") == trial.jobs, BEGIN_SECONDS, "all jobs are in work")
    async with _looking(site, trial, ids) as (pages, tabs, streams):
        await asyncio.sleep(2)
        with_clients = _memory(site)
        shards.resume()
        began, events, spent = time.time(), await asyncio.to_thread(site.events), site.api.cpu_times()
        site.say(f"{trial.kind}: {trial.clients} look, {before / 1e6:.0f} MB before, {with_clients / 1e6:.0f} MB now")
        running: list[int] = []
        loads: list[float] = []
        while await asyncio.to_thread(site.count, _LEFT, ids):
            running.append(await asyncio.to_thread(site.count, _LIVE, ids, state="rendering"))
            loads.append(psutil.getloadavg()[0])
            assert time.time() - began < END_SECONDS, "the jobs do not end"
            await asyncio.sleep(1)
        seconds = time.time() - began
        cpu = sum(site.api.cpu_times()[:2]) - sum(spent[:2])
        events = await asyncio.to_thread(site.events) - events
        site.say(f"{trial.kind}: {seconds:.0f} s, {events:.0f} events")
        await asyncio.sleep(QUIET_SECONDS)
        for tab in tabs:
            await tab.look()
        chunks = [chunk for chunk in site.chunks(ids) if began <= chunk.ended]
        drawn = [_late(tab.seen, chunks, tab.job) for tab in tabs]
        late = [_late(page.seen, chunks, page.job) for page in pages] + drawn
        late += [_heard(stream, chunks) for stream in streams]
        end_memory = _memory(site)
    known = sorted(each for found in late for each in found if each is not None)
    by_tabs = sorted(each for found in drawn for each in found if each is not None)
    return LiveRow(
        kind=trial.kind,
        clients=trial.clients,
        tabs=trial.tabs,
        jobs=trial.jobs,
        running=statistics.median(running),
        chunks=len(chunks),
        samples=len(known),
        missed=sum(each is None for found in late for each in found),
        p50=_quantile(known, 0.5),
        p95=_quantile(known, 0.95),
        most=known[-1],
        tabs_p95=_quantile(by_tabs, 0.95) if by_tabs else None,
        memory=before / 1e6,
        memory_client=(max(with_clients, end_memory) - before) / trial.clients / 1e6,
        events=events / seconds,
        cpu=cpu / seconds,
        load=statistics.median(loads),
        seconds=seconds,
        machine=report.machine_line().removeprefix("Machine: ").partition(";")[0],
        measured=when,
    )


@contextlib.asynccontextmanager
async def _looking(
    site: Site, trial: Trial, ids: Sequence[str]
) -> AsyncIterator[tuple[list[PageClient], list[Tab], list[StreamClient]]]:
    """All who look, connected; they look at the jobs in turn."""
    url, pages, tabs, streams = site.url, [], [], []
    async with contextlib.AsyncExitStack() as stack:
        if trial.tabs:
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            stack.push_async_callback(browser.close)
        for number in range(trial.clients):
            job = ids[number % len(ids)]
            if trial.kind == "streams":
                streams.append(await StreamClient(site.secret).open(url))
                stack.push_async_callback(streams[-1].close)
            elif number < trial.tabs:
                tabs.append(await Tab(job, site.cookie()).open(url, await browser.new_context()))
                stack.push_async_callback(tabs[-1].close)
            else:
                pages.append(await PageClient(job, site.cookie()).open(url))
                stack.push_async_callback(pages[-1].close)
        yield pages, tabs, streams


async def _warm(site: Site) -> None:
    """Render a small film before somebody's eyes, so that all is loaded, and wait until that page is forgotten."""
    ids = site.submit(Trial("warm", 1, 0, 1, 4))
    page = await PageClient(ids[0], site.cookie()).open(site.url)
    stream = await StreamClient(site.secret).open(site.url)
    await _until(lambda: site.count(_LIVE, ids, state="done") == 1, BEGIN_SECONDS, "the first film is done")
    await page.close()
    await stream.close()
    await asyncio.sleep(SETTLE_SECONDS)
    await _until(lambda: not _engines(site), BEGIN_SECONDS, "no shard is left that would begin before all look")


def _engines(site: Site) -> list[psutil.Process]:
    """The processes that render chunks."""
    found = []
    for each in site.part(SHARDS).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            if "infra.engine" in each.cmdline():
                found.append(each)
    return found


def _late(seen: Mapping[tuple[str, int], float], chunks: Sequence[Chunk], job: str) -> list[float | None]:
    """Seconds from each chunk of a job to when it was seen; None: it was not."""
    found = [(chunk.ended, seen.get((chunk.job, chunk.place))) for chunk in chunks if chunk.job == job]
    return [None if at is None else at - ended for ended, at in found]


def _heard(stream: StreamClient, chunks: Sequence[Chunk]) -> list[float | None]:
    found = [(chunk.ended, stream.seen_keys.get(chunk.key)) for chunk in chunks]
    return [None if at is None else at - ended for ended, at in found]


def _memory(site: Site) -> int:
    """Bytes that are the process's own."""
    return int(site.api.memory_full_info().uss)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def _until(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.3)


def _project(name: str, chunks: int) -> dict[str, Any]:
    """A small film of so many chunks, a word in each that no other film has."""
    clips = []
    for number in range(chunks):
        words = {"kind": "text", "text": f"{name} {number}", "x": 0.1, "y": 0.4, "width": 0.8, "height": 0.2}
        source = {"kind": "title", "elements": [{**words, "style": {"align": "left", "font_size": 40}}]}
        clips.append({"id": f"t{number}", "source": source, "start": number * FRAMES, "end": (number + 1) * FRAMES})
    return {
        "format": "kinofarm/1",
        "rate": 25,
        "size": {"width": 160, "height": 90},
        "duration": chunks * FRAMES,
        "tracks": [{"id": "T", "kind": "video", "clips": clips, "transitions": []}],
        "export": {"video": {"preset": "ultrafast", "crf": 28}},
    }
