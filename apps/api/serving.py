"""The process that serves the REST API and the status page, started and watched by the farm's supervisor.

On the farm's first start it makes a token that may do everything, and leaves it in HOME/admin.token for whoever owns the farm.
"""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import uvicorn

from apps.api.app import application
from apps.api.hub import Hub
from apps.ui.page import mount
from infra import services
from infra.access.tokens import TokenStore
from infra.errors import KinofarmError
from infra.farm_state import write_private
from infra.services import Services
from infra.settings import Settings

ADMIN = "admin"
"""Name of the first token."""
TOKEN_FILE = "admin.token"

logger = logging.getLogger("kinofarm.api")


class Server(uvicorn.Server):
    """A server that tells the listeners of its hub when it ends: it waits for what goes on, and they would listen for ever."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self.hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server.shutdown`."""
        self.hub.end()
        await super().shutdown(sockets)


def serve(settings: Settings, door: socket.socket) -> None:
    """Serve on the listening socket `door`, which the supervisor holds, until this process is told to end."""
    with services.opened(settings) as container:
        first_token(container)
        api = settings.api
        app = application(container)
        mount(app, container)
        config = uvicorn.Config(
            app,
            ssl_certfile=api.tls_certificate,
            ssl_keyfile=api.tls_key,
            proxy_headers=api.behind_proxy,
            forwarded_allow_ips="*" if api.behind_proxy else "",
            server_header=False,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        Server(config, app.state.hub).run(sockets=[door])


def first_token(container: Services) -> Path | None:
    """Make the first token of a farm that has none; return the file that it lies in (0600), None when there are tokens.

    Raises:  KinofarmError DB-00x.
    """
    store, place = container.get(TokenStore), container.get(Settings).home.absolute() / TOKEN_FILE
    if store.tokens():
        return None
    try:
        _, secret = store.create(ADMIN, "admin")
    except KinofarmError as error:
        if error.code == "ACCESS-004":  # another process was first
            return None
        raise
    write_private(place, f"{secret.get_secret_value()}\n")
    logger.info("the first token, which may do everything, lies in %s", place)
    return place
