"""The ends of the farm's logs: those of its servers and workers, which hold no secrets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from nicegui import ui

from apps.ui.house import Visit
from apps.ui.parts.tags import empty, panel, set_attribute, tag
from apps.ui.parts.words import size

FOLDER = "logs"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.log")
MOST_BYTES = 64_000
MOST_FILES = 40
EACH_SECONDS = 2.0
HIDDEN = re.compile(r"(kf_[A-Za-z0-9_-]{8})[A-Za-z0-9_-]+|(://[^/\s:@]{1,100}:)[^@\s/]{1,200}(?=@)")
"""What must not be read even if it came into a log by mistake: tokens, passwords in addresses."""


async def show(visit: Visit) -> None:
    """Draw them, and read on every few seconds."""
    folder = visit.house.settings.home.absolute() / FOLDER
    names = await asyncio.to_thread(logs, folder)
    with tag("header", "", "page-head"):
        tag("h1", "Logs")
    if not names:
        with panel():
            empty("No logs yet", "The farm’s servers write them when they start.", "logs")
        return
    chosen = "api.log" if "api.log" in names else names[0]
    tabs: dict[str, Any] = {}
    with panel(classes="log-panel"):
        with tag("div", "", "choices wrap", role="group", aria_label="Log"):
            for name in names:
                tabs[name] = tag("button", name.removesuffix(".log"), "choice", type="button")
        about = tag("p", "", "note")
        text = tag("pre", "", "log", tabindex=0, role="log", aria_label="The end of the log")

    async def read() -> None:
        shown, whole = await asyncio.to_thread(tail, folder / chosen)
        about.set_text(
            f"{chosen} · {size(whole)}" + (f", the last {size(MOST_BYTES)} of it" if whole > MOST_BYTES else "")
        )
        if text.text != (shown or "It is empty."):
            text.set_text(shown or "It is empty.")

    def choosing(name: str) -> Callable[[], Awaitable[None]]:
        async def choose() -> None:
            nonlocal chosen
            chosen = name
            mark()
            await read()

        return choose

    def mark() -> None:
        for name, one in tabs.items():
            set_attribute(one, "aria-pressed", "true" if name == chosen else "false")

    for name, one in tabs.items():
        one.on("click", choosing(name), args=[])
    mark()
    await read()
    ui.timer(EACH_SECONDS, read, immediate=False)


def logs(folder: Path) -> list[str]:
    """Return the names of the logs in the farm's folder of them: plain files only."""
    try:
        found = sorted(each.name for each in folder.iterdir() if each.is_file() and not each.is_symlink())
    except OSError:
        return []
    return [name for name in found if NAME.fullmatch(name)][:MOST_FILES]


def tail(file: Path) -> tuple[str, int]:
    """Return the end of a log, the newest line last, and its size in bytes."""
    try:
        with file.open("rb") as opened:
            whole = opened.seek(0, 2)
            opened.seek(max(0, whole - MOST_BYTES))
            text = opened.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return "", 0
    if whole > MOST_BYTES:
        text = text.partition("\n")[2]
    return HIDDEN.sub(lambda found: (found[1] or found[2]) + "…", text), whole
