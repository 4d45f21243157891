"""Bodies of requests are bounded: what is larger than it may be is refused before it is read whole."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.problems import problem
from infra.errors import KinofarmError


class BoundedBodies:
    """An ASGI layer that refuses bodies above a limit.

    Args:    most: bytes. without: beginnings of paths that see to it themselves (uploads).
    """

    def __init__(self, app: ASGIApp, most: int, without: tuple[str, ...] = ()) -> None:
        self.app = app
        self.most = most
        self.without = without

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self.without):
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self.most:
            await self._refuse(scope, receive, send)
            return
        read, begun = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except _TooLarge:
            if begun:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = problem(KinofarmError("API-004", limit=self.most), scope["path"], {"Connection": "close"})
        await answer(scope, receive, send)


class _TooLarge(Exception):  # noqa: N818 (it is answered above)
    """More came than may."""
