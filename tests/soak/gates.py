"""A gate before a server: whoever goes through it can be cut off, slowed down or thrown out in the middle of what they say."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator
from types import TracebackType

BLOCK = 16_384
LOOK_SECONDS = 0.05


class Gate:
    """Forwards TCP connections to a server on this machine; its way of doing so may be changed at any time.

    Args:    port: of the server. It may go away and come back.
    """

    def __init__(self, port: int) -> None:
        self.server_port = port
        self.port = 0
        self.is_cut = False
        self.delay = 0.0
        self.thrown_out_after: tuple[int, int] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gate", daemon=True)
        self._random = random.Random(port)

    def __enter__(self) -> Gate:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Let nothing pass, as a pulled cable does: connections stay, and say nothing."""
        self.is_cut = True
        try:
            yield
        finally:
            self.is_cut = False

    @contextlib.contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Let each block of 16 KiB wait."""
        self.delay = seconds
        try:
            yield
        finally:
            self.delay = 0.0

    @contextlib.contextmanager
    def failing(self, least: int, most: int) -> Iterator[None]:
        """Break every connection, the old and the new, once so many bytes more have gone to the server."""
        self.thrown_out_after = (least, most)
        try:
            yield
        finally:
            self.thrown_out_after = None

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._forward, "0.0.0.0", 0)  # machines in namespaces come from outside
        self.port = server.sockets[0].getsockname()[1]

    async def _forward(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        await self._passage()
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            to_client.transport.abort()
            return
        ways = [
            asyncio.ensure_future(self._pump(client, to_server, counted=True)),
            asyncio.ensure_future(self._pump(server, to_client, counted=False)),
        ]
        try:
            _, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in pending:
                way.cancel()
        finally:
            for writer in (to_client, to_server):
                writer.transport.abort() if self.thrown_out_after else writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        left: int | None = None
        with contextlib.suppress(OSError):
            while data := await reader.read(BLOCK):
                await self._passage()
                if self.delay:
                    await asyncio.sleep(self.delay)
                limits = self.thrown_out_after
                if limits is None:
                    left = None
                elif counted:
                    left = (self._random.randint(*limits) if left is None else left) - len(data)
                    if left <= 0:
                        return
                writer.write(data)
                await writer.drain()

    async def _passage(self) -> None:
        while self.is_cut:
            await asyncio.sleep(LOOK_SECONDS)
