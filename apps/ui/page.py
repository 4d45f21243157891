"""The status page: mounted on the API's application, which it calls as REST does; its frame, and the table of its pages.

NiceGUI draws it and keeps a socket to each browser; what it needs is served from here, nothing from another host.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.staticfiles import StaticFiles

from apps.ui.guard import Guard, Sessions, Visitor
from apps.ui.live import Live
from apps.ui.login import add_routes
from infra.access.scopes import Scope, allows
from infra.services import Services
from infra.settings import Settings

FILES = Path(__file__).with_name("static")
RECONNECT_SECONDS = 6.0
"""For so long a page whose connection broke is kept; one that comes later is drawn anew."""
BUILD_SECONDS = 20.0

logger = logging.getLogger("kinofarm.page")


@dataclass(frozen=True)
class Page:
    """A page. show: draws it, in "module.function" of this package. group: of the navigation; "": it is not in it.

    asks: fields of the address's query that it takes.
    """

    title: str
    show: str
    group: str = ""
    icon: str = ""
    scope: Scope = "read"
    asks: tuple[str, ...] = ()


PAGES: Mapping[str, Page] = {
    "/": Page("Overview", "overview.show", "Farm", "overview"),
    "/jobs": Page("Jobs", "jobs.show", "Farm", "jobs"),
    "/jobs/{job}": Page("Job", "job.show"),
    "/workers": Page("Workers", "workers.show", "Farm", "workers"),
    "/submit": Page("Submit a project", "submit.show", "Farm", "submit", "submit"),
    "/media": Page("Media", "media.show", "Farm", "film", asks=("folder", "q", "after")),
    "/media/file": Page("Media file", "media_file.show", asks=("path", "upload", "at")),
    "/findings": Page("Findings", "findings.show", "Farm", "search", asks=("name", "over", "least", "model", "after")),
    "/batches/{batch}": Page("Batch", "batch.show"),
    "/watching": Page("Watched folders", "watching.show", "Automation", "watching"),
    "/schedules": Page("Schedules", "schedules.show", "Automation", "schedules"),
    "/deliveries": Page("Webhooks", "deliveries.show", "Automation", "deliveries"),
    "/models": Page("Models", "models.show", "System", "film"),
    "/cache": Page("Cache", "cache.show", "System", "cache"),
    "/logs": Page("Logs", "logs.show", "System", "logs", "operate"),
    "/settings": Page("Settings", "settings.show", "System", "settings", "operate"),
    "/tokens": Page("Tokens", "tokens.show", "Access", "tokens", "admin"),
    "/audit": Page("Audit log", "audit.show", "Access", "audit", "admin"),
}


def mount(app: FastAPI, services: Services) -> None:
    """Mount the page on the API's application, last: it answers every path that is left.

    NiceGUI is one per process, and so is the page.
    """
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(services.get(Settings).home.absolute() / "run" / "page"))
    from nicegui import core, ui  # takes half a second, which only this process pays

    from apps.ui.house import House

    live = Live(services, app.state.hub)
    sessions = Sessions(services)
    house = House(services, live, sessions)
    mark = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(FILES.iterdir()))).hexdigest()[:12]
    style = f"/ui/static/style.css?{mark}"
    app.mount("/ui/static", StaticFiles(directory=FILES))
    add_routes(app, services, sessions, style)
    app.add_api_route("/api/{rest:path}", _nothing_there, include_in_schema=False,
                      methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])  # fmt: skip
    ui.add_head_html(
        f'<link rel="stylesheet" href="{style}"><script src="/ui/static/page.js?{mark}"></script>', shared=True
    )
    core.app.config.quasar_config["loadingBar"]["skipHijack"] = True  # it would run with every request of ours
    for path in PAGES:
        _add(path, house)
    _keep(app, live.run, house.watch_over)
    app.add_middleware(Guard, services=services, sessions=sessions)
    ui.run_with(
        app,
        root=_not_found(house),
        title="Kinofarm",
        favicon=FILES / "mark.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_SECONDS,
        show_welcome_message=False,
        gzip_middleware_factory=None,  # apps/ui/guard.py presses the pages once their scripts have the nonce
    )


def _add(path: str, house: Any) -> None:
    from nicegui import ui

    page = PAGES[path]

    async def drawn(request: Request) -> None:
        await _draw(house, request, path, page)

    ui.page(path, title=f"{page.title} · Kinofarm", response_timeout=BUILD_SECONDS)(drawn)


def _not_found(house: Any) -> Callable[..., Awaitable[None]]:
    async def drawn(request: Request) -> None:
        from nicegui import context

        context.client.status_code = 404
        context.client.title = "Not found · Kinofarm"
        await _draw(house, request, "", Page("Not found", "missing.show"))

    return drawn


async def _draw(house: Any, request: Request, path: str, page: Page) -> None:
    """Draw the frame, and the page in it."""
    from importlib import import_module

    from nicegui import context

    from apps.ui.frame import framed, refused, troubled
    from infra.errors import KinofarmError

    visitor: Visitor = request.scope["state"]["visitor"]
    visit = house.visit(visitor, context.client)
    await house.live.refresh()
    with framed(visit, path, page):
        if not allows(visitor.scope, page.scope):
            refused(visitor, page.scope)
            return
        module, _, function = page.show.partition(".")
        try:
            asked = {name: request.query_params[name] for name in page.asks if name in request.query_params}
            await getattr(import_module(f"apps.ui.{module}"), function)(visit, **request.path_params, **asked)
        except KinofarmError as error:
            troubled(error)


def _keep(app: FastAPI, *works: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do these for as long as the application serves."""
    lifespan = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def kept(inner: FastAPI) -> AsyncIterator[Any]:
        async with lifespan(inner) as state:
            tasks = [asyncio.create_task(work()) for work in works]
            try:
                yield state
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    app.router.lifespan_context = kept


def _nothing_there(request: Request, rest: str) -> None:
    """Answer as the API does where it has no such path: the page, which answers all others, must not."""
    for route in request.app.routes:
        if getattr(route, "name", "") != "_nothing_there" and route.matches(request.scope)[0] is Match.PARTIAL:
            raise HTTPException(405)
    raise HTTPException(404)
