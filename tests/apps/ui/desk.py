"""A farm whose status page is looked at, and a browser that tells what is wrong with what it is shown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import media_clip, timeline, title_clip, track, written

SCREENS = Path(__file__).parents[3] / "out" / "screens"
"""Ignored by git; whoever changes the page looks at them."""
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
CHUNK = 250
"""Frames of a chunk, at the farm's usual ten seconds and 25 frames a second."""


def address(farm: Kinofarm) -> str:
    """URL of the farm's page."""
    return str(json.loads((farm.home / "farm.json").read_text())["page"])


def token(farm: Kinofarm) -> str:
    return (farm.home / "admin.token").read_text().strip()


def film_project(folder: Path, name: str, chunks: int, clip: Path | None = None) -> Path:
    """A project of so many chunks: a title in each, over a film where one is given."""
    titles = [title_clip(f"{name} {number}", number * CHUNK, (number + 1) * CHUNK) for number in range(chunks)]
    tracks = [track("T", *titles)]
    if clip is not None:
        tracks.insert(0, track("V", *(media_clip(clip, n * CHUNK, (n + 1) * CHUNK, id=f"v{n}") for n in range(chunks))))
    return written(folder / f"{name}.json", timeline(chunks * CHUNK, *tracks, size=(640, 360)))


@dataclass
class Desk:
    """A browser at a farm's page. wrong: what it complained of. elsewhere: requests to other hosts."""

    farm: Kinofarm
    browser: Browser
    wrong: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    ours: set[str] = field(default_factory=set)

    def context(self, *, logged_in: bool = True, **options: Any) -> BrowserContext:
        """A new window, logged in by the form."""
        context = self.browser.new_context(**{"viewport": WIDE, "color_scheme": "light", **options})
        context.on("page", self._listen)
        if logged_in:
            page = context.new_page()
            self.ours.add(urlsplit(address(self.farm)).netloc)
            page.goto(f"{address(self.farm)}/login")
            page.fill("#token", token(self.farm))
            page.click("button[type=submit]")
            page.wait_for_url(f"{address(self.farm)}/")
            page.close()
        return context

    def open(self, context: BrowserContext, path: str) -> Page:
        """A page of the farm, drawn and connected."""
        page = context.new_page()
        self.go(page, path)
        return page

    def go(self, page: Page, path: str) -> None:
        self.ours.add(urlsplit(address(self.farm)).netloc)
        page.goto(address(self.farm) + path)
        page.wait_for_selector("main h1")
        page.wait_for_function("window.did_handshake === true")

    def _listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self._request(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrong.append(f"{message.location.get('url')}: {message.text}")

    def _request(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc not in self.ours:
            self.elsewhere.append(url)


def states(page: Page) -> list[str]:
    """The states of the cells of a job's chunk grid."""
    found: list[str] = page.eval_on_selector_all(".chunks .chunk", "cells => cells.map((cell) => cell.dataset.state)")
    return found


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until something holds, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)
    return found
