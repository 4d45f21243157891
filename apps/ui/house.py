"""What every page has at hand: the farm's commands in the visitor's name, the live picture, and who the visitor is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nicegui import Client
from pydantic import BaseModel

from apps.api.carrying import carried_out
from apps.api.entry import permitted
from apps.registry import command
from apps.ui.guard import BELIEVED_SECONDS, Sessions, Visitor
from apps.ui.live import Change, Live
from infra.access.scopes import Scope, allows
from infra.errors import KinofarmError
from infra.farm import FarmConnection
from infra.services import Services
from infra.settings import Settings

CLOSING_SECONDS = 1.0
SHARED_SECONDS = 0.8
"""An answer that all pages share is not older than this."""
THREADS = 8
"""Commands of all pages at once."""

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class House:
    """Of the process. live: the picture that all pages show."""

    services: Services
    live: Live
    sessions: Sessions
    open: dict[str, Visit] = field(default_factory=dict)
    """The pages that are open, by their client's id."""
    looked: dict[str, tuple[float, asyncio.Future[Any]]] = field(default_factory=dict)
    """What pages have just looked at, by the question."""
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "page"))

    @property
    def settings(self) -> Settings:
        return self.services.get(Settings)

    @property
    def prefect(self) -> str:
        """URL of the Prefect server's own page."""
        return self.services.get(FarmConnection).api_url.removesuffix("/").removesuffix("/api")

    def forget(self) -> None:
        """Look anew at everything: something was changed."""
        self.looked.clear()

    def visit(self, visitor: Visitor, client: Client) -> Visit:
        """Begin a page in somebody's browser."""
        made = self.open[client.id] = Visit(self, visitor, client)
        client.on_delete(lambda: self.open.pop(client.id, None))
        return made

    async def watch_over(self) -> None:
        """Close the pages whose session is over, or whose token was revoked, until cancelled."""
        while True:
            await asyncio.sleep(BELIEVED_SECONDS)
            for cookie in {visit.visitor.cookie for visit in self.open.values()}:
                with contextlib.suppress(KinofarmError):
                    if await self.sessions.of(cookie) is None:
                        for visit in [each for each in self.open.values() if each.visitor.cookie == cookie]:
                            await visit.close()


@dataclass(frozen=True)
class Visit:
    """A page that is open in somebody's browser."""

    house: House
    visitor: Visitor
    client: Client

    @property
    def live(self) -> Live:
        return self.house.live

    def may(self, scope: Scope) -> bool:
        return allows(self.visitor.scope, scope)

    async def ask(self, kind: type[T], name: str, /, **fields: Any) -> T:
        """Carry out a command of the registry as REST does: with the visitor's scope, and in the audit log.

        Args:    kind: of the answer.
        Raises:  KinofarmError: what the command raises, ACCESS-001, ACCESS-003, API-009; DB-001 at once while the database is away.
        """
        await self._still_known()
        answer = await self._carried_out(name, fields)
        assert isinstance(answer, kind)
        return answer

    async def look(self, kind: type[T], name: str, /, **fields: Any) -> T:
        """Ask what changes nothing and is answered to all alike: pages that ask the same within a moment share the answer.

        Raises:  as `ask`.
        """
        found, now = command(name), time.monotonic()
        assert not found.changes
        await self._still_known()
        permitted(self.house.services, self.visitor, found.scope, name, "")
        question, looked = f"{name} {fields}", self.house.looked
        at, answer = looked.get(question, (0.0, None))
        if answer is None or now - at > SHARED_SECONDS:
            for old in [each for each, (then, _) in looked.items() if now - then > SHARED_SECONDS]:
                del looked[old]
            answer = asyncio.ensure_future(self._carried_out(name, fields))
            looked[question] = now, answer
        shared = await asyncio.shield(answer)
        assert isinstance(shared, kind)
        return shared

    def follow(self, show: Callable[[Change], None]) -> None:
        """Call `show` with every change of the picture until the page is closed."""
        self.client.on_delete(self.live.hear(show))

    def later(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begin something that this page does not wait for."""

        async def in_page() -> None:
            if not self.client.is_deleted:
                with self.client:
                    await work()

        task = asyncio.create_task(in_page())
        _running.add(task)
        task.add_done_callback(_running.discard)

    async def close(self) -> None:
        """Lead the browser to the login, and forget the page, whatever the browser does."""
        self.client.open("/login")
        await asyncio.sleep(CLOSING_SECONDS)
        if not self.client.is_deleted:
            self.client.delete()

    async def _still_known(self) -> None:
        if await self.house.sessions.of(self.visitor.cookie) is None:
            raise KinofarmError("ACCESS-001")

    async def _carried_out(self, name: str, fields: dict[str, Any]) -> BaseModel:
        if self.live.database_away:
            raise KinofarmError("DB-001", reason="it was away a moment ago")
        answer = await asyncio.get_running_loop().run_in_executor(self.house.threads, self._carry_out, name, fields)
        if command(name).changes:
            self.house.forget()
        return answer

    def _carry_out(self, name: str, fields: dict[str, Any]) -> BaseModel:
        found, services = command(name), self.house.services
        permitted(services, self.visitor, found.scope, name, str(fields.get(found.subject or "", "")))
        return carried_out(services, self.visitor, found, fields)


_running: set[asyncio.Task[None]] = set()
