"""`python -m bench.pages`: how long after a chunk's end open pages are told, and what a page costs the API's process.

So many pages of jobs that are rendered are held open over the page's own socket, as a browser does, without one: what is
measured ends where the message is received. A chunk's end is the moment that the ledger has for it; one machine, one clock.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import psutil
import socketio
import typer

from bench.farm import render_later, running
from infra import farm_state, services
from infra.jobs.store import JobStore
from infra.settings import Settings

FRAMES = 25
CELL = re.compile(r'\[(\d+), ?\["d", ?100')
"""A chunk that is done, in what a page's grid is told."""
SETTLE_SECONDS = 3


class Tab:
    """A page that is open. told: when each place of its grid was first told to be done."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.told: dict[int, datetime] = {}
        self.bytes = 0
        self.socket = socketio.AsyncClient(reconnection=False)

    async def open(self, client: httpx.AsyncClient) -> None:
        """Fetch the page, and connect as its script does."""
        text = (await client.get(f"/jobs/{self.job}")).raise_for_status().text
        found = re.search(r"query: (\{.*?\}),\s*extraHeaders", text, re.S)
        assert found is not None
        query = json.loads(found[1]) | {"document_id": self.job, "tab_id": str(id(self)), "old_tab_id": ""}
        self.socket.on("*", self._heard)
        sent = "&".join(f"{name}={str(value).lower() if value is True else value}" for name, value in query.items())
        cookie = "; ".join(f"{each.name}={each.value}" for each in client.cookies.jar)
        url = f"{client.base_url}?{sent}".replace("/?", "?")
        await self.socket.connect(url, {"Cookie": cookie}, ["websocket"], socketio_path="/_nicegui_ws/socket.io")

    async def _heard(self, name: str, message: Any) -> None:
        now = datetime.now(UTC)
        code = str(message.get("code", "")) if isinstance(message, Mapping) else ""
        self.bytes += len(code)
        for place in CELL.findall(code):
            self.told.setdefault(int(place), now)


def main(
    pages: Annotated[int, typer.Option(min=1, help="Pages that are open.")] = 50,
    jobs: Annotated[int, typer.Option(min=1, help="Jobs that are rendered at once.")] = 20,
    seconds: Annotated[int, typer.Option(min=10, help="For which it is measured.")] = 60,
) -> None:
    """Measure, and print the figures."""
    with tempfile.TemporaryDirectory(prefix="kinofarm-pages-") as name:
        home = Path(name)
        home.chmod(0o755)
        os.environ["KINOFARM_RENDER__CHUNK_SECONDS"] = "2"
        os.environ.setdefault("KINOFARM_API__PORT", "4555")  # away from other farms of this machine
        with running(home):
            figures = asyncio.run(_measured(home, pages, jobs, seconds))
    print(json.dumps(figures, indent=2))


async def _measured(home: Path, pages: int, jobs: int, seconds: int) -> dict[str, Any]:
    state = farm_state.read(home)
    assert state is not None
    server = psutil.Process(state.parts["the REST API"].pid)
    ids = [render_later(_project(home, number), home / f"{number}.mp4") for number in range(jobs)]
    async with httpx.AsyncClient(base_url=state.page, timeout=60) as client:
        form = (await client.get("/login")).text
        word = re.search(r'name="word" value="([^"]+)"', form)
        assert word is not None
        secret = (home / "admin.token").read_text().strip()
        await client.post("/login", data={"word": word[1], "token": secret})
        await client.get("/")
        before = server.memory_info().rss
        tabs = [Tab(ids[number % jobs]) for number in range(pages)]
        for tab in tabs:
            await tab.open(client)
        await asyncio.sleep(SETTLE_SECONDS)
        after, busy = server.memory_info().rss, sum(server.cpu_times()[:2])
        opened = datetime.now(UTC)
        await asyncio.sleep(seconds)
        busy = (sum(server.cpu_times()[:2]) - busy) / seconds
        ends = await asyncio.to_thread(_ends, home, ids)
    late = sorted(
        (tab.told[place] - end).total_seconds()
        for tab in tabs
        for place, end in ends[tab.job].items()
        if end > opened and place in tab.told
    )
    missed = sum(
        place not in tab.told
        for tab in tabs
        for place, end in ends[tab.job].items()
        if opened < end and (datetime.now(UTC) - end).total_seconds() > SETTLE_SECONDS
    )
    for tab in tabs:
        await tab.socket.disconnect()
    return {
        "pages": pages,
        "jobs": jobs,
        "shown": len(late),
        "missed": missed,
        "p50_seconds": round(late[len(late) // 2], 3) if late else None,
        "p95_seconds": round(late[int(len(late) * 0.95)], 3) if late else None,
        "longest_seconds": round(late[-1], 3) if late else None,
        "megabytes_a_page": round((after - before) / pages / 1e6, 2),
        "megabytes_of_the_process": round(after / 1e6),
        "cores_of_the_process": round(busy, 2),
    }


def _ends(home: Path, jobs: list[str]) -> dict[str, dict[int, datetime]]:
    """When the chunks of each job ended, by their place in its grid."""
    with services.opened(Settings(home=home)) as container:
        store = container.get(JobStore)
        found = {job: store.chunks(store.job(job).id) for job in jobs}
    return {
        job: {place: chunk.ended_at for place, chunk in enumerate(chunks) if chunk.state == "done" and chunk.ended_at}
        for job, chunks in found.items()
    }


def _project(home: Path, number: int) -> Path:
    """A film of small titles: short chunks, so that many end while it is measured."""
    clips = [
        {
            "id": f"t{start}",
            "start": start * FRAMES,
            "end": (start + 1) * FRAMES,
            "source": {
                "kind": "title",
                "elements": [{"kind": "text", "text": f"{number} {start}", "x": 0, "y": 0, "width": 1, "height": 1}],
            },
        }
        for start in range(400)
    ]
    document = {
        "format": "kinofarm/1",
        "rate": FRAMES,
        "size": {"width": 320, "height": 180},
        "duration": 400 * FRAMES,
        "tracks": [{"id": "T", "kind": "video", "clips": clips}],
        "export": {"video": {"preset": "ultrafast", "crf": 30}},
    }
    path = home / f"project-{number}.json"
    path.write_text(json.dumps(document))
    return path


if __name__ == "__main__":
    typer.run(main)
