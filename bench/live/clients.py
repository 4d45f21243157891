"""Who looks at a farm: pages as a browser's script keeps them, tabs of a real browser, and streams of events.

A page client speaks what NiceGUI's script speaks (nicegui/static/nicegui.js): it loads the page, opens the socket with
the client's id that stands in it, hands each message on, and acknowledges every three seconds. It draws nothing, so that fifty
fit on the machine that is measured; the tabs beside it say what drawing adds.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import socketio
from playwright.async_api import BrowserContext, Page

from apps.api.entry import COOKIE
from apps.ui.parts.cells import DONE

ACK_SECONDS = 3.0
OPEN_SECONDS = 60.0
_QUERY = re.compile(r"\bquery: (\{.*\}),$", re.MULTILINE)
_ELEMENTS = re.compile(r"parseElements\(String\.raw`([^`]*)`\)")
_ESCAPED = {"&#36;": "$", "&#96;": "`", "&gt;": ">", "&lt;": "<", "&amp;": "&"}
"""How NiceGUI writes the elements of a page into it; in the order in which its script undoes it."""
_RENEWED = re.compile(r'^return runMethod\(\d+, "renew", (\[.*\])\)$', re.DOTALL)
_WATCH = """
window.doneAt = {};
new MutationObserver(() => {
  const now = Date.now() / 1000;
  for (const cell of document.querySelectorAll('.chunk[data-state="done"]')) window.doneAt[cell.dataset.place] ??= now;
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"]});
"""


@dataclass
class PageClient:
    """The page of a job, without a browser.

    seen: when a chunk was first shown as done, in seconds since 1970, by job and place in its grid. told: the states that the
    chunk at each place was shown in, one letter each, in their order.
    """

    job: str
    cookie: str
    seen: dict[tuple[str, int], float] = field(default_factory=dict)
    told: dict[int, str] = field(default_factory=dict)

    async def open(self, url: str) -> PageClient:
        """Load the page and connect its socket."""
        headers = {"Cookie": f"{COOKIE}={self.cookie}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=OPEN_SECONDS, trust_env=False) as http:
            page = (await http.get(f"/jobs/{self.job}")).raise_for_status().text
        found, drawn = _QUERY.search(page), _ELEMENTS.search(page)
        assert found, "the page names no client"
        assert drawn, "the page has no elements"
        self._show(json.loads(_unescaped(drawn[1])))
        query = ast.literal_eval(found[1])  # NiceGUI writes it as Python
        self._client, self._next = query["client_id"], int(query["next_message_id"])
        query |= {"document_id": str(uuid4()), "tab_id": str(uuid4()), "old_tab_id": ""}
        self._socket = socketio.AsyncClient()
        self._socket.on("run_javascript", self._told)
        self._socket.on("update", self._told)
        words = urlencode({name: str(value).lower() if value is True else value for name, value in query.items()})
        address = f"{url}?{words}"
        path = "/_nicegui_ws/socket.io"
        await self._socket.connect(address, headers, ["websocket"], socketio_path=path, wait_timeout=OPEN_SECONDS)
        if not query.get("implicit_handshake"):
            assert await self._socket.call("handshake", query, timeout=OPEN_SECONDS), "the handshake was refused"
        self._acks = asyncio.create_task(self._acknowledge())
        return self

    async def close(self) -> None:
        self._acks.cancel()
        await self._socket.disconnect()

    async def _told(self, message: dict[str, Any]) -> None:
        number = message.pop("_id", None)
        if number is not None:
            if number < self._next:
                return
            self._next = number + 1
        self._show(message)

    def _show(self, message: dict[str, Any]) -> None:
        now = time.time()
        for place, cell in _cells(message):
            if cell[0] == DONE:
                self.seen.setdefault((self.job, place), now)
            before = self.told.get(place, "")
            if not before.endswith(cell[0]):
                self.told[place] = before + cell[0]

    async def _acknowledge(self) -> None:
        while True:
            await asyncio.sleep(ACK_SECONDS)
            with contextlib.suppress(socketio.exceptions.SocketIOError):
                await self._socket.emit("ack", {"client_id": self._client, "next_message_id": self._next})


def _cells(message: dict[str, Any]) -> Iterator[tuple[int, list[Any]]]:
    """The chunks that a message shows: some by their places, or a whole grid."""
    if "code" in message:
        if found := _RENEWED.match(message["code"]):
            yield from json.loads(found[1])[0]
        return
    for element in message.values():
        if isinstance(element, dict):
            yield from enumerate(element.get("props", {}).get("cells", ()))


def _unescaped(elements: str) -> str:
    for written, sign in _ESCAPED.items():
        elements = elements.replace(written, sign)
    return elements


@dataclass
class Tab:
    """The page of a job in a browser, whose document is watched. seen: filled by `look`."""

    job: str
    cookie: str
    seen: dict[tuple[str, int], float] = field(default_factory=dict)

    async def open(self, url: str, context: BrowserContext) -> Tab:
        """Load the page, and wait until its socket is there."""
        await context.add_cookies([{"name": COOKIE, "value": self.cookie, "url": url}])
        await context.add_init_script(_WATCH)
        self._page: Page = await context.new_page()
        await self._page.goto(f"{url}/jobs/{self.job}", timeout=1000 * OPEN_SECONDS)
        await self._page.wait_for_function("window.did_handshake === true", timeout=1000 * OPEN_SECONDS)
        return self

    async def look(self) -> None:
        """Read from the document when its chunks were done."""
        found = await self._page.evaluate("window.doneAt")
        self.seen = {(self.job, int(place)): at for place, at in found.items()}

    async def close(self) -> None:
        await self._page.context.close()


@dataclass
class StreamClient:
    """A listener of /api/v1/events. seen_keys: when each chunk was told of as done, by its key."""

    token: str
    seen_keys: dict[str, float] = field(default_factory=dict)

    async def open(self, url: str) -> StreamClient:
        """Connect, and hear from then on."""
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._hear(url, ready))
        await asyncio.wait_for(ready.wait(), OPEN_SECONDS)
        return self

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _hear(self, url: str, ready: asyncio.Event) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        timeout = httpx.Timeout(OPEN_SECONDS, read=None)
        async with (
            httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout, trust_env=False) as http,
            http.stream("GET", "/api/v1/events") as answer,
        ):
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                ready.set()
                if line.startswith("data: ") and '"chunk.changed"' in line:
                    event = json.loads(line.removeprefix("data: "))["event"]
                    if event["state"] == "done":
                        self.seen_keys.setdefault(event["key"], time.time())
