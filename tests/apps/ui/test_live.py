"""What open pages are told of chunks: each that is done is shown as done, to everybody, once, whatever was missed between."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, event

from apps.api.hub import ChunkChanged, Hub
from apps.ui.live import Change, Live
from apps.ui.parts.cells import DONE
from bench.live.clients import PageClient
from infra import services
from infra.access.sessions import SessionStore
from infra.access.tokens import TokenStore
from infra.events import Event
from infra.farm import FarmConnection
from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from infra.sections import DatabaseSettings, PrefectSettings
from infra.services import Services
from infra.settings import Settings
from tests.acceptance.kinofarm import Kinofarm
from tests.apps.ui.desk import film_project, token
from tests.infra.jobs.farm import planned

PAGES = 10
NOWHERE = "http://127.0.0.1:9/api"


class Shown:
    """A page that follows a job. told: the states that the chunk at each place was shown in, one letter each."""

    def __init__(self, live: Live, job: UUID) -> None:
        self.told: dict[int, str] = {}
        self._live, self._job = live, job
        live.watch(job)
        live.hear(self._hear)

    def _hear(self, change: Change) -> None:
        if self._job not in change.chunks:
            return
        changed = change.chunks[self._job]
        cells = enumerate(self._live.chunks(self._job)) if changed is None else changed.items()
        for place, cell in cells:
            self.told[place] = self.told.get(place, "") + cell[0]


@pytest.fixture
def farm_services(database: str, tmp_path: Path) -> Iterator[Services]:
    """The services of a farm whose Prefect server is away."""
    settings = Settings(
        home=tmp_path,
        database=DatabaseSettings(url=SecretStr(database)),
        prefect=PrefectSettings(api_url=NOWHERE),
    )
    with services.opened(settings) as container:
        yield container


def nowhere(database: str) -> FarmConnection:
    """A farm whose Prefect server is away."""
    url = SecretStr(database)
    return FarmConnection(home=Path("/nowhere"), database_url=url, api_url=NOWHERE, api_auth=None, state=None)


@contextlib.asynccontextmanager
async def kept(services: Services, hub: Hub) -> AsyncIterator[Live]:
    """The picture that pages show, kept for as long as this block."""
    live = Live(services, hub)
    work = asyncio.create_task(live.run())
    yield live
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def all_done(pages: list[Shown] | list[PageClient], chunks: int, seconds: float) -> None:
    """Wait until every page shows every chunk as done."""
    for _ in range(int(seconds / 0.1)):
        if all(len(page.told) == chunks and all(told[-1] == DONE for told in page.told.values()) for page in pages):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not all is shown: {[page.told for page in pages]}")


@pytest.mark.parametrize("kept_messages", [10_000, 16], ids=["heard", "reset"])
async def test_every_chunk_is_shown_as_done_once_on_every_page_whether_it_was_heard_or_missed(
    farm_services: Services, database: str, kept_messages: int
) -> None:
    engine = farm_services.get(Engine)
    ledger = Ledger(engine)
    names = [f"chunk {number}" for number in range(120)]
    job = planned(JobStore(engine), names)
    hub = Hub(nowhere(database), kept=kept_messages)
    resets = 0

    async def count_resets() -> None:
        nonlocal resets
        async with hub.ear() as ear:
            while True:
                resets += sum(told.name == "reset" for told in await ear.next(5))

    def work(number: int) -> list[Event]:
        claim = ledger.claim("shard")
        assert claim is not None
        about = {"job": job.id, "key": claim.key, "index": claim.index}
        assert ledger.finish(claim.key, claim.token, {"frames": 50})
        return [ChunkChanged(**about, state="leased"), ChunkChanged(**about, state="done")]

    async with kept(farm_services, hub) as live:
        pages = [Shown(live, job.id) for _ in range(PAGES)]
        counting = asyncio.create_task(count_resets())
        while len(pages[0].told) < len(names):
            await asyncio.sleep(0.05)
        for number in range(0, len(names), 10):
            burst: list[Event] = []
            for each in range(number, number + 10):
                events = await asyncio.to_thread(work, each)
                if kept_messages > len(names):
                    for told in events:
                        hub.tell(told)
                burst += events
            if kept_messages < len(names):  # all at once, which is more than the ring holds
                for told in burst:
                    hub.tell(told)
        await all_done(pages, len(names), 30)
        counting.cancel()
    assert (resets > 0) == (kept_messages < len(names))
    for page in pages:
        assert {told.count(DONE) for told in page.told.values()} == {1}, page.told


async def test_a_chunk_that_ends_while_the_ledger_is_read_is_not_shown_as_in_work_again(
    farm_services: Services, database: str
) -> None:
    engine = farm_services.get(Engine)
    ledger, hub = Ledger(engine), Hub(nowhere(database))
    job = planned(JobStore(engine), ["a", "b"])
    claim = ledger.claim("shard")
    assert claim is not None
    about = {"job": job.id, "key": claim.key, "index": claim.index}
    loop, ended = asyncio.get_running_loop(), threading.Event()

    def end_it(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        """The answer has come, and nobody has looked at it yet."""
        if (
            armed.is_set()
            and statement.startswith("SELECT")
            and "job_chunks.first_frame" in statement
            and not ended.is_set()
        ):
            ended.set()
            assert ledger.finish(claim.key, claim.token, {"frames": 50})
            loop.call_soon_threadsafe(hub.tell, ChunkChanged(**about, state="done"))
            time.sleep(0.3)

    armed = threading.Event()
    event.listen(engine, "after_cursor_execute", end_it)
    async with kept(farm_services, hub) as live:
        page = Shown(live, job.id)
        while page.told != {0: "l", 1: "r"}:
            await asyncio.sleep(0.05)
        armed.set()
        while not page.told[0].endswith(DONE):
            await asyncio.sleep(0.05)
        await asyncio.sleep(3)  # another look at the ledger
    assert ended.is_set()
    assert page.told[0] == "ld"


async def test_ten_pages_of_a_real_job_show_every_chunk_as_done_once(farm: Kinofarm, media: Path) -> None:
    chunks = 24
    job = await asyncio.to_thread(farm.submit, film_project(media, "shown", chunks), media / "shown.mp4")
    with farm.services() as container:
        known = container.get(TokenStore).known(token(farm))
        assert known is not None
        cookie = container.get(SessionStore).begin(known, 1)
    pages = [await PageClient(job, cookie).open(farm.page) for _ in range(PAGES)]
    try:
        await all_done(pages, chunks + 1, 120)
    finally:
        for page in pages:
            await page.close()
    for page in pages:
        assert {told.count(DONE) for told in page.told.values()} == {1}, page.told
