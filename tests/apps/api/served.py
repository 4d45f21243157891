"""The REST API for tests: served by uvicorn over a real database; the Prefect server is away unless one is named."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr

from apps.api.app import application
from apps.api.hub import Hub
from apps.api.serving import Server
from infra import services
from infra.access.scopes import Scope
from infra.access.tokens import TokenStore
from infra.sections import DatabaseSettings, PrefectSettings
from infra.services import Services
from infra.settings import Settings

NOWHERE = "http://127.0.0.1:9/api"


class LoopKnown(Server):
    """The server, of which one knows the loop that it runs in."""

    loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server.startup`."""
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)


@dataclass(frozen=True)
class Api:
    """An API that is served. token: with the scope read."""

    url: str
    token: str
    services: Services
    server: LoopKnown

    @property
    def hub(self) -> Hub:
        return self.server.hub

    def client(self, token: str | None = None) -> httpx.Client:
        """A client that shows a token: its own one, or the one that is given."""
        shown = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=shown, timeout=30)

    def secret(self, name: str, scope: Scope = "read") -> str:
        """Make a token."""
        return self.services.get(TokenStore).create(name, scope)[1].get_secret_value()


@contextlib.contextmanager
def served(database: str, home: Path, prefect: str = NOWHERE, **settings: Any) -> Iterator[Api]:
    """Serve the API for the length of this block, on a free port."""
    made = Settings(
        home=home,
        database=DatabaseSettings(url=SecretStr(database)),
        prefect=PrefectSettings(api_url=prefect),
        **settings,
    )
    with services.opened(made) as container:
        app = application(container)
        server = LoopKnown(
            uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=2),
            app.state.hub,
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                time.sleep(0.02)
            port = server.servers[0].sockets[0].getsockname()[1]
            secret = container.get(TokenStore).create("reader", "read")[1].get_secret_value()
            yield Api(f"http://127.0.0.1:{port}", secret, container, server)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "the server did not end"
